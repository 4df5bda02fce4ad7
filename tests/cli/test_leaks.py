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

CHECK = ["check", "--max-attempts", "1", "--minimum", "5"]


@pytest.fixture
def api():
    """A sandbox with a key that the detector knows."""
    with Sandbox(amount="12.50", key=KEY) as sandbox:
        yield sandbox


@pytest.fixture
def searched(cli, folder, environ):
    """Runs it with every log of Python on, and searches all that it wrote."""

    def run(*words, api, using=cli, **settings):
        files_of_github = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        env = {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "ignore", "RUNNER_DEBUG": "1", **files_of_github}
        ended = using(*words, api=api, env={**env, **settings})
        written = files(folder, Path(environ["HOME"]))
        assert leaks({"stdout": ended.out.encode(), "stderr": ended.err.encode(), **written}) == []
        return ended

    return run


@pytest.mark.parametrize("status", [200, 302, 402, 500])
@pytest.mark.parametrize(
    "words", [*([*CHECK, "--format", format] for format in FORMATS), ["doctor", "--max-attempts", "1"]], ids=" ".join
)
def test_a_server_that_echoes_the_key(searched, api, words, status):
    """In a message, a code, a request id and the target of a redirect."""
    body = json.dumps({"error": {"message": f"bad {KEY} x", "code": KEY, "type": KEY}})
    api.script(Answer(status, body, {"X-Lumenfall-Request-Id": KEY, "Location": f"https://{KEY}/{KEY}"}))
    output = [] if "github" in words or "doctor" in words else ["--output", "result"]
    ended = searched(*words, *output, api=api)
    assert ended.status == (2 if status == 402 else 3)


@pytest.mark.parametrize("words", [["show"], CHECK, ["doctor"]], ids=lambda words: words[0])
def test_where_all_is_well(searched, program, environ, words):
    """In the list of processes, too."""
    seen = Processes()
    with Sandbox(amount="12.50", key=KEY, on_request=seen) as api:
        assert searched(*words, api=api, using=program).status == 0
    assert leaks(seen.written(environ["HOME"])) == []


@pytest.mark.parametrize("words", [CHECK, ["doctor"]], ids=lambda words: words[0])
@pytest.mark.parametrize("scheme", ["http", "socks5h", "ftp"])
def test_the_password_of_a_proxy(searched, api, words, scheme):
    with refused_port() as port:
        env = {"HTTPS_PROXY": f"{scheme}://user:{KEY}@127.0.0.1:{port}", "LUMENFALL_API_BASE": "https://localhost"}
        assert searched(*words, api=api, **env).status == 3
