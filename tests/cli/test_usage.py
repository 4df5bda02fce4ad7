# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Help, and mistakes on the command line: status 3, nothing sent, no value shown."""

from __future__ import annotations

import re
import shlex

import pytest

from pulumi_lumenfall.cli import balance
from pulumi_lumenfall.cli.arguments import COMMANDS, FORMATS, parse_arguments
from pulumi_lumenfall.core import SETTINGS, __version__
from support.leaks import KEY, leaked

CHECK = ["check", "--minimum", "5"]
MISTAKES = {
    "no minimum": (["check"], "check needs --minimum"),
    "minimum without a value": (["check", "--minimum"], "--minimum: its value is missing or malformed"),
    "minimum without its name": (["check", "5"], "did you mean --minimum 5?"),
    "not a number": (["check", "--minimum", "five"], "--minimum: 'five' is not an amount of dollars"),
    "negative": (["check", "--minimum", "-5"], "--minimum: '-5' is not an amount of dollars"),
    "bad policy": ([*CHECK, "--postpaid", "yes"], "--postpaid: not one of allow, deny"),
    "bad timeout": ([*CHECK, "--timeout", "10x"], "--timeout: '10x' is not a duration"),
    "timeout 0": (["--timeout", "0"], "--timeout: '0' is not above 0"),
    "bad URL": (["--base-url", "ftp://x"], "--base-url: the base URL must start with https://"),
    "bad format": (["--format", "xml"], f"--format: not one of {', '.join(FORMATS)}"),
    "bad wait": ([*CHECK, "--wait", "soon"], "--wait: 'soon' is not a duration"),
    "short poll": ([*CHECK, "--wait", "1m", "--poll", "0.5s"], "--poll: '0.5s' is out of range"),
    "poll without wait": ([*CHECK, "--poll", "5s"], "--poll needs --wait"),
    "show has no minimum": (["--minimum", "5"], "did you mean: lumenfall-balance check --minimum"),
    "unknown command": (["chek", "--minimum", "5"], "did you mean: lumenfall-balance check?"),
    "late command": (["--timeout", "5", *CHECK], "unexpected argument check"),
    "abbreviation": (["check", "--min", "5"], "unexpected argument --min; did you mean --minimum?"),
    "unknown option": ([*CHECK, "--frob=secret"], "unexpected argument --frob; see"),
    "unknown short option": ([*CHECK, "-x"], "unexpected argument -x"),
    "empty word": ([*CHECK, ""], "unexpected argument (not shown); see: lumenfall-balance check --help"),
    "output of github": (["--output", "x", "--format", "github"], "--output cannot be used with --format github"),
    "no request": (["estimate"], "estimate needs --request"),
    "times without a price": ([*CHECK, "--times", "3"], "--endpoint, --times and --margin need --cost-of"),
    "no command": (["run", "--minimum", "5"], "run needs a command; put it at the end: -- COMMAND"),
    "no dashes": (["run", "--minimum", "5", "true"], "put -- before the command"),
    "short poll of run": (["run", "--minimum", "5", "--poll", "0.5s", "--", "true"], "--poll: '0.5s' is out of range"),
    "flag with a value": (["doctor", "--json=1"], "--json: it takes no value"),
    "no shell": (["completion"], "an argument is missing; see: lumenfall-balance completion --help"),
    "unknown shell": (["completion", "ksh"], "not one of bash, zsh, fish"),
    "sandbox amount": (["sandbox", "--amount", "x"], "amount: it is malformed or out of range"),
    "sandbox price": (["sandbox", "--price", "secret"], "prices: it is malformed or out of range"),
    "sandbox delay": (["sandbox", "--delay", "x"], "--delay: 'x' is not a duration"),
}


