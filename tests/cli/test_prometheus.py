# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format prometheus``: read back with Prometheus's own parser for Python."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

CHECK = ["check", "--minimum", "5", "--format", "prometheus", "--max-attempts", "1"]


def parse(text):
    """Metric without its prefix -> sample."""
    samples = {}
    assert text.endswith("\n")
    for family in text_string_to_metric_families(text):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        [sample] = family.samples
        samples[sample.name.removeprefix("lumenfall_balance_")] = sample
    assert len(samples) == text.count("# TYPE ")
    return samples


def values(text):
    """Metric without its prefix -> value, except for the duration."""
    found = {name: sample.value for name, sample in parse(text).items()}
    assert 0 <= found.pop("probe_duration_seconds") < 60
    return found


def test_show(cli, api):
    ended = cli("show", "--format", "prometheus", api=api)
    assert (ended.status, ended.err) == (0, "")
    assert values(ended.out) == {"available": 12.5, "known": 1, "info": 1, "probe_success": 1}
    assert parse(ended.out)["info"].labels == {"billing_type": "prepaid", "status": "known", "currency": "usd"}


@pytest.mark.parametrize(("minimum", "status"), [("5", 0), ("50", 2)])
def test_check(cli, api, minimum, status):
    ended = cli("check", "--minimum", minimum, "--format", "prometheus", api=api)
    assert ended.status == status
    assert (values(ended.out)["minimum"], values(ended.out)["sufficient"]) == (float(minimum), status == 0)
    assert ended.err.count("\n") == (1 if status else 0)


@pytest.mark.parametrize(("answer", "status", "success"), [(None, 3, 1), (401, 3, 0), (402, 2, 0), (503, 3, 0)])
def test_what_is_not_known_is_absent(cli, api, answer, status, success):
    """Not 0; and it is not sufficient."""
    api.script(answer)
    ended = cli(*CHECK, api=api)
    found = values(ended.out)
    found.pop("info", None)
    assert ended.status == status
    assert found == {"known": 0, "probe_success": success, "minimum": 5, "sufficient": 0}


def test_a_mistake_is_a_failed_probe(cli):
    """In the settings and on the command line alike."""
    for words in (["check"], ["show"], ["check", "--minimum", "5"], ["show", "--frob"]):
        ended = cli(*words, "--format", "prometheus", "--label", "account=studio")
        assert ended.status == 3
        assert values(ended.out).items() >= {"known": 0, "probe_success": 0}.items()
        assert all(sample.labels["account"] == "studio" for sample in parse(ended.out).values())


def test_labels_keep_two_accounts_apart(cli, api):
    """One node_exporter reads all files of a folder as one text."""
    out = ""
    for account in ("studio", 'a "b" \\no c\nd'):
        ended = cli(*CHECK, "--label", f"account={account}", "--label", "team=ml", api=api)
        assert ended.status == 0
        assert {(sample.labels["account"], sample.labels["team"]) for sample in parse(ended.out).values()} == {
            (account, "ml")
        }
        out += ended.out
    samples = [line.rpartition(" ")[0] for line in out.splitlines() if not line.startswith("#")]
    assert len(samples) == len(set(samples))


@pytest.mark.parametrize(
    "labels",
    [["x"], ["1a=x"], ["a-b=x"], ["__a=x"], ["a="], ["status=x"], ["a=x", "a=y"], ["a=lmnfl_b.secret"]],
    ids=" ".join,
)
def test_a_bad_label(cli, api, labels):
    ended = cli(*CHECK, *(word for label in labels for word in ("--label", label)), api=api)
    assert ended.status == 3
    assert "--label: expected NAME=VALUE, each name once; for example account=studio" in ended.err
    assert "lmnfl" not in ended.text
    assert api.requests == []


def test_a_label_without_metrics(cli, api):
    ended = cli("show", "--label", "a=b", api=api)
    assert ended.status == 3
    assert ended.err == "lumenfall-balance: --label needs --format prometheus; add it, or remove --label\n"
