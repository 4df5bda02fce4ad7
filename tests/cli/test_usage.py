# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Mistakes on the command line: status 3 in every format, nothing sent, nothing of a value shown."""

from __future__ import annotations

import re

import pytest

from pulumi_lumenfall.cli import arguments
from support.leaks import KEY, leaked

MISTAKES = {
    "no minimum": (["check"], "check needs --minimum"),
    "empty minimum": (["check", "--minimum", ""], "check needs --minimum"),
    "minimum without a value": (["check", "--minimum"], "--minimum: it needs a value"),
    "not a number": (["check", "--minimum", "five"], "--minimum: 'five' is not an amount of dollars"),
    "negative": (["check", "--minimum", "-5"], "--minimum: '-5' is not an amount of dollars"),
    "nan": (["check", "--minimum", "nan"], "--minimum: 'nan' is not an amount of dollars"),
    "infinite": (["check", "--minimum", "inf"], "--minimum: 'inf' is not an amount of dollars"),
    "a comma": (["check", "--minimum", "5,00"], "--minimum: '5,00' is not an amount of dollars"),
    "bad policy": (["check", "--minimum", "5", "--postpaid", "yes"], "--postpaid: 'yes' is not a policy"),
    "bad policy 2": (["check", "--minimum", "5", "--unavailable", "ALLOW"], "--unavailable: 'ALLOW' is not a policy"),
    "bad warn": (["check", "--minimum", "5", "--warn", "x"], "--warn: 'x' is not an amount of dollars"),
    "useless warn": (["check", "--minimum", "5", "--warn", "4"], "--warn: it is below --minimum"),
    "bad timeout": (["check", "--minimum", "5", "--timeout", "10s"], "--timeout: '10s' is not a number of seconds"),
    "timeout 0": (["--timeout", "0"], "--timeout: '0' is out of range"),
    "bad attempts": (["--max-attempts", "11"], "--max-attempts: '11' is not a whole number from 1 to 10"),
    "bad URL": (["--base-url", "ftp://x"], "--base-url: the base URL must start with https://"),
    "plain http": (["--base-url", "http://example.com"], "--base-url: the base URL must start with https://"),
    "no such bundle": (["--ca-bundle", "missing.pem"], "--ca-bundle: the CA bundle 'missing.pem' cannot be read"),
    "bad format": (["--format", "xml"], "--format: not one of text, json, github, nagios, prometheus"),
    "show has no minimum": (["--minimum", "5"], "did you mean: lumenfall-balance check --minimum"),
    "unknown command": (["chek", "--minimum", "5"], "unknown command"),
    "two commands": (["check", "show", "--minimum", "5"], "an unexpected argument (not shown)"),
    "abbreviation": (["check", "--min", "5"], "unknown option --min"),
    "unknown option": (["check", "--minimum", "5", "--frob"], "unknown option --frob"),
    "unknown short option": (["check", "--minimum", "5", "-x"], "unknown option -x"),
    "poll without wait": (["check", "--minimum", "5", "--poll", "5s"], "--poll: it has no meaning without --wait"),
    "output of text": (["--output", "x"], "--output: the format text goes to standard output only"),
    "flag with a value": (["doctor", "--json=1"], "--json: it takes no value"),
    "version of a command": (["check", "--minimum", "5", "--version"], "unknown option --version"),
}


