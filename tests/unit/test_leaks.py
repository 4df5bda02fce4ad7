# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The leak detector itself, and a Python program with every log on, whatever the server and the settings do."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from pulumi_lumenfall.sandbox import Answer, Sandbox
from support.leaks import KEY, MARKER, ODD_KEY, Processes, files, leaks, lines_with
from support.marks import linux

PROGRAM = """
import copy, faulthandler, http.client, json, logging, pickle, sys, traceback, warnings
http.client.HTTPConnection.debuglevel = 1
faulthandler.enable()
logging.basicConfig(level=logging.DEBUG)
for name in ("urllib3", "requests", "http.client", "asyncio"):
    logging.getLogger(name).setLevel(logging.DEBUG)
from pulumi_lumenfall import core

for settings in json.load(sys.stdin):
    client = None
    try:
        # With a marked value in the wrong place, as a user may put it there.
        client = core.LumenfallClient(**settings)
        found = client.fetch_balance()
        print(found, vars(found), found.to_dict(), core.Gate(5).judge(found))
    except core.LumenfallError as error:
        # What Sentry and the like show of frames; the program's own frame is its own affair.
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        ours = [frame for frame in shown.stack if frame.filename != "<string>"]
        print([frame.locals for frame in ours], str(shown), repr(error), vars(error), error.to_dict())
        print(core.judge_error(error), error.__context__)
        print(pickle.dumps(error), copy.copy(error).__dict__)
        logging.exception("failed")
    for move in (pickle.dumps, copy.copy, copy.deepcopy):
        try:
            print(move(client))
        except TypeError as refused:
            print(refused)
    print(repr(client), str(client))
"""


@pytest.mark.parametrize(
    ("key", "status"),
    [(KEY, 200), (KEY, 400), *((ODD_KEY, status) for status in (200, 302, 401, 402, 403, 407, 429, 503))],
)
def test_a_program_with_every_log_on(key: str, status: int, tmp_path: Path) -> None:
    """A server that echoes the key in all that it can, and the key as every other setting: nothing shows it."""
    quoted = json.dumps(key)[1:-1]
    body = f'{{"error": {{"message": "bad {quoted} x", "code": "{quoted}", "type": "{quoted}"}}, "x": "{quoted}"}}'
    header = quote(key, safe="") if status == 302 else key
    headers = {"X-Lumenfall-Request-Id": key, "Location": f"https://{header}/", "Set-Cookie": f"k={header}"}
    seen = Processes()
    with Sandbox(amount="12.50", key=key, on_request=seen) as api:
        api.script(Answer(status, body, headers))
        environment = {
            **api.environ,
            "LUMENFALL_MAX_ATTEMPTS": "1",
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "TMPDIR": str(tmp_path),
            "PYTHONASYNCIODEBUG": "1",
            "PYTHONDEVMODE": "1",
        }
        calls = [
            {},
            {},
            {"timeout": key},
            {"max_attempts": key},
            {"ca_bundle": "/nowhere"},
            {"base_url": f"https://user:{key}@host.example"},
            {"base_url": f"http://host.example/{key}"},
            {"verify": key},
            {"api_key": f"{key} "},
            {"api_key": f"Bearer {key}"},
            {"api_key": f"'{key}'"},
            {"api_key": f"{key}\n{key}"},
            {"api_key": key, "timeout": 0},
        ]
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            input=json.dumps(calls),
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr[-2000:]
    # The second call is answered with the balance, the rest with what they deserve.
    assert ended.stdout.count("Verdict(") == len(calls)
    assert "DEBUG:" in ended.stderr
    written = {"stdout": ended.stdout.encode(), "stderr": ended.stderr.encode(), **files(tmp_path)}
    assert leaks(written) == []
    assert leaks(seen.written(str(tmp_path))) == []


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        KEY.upper(),
        KEY[::-1],
        KEY.encode().hex(),
        quote(ODD_KEY, safe=""),
        *(base64.b64encode(b"x" * offset + KEY.encode() + b"y" * 2).decode() for offset in range(3)),
        *(base64.urlsafe_b64encode(b"x" * offset + ODD_KEY.encode()).decode() for offset in range(3)),
        base64.b64encode(f"user:{KEY}".encode()).decode(),
    ],
)
def test_the_detector_finds(written: str) -> None:
    """What all tests of leaks rely on."""
    assert leaks({"here": f"before {written} after".encode()})
    assert lines_with(f"one\n{written}\nthree") == [written]


def test_the_detector_looks_into_every_file(tmp_path: Path) -> None:
    """Names of files, files, and other encodings of text; and is quiet where there is nothing."""
    assert leaks({"here": b"what is no key", "there": b""}) == []
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / f"named-{MARKER}").touch()
    (tmp_path / "a" / "b").write_bytes(b"\xff" + KEY.encode("utf-16-le"))
    assert len(leaks(files(tmp_path))) == 2


@linux
def test_the_detector_looks_at_every_process(tmp_path: Path) -> None:
    """Also where two run the same command, as the tests of two workers do; and it says so where it saw none."""
    seen = Processes()
    with contextlib.ExitStack() as stack:
        for home in ("one", "other"):
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", "print('here', flush=True); input()", KEY],
                    env={"K": KEY, "HOME": str(tmp_path / home)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == b"here\n"
        seen()
    for home in ("one", "other"):
        assert len(leaks(seen.written(str(tmp_path / home), may_know=lambda command: False))) == 2
        assert len(leaks(seen.written(str(tmp_path / home)))) == 1
    assert len(leaks(seen.written(str(tmp_path)))) == 2
    with pytest.raises(AssertionError, match="saw no process of this test"):
        seen.written(str(tmp_path / "nobody"))
