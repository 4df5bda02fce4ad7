# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Help, version and completion."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess

import pytest

from pulumi_lumenfall.cli.arguments import COMMANDS, SHELLS, make_parser, parse_arguments
from pulumi_lumenfall.core import __version__


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_the_overview(cli, word):
    """Commands, examples and exit statuses."""
    ended = cli(word)
    assert (ended.status, ended.err) == (0, "")
    for text in (*COMMANDS, "examples:", "exit status:", "LUMENFALL_API_KEY"):
        assert text in ended.out
    assert all(len(line) <= 110 for line in ended.out.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(cli, command):
    """Each option with its help, and examples; what it needs is not missed."""
    ended = cli(command, "--help")
    assert (ended.status, ended.err) == (0, "")
    assert "examples:" in ended.out
    for action in make_parser(command)._actions:
        assert action.help
        for option in action.option_strings:
            assert option in ended.out
    assert cli(command, "-h") == ended


def test_the_version(cli):
    """The one version of everything."""
    ended = cli("--version")
    assert (ended.status, ended.out) == (0, f"lumenfall-balance {__version__}\n")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_examples_are_right(cli, command):
    """Each example in the help is a command line that can be read."""
    text = cli(*filter(None, [command]), "--help").out
    lines = text.partition("examples:")[2].partition("exit status:")[0].splitlines()
    found = [
        re.search(r"\blumenfall-balance(?: (.*))?$", re.split(r" {2,}| [|>] |\)\"", line.strip())[0]) for line in lines
    ]
    examples = [match[1] or "" for match in found if match]
    assert examples
    for example in examples:
        parse_arguments(shlex.split(example))


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_names_everything(cli, shell):
    """Each command and each option; the syntax is that of the shell, where that is installed."""
    ended = cli("completion", shell)
    assert (ended.status, ended.err) == (0, "")
    for command in COMMANDS:
        assert command in ended.out
        for action in make_parser(command)._actions:
            for option in action.option_strings:
                if option.startswith("--"):
                    assert (f"-l {option[2:]}" if shell == "fish" else option) in ended.out
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=ended.out, text=True, check=True)
    else:
        assert shell != "bash"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lumenfall-balance ch", {"check"}),
        ("lumenfall-balance check --min", {"--minimum"}),
        ("lumenfall-balance check --minimum 5 --format n", {"nagios"}),
        ("lumenfall-balance check --postpaid ", {"allow", "deny"}),
        ("lumenfall-balance --form", {"--format"}),
        ("lumenfall-balance completion z", {"zsh"}),
        ("lumenfall-balance doctor --js", {"--json"}),
        ("lumenfall-balance sandbox --amo", {"--amount"}),
        ("lumenfall-balance check --minimum ", set()),
        ("lumenfall-balance check --api-key-file k", {"keyfile"}),
        ("lumenfall-balance check --api-key", {"--api-key-file"}),
    ],
)
def test_bash_completes(cli, line, words):
    """What bash offers at the end of a line."""
    (cli.folder / "keyfile").write_text("")
    script = cli("completion", "bash").out + (
        'read -ra COMP_WORDS <<<"$LINE"; [[ $LINE == *" " ]] && COMP_WORDS+=("")\n'
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
        '_lumenfall_balance; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    ended = subprocess.run(
        ["bash", "-c", script],
        env={**cli.environ, "LINE": line},
        cwd=cli.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(ended.stdout.split()) == words
    assert ended.stderr == ""
