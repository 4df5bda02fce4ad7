# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format prometheus``: read back with Prometheus's own parser for Python."""

from __future__ import annotations

import os
import stat
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pulumi_lumenfall.sandbox import Answer
from support.marks import linux


def parse(text):
    """Name -> value; each family has help and a type, and each value the exact text that it was written as."""
    values = {}
    assert text.endswith("\n")
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        [sample] = family.samples
        assert sample.name == family.name
        values[sample.name.removeprefix("lumenfall_balance_")] = sample.value
    assert len(values) == text.count("# TYPE ")
    return values


def test_a_balance(cli, api):
    """The four metrics, and what kind of balance it is."""
    ended = cli("show", "--format", "prometheus", api=api)
    assert (ended.status, ended.err) == (0, "")
    values = parse(ended.out)
    assert 0 < values.pop("probe_duration_seconds") < 30
    assert values == {"available": 12.5, "known": 1, "info": 1, "probe_success": 1}
    assert 'lumenfall_balance_info{billing_type="prepaid",status="known",currency="usd"} 1' in ended.out


@pytest.mark.parametrize("amount", ["0", "-3.5", "0.000001", "123456789.123456", "1e15"])
def test_amounts_are_exact(cli, api, amount):
    """Plain decimal text, as the API wrote it; 0 and debts are amounts."""
    api.amount = amount
    ended = cli("show", "--format", "prometheus", api=api)
    line = next(line for line in ended.out.splitlines() if line.startswith("lumenfall_balance_available"))
    assert Decimal(line.split()[1]) == Decimal(amount)
    assert "e" not in line.split()[1]
    assert parse(ended.out)["available"] == float(amount)


@pytest.mark.parametrize(("minimum", "status", "sufficient"), [("5", 0, 1), ("50", 2, 0)])
def test_a_check(cli, api, minimum, status, sufficient):
    """With the minimum, and whether it is met."""
    ended = cli("check", "--minimum", minimum, "--format", "prometheus", api=api)
    values = parse(ended.out)
    assert ended.status == status
    assert (values["minimum"], values["sufficient"]) == (float(minimum), sufficient)
    assert ended.err.count("\n") == (1 if status else 0)


@pytest.mark.parametrize("billing_type", ["prepaid", "postpaid"])
def test_an_unknown_amount_is_absent(cli, api, billing_type):
    """The API was read, the amount is not known."""
    api.amount, api.billing_type = None, billing_type
    values = parse(cli("show", "--format", "prometheus", "--max-attempts", "1", api=api).out)
    assert "available" not in values
    assert (values["known"], values["probe_success"]) == (0, 1)


@pytest.mark.parametrize(("answer", "status"), [(401, 3), (402, 2), (503, 3), (Answer(200, b"{}"), 3)])
def test_an_error_is_a_failed_probe(cli, api, answer, status):
    """No amount, and not sufficient."""
    api.script(answer)
    ended = cli("check", "--minimum", "5", "--format", "prometheus", "--max-attempts", "1", api=api)
    assert ended.status == status
    values = parse(ended.out)
    assert 0 < values.pop("probe_duration_seconds") < 30
    assert values == {"known": 0, "probe_success": 0, "minimum": 5, "sufficient": 0}


def test_a_mistake_is_a_failed_probe(cli):
    """In settings and on the command line alike."""
    for words in (["check"], ["show"], ["check", "--minimum", "5"]):
        ended = cli(*words, "--format", "prometheus")
        assert ended.status == 3
        values = parse(ended.out)
        assert (values["known"], values["probe_success"], values["probe_duration_seconds"]) == (0, 0, 0)


def test_a_file_is_replaced_in_one_step(cli, api):
    """A new file under the old name, readable for the collector; nothing else stays in the folder."""
    path = cli.folder / "lumenfall.prom"
    ended = cli("show", "--format", "prometheus", "--output", str(path), api=api)
    assert (ended.status, ended.text) == (0, "")
    assert parse(path.read_text())["available"] == 12.5
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o664)
    with path.open() as reader:
        before = path.stat().st_ino
        api.amount = "3.20"
        assert cli("show", "--format", "prometheus", "--output", str(path), api=api).status == 0
        assert path.stat().st_ino != before
        assert parse(reader.read())["available"] == 12.5
    assert parse(path.read_text())["available"] == 3.2
    assert stat.S_IMODE(path.stat().st_mode) == 0o664
    assert os.listdir(cli.folder) == ["lumenfall.prom"]


def test_a_link_is_followed(cli, api):
    """The file that a link names is replaced, not the link."""
    (cli.folder / "real").write_text("")
    (cli.folder / "link").symlink_to("real")
    assert cli("show", "--format", "prometheus", "--output", "link", api=api).status == 0
    assert (cli.folder / "link").is_symlink()
    assert parse((cli.folder / "real").read_text())["available"] == 12.5


def test_an_error_is_written_too(cli, api):
    """A failed probe replaces the last good one: a stale amount would look like a balance."""
    path = cli.folder / "lumenfall.prom"
    cli("show", "--format", "prometheus", "--output", str(path), api=api)
    api.status = 503
    ended = cli("show", "--format", "prometheus", "--output", str(path), "--max-attempts", "1", api=api)
    assert ended.status == 3
    assert parse(path.read_text())["probe_success"] == 0
    assert cli("show", "--format", "prometheus", "--output", str(path), env={"LUMENFALL_API_KEY": ""}).status == 3
    assert "available" not in parse(path.read_text())


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("missing/x.prom", "no such file or directory"),
        (".", "is a directory"),
        pytest.param("/dev/full", "no space left on device", marks=linux),
    ],
)
@pytest.mark.parametrize(("minimum", "status"), [("5", 3), ("50", 2)])
def test_a_file_that_cannot_be_written(cli, api, place, problem, minimum, status):
    """One line with the verdict, which must not pass unheard; a device stays a device."""
    ended = cli("check", "--minimum", minimum, "--format", "prometheus", "--output", place, api=api)
    assert ended.status == status
    assert ended.err.startswith(f"lumenfall-balance: --output: cannot write the file: {problem}; the verdict was: ")
    assert ended.err.count("\n") == 1
    assert os.listdir(cli.folder) == []
    assert place != "/dev/full" or stat.S_ISCHR(os.stat(place).st_mode)


def test_a_folder_that_may_not_be_written(cli, api, plain_user):
    """What was there stays."""
    folder = cli.folder / "collector"
    folder.mkdir()
    path = folder / "x.prom"
    path.write_text("before")
    folder.chmod(0o555)
    ended = cli("show", "--format", "prometheus", "--output", str(path), api=api, prefix=plain_user)
    assert ended.status == 3
    assert "--output: cannot write the file: permission denied" in ended.err
    assert path.read_text() == "before"
