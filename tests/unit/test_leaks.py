# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A Python program with every log on, whatever the server and the settings do: nothing shows the key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_lumenfall.sandbox import Answer, Sandbox
from support.leaks import KEY, ODD_KEY, Processes, files, leaks

PROGRAM = """
import faulthandler, http.client, json, logging, pickle, sys
http.client.HTTPConnection.debuglevel = 1
faulthandler.enable()
logging.basicConfig(level=logging.DEBUG)
from pulumi_lumenfall import core

for settings in json.load(sys.stdin):
    try:
        # With the key in the wrong place, as a user may put it there.
        client = core.LumenfallClient(**settings)
        found = client.fetch_balance()
        print(repr(client), found, vars(found), found.to_dict(), core.Gate(5).judge(found))
    except core.LumenfallError as error:
        print(repr(error), vars(error), error.to_dict(), error.full_message, pickle.dumps(error))
        print(core.judge_error(error), error.__cause__, error.__context__)
        logging.exception("failed")
"""


@pytest.mark.parametrize(
    ("key", "status"),
    [(KEY, 200), (KEY, 400), *((ODD_KEY, status) for status in (200, 302, 401, 402, 403, 407, 429, 503))],
)
def test_a_program_with_every_log_on(key: str, status: int, tmp_path: Path) -> None:
    """Against a server that echoes the key in all that it can, and with the key as every other setting."""
    quoted = json.dumps(key)[1:-1]
    body = f'{{"error": {{"message": "bad {quoted} x", "code": "{quoted}", "type": "{quoted}"}}, "x": "{quoted}"}}'
    headers = {
        "X-Lumenfall-Request-Id": key,
        "Location": f"https://{key}/",
        "Set-Cookie": f"k={key}",
    }
    calls = [
        {},
        {},
        {"timeout": key},
        {"max_attempts": key},
        {"ca_bundle": f"/{key}"},
        {"base_url": f"https://user:{key}@host.example"},
        {"base_url": f"http://host.example/{key}"},
        {"verify": key},
        {"api_key": f"{key} "},
        {"api_key": f"Bearer {key}"},
        {"api_key": f"{key}\n{key}"},
        {"api_key": key, "timeout": 0},
    ]
    seen = Processes()
    with Sandbox(amount="12.50", key=key, on_request=seen) as api:
        api.script(Answer(status, body, headers))
        environment = {
            **api.environ,
            "LUMENFALL_MAX_ATTEMPTS": "1",
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "TMPDIR": str(tmp_path),
            "PYTHONDEVMODE": "1",
        }
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            input=json.dumps(calls),
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr[-2000:]
    # The second call gets the balance, the others what they deserve.
    assert ended.stdout.count("Verdict(") == len(calls)
    assert "DEBUG:" in ended.stderr
    written = {"stdout": ended.stdout.encode(), "stderr": ended.stderr.encode(), **files(tmp_path)}
    assert leaks(written) == []
    assert leaks(seen.written(str(tmp_path))) == []
