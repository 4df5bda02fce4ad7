# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What people see while ``check --wait`` waits."""

from __future__ import annotations

import shutil
import sys
import time

from ..core import AccountBalance, Gate, LumenfallError
from .output import is_terminal, say

# A log gets a line whenever something changes, and this often otherwise.
_LOG_SECONDS = 300.0


class WaitProgress:
    """A countdown on a terminal, a line now and then in a log."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._sentence = ""
        self._end = 0.0
        self._next_line = 0.0
        self._state: object = None

    def notify(self, result: AccountBalance | LumenfallError, _pause: float, seconds_left: float) -> None:
        """Take note of what the last look found, and log it if there is something to say."""
        self._sentence = self._gate.judge(result).message
        self._end = time.monotonic() + seconds_left
        # Without the request id, which is never the same.
        state = (type(result), result.status, result.code) if isinstance(result, LumenfallError) else result.describe()
        if not is_terminal(sys.stderr) and (state != self._state or time.monotonic() >= self._next_line):
            say(f"lumenfall-balance: waiting, {describe_duration(seconds_left)} left: {self._sentence}")
            self._next_line = time.monotonic() + _LOG_SECONDS
        self._state = state

    def sleep(self, seconds: float) -> None:
        """Pause, with a countdown where a person watches."""
        if not is_terminal(sys.stderr):
            time.sleep(seconds)
            return
        until = time.monotonic() + seconds
        try:
            while (remaining := until - time.monotonic()) > 0:
                left, pause = describe_duration(self._end - time.monotonic()), describe_duration(remaining)
                line = f"waiting, {left} left, next look in {pause}: {self._sentence}"
                # A line that wraps could not be cleared.
                say(f"\r\033[K{line[: shutil.get_terminal_size().columns - 1]}", end="")
                time.sleep(min(remaining, 1.0))
        finally:
            say("\r\033[K", end="")


def describe_duration(seconds: float) -> str:
    """A duration as people write it: ``1h05m``, ``14m40s``, ``20s``."""
    whole = max(1, round(seconds))
    if whole >= 3600:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 60}m{whole % 60:02}s" if whole >= 60 else f"{whole}s"
