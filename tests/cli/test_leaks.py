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
from support.leaks import KEY, ODD_KEY, Processes, files, leaks

CHECK = ["check", "--minimum", "5"]


@pytest.fixture
def api():
    """A sandbox with a key that the detector knows, and that looks at all processes when it is asked."""
    seen = Processes()
    with Sandbox(amount="12.50", key=ODD_KEY, on_request=seen) as sandbox:
        sandbox.seen = seen
        yield sandbox


def searched(cli, api, *words, **settings):
    """Run it with every log of Python on, and search all that it wrote."""
    files_of_github = {name: str(cli.folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    env = {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "ignore", "RUNNER_DEBUG": "1", **files_of_github}
    with api.seen:
        ended = cli(*words, api=api, env={**env, **settings})
    written = {
        "stdout": ended.out.encode(),
        "stderr": ended.err.encode(),
        **files(cli.folder, Path(cli.environ["HOME"])),
    }
    assert leaks(written) == []
    assert leaks(api.seen.written(cli.environ["HOME"])) == []
    return ended


@pytest.mark.parametrize("status", [200, 302, 402, 500])
def test_a_server_that_echoes_the_key(cli, api, status):
    """In a message, a code, a request id and the target of a redirect."""
    quoted = json.dumps(api.key)[1:-1]
    body = f'{{"error": {{"message": "bad {quoted} x", "code": "{quoted}", "type": "{quoted}"}}}}'
    answer = Answer(status, body, {"X-Lumenfall-Request-Id": api.key, "Location": f"https://{KEY}/{KEY}"})
    for format in FORMATS:
        api.script(answer)
        output = ["--output", f"{format}.txt"] if format in ("json", "prometheus") else []
        ended = searched(cli, api, *CHECK, "--max-attempts", "1", "--format", format, *output)
        assert ended.status == (2 if status == 402 else 3)
        assert status not in (402, 500) or "bad *** x" in ended.text.replace("&#42;", "*")
    for words in (["doctor"], ["doctor", "--json"]):
        api.script(*[answer] * 5)
        searched(cli, api, *words, "--max-attempts", "1")


@pytest.mark.parametrize("words", [["show"], CHECK, ["doctor"], ["doctor", "--json"]], ids=" ".join)
def test_where_all_is_well(cli, api, words):
    assert searched(cli, api, *words).status == 0
    assert api.requests


@pytest.mark.parametrize(
    "words",
    [
        ["--timeout", KEY],
        ["--max-attempts", KEY],
        ["--base-url", f"https://user:{KEY}@host.example"],
        ["--base-url", f"https://user:{KEY}/@host.example"],
        ["--minimum", KEY],
        ["--postpaid", KEY],
        ["--format", KEY],
        ["--wait", KEY],
        ["--api-key", KEY],
        [f"--api-key={KEY}"],
        [f"--{KEY}"],
        [KEY],
    ],
    ids=lambda words: " ".join(words).replace(KEY, "KEY"),
)
def test_a_key_where_another_word_belongs(cli, api, words):
    """It is in the shell's history then, but not in ours."""
    ended = cli("check", *words, api=api)
    assert ended.status == 3
    assert leaks({"output": ended.text.encode()}) == []


@pytest.mark.parametrize("words", [CHECK, ["doctor"], ["doctor", "--json"]], ids=" ".join)
@pytest.mark.parametrize("place", ["LUMENFALL_API_KEY", "--api-key-file"])
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("LUMENFALL_API_BASE", "https://localhost/{}"),
        ("LUMENFALL_API_BASE", "https://{}.invalid"),
        ("LUMENFALL_TIMEOUT", "{}"),
        ("LUMENFALL_MAX_ATTEMPTS", "{}"),
        ("REQUESTS_CA_BUNDLE", "/{}.pem"),
    ],
)
def test_a_key_in_another_setting(cli, api, words, place, setting, value):
    """It is recognized whatever it looks like, and the setting is named."""
    key = "hunter2hunter2hu"
    env = {setting: value.format(key)}
    if place == "LUMENFALL_API_KEY":
        env[place] = key
    else:
        (cli.folder / "key").write_text(key)
        words = [*words, place, "key"]
    ended = cli(*words, api=api, env=env)
    assert ended.status == 3
    assert f"{setting}: it holds the API key (not shown)" in ended.text
    assert "hunter2hunter2" not in ended.text
    assert "/v1/balance" not in [request.path for request in api.requests]


@pytest.mark.parametrize("command", [CHECK, ["doctor"]], ids=["check", "doctor"])
def test_a_proxy_with_a_password(cli, api, command):
    """In the variable of a proxy that cannot be reached, or is malformed."""
    with refused_port() as port:
        for url in (
            f"http://user:{KEY}@127.0.0.1:{port}",
            f"socks5://user:{KEY}@127.0.0.1:{port}",
            f"http://user:{KEY}@[",
        ):
            env = {"HTTPS_PROXY": url, "LUMENFALL_API_BASE": f"https://localhost:{port}"}
            assert searched(cli, api, *command, "--max-attempts", "1", **env).status == 3
