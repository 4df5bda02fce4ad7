# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Where the key comes from, and that it goes nowhere else."""

from __future__ import annotations

import subprocess

import pytest

from support.leaks import MARKER, leaked


def test_a_key_file(cli, api):
    """White space around the key is nobody's intention."""
    (cli.folder / "key").write_text(f"\n {api.key}\r\n")
    ended = cli("--api-key-file", "key", api=api, env={"LUMENFALL_API_KEY": "another"})
    assert ended.status == 0


def test_a_key_from_standard_input(cli, api):
    """``-`` reads it there."""
    ended = cli("--api-key-file", "-", api=api, env={"LUMENFALL_API_KEY": ""}, stdin=f"{api.key}\n")
    assert ended.status == 0


def test_a_key_from_a_pipe(cli, api):
    """As ``--api-key-file <(pass show lumenfall)`` gives it."""
    command = f'"{cli.program}" --api-key-file <(printf %s "$LUMENFALL_API_KEY")'
    ended = subprocess.run(
        ["bash", "-c", f"{command.replace('--api-key-file', 'check --minimum 5 --api-key-file')}"],
        env=cli.environment(api),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_key_from_the_credentials_file(cli, api):
    """The vendor's file is the last place; others who can read it are worth a warning."""
    folder = cli.folder / "config"
    folder.mkdir()
    path = folder / "credentials.json"
    path.write_text(f'{{"api_key": "{api.key}", "refresh_token": "{MARKER}"}}')
    path.chmod(0o600)
    env = {"LUMENFALL_API_BASE": api.url, "LUMENFALL_CONFIG_DIR": str(folder)}
    ended = cli(env=env)
    assert (ended.status, ended.err) == (0, "")
    path.chmod(0o644)
    ended = cli("show", "--format", "json", env=env)
    assert ended.status == 0
    assert ended.err.startswith("lumenfall-balance: warning: ")
    assert "chmod 600" in ended.err
    assert not leaked(ended.text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "--api-key-file: it cannot be read (no such file or directory)"),
        (b"", "--api-key-file: it is empty"),
        (b" \n", "--api-key-file: it is empty"),
        (b"x" * 70_000, "--api-key-file: it is too large to be a key"),
        (b"Bearer abc", "--api-key-file: the API key starts with 'Bearer '"),
        (b"two words", "--api-key-file: the API key holds white space"),
        (
            f'{{"api_key":"lmnfl_a.b","refresh_token":"{MARKER}"}}'.encode(),
            "--api-key-file: it holds JSON, not the key alone",
        ),
        (f'[\n"{MARKER}"\n]'.encode(), "--api-key-file: it holds JSON, not the key alone"),
        (f"LUMENFALL_API_KEY={MARKER}".encode(), "--api-key-file: it sets a variable"),
        (f"export LUMENFALL_API_KEY='{MARKER}'\n".encode(), "--api-key-file: it sets a variable"),
        (f"api_key={MARKER}\nrefresh_token=x".encode(), "--api-key-file: it sets a variable"),
        (b"\xff\xfe", "--api-key-file: the API key holds white space or a character that is not printable ASCII"),
    ],
    ids=["missing", "empty", "blank", "huge", "bearer", "words", "object", "list", "line", "export", "lines", "binary"],
)
def test_a_bad_key_file(cli, api, content, message):
    """It never falls back to another key: this one was asked for."""
    if content is not None:
        (cli.folder / "key").write_bytes(content)
    ended = cli("check", "--minimum", "5", "--api-key-file", "key", api=api)
    assert ended.status == 3
    assert message in ended.err
    assert not leaked(ended.text)
    assert api.requests == []


@pytest.mark.parametrize("key", ["{curly}", "[1]", "a=b", "monkey=", "key"])
def test_an_odd_key_is_a_key(cli, api, key):
    """The shape is the API's business."""
    api_of_key = {"LUMENFALL_API_BASE": api.url}
    ended = cli("--api-key-file", "-", env=api_of_key, stdin=key)
    assert (ended.status, api.requests[0].status) == (3, 401)


@pytest.mark.parametrize(
    "words",
    ["show --timeout 0.2", "check --minimum 5", "doctor --timeout 0.2", "show --base-url no", "doctor --base-url no"],
)
def test_a_key_that_never_comes(cli, api, words):
    """It is not waited for any longer than for an answer, whatever else is wrong."""
    process = subprocess.Popen(
        [str(cli.program), *words.split(), "--api-key-file", "-"],
        env=cli.environment(api, {"LUMENFALL_TIMEOUT": "0.2"}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    # Standard input stays open meanwhile.
    said = process.stdout.read()
    assert "--api-key-file: no key came within 0.2 s" in said
    process.communicate()
    assert process.returncode == 3


def test_a_folder_is_no_key_file(cli, api):
    """Nor is anything else that cannot be read."""
    ended = cli("--api-key-file", ".", api=api)
    assert ended.status == 3
    assert "--api-key-file: it cannot be read (is a directory)" in ended.err


def test_empty_standard_input(cli, api):
    """An empty pipe is no key."""
    ended = cli("--api-key-file", "-", api=api)
    assert ended.status == 3
    assert "--api-key-file: it is empty" in ended.err


def test_closed_standard_input(cli, api):
    """Nor is a closed one."""
    ended = subprocess.run(
        ["bash", "-c", f'exec "{cli.program}" --api-key-file - <&-'],
        env=cli.environment(api),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3
    assert "--api-key-file: standard input is closed" in ended.stderr
