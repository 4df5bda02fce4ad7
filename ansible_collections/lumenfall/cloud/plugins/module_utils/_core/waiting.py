# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Waiting for a top-up: look, wait, look again, until there are funds or the time is over."""

from __future__ import annotations

import time
from typing import Callable, Union

from .errors import DeadlineExceededError, LumenfallError
from .models import DENY, POSTPAID, TOO_LOW, AccountBalance, Gate

DEFAULT_POLL_SECONDS = 30.0
MIN_POLL_SECONDS = 1.0
MAX_WAIT_SECONDS = 31 * 86400.0

Result = Union[AccountBalance, LumenfallError]  # noqa: UP007 - evaluated, also on Python 3.8


def wait_until_enough(
    look: Callable[[], Result],
    gate: Gate,
    wait: float,
    poll: float = DEFAULT_POLL_SECONDS,
    *,
    notify: Callable[[Result, float, float], None] | None = None,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Look at the balance every ``poll`` seconds until it is enough; the last look is at the end of ``wait``.

    Ends early on what waiting cannot change: an error such as a wrong key, a denied postpaid account, or a server that
    asks to wait beyond the end. Before each pause ``notify`` gets the result, the pause and the seconds left.
    """
    end = now() + wait
    while True:
        result = look()
        left = end - now()
        asked = (result.retry_after_seconds or 0.0) if isinstance(result, LumenfallError) else 0.0
        if left <= 0 or not _may_change(result, gate) or asked > left:
            return result
        pause = min(max(poll, asked), left)
        if notify is not None:
            notify(result, pause, left)
        sleep(pause)


def _may_change(result: Result, gate: Gate) -> bool:
    verdict = gate.judge(result)
    if verdict.sufficient:
        return False
    if isinstance(result, LumenfallError):
        return verdict.outcome == TOO_LOW or result.retryable or isinstance(result, DeadlineExceededError)
    return not (result.status == POSTPAID and gate.postpaid == DENY)
