# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The key is nowhere that the command line writes to, in any format, whatever the server and the settings do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pulumi_lumenfall.cli.arguments import FORMATS
from pulumi_lumenfall.sandbox import Answer, Sandbox
from support.fault_server import refused_port
from support.leaks import KEY, Processes, files, leaks

CHECK = ["check", "--minimum", "5", "--max-attempts", "1"]


@pytest.fixture
def api(clean_environment):
    """A sandbox with a key that the detector knows, and that looks at all processes when it is asked."""
    seen = Processes()
    with Sandbox(amount="12.50", key=KEY, on_request=seen) as sandbox:
        yield sandbox
    assert not sandbox.requests or leaks(seen.written(str(clean_environment))) == []


def searched(cli, api, *words, **settings):
    """Run it with every log of Python on, and search all that it wrote."""
    files_of_github = {name: str(cli.folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    env = {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "ignore", "RUNNER_DEBUG": "1", **files_of_github}
    ended = cli(*words, api=api, env={**env, **settings})
    written = {
        "stdout": ended.out.encode(),
        "stderr": ended.err.encode(),
        **files(cli.folder, Path(cli.environ["HOME"])),
    }
    assert leaks(written) == []
    return ended


@pytest.mark.parametrize("status", [200, 302, 402, 500])
def test_a_server_that_echoes_the_key(cli, api, status):
    """In a message, a code, a request id and the target of a redirect."""
    body = json.dumps({"error": {"message": f"bad {KEY} x", "code": KEY, "type": KEY}})
    answer = Answer(status, body, {"X-Lumenfall-Request-Id": KEY, "Location": f"https://{KEY}/{KEY}"})
    for format in FORMATS:
        api.script(answer)
        output = [] if format == "github" else ["--output", f"{format}.txt"]
        ended = searched(cli, api, *CHECK, "--format", format, *output)
        assert ended.status == (2 if status == 402 else 3)
    for words in (["doctor"], ["doctor", "--json"]):
        api.script(answer)
        searched(cli, api, *words, "--max-attempts", "1")


@pytest.mark.parametrize("words", [["show"], CHECK, ["doctor"]], ids=lambda words: words[0])
def test_where_all_is_well(cli, api, words):
    assert searched(cli, api, *words).status == 0
    assert api.requests


@pytest.mark.parametrize("words", [CHECK, ["doctor"]], ids=lambda words: words[0])
@pytest.mark.parametrize("scheme", ["http", "socks5h", "ftp"])
def test_the_password_of_a_proxy(cli, api, words, scheme):
    with refused_port() as port:
        env = {"HTTPS_PROXY": f"{scheme}://user:{KEY}@127.0.0.1:{port}", "LUMENFALL_API_BASE": "https://localhost"}
        assert searched(cli, api, *words, **env).status == 3
