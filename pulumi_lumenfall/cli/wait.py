# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``check --wait``: ask again and again until a top-up has arrived, or the time is over."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping

from ..core import ConfigurationError, DeadlineExceededError, InsufficientBalanceError
from .console import is_terminal, say, say_raw
from .report import Report

DEFAULT_POLL_SECONDS = 20.0
MIN_POLL_SECONDS = 1.0
MAX_SECONDS = 7 * 24 * 3600.0

_DURATION = re.compile(
    r"(?=[0-9])(?:([0-9]{1,6}(?:\.[0-9]{1,3})?)h)?(?:([0-9]{1,6}(?:\.[0-9]{1,3})?)m)?(?:([0-9]{1,6}(?:\.[0-9]{1,3})?)s?)?"
)
# The last question comes this long before the end, so that its answer can still arrive.
_LAST_SECONDS = 5.0


def parse_duration(name: str, text: str, *, least: float = 0.0) -> float:
    """Read ``15m``, ``1h30m``, ``20s`` or a plain number of seconds.

    Args:
        name: The option, for the error.
        text: What was given.
        least: The shortest duration that is allowed, seconds.

    Raises:
        ConfigurationError: It is no duration, too short or above a week.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise ConfigurationError(f"{name}: not a duration", hint=f"set {name} to a duration such as 20s, 15m or 1h30m")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if not least <= total <= MAX_SECONDS:
        raise ConfigurationError(
            f"{name}: out of range", hint=f"set {name} to a duration from {describe_duration(least)} to 168h"
        )
    return total


def describe_duration(seconds: float) -> str:
    """A duration as people write it: ``1h05m``, ``14m40s``, ``20s``."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    if whole >= 60:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole}s"


def wait_until_enough(
    ask: Callable[[float | None], Report], wait_seconds: float, poll_seconds: float, environ: Mapping[str, str]
) -> Report:
    """Ask until it is enough, waiting can no longer help, or the time is over.

    Args:
        ask: Asks once, within so many seconds if that is not None.
        wait_seconds: How long to wait in all. Only the very first question may take longer: it has
            the whole timeout.
        poll_seconds: The pause between two questions; longer where the server asks for it.
        environ: For what the terminal can do.

    Returns:
        The last state that is known: an error that came after a balance does not hide it.
    """
    started = time.monotonic()
    end = started + wait_seconds
    report = ask(None)
    state, questions, last, note = report, 1, False, ""
    while not _is_final(report):
        remaining = end - time.monotonic()
        told = (report.error.retry_after_seconds if report.error else None) or 0.0
        if told and told >= remaining:
            note = f"; the server asks to be left alone for {describe_duration(told)}, longer than is left of --wait"
        if last or told >= remaining:
            break
        pause = max(poll_seconds, told)
        if pause >= remaining:
            pause, last = max(told, remaining - min(_LAST_SECONDS, remaining / 2)), True
        _pause(pause, end, report, environ)
        report = ask(max(0.1, end - time.monotonic()))
        questions += 1
        if _is_transient(state) or not _is_transient(report):
            state = report
    if state is not report:
        note = f", but there was no later answer: {report.error}{note}"
    if questions > 1:
        note = f"; waited {describe_duration(time.monotonic() - started)}{note}"
    return state._replace(note=note)


def _is_final(report: Report) -> bool:
    """Whether another answer would not be better, or not be different."""
    if report.verdict.sufficient:
        return True
    if report.balance is not None:
        # Funds do not make an account prepaid.
        return report.balance.status == "postpaid"
    return not _is_transient(report) and not isinstance(report.error, InsufficientBalanceError)


def _is_transient(report: Report) -> bool:
    error = report.error
    return error is not None and (error.retryable or isinstance(error, DeadlineExceededError))


def _pause(seconds: float, end: float, report: Report, environ: Mapping[str, str]) -> None:
    """Wait, and let people know: a countdown on a terminal, one line in a log."""
    left = describe_duration(end - time.monotonic())
    if not is_terminal(sys.stderr) or environ.get("TERM", "dumb") == "dumb":
        say(f"lumenfall-balance: waiting, {left} left, next look in {describe_duration(seconds)}: {report.sentence}")
        time.sleep(seconds)
        return
    until = time.monotonic() + seconds
    try:
        while (remaining := until - time.monotonic()) > 0:
            left = describe_duration(end - time.monotonic())
            line = f"waiting, {left} left, next look in {describe_duration(remaining)}: {report.sentence}"
            # One that wraps could not be taken back.
            say_raw(f"\r\033[K{line[: _columns() - 1]}")
            time.sleep(min(remaining, 1.0))
    finally:
        say_raw("\r\033[K")


def _columns() -> int:
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80