@pytest.mark.parametrize(("words", "message"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_status_3(cli, api, words, message):
    """One line that names the option; the server is not asked."""
    ended = cli(*words, api=api)
    assert (ended.status, ended.out) == (3, "")
    assert message in ended.err
    assert ended.err.startswith("lumenfall-balance: ")
    assert ended.err.count("\n") == 1
    assert api.requests == []


@pytest.mark.parametrize("name", ["--minimum", "--postpaid", "--unavailable", "--warn", "--timeout", "--wait"])
def test_a_gate_with_a_bad_value_says_that_it_cannot_tell(cli, api, name):
    """Whichever option it is of; without a gate there is no verdict."""
    words = ["check", "--minimum", "5"] if name != "--minimum" else ["check"]
    ended = cli(*words, name, "x", api=api)
    assert ended.err.startswith(f"lumenfall-balance: cannot tell whether the balance is enough: {name}: ")
    if name == "--timeout":
        assert cli(name, "x", api=api).err.startswith(f"lumenfall-balance: {name}: ")


@pytest.mark.parametrize("words", [["check"], ["check", "--frob"], ["chek"], ["check", "--minimum", "x"]])
def test_a_mistake_is_an_object_in_json(cli, api, words):
    """Wherever the format stands on the line."""
    for line in (["--format", "json", *words], [*words, "--format=json"]):
        ended = cli(*line, api=api)
        assert ended.status == 3
        assert ended.json["error"]["type"] == "ConfigurationError"
        assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--api-key", KEY],
        [f"--api-key={KEY}"],
        ["check", "--minimum", "5", "--api-key", KEY],
        ["--api_key", KEY, "check"],
        ["--apikey", KEY],
        ["--key", KEY],
        ["--token", KEY],
        ["--LUMENFALL_API_KEY", KEY],
        ["-key", KEY],
    ],
)
def test_a_key_option_is_answered_to_the_point(cli, api, words):
    """It says how to pass a key, and does not show the one that was typed."""
    ended = cli(*words, api=api)
    assert ended.status == 3
    assert "a key is never given on the command line" in ended.text
    assert "--api-key-file" in ended.text
    assert "LUMENFALL_API_KEY" in ended.text
    assert "lmnfl" not in ended.text
    assert not leaked(ended.text)
    assert api.requests == []


@pytest.mark.parametrize("format", arguments.FORMATS)
def test_a_mistake_in_every_format(cli, format):
    """Status 3, and the message, where the format has its messages; never the value."""
    for words in (["--api-key", KEY], ["--frob", KEY], ["check"]):
        ended = cli(*words, "--format", format)
        assert ended.status == 3
        assert re.search("a key is never given on the command line|unknown option --frob|needs --minimum", ended.text)
        assert "lmnfl" not in ended.text
        assert not leaked(ended.text)


@pytest.mark.parametrize(
    "words",
    [
        ["--frob", KEY],
        [f"--frob={KEY}"],
        [f"--{KEY}"],
        [f"-{KEY}"],
        [KEY],
        ["check", KEY],
        ["check", "--minimum", KEY],
        ["check", "--minimum", "5", "--postpaid", KEY],
        ["check", "--minimum", "5", "--wait", KEY],
        ["check", "--minimum", "5", "--wait", "1m", "--poll", KEY],
        ["--format", KEY],
        ["--timeout", KEY],
        ["--max-attempts", KEY],
        ["--base-url", KEY],
        ["--base-url", f"https://user:{KEY}@example.com"],
        ["--api-key-file", KEY],
        ["doctor", f"--json={KEY}"],
        ["sandbox", "--port", KEY],
        ["completion", KEY],
    ],
    ids=lambda words: " ".join(words).replace(KEY, "KEY"),
)
def test_a_key_in_the_wrong_place_is_not_shown(cli, api, words):
    """Whatever word of the command line it stands in for."""
    ended = cli(*words, api=api)
    assert ended.status == 3
    assert ended.err
    assert "lmnfl" not in ended.text
    assert not leaked(ended.text)
    assert api.requests == []


def test_a_command_is_found_among_the_options(cli, api):
    """Options may stand before it, and a value that reads like a command is not one."""
    (cli.folder / "check").write_text(api.key)
    ended = cli("--api-key-file", "check", "--base-url", api.url, "check", "--minimum", "5")
    assert ended.status == 0
    assert "needed" in ended.out


def test_all_options_with_a_value_are_known():
    """The list that tells a command from an option's value is that of the parsers."""
    with_value = {
        option
        for command in arguments.COMMANDS
        for action in arguments.make_parser(command)._actions
        if action.nargs is None
        for option in action.option_strings
    }
    assert with_value == arguments._WITH_VALUE


def test_no_key_anywhere(cli):
    """The error names every place that was looked at."""
    ended = cli("check", "--minimum", "5")
    assert ended.status == 3
    for place in ("--api-key-file", "LUMENFALL_API_KEY", ".lumenfall/credentials.json"):
        assert place in ended.err
