# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The completion scripts, as the shells read them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("lumenfall-balance")


def script(shell: str) -> str:
    return subprocess.run([PROGRAM, "completion", shell], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("che", "check"),
        ("check --mini", "--minimum"),
        ("doctor --js", "--json"),
        ("sandbox --amo", "--amount"),
        ("completion ba", "bash"),
    ],
)
def test_bash_completes(words: str, expected: str) -> None:
    """A real bash loads the script and offers what was begun."""
    given = words.split(" ")
    ask = (
        f"COMP_WORDS=(lumenfall-balance {words}); COMP_CWORD={len(given)}; "
        '_lumenfall_balance; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script("bash") + ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [expected]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_have_the_same_words(shell: str) -> None:
    text = script(shell)
    assert all(word in text for word in ("check", "doctor", "minimum", "api-key-file"))
