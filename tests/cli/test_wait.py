# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``check --wait``: how it ends, and what people see meanwhile. The rules of waiting are tested with the core."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from pulumi_lumenfall.cli import balance
from pulumi_lumenfall.core import AccountBalance, Gate, ServerError, wait_until_enough

WAIT = ["check", "--minimum", "5", "--wait", "60s", "--poll", "1"]
LOW = "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"


def test_enough_is_not_waited_for(cli, api):
    """No waiting, and no word of it."""
    ended = cli(*WAIT, api=api)
    sentence = "enough: 12.50 usd available (prepaid), 7.50 more than the 5.00 needed\n"
    assert (ended.status, ended.out, ended.err) == (0, sentence, "")
    assert len(api.requests) == 1


def test_a_top_up_arrives(cli, api):
    """One line in the log, however many looks it took."""
    api.script("3.20", "3.20")
    ended = cli(*WAIT, api=api)
    assert ended.status == 0
    assert re.fullmatch(r"enough: 12\.50 usd available .* more than the 5\.00 needed; waited 0:00:\d\d\n", ended.out)
    assert re.fullmatch(rf"lumenfall-balance: waiting, 0:(01:00|00:\d\d) left: {re.escape(LOW)}\n", ended.err)
    assert len(api.requests) == 3


def test_a_long_retry_after_ends_it_and_is_said_once(cli, api):
    """It is of no use to ask before, nor to wait for nothing."""
    api.status, api.retry_after = 429, 3600
    ended = cli(*WAIT, api=api)
    assert (ended.status, len(api.requests)) == (3, 1)
    assert ended.err.count("asks to wait") == 1
    assert ended.err.count("3600") <= 2


def test_wait_0_looks_once(cli, api):
    """So that a pipeline can turn it off with a number."""
    api.amount = "3.20"
    ended = cli("check", "--minimum", "5", "--wait", "0", api=api)
    assert (ended.status, ended.out, ended.err) == (2, f"{LOW}\n", "")


@pytest.fixture
def log(monkeypatch):
    """Waits 20 minutes by a clock that only sleep moves, on these results; gives what was logged, by minute."""
    clock, lines, gate = [0.0], [], Gate(5)
    monkeypatch.setattr(balance.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(balance, "say", lambda line: lines.append((clock[0] / 60, line)))

    def sleep(seconds):
        clock[0] += seconds

    def run(result):
        notify = balance.WaitLog(gate).notify
        wait_until_enough(
            lambda: result(clock[0] / 60), gate, 1200, 30, notify=notify, sleep=sleep, now=lambda: clock[0]
        )
        return lines

    return run


def test_a_log_is_not_flooded(log):
    """A line at the start and every five minutes, though each answer has a request id of its own."""
    lines = log(lambda minute: AccountBalance("prepaid", Decimal("3.20"), "usd", f"req_{minute}"))
    assert [minute for minute, _ in lines] == [0, 5, 10, 15]
    assert [re.search(r"waiting, (\S+) left", line)[1] for _, line in lines] == [
        "0:20:00",
        "0:15:00",
        "0:10:00",
        "0:05:00",
    ]


def test_a_log_has_each_change(log):
    """Another amount, an error, and the end of it."""

    def result(minute):
        if 7 <= minute < 9:
            return ServerError(f"failed at {minute}", status=503, retryable=True, request_id=f"req_{minute}")
        return AccountBalance("prepaid", Decimal("3.20" if minute < 3 else "4"), "usd")

    lines = log(result)
    assert [minute for minute, _ in lines] == [0, 3, 7, 9, 14, 19]
    assert "failed at 7" in lines[2][1]
