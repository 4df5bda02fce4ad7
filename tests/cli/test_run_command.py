# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``run``: nothing starts without funds, and what runs is stopped when they run low.

Standard output is a pipe that is read to its end, so no test ends before the last process that a command left behind.
"""

from __future__ import annotations

import json
import shlex
import signal
import sys

import pytest

from pulumi_lumenfall.sandbox import Sandbox

RUN = ["run", "--minimum", "5", "--max-attempts", "1", "--poll", "1s", "--"]
LOW = "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"
# A shell that has a child, which a signal for the shell alone would leave behind. The child says that it is ready: dash
# drops a SIGINT that comes while it starts one.
ENDLESS = ["sh", "-c", "(echo ready; exec sleep 90); echo"]
UNTIL_GO = ["sh", "-c", "until [ -e go ]; do sleep 0.1; done; exit 5"]


def python(code):
    return [sys.executable, "-c", code]


@pytest.mark.parametrize(
    ("command", "status", "out"),
    [
        (["true"], 0, ""),
        (["sh", "-c", "cat; exit 7"], 7, "what it reads\n"),
        (["sh", "-c", "kill -9 $$"], 137, ""),
        (["sh", "-c", "kill -TERM $$"], 143, ""),
        # Its words are its own, and none of them is an option of ours.
        (["printf", "<%s>", "--token", "x", "", "--", "--output", "go"], 0, "<--token><x><><--><--output><go>"),
        # Python ignores it, and what started Python does not.
        (["sh", "-c", "kill -PIPE $$"], 141, ""),
    ],
)
def test_the_command_is_left_alone(program, api, command, status, out):
    """Its streams and its exit status; we say nothing."""
    ended = program(*RUN, *command, api=api, stdin="what it reads\n")
    assert (ended.status, ended.out, ended.err) == (status, out, "")
    assert [request.method for request in api.requests] == ["GET"]


def test_forgotten_dashes(cli, folder, api):
    """Then the file of the command's own --output stays as it is."""
    (folder / "film").write_text("before")
    assert cli("run", "--minimum", "5", "render", "--output", "film", api=api).status == 3
    assert (folder / "film").read_text() == "before"


@pytest.mark.parametrize(("amount", "status"), [("3.20", 2), (None, 3)])
def test_nothing_starts_without_funds(program, api, amount, status):
    api.amount = amount
    ended = program(*RUN, "touch", "started", api=api)
    assert (ended.status, ended.out) == (status, "")
    assert ended.err.startswith(
        "lumenfall-balance: " + (LOW if amount else "cannot tell whether the balance is enough")
    )
    assert ended.err.endswith("; the command was not started\n")
    assert not (program.folder / "started").exists()


@pytest.mark.parametrize(
    ("model", "times", "status", "message"),
    [
        ("gpt-image-1", "2", 0, ""),
        ("gpt-image-1", "300", 2, "need 28.80 usd (300 x 0.08 + 20%), 19.80 short"),
        ("unknown", "2", 3, "MODEL_NOT_FOUND"),
    ],
)
def test_the_price_of_a_job(program, api, model, times, status, message):
    """Asked once, before it starts."""
    api.amount, api.prices = "9", {"gpt-image-1": "0.08"}
    (program.folder / "request.json").write_text(json.dumps({"model": model}))
    words = ["run", "--cost-of", "request.json", "--times", times, "--margin", "20%", "--", "echo", "started"]
    ended = program(*words, api=api)
    assert (ended.status, ended.out, ended.err.count("\n")) == (status, "" if status else "started\n", bool(status))
    assert message in ended.err
    assert [request.method for request in api.requests] == (["POST"] if status == 3 else ["POST", "GET"])


def test_a_job_may_spend_what_it_costs(program, api):
    """Once it runs, it is stopped when the balance does not pay for one more request."""
    api.prices = {"gpt-image-1": "0.08"}
    api.script(200, "30", "3.20", "3.20", "0.10", "0.09", "0.09")
    (program.folder / "request.json").write_text(json.dumps({"model": "gpt-image-1"}))
    words = ["run", "--cost-of", "request.json", "--times", "300", "--margin", "20%", "--poll", "1s", "--", *ENDLESS]
    ended = program(*words, api=api)
    assert (ended.status, ended.out) == (2, "ready\n")
    assert "have 0.09 usd, need 0.096 usd (0.08 + 20%), 0.006 short" in ended.err


