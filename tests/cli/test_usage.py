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
    "empty minimum": (["check", "--minimum", ""], "check needs --minimum"),
    "minimum without a value": (["check", "--minimum"], "--minimum: it needs a value"),
    "minimum without its name": (["check", "5"], "did you mean --minimum 5?"),
    "not a number": (["check", "--minimum", "five"], "--minimum: 'five' is not an amount of dollars"),
    "negative": (["check", "--minimum", "-5"], "--minimum: '-5' is not an amount of dollars"),
    "a comma": (["check", "--minimum", "5,00"], "--minimum: '5,00' is not an amount of dollars"),
    "bad policy": ([*CHECK, "--postpaid", "yes"], "--postpaid: not one of allow, deny"),
    "bad warn": ([*CHECK, "--warn", "x"], "--warn: 'x' is not an amount of dollars"),
    "useless warn": ([*CHECK, "--warn", "4"], "--warn: it is below --minimum"),
    "bad timeout": ([*CHECK, "--timeout", "10x"], "--timeout: '10x' is not a duration"),
    "timeout 0": (["--timeout", "0"], "--timeout: '0' is not above 0"),
    "bad attempts": (["--max-attempts", "11"], "--max-attempts: '11' is not a whole number from 1 to 10"),
    "bad URL": (["--base-url", "ftp://x"], "--base-url: the base URL must start with https://"),
    "no such bundle": (["--ca-bundle", "missing.pem"], "--ca-bundle: the CA bundle 'missing.pem' cannot be read"),
    "bad format": (["--format", "xml"], f"--format: not one of {', '.join(FORMATS)}"),
    "bad wait": ([*CHECK, "--wait", "soon"], "--wait: 'soon' is not a duration"),
    "long wait": ([*CHECK, "--wait", "900h"], "--wait: '900h' is out of range"),
    "short poll": ([*CHECK, "--wait", "1m", "--poll", "0.5s"], "--poll: '0.5s' is out of range"),
    "poll without wait": ([*CHECK, "--poll", "5s"], "--poll needs --wait"),
    "show has no minimum": (["--minimum", "5"], "did you mean: lumenfall-balance check --minimum"),
    "unknown command": (["chek", "--minimum", "5"], "did you mean: lumenfall-balance check?"),
    "strange command": (["xyz"], "unknown command (known: show, check,"),
    "two commands": (["check", "show", "--minimum", "5"], "show: the command comes first"),
    "late command": (["--timeout", "5", *CHECK], "run: lumenfall-balance check [OPTIONS]"),
    "abbreviation": (["check", "--min", "5"], "unknown option --min; did you mean --minimum?"),
    "unknown option": ([*CHECK, "--frob"], "unknown option --frob"),
    "its value": ([*CHECK, "--frob=secret"], "unknown option --frob; see"),
    "unknown short option": ([*CHECK, "-x"], "unknown option -x"),
    "output of github": (["--output", "x", "--format", "github"], "--output cannot be used with --format github"),
    "no request": (["estimate"], "estimate needs --request"),
    "times without a price": ([*CHECK, "--times", "3"], "--times needs --cost-of"),
    "no command": (["run", "--minimum", "5"], "run needs a command; put it at the end: -- COMMAND"),
    "empty command": (["run", "--minimum", "5", "--"], "run needs a command"),
    "no dashes": (["run", "--minimum", "5", "true"], "put -- before the command"),
    "run without a minimum": (["run", "--", "true"], "run needs --minimum or --cost-of"),
    "short poll of run": (["run", "--minimum", "5", "--poll", "0.5s", "--", "true"], "--poll: '0.5s' is out of range"),
    "bad minimum of run": (["run", "--minimum", "five", "--", "true"], "--minimum: 'five' is not an amount"),
    "flag with a value": (["doctor", "--json=1"], "--json: it takes no value"),
    "no shell": (["completion"], "one of bash, zsh, fish is needed"),
    "unknown shell": (["completion", "ksh"], "not one of bash, zsh, fish"),
    "sandbox amount": (["sandbox", "--amount", "x"], "--amount: it is not a plain number such as '12.50', nor null"),
    "sandbox price": (["sandbox", "--price", "secret"], "--price: it is not a mapping from models to dollars"),
    "sandbox port": (["sandbox", "--port", "x"], "--port: it is not a whole number"),
    "sandbox status": (["sandbox", "--status", "302"], "--status: it is "),
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


@pytest.mark.parametrize("name", ["--minimum", "--warn", "--timeout", "--wait"])
def test_a_gate_with_a_bad_value_cannot_tell(cli, api, name):
    words = ["check"] if name == "--minimum" else CHECK
    ended = cli(*words, name, "x", api=api)
    assert ended.err.startswith(f"lumenfall-balance: cannot tell whether the balance is enough: {name}: ")


@pytest.mark.parametrize(
    "words",
    [
        ["--api-key", KEY],
        [f"--api-key={KEY}"],
        [*CHECK, "--api_key", KEY],
        ["--key", KEY],
        ["-key", KEY],
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
    assert len(ended.err) < 200
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
    ended = cli(*words)
    assert (ended.status, ended.err) == (0, "")
    for text in (*COMMANDS, "examples", "exit status:", "LUMENFALL_API_KEY"):
        assert text in ended.out
    assert all(len(line) <= 110 for line in ended.out.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(cli, command):
    """What the command needs is not missed then."""
    ended = cli(command, "--help")
    assert (ended.status, ended.err) == (0, "")
    assert f"usage: lumenfall-balance {command}" in ended.out
    assert cli("help", command) == ended


def test_each_setting_is_an_option(cli):
    shown = cli("check", "--help").out
    for setting in SETTINGS:
        assert setting.flag is None or setting.flag in shown
        assert setting.flag is None or all(variable in shown for variable in setting.variables)


def test_the_version(cli):
    assert cli("--version").out == f"lumenfall-balance {__version__}\n"


def test_the_examples_are_right(cli):
    """Each example in the help is a command line that can be read."""
    lines = (
        cli("--help")
        .out.partition("examples (the key is in LUMENFALL_API_KEY):")[2]
        .partition("exit status:")[0]
        .splitlines()
    )
    found = [
        re.search(r"\blumenfall-balance(?: (.*))?$", re.split(r" {2,}| [|>] |\)\"", line.strip())[0]) for line in lines
    ]
    # Without the pipe before it.
    examples = [match[1] or "" for match in found if match]
    assert len(examples) == 5
    for example in examples:
        parse_arguments(shlex.split(example))


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
