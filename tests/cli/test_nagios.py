# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format nagios``: the line, the exit status and the performance data that a monitoring server reads."""

from __future__ import annotations

import re

import pytest

from pulumi_lumenfall.sandbox import Answer

# Monitoring Plugins Development Guidelines: 'label'=value[UOM];[warn];[crit];[min];[max]
METRIC = re.compile(r"([a-z]+)=(-?[0-9.]+|U)(s?);([^;]*);([^;]*);([^;]*);([^;]*)")


def parse(ended):
    """The text before the bar, and the metrics by name as (value, warn, critical)."""
    assert ended.out.count("\n") == 1
    assert ended.err == ""
    text, _, data = ended.out.rstrip("\n").partition(" | ")
    metrics = {}
    for word in data.split(" "):
        match = METRIC.fullmatch(word)
        assert match, word
        metrics[match[1]] = (match[2], match[4], match[5])
    assert metrics.keys() == {"available", "time"}
    return text, metrics


@pytest.mark.parametrize(
    ("minimum", "warn", "status", "text"),
    [
        ("5", None, 0, "LUMENFALL OK - enough: 12.50 usd available"),
        ("5", "20", 1, "LUMENFALL WARNING - enough: 12.50 usd available"),
        ("50", "60", 2, "LUMENFALL CRITICAL - balance too low: have 12.50 usd"),
    ],
)
def test_the_four_states(cli, api, minimum, warn, status, text):
    words = ["check", "--minimum", minimum, *(["--warn", warn] if warn else [])]
    ended = cli(*words, "--format", "nagios", api=api)
    shown, metrics = parse(ended)
    assert ended.status == status
    assert shown.startswith(text)
    assert metrics["available"] == ("12.50", f"{warn}.00:" if warn else "", f"{minimum}.00:")
    assert float(metrics["time"][0]) > 0


@pytest.mark.parametrize(("answer", "status"), [(None, 3), (402, 2), (503, 3)])
def test_an_unknown_amount_has_the_same_metrics(cli, api, answer, status):
    """Graphing tools need the same ones each time; ``U`` is a value that is not known."""
    api.script(answer)
    ended = cli("check", "--minimum=5", "--warn=9", "--format=nagios", "--max-attempts=1", api=api)
    _, metrics = parse(ended)
    assert ended.status == status
    assert metrics["available"] == ("U", "9.00:", "5.00:")
    assert float(metrics["time"][0]) > 0


@pytest.mark.parametrize("words", [["check"], ["--frob"], ["check", "--minimum", "5", "--timeout", "0"]])
def test_a_mistake_is_unknown(cli, api, words):
    """Status 3 on standard output, where Nagios reads; Python's and argparse's own would be 1 and 2."""
    ended = cli(*words, "--format", "nagios", api=api)
    text, metrics = parse(ended)
    assert ended.status == 3
    assert text.startswith("LUMENFALL UNKNOWN - ")
    assert metrics["available"][0] == metrics["time"][0] == "U"


def test_no_text_begins_performance_data(cli, api):
    """A bar in what a server says does not reach the line."""
    api.script(Answer(400, '{"error": {"message": "x | available=99;;;; \\n OK", "code": "A|B"}}'))
    text, metrics = parse(cli("check", "--minimum", "5", "--format", "nagios", api=api))
    assert "x / available=99" in text
    assert metrics["available"][0] == "U"