@pytest.mark.parametrize("command", ["/missing", ".", "not-executable"])
def test_a_command_that_cannot_be_started(program, api, command):
    """3, since 126 and 127 would be the status of a shell's."""
    (program.folder / "not-executable").write_text("#!/bin/sh\n")
    ended = program(*RUN, f"{command}" if command != "not-executable" else "./not-executable", api=api)
    assert (ended.status, ended.out) == (3, "")
    assert ended.err.startswith("lumenfall-balance: the command cannot be started: ")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(("answer", "sentence"), [("3.20", LOW), (402, "balance too low: ")])
def test_two_looks_too_low_stop_it(program, api, answer, sentence):
    """All of its processes, and one line says why."""
    api.script("12.50", answer, answer)
    ended = program(*RUN, *ENDLESS, api=api)
    assert (ended.status, ended.out) == (2, "ready\n")
    assert ended.err.startswith(f"lumenfall-balance: {sentence}")
    assert ended.err.endswith("; stopping the command\n")
    assert ended.err.count("\n") == 1


def test_it_may_end_in_its_own_time(program, api):
    """SIGTERM comes first; the exit status says why it came."""
    api.script("12.50", "3.20", "3.20")
    ended = program(*RUN, "sh", "-c", 'trap "echo saved; exit 0" TERM; sleep 90 & wait', api=api)
    assert (ended.status, ended.out) == (2, "saved\n")


def test_what_ignores_sigterm_is_killed(program, api):
    """Also where only a child of the command is left."""
    api.script("12.50", "3.20", "3.20")
    hasty = "import sys; from pulumi_lumenfall.cli import main, run_command; run_command._KILL_SECONDS = 0.2"
    prefix = [*python(f"{hasty}; del sys.argv[1]; sys.exit(main())")]
    ended = program(*RUN, "sh", "-c", '(trap "" TERM; sleep 90) & exec sleep 90', api=api, prefix=prefix)
    assert ended.status == 2


def test_what_does_not_stop_it(program, folder):
    """One look that is too low, and what cannot be told, which is said once."""

    def on_request(_):
        if len(api.requests) == 7:
            (folder / "go").touch()

    with Sandbox(amount="12.50", on_request=on_request) as api:
        api.script("12.50", "3.20", 503, "3.20", 503, None)
        ended = program(*RUN, *UNTIL_GO, api=api)
    assert ended.status == 5
    assert ended.err.startswith("lumenfall-balance: warning: cannot tell whether the balance is enough: ")
    assert ended.err.endswith("; the command goes on\n")
    assert ended.err.count("\n") == 1


def test_a_look_does_not_hold_up_the_end(program, folder):
    """Its answer would come in an hour."""

    def on_request(_):
        if api.delay:
            (folder / "go").touch()
        api.delay = 3600

    with Sandbox(amount="12.50", on_request=on_request) as api:
        ended = program("run", "--timeout", "3600", *RUN[1:], *UNTIL_GO, api=api)
    assert (ended.status, ended.err) == (5, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1])
@pytest.mark.parametrize("handled", [True, False])
def test_signals_are_passed_on(program, api, number, handled):
    """To all of its processes, and the end is the command's."""
    code = f"import signal, sys, time; signal.signal({number}, lambda n, _: sys.exit(print('got', int(n)) or 9))"
    # Short sleeps: Python begins a sleep without a look at a signal that came the moment before.
    handler = python(f"{code}; print('ready', flush=True); [time.sleep(0.1) for _ in range(900)]")
    process = program.start(*RUN, *(handler if handled else ENDLESS), api=api)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    expected = (9, f"got {int(number)}\n") if handled else (128 + number, "")
    assert (process.returncode, out, err) == (*expected, "")


def test_an_ignored_signal_stays_ignored(program, api):
    """As nohup asks for."""
    command = "kill -HUP $PPID; kill -HUP $$; exit 5"
    ended = program.in_shell(f"trap '' HUP; exec \"$L\" {shlex.join(RUN)} sh -c '{command}'", api=api)
    assert ended.status == 5


def test_on_a_terminal(program, api):
    """The command can read from it, and Ctrl-C comes once; the terminal is ours again after it."""
    code = "import signal, sys; n = []; signal.signal(2, lambda *_: n.append(1)); print('ready', flush=True)"
    command = python(f"{code}; line = sys.stdin.readline(); print(len(n), 'Ctrl-C,', line); sys.exit(7)")
    status, shown = program.on_terminal(*RUN, *command, api=api, until=b"ready", answer=b"\x03bye\n")
    assert status == 7
    assert "1 Ctrl-C, bye" in shown
