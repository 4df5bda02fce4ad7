# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Waiting for a top-up, on a clock that passes only in pauses and looks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pulumi_lumenfall.core import (
    AccountBalance,
    AuthenticationError,
    DeadlineExceededError,
    Gate,
    InsufficientBalanceError,
    LumenfallError,
    RateLimitedError,
    ServerError,
    wait_until_enough,
)

LOW = AccountBalance("prepaid", Decimal("3.20"), "usd")
ENOUGH = AccountBalance("prepaid", Decimal("12.50"), "usd")
POSTPAID = AccountBalance("postpaid", None, "usd")
UNAVAILABLE = AccountBalance("prepaid", None, "usd")


def limited(seconds: float) -> LumenfallError:
    error = RateLimitedError("rate limited", retryable=True)
    error.retry_after_seconds = seconds
    return error


class Waiter:
    """A wait on a clock of its own.

    Attributes:
        looked: When it looked, seconds.
        notices: What it said before each pause: the pause and the time left.
    """

    def __init__(self, *results: AccountBalance | LumenfallError, look_seconds: float = 0) -> None:
        self.looked: list[float] = []
        self.notices: list[tuple[float, float]] = []
        self._results = results
        self._look_seconds = look_seconds
        self._now = 0.0

    def wait(self, wait: float, poll: float = 30, **policies: Any) -> AccountBalance | LumenfallError:
        return wait_until_enough(
            self._look,
            Gate(5, **policies),
            wait,
            poll,
            notify=lambda _result, pause, left: self.notices.append((pause, left)),
            now=lambda: self._now,
            sleep=self._pass,
        )

    def _look(self) -> AccountBalance | LumenfallError:
        self.looked.append(self._now)
        self._pass(self._look_seconds)
        return self._results[min(len(self.looked), len(self._results)) - 1]

    def _pass(self, seconds: float) -> None:
        self._now += seconds


@pytest.mark.parametrize(
    ("results", "wait", "looked"),
    [
        ([ENOUGH], 100, [0]),
        ([LOW], 0, [0]),
        ([LOW, ENOUGH], 100, [0, 30]),
        # The whole time is used: the last look is at its end.
        ([LOW], 100, [0, 30, 60, 90, 100]),
        ([LOW], 10, [0, 10]),
        # What may pass is waited for like a low balance.
        ([UNAVAILABLE, ENOUGH], 100, [0, 30]),
        ([ServerError("it failed", retryable=True), ENOUGH], 100, [0, 30]),
        ([DeadlineExceededError("too slow"), ENOUGH], 100, [0, 30]),
        ([InsufficientBalanceError("no funds"), ENOUGH], 100, [0, 30]),
        # What waiting does not change ends it at once.
        ([AuthenticationError("wrong key")], 100, [0]),
        ([LOW, AuthenticationError("wrong key")], 100, [0, 30]),
        ([POSTPAID], 100, [0]),
        # The server's own wait, unless it passes the end.
        ([limited(45), ENOUGH], 100, [0, 45]),
        ([limited(5), ENOUGH], 100, [0, 30]),
        ([limited(101)], 100, [0]),
        ([LOW, limited(25)], 50, [0, 30]),
    ],
)
def test_when_it_looks(results: list[Any], wait: float, looked: list[float]) -> None:
    waiter = Waiter(*results)
    assert waiter.wait(wait) is results[-1]
    assert waiter.looked == looked


def test_a_denied_postpaid_account_ends_it() -> None:
    waiter = Waiter(POSTPAID)
    assert waiter.wait(100, postpaid="deny") is POSTPAID
    assert waiter.looked == [0]


def test_slow_looks_count_as_waiting() -> None:
    waiter = Waiter(LOW, look_seconds=20)
    waiter.wait(60, poll=10)
    assert waiter.looked == [0, 30, 60]


def test_what_it_says_before_each_pause() -> None:
    waiter = Waiter(LOW)
    waiter.wait(70)
    assert waiter.notices == [(30, 70), (30, 40), (10, 10)]
