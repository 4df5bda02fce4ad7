# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Ctrl-C and SIGTERM: an exit status and one line instead of a traceback."""

from __future__ import annotations

import signal
import subprocess

import pytest

from pulumi_lumenfall.sandbox import Sandbox

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}


def stopped(program, number, *command, **settings):
    """How a command ended after a signal that came when the sandbox had been asked."""
    processes = []
    with Sandbox(amount="12.50", on_request=lambda _: processes[0].send_signal(number), **settings) as api:
        process = subprocess.Popen(
            [str(word) for word in command],
            env=program.environment(api),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("number", STATUS)
@pytest.mark.parametrize("words", [["check", "--minimum", "5", "--format", "json"], ["doctor"]])
def test_while_it_asks(program, words, number):
    ended = stopped(program, number, program.path, *words, delay=3600)
    assert ended == (STATUS[number], "", "lumenfall-balance: stopped\n")


@pytest.mark.parametrize("number", STATUS)
def test_while_it_waits(program, api, number):
    api.amount = "3.20"
    process = program.start("check", "--minimum", "5", "--wait", "15m", api=api)
    assert "waiting" in process.stderr.readline()
    process.send_signal(number)
    assert process.communicate(timeout=60) == ("", "lumenfall-balance: stopped\n")
    assert process.returncode == STATUS[number]


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "INT"), (signal.SIGTERM, "TERM")])
def test_an_ignored_signal_stays_ignored(program, number, name):
    """Whoever starts it may have asked for that (nohup, a background job of a script)."""
    command = ["bash", "-c", f'trap "" {name}; exec "$0" check --minimum 5 --timeout 2', program.path]
    status, _, err = stopped(program, number, *command, delay=3600)
    assert status == 3
    assert "2 s" in err


def sandbox(program, *words):
    """A sandbox in a process of its own, and the variables that it prints."""
    process = program.start("sandbox", *words)
    lines = [process.stdout.readline() for _ in range(2)]
    return process, dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)


@pytest.mark.parametrize("number", STATUS)
def test_the_sandbox_ends_well(program, number):
    """It prints how to use it, and a signal is its regular end."""
    process, exports = sandbox(program, "--amount", "3.20")
    assert program("check", "--minimum", "5", env=exports).status == 2
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert "GET /v1/balance 200 3.20 usd" in err


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([], "12.50 usd available (prepaid)"),
        (["--amount", "null"], "temporarily unavailable"),
        (["--billing-type", "postpaid"], "postpaid account"),
        (["--status", "503"], "HTTP 503"),
        (["--price", "other=1", "--price", "m=0.08"], "0.16 usd for 2 x 0.08"),
    ],
)
def test_what_a_sandbox_plays(program, words, shown):
    _, exports = sandbox(program, *words)
    (program.folder / "request.json").write_text('{"model": "m"}')
    command = ["estimate", "--request", "request.json", "--times", "2"] if "--price" in words else ["show"]
    assert shown in program(*command, "--max-attempts", "1", env=exports).text


def test_a_port_that_is_taken(program, api):
    ended = program("sandbox", "--port", api.url.rpartition(":")[2])
    assert ended.status == 3
    assert "cannot listen on 127.0.0.1, port" in ended.err


def test_a_sandbox_that_nobody_reads(program):
    """Nobody would learn where it is."""
    ended = program.in_shell('"$L" sandbox >&-')
    assert (ended.status, ended.err) == (3, "lumenfall-balance: cannot write to standard output: it is closed\n")
