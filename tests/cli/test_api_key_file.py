# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Where the key comes from, and that it goes nowhere else."""

from __future__ import annotations

import os

import pytest

from pulumi_lumenfall.cli.settings import read_file
from pulumi_lumenfall.core import ConfigurationError
from support.leaks import MARKER, leaked


def test_a_file(program, api):
    """It is stronger than the environment; white space around the key is ignored."""
    (program.folder / "key").write_text(f"\n {api.key}\r\n")
    assert program("--api-key-file", "key", api=api, env={"LUMENFALL_API_KEY": "another"}).status == 0


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ('--api-key-file - <<<"$LUMENFALL_API_KEY"', 0, ""),
        ('--api-key-file <(printf %s "$LUMENFALL_API_KEY")', 0, ""),
        ("--api-key-file - </dev/null", 3, "--api-key-file: it is empty"),
        ("--api-key-file - <&-", 3, "--api-key-file: it cannot be read (bad file descriptor)"),
    ],
)
def test_pipes(program, api, words, status, message):
    """As ``--api-key-file <(pass show lumenfall)`` gives it."""
    ended = program.in_shell(f'"$L" {words}', api)
    assert ended.status == status
    assert message in ended.err


def test_the_credentials_file(program, api):
    """The last place; others who can read it are worth a warning."""
    folder = program.folder / "config"
    folder.mkdir()
    path = folder / "credentials.json"
    path.write_text(f'{{"api_key": "{api.key}", "refresh_token": "{MARKER}"}}')
    path.chmod(0o600)
    env = {"LUMENFALL_API_BASE": api.url, "LUMENFALL_CONFIG_DIR": str(folder)}
    ended = program(env=env)
    assert (ended.status, ended.err) == (0, "")
    path.chmod(0o644)
    ended = program("show", "--format", "json", env=env)
    assert ended.status == 0
    assert ended.err.startswith("lumenfall-balance: warning: ")
    assert "chmod 600" in ended.err
    assert not leaked(ended.text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "it cannot be read (no such file or directory)"),
        (b" \n", "it is empty"),
        (b"x" * 100_000, "it is too large for a key"),
        (b'{"api_key":"lmnfl_kid.s","refresh_token":"r"}', "it is JSON or a variable"),
        (b"LUMENFALL_API_KEY=lmnfl_kid.s", "it is JSON or a variable"),
        (b"Bearer abc", "the API key starts with 'Bearer '"),
        (b"\xff\xfe", "the API key contains white space or a character that is not printable ASCII"),
    ],
    ids=["missing", "blank", "large", "credentials", "variable", "bearer", "binary"],
)
def test_a_bad_file(program, api, content, message):
    """It never falls back to another key: this one was asked for."""
    if content is not None:
        (program.folder / "key").write_bytes(content)
    ended = program("check", "--minimum", "5", "--api-key-file", "key", api=api)
    assert ended.status == 3
    assert f"--api-key-file: {message}" in ended.err
    assert api.requests == []


def test_a_key_that_never_comes(tmp_path):
    """A pipe without a writer is not waited for without an end."""
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ConfigurationError, match=r"--api-key-file: .* \(nothing came within 0.05 s\)"):
        read_file("--api-key-file", str(tmp_path / "fifo"), 100, seconds=0.05)


def test_a_terminal_asks_for_it(program, api):
    """And does not show what is typed."""
    words = ["--api-key-file", "-"]
    status, shown = program.on_terminal(*words, api=api, until=b"API key: ", answer=f"{api.key}\n".encode())
    assert status == 0
    assert "12.50 usd available" in shown
    assert api.key not in shown
