# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``completion``: what the shells offer. A shell that is not installed is skipped, and said so."""

from __future__ import annotations

import shutil
import subprocess

import pytest

BASH = """
read -ra COMP_WORDS <<<"$LINE"; [[ $LINE == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
eval "$(complete -p lumenfall-balance | sed "s/.* -F \\([^ ]*\\) .*/\\1/")"; printf "%s\\n" "${COMPREPLY[@]}"
"""
LOADED = {
    "bash": f"source ./script; {BASH}",
    "fish": "source ./script; complete -C $LINE | string split --field 1 \\t; or true",
    "zsh": 'autoload -U compinit; compinit -u; eval "$(<script)"; echo ${_comps[lumenfall-balance]:+check}',
}


@pytest.fixture
def offered(program):
    """What a shell offers for an unfinished line; a file ``keyfile`` is there."""
    (program.folder / "keyfile").write_text("")

    def complete(shell, line):
        if not shutil.which(shell):
            pytest.skip(f"{shell} is not installed")
        ended = program("completion", shell)
        assert (ended.status, ended.err) == (0, "")
        (program.folder / "script").write_text(ended.out)
        env = {**program.environ, "LINE": f"lumenfall-balance {line}"}
        command = [shell, "-c", LOADED[shell]]
        shown = subprocess.run(command, env=env, cwd=program.folder, capture_output=True, text=True, check=True)
        assert shown.stderr == ""
        return set(shown.stdout.split())

    return complete


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ch", {"check"}),
        ("check --min", {"--minimum"}),
        ("check --minimum 5 --format n", {"nagios"}),
        ("check --postpaid ", {"allow", "deny"}),
        ("completion z", {"zsh"}),
        ("check --api-key-file keyf", {"keyfile"}),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_completion(offered, shell, line, words):
    assert offered(shell, line) == words


def test_zsh(offered):
    """Its line editor needs a terminal; here it loads the script."""
    assert offered("zsh", "ch") == {"check"}
