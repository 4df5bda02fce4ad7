# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``completion``: what the shells offer. A shell that is not installed is skipped, and said so."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import shutil
import subprocess
import time

import pytest

CASES = [
    ("ch", {"check"}),
    ("check --min", {"--minimum"}),
    ("check --minimum 5 --format n", {"nagios"}),
    ("check --postpaid ", {"allow", "deny"}),
    ("completion z", {"zsh"}),
    ("doctor --js", {"--json"}),
    ("sandbox --amo", {"--amount"}),
    ("check --api-key-file keyf", {"keyfile"}),
]


@pytest.fixture
def script(program):
    """The completion script of a shell, in a file of the working directory."""
    (program.folder / "keyfile").write_text("")

    def write(shell):
        if not shutil.which(shell):
            pytest.skip(f"{shell} is not installed")
        ended = program("completion", shell)
        assert (ended.status, ended.err) == (0, "")
        (program.folder / "script").write_text(ended.out)
        return "script"

    return write


@pytest.mark.parametrize(("line", "words"), CASES)
def test_bash(program, script, line, words):
    code = (
        f"source ./{script('bash')}\n"
        'read -ra COMP_WORDS <<<"$LINE"; [[ $LINE == *" " ]] && COMP_WORDS+=("")\n'
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
        'eval "$(complete -p lumenfall-balance | sed "s/.* -F \\([^ ]*\\) .*/\\1/")"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    env = {**program.environ, "LINE": f"lumenfall-balance {line}"}
    ended = subprocess.run(
        ["bash", "-c", code], env=env, cwd=program.folder, capture_output=True, text=True, check=True
    )
    assert set(ended.stdout.split()) == words
    assert ended.stderr == ""


@pytest.mark.parametrize(("line", "words"), CASES)
def test_fish(program, script, line, words):
    code = f"source {script('fish')}; complete -C 'lumenfall-balance {line}'"
    ended = subprocess.run(
        ["fish", "-c", code], env=program.environ, cwd=program.folder, capture_output=True, text=True
    )
    assert {line.partition("\t")[0] for line in ended.stdout.splitlines()} == words


@pytest.mark.parametrize(("line", "words"), [case for case in CASES if len(case[1]) == 1])
def test_zsh(program, script, line, words):
    """On a terminal, as only its line editor completes; the tab key puts in what is the only choice."""
    script("zsh")
    (program.folder / ".zshrc").write_text("PS1='ready> '; autoload -U compinit; compinit -u; eval \"$(<script)\"\n")
    [word] = words
    number, terminal = pty.fork()
    if number == 0:
        os.chdir(program.folder)
        os.execvpe("zsh", ["zsh", "-i"], {**program.environ, "ZDOTDIR": str(program.folder), "TERM": "dumb"})
    try:
        read_until(terminal, b"ready> ")
        os.write(terminal, f"lumenfall-balance {line}\t".encode())
        read_until(terminal, word.encode())
    finally:
        os.close(terminal)
        os.waitpid(number, 0)


def read_until(terminal, wanted):
    """Read what a terminal shows until this is in it."""
    shown = b""
    overdue = time.monotonic() + 60
    with contextlib.suppress(OSError):
        while wanted not in shown:
            ready, _, _ = select.select([terminal], [], [], max(0.0, overdue - time.monotonic()))
            assert ready, shown
            shown += os.read(terminal, 4096)
    assert wanted in shown