@pytest.mark.parametrize(("words", "message"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_status_3(cli, api, words, message):
    """One line that names the option; the server is not asked."""
    ended = cli(*words, api=api)
    assert ended.status == 3
    assert message in ended.err
    assert ended.err.startswith("lumenfall-balance: ")
    assert ended.err.count("\n") == 1
    assert "secret" not in ended.text
    assert api.requests == []


def test_a_gate_with_a_mistake_cannot_tell(cli, api):
    for words in (["check"], ["check", "--minimum", "x"]):
        ended = cli(*words, api=api)
        assert ended.err.startswith("lumenfall-balance: cannot tell whether the balance is enough: ")


@pytest.mark.parametrize(
    "words",
    [
        ["--api-key", KEY],
        [f"--api-key={KEY}"],
        [*CHECK, "--api_key", KEY],
        ["--token", KEY],
    ],
    ids=lambda words: " ".join(words).replace(KEY, "KEY"),
)
def test_a_key_option(cli, api, words):
    """It says how to pass a key, and that this one is no secret any more."""
    ended = cli(*words, api=api)
    assert ended.status == 3
    for text in ("a key on the command line is visible", "--api-key-file", "LUMENFALL_API_KEY", "revoke it"):
        assert text in ended.text
    assert not leaked(ended.text)
    assert api.requests == []


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
        *([*CHECK, option, KEY] for option in ("--postpaid", "--warn", "--wait", "--output", "--label")),
        *([setting.flag, KEY] for setting in SETTINGS if setting.flag),
        ["--base-url", f"https://user:{KEY}@example.com"],
        ["--format", KEY],
        ["--output", f"{KEY}/x", "--format", "json"],
        ["doctor", f"--json={KEY}"],
        *(["sandbox", option, f"{KEY}\x7f"] for option in ("--amount", "--port", "--retry-after", "--delay")),
        ["completion", KEY],
        ["help", KEY],
    ],
    ids=lambda words: " ".join(words).replace(KEY, "KEY"),
)
@pytest.mark.parametrize("format", [[], ["--format", "json"]], ids=["text", "json"])
def test_a_key_in_the_wrong_place_is_not_shown(cli, words, format):
    """Whatever word of the command line it is in place of."""
    ended = cli(*words, *format, env={"LUMENFALL_API_KEY": "another", "LUMENFALL_API_BASE": "http://127.0.0.1:9"})
    assert ended.status == 3
    assert ended.err
    assert "lmnfl" not in ended.text
    assert not leaked(ended.text)


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
def test_the_overview(cli, words):
    """Each example in it is a command line that can be read."""
    ended = cli(*words)
    assert (ended.status, ended.err) == (0, "")
    for text in (*COMMANDS, "exit status:", "LUMENFALL_API_KEY"):
        assert text in ended.out
    examples = re.findall(r"^  lumenfall-balance(.*?)(?:  .*)?$", ended.out.partition("\nexamples")[2], re.MULTILINE)
    assert len(examples) == 5
    for example in examples:
        parse_arguments(shlex.split(example))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(cli, command):
    """What the command needs is not missed then."""
    ended = cli(command, "--help")
    assert (ended.status, ended.err) == (0, "")
    assert f"usage: lumenfall-balance {command}" in ended.out
    assert cli("help", command) == ended
    for setting in SETTINGS if "--timeout" in ended.out else ():
        assert setting.flag is None or all(word in ended.out for word in (setting.flag, *setting.variables))


def test_the_version(cli):
    assert cli("--version").out == f"lumenfall-balance {__version__}\n"


def test_no_key_anywhere(cli):
    """The error names every place that was looked at."""
    ended = cli(*CHECK)
    assert ended.status == 3
    for place in ("--api-key-file", "LUMENFALL_API_KEY", ".lumenfall/credentials.json"):
        assert place in ended.err


def test_a_bug_of_ours_is_no_warning_to_nagios(cli, api, monkeypatch):
    """Python would exit with 1. The exception's text may contain anything, so it is not shown."""

    def broken(*_settings):
        raise RuntimeError("lmnfl_secret")

    monkeypatch.setattr(balance, "fetch", broken)
    for format in FORMATS:
        ended = cli(*CHECK, "--format", format, api=api)
        assert ended.status == 3
        assert "internal error: RuntimeError in test_usage.py:" in ended.text
        assert "lmnfl_secret" not in ended.text
        assert bool(ended.out) == (format != "text")
