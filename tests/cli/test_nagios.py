# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format nagios``: one line as the Monitoring Plugins Development Guidelines want it."""

from __future__ import annotations

import re

import pytest

from pulumi_lumenfall.sandbox import Answer

NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
RANGE = rf"@?(?:(?:{NUMBER}|~)?:)?(?:{NUMBER})?"
# Section 2.6: 'label'=value[UOM];[warn];[crit];[min];[max]
DATUM = re.compile(
    rf"(?P<label>[^\s='|]+)=(?P<value>U|{NUMBER})(?P<unit>|s|us|ms|%|B|KB|MB|GB|TB|c)"
    rf";(?P<warn>{RANGE});(?P<critical>{RANGE});(?P<min>|{NUMBER});(?P<max>|{NUMBER})"
)
LINE = re.compile(r"LUMENFALL (?P<word>OK|WARNING|CRITICAL|UNKNOWN) - (?P<text>[^|\n]+?)(?: \| (?P<data>[^|\n]+))?\n")
WORDS = {0: "OK", 1: "WARNING", 2: "CRITICAL", 3: "UNKNOWN"}


def parse(ended):
    """The text, and the performance data by label; the word has to be that of the status."""
    line = LINE.fullmatch(ended.out)
    assert line, ended.out
    assert line["word"] == WORDS[ended.status]
    assert ended.err == ""
    data = {}
    for part in (line["data"] or "").split():
        datum = DATUM.fullmatch(part)
        assert datum, part
        data[datum["label"]] = datum.groupdict()
    return line["text"], data


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--minimum", "5"], 0),
        (["--minimum", "5", "--warn", "10"], 0),
        (["--minimum", "5", "--warn", "12.5"], 0),
        (["--minimum", "5", "--warn", "20"], 1),
        (["--minimum", "50"], 2),
        (["--minimum", "50", "--warn", "60"], 2),
    ],
)
def test_the_statuses_of_an_amount(cli, api, options, status):
    """0, 1 below --warn, 2 below --minimum."""
    ended = cli("check", "--format", "nagios", *options, api=api)
    assert ended.status == status
    _, data = parse(ended)
    assert data["available"]["value"] == "12.50"
    assert data["available"]["critical"] == f"{float(options[1]):.2f}:"
    assert data["available"]["warn"] == (f"{float(options[3]):.2f}:" if len(options) > 2 else "")
    assert (data["time"]["unit"], data["time"]["min"]) == ("s", "0")


def test_the_sentence(cli, api):
    """The same words as elsewhere."""
    text, _ = parse(cli("check", "--minimum", "5", "--warn", "20", "--format", "nagios", api=api))
    assert text == (
        "enough: 12.50 usd available (prepaid), 7.50 more than the 5.00 needed; "
        "12.50 usd is less than the 20.00 usd to warn at"
    )


@pytest.mark.parametrize(
    ("billing_type", "options", "status"),
    [
        ("prepaid", [], 3),
        ("prepaid", ["--unavailable=allow"], 0),
        ("postpaid", [], 0),
        ("postpaid", ["--postpaid=deny"], 2),
    ],
)
def test_an_unknown_amount(cli, api, billing_type, options, status):
    """The value is U, which the guidelines have for it, never 0."""
    api.amount, api.billing_type = None, billing_type
    ended = cli("check", "--minimum=5", "--warn=9", "--format=nagios", "--max-attempts=1", *options, api=api)
    assert ended.status == status
    assert parse(ended)[1]["available"]["value"] == "U"


@pytest.mark.parametrize(("answer", "status"), [(401, 3), (402, 2), (429, 3), (503, 3)])
def test_errors(cli, api, answer, status):
    """No amount in the data; the time it took is."""
    api.status = answer
    ended = cli("check", "--minimum", "5", "--format", "nagios", "--max-attempts", "1", api=api)
    assert ended.status == status
    assert parse(ended)[1].keys() == {"time"}


@pytest.mark.parametrize(
    "words", [["check"], ["check", "--minimum", "x"], ["--frob"], ["check", "--minimum", "5", "--timeout", "0"]]
)
def test_mistakes_are_unknown(cli, api, words):
    """Status 3 on standard output, where Nagios reads; Python's and argparse's own would be 1 and 2."""
    ended = cli(*words, "--format", "nagios", api=api)
    assert ended.status == 3
    assert parse(ended)[1] == {}


def test_no_text_can_begin_performance_data(cli, api):
    """A bar in what a server says does not reach the line."""
    api.script(Answer(400, '{"error": {"message": "x | available=99;;;; \\n OK", "code": "A|B"}}'))
    ended = cli("check", "--minimum", "5", "--format", "nagios", api=api)
    assert ended.status == 3
    text, data = parse(ended)
    assert "x / available=99" in text
    assert data.keys() == {"time"}
