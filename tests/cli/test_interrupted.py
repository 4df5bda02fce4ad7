# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Ctrl-C and SIGTERM at random moments, from the first of a process to its last."""

from __future__ import annotations

import json
import signal
import sys
import time

import pytest

from support.interruption import SIGNALS, interrupt, moments

# What is promised is one second; the rest is for a busy machine. What does not end by the signal goes on for an hour.
END_SECONDS = 30
COMMANDS = {
    "show": ["show"],
    "check": ["check", "--minimum", "5"],
    "wait": ["check", "--minimum", "50", "--wait", "1h", "--poll", "1s"],
    "doctor": ["doctor"],
    "sandbox": ["sandbox"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_at_any_moment(cli, api, name):
    """A status that says so, or the one it had earned already; nothing of ours in a traceback; no hang."""
    api.delay = 0.1
    words = [str(cli.program), *COMMANDS[name]]
    life = 1.5 if name in ("wait", "sandbox") else _life(cli, api, words)
    for number, after in moments(life, 6):
        ended = interrupt(words, number, after, env=cli.environment(api), cwd=cli.folder)
        assert ended.frames_of_ours == [], ended
        # Not caught: the interpreter was still starting.
        assert ended.status in (128 + number, -number, 0) or "init_import_site" in ended.err, ended
        assert ended.seconds < END_SECONDS


def test_a_file_is_whole_or_as_it_was(cli, api):
    """Whenever it is stopped, ``--output`` leaves the old file or a new one, and nothing beside it."""
    target = cli.folder / "balance.json"
    words = [str(cli.program), "check", "--minimum", "5", "--format", "json", "--output", "balance.json"]
    target.write_text("before")
    written = 0
    turns = [(number, after, 0.0) for number, after in moments(_life(cli, api, words) * 1.2, 12)]
    # And while it waits for an answer for certain.
    turns += [(number, 0.0, 3600.0) for number in SIGNALS]
    for number, after, delay in turns:
        target.write_text("before")
        api.reset()
        api.delay = delay
        ready = (lambda: len(api.requests) > 0) if delay else (lambda: True)
        ended = interrupt(words, number, after, env=cli.environment(api), cwd=cli.folder, ready=ready)
        assert not delay or (ended.status, target.read_text()) == (128 + number, "before"), ended
        text = target.read_text()
        if text != "before":
            assert json.loads(text)["sufficient"] is True
            written += 1
        elif ended.status == 0:
            pytest.fail(f"it says that it has written the file: {ended}")
        assert [path.name for path in cli.folder.iterdir()] == ["balance.json"], ended
    print(f"written {written} times of {len(turns)}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_program_that_uses_the_core(cli, api, number):
    """The core catches nothing that is not its own: a program's KeyboardInterrupt comes out of a fetch at once."""
    program = (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        "from pulumi_lumenfall.core import LumenfallClient\n"
        "try:\n"
        "    LumenfallClient().fetch_balance()\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    api.delay = 3600
    env = cli.environment(api, {"LUMENFALL_TIMEOUT": "3600"})
    command = [sys.executable, "-c", program]
    ended = interrupt(command, number, 0.0, env=env, cwd=cli.folder, ready=lambda: len(api.requests) > 0)
    assert (ended.status, ended.out, ended.err) == (0, "interrupted\n", "")
    assert ended.seconds < END_SECONDS


def _life(cli, api, words):
    started = time.monotonic()
    interrupt(words, signal.SIGINT, 60, env=cli.environment(api), cwd=cli.folder)
    return time.monotonic() - started
