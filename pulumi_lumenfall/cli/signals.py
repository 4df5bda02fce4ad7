# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Ctrl-C and SIGTERM: an exit status instead of a traceback."""

from __future__ import annotations

import signal
from types import FrameType

_STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Stopped(BaseException):
    """The process was asked to end. Not an Exception, so that nothing takes it for a failure."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def stop_on_signals() -> None:
    """Raise Stopped on Ctrl-C and SIGTERM, unless whoever started us had them ignored (nohup)."""
    for number in _STATUS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def restore_signals() -> None:
    """Back to what Python does by itself."""
    for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) is _stop:
            signal.signal(number, default)


def _stop(number: int, _frame: FrameType | None) -> None:
    # The second Ctrl-C of an impatient person must not break the clean-up after the first.
    for each in _STATUS:
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(_STATUS[signal.Signals(number)])
