# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance show`` and ``check``."""

from __future__ import annotations

import time
from argparse import Namespace
from datetime import timedelta

from ..core import (
    DEFAULT_POLL_SECONDS,
    MAX_WAIT_SECONDS,
    MIN_POLL_SECONDS,
    AccountBalance,
    ConfigurationError,
    Gate,
    LumenfallClient,
    LumenfallError,
    Settings,
    Verdict,
    judge_error,
    parse_duration,
    wait_until_enough,
)
from .estimate import find_gates
from .formats import write_report
from .output import say
from .report import Report
from .settings import load_settings

# A log gets a line whenever something changes, and this often otherwise.
_LOG_SECONDS = 300.0


def run(options: Namespace) -> int:
    """Read the balance, for ``check`` as long as ``--wait`` says, and report it."""
    settings = load_settings(options)
    if options.command == "show":
        result, seconds = fetch(settings)
        if isinstance(result, LumenfallError):
            verdict = judge_error(result)._replace(message=result.full_message)
        else:
            verdict = Verdict("enough", result.describe())
        return write_report(Report(result, verdict, seconds=seconds), options)
    wait = parse_duration("--wait", options.wait or 0, maximum=MAX_WAIT_SECONDS)
    poll = parse_duration("--poll", options.poll or DEFAULT_POLL_SECONDS, minimum=MIN_POLL_SECONDS)
    warn_at = Gate(options.warn, names=("--warn", "", "")).minimum if options.warn else None
    gate, _ = find_gates(options, settings)
    # A price may change; a minimum does not.
    if options.minimum and warn_at is not None and warn_at < gate.minimum:
        problem = "--warn: it is below --minimum, so it would never warn"
        raise ConfigurationError(problem, hint="set --warn above --minimum")
    looks: list[float] = []

    def look() -> AccountBalance | LumenfallError:
        result, seconds = fetch(settings)
        looks.append(seconds)
        return result

    started = time.monotonic()
    result = wait_until_enough(look, gate, wait, poll, notify=WaitLog(gate).notify)
    verdict = gate.judge(result)
    if len(looks) > 1:
        waited = describe_seconds(time.monotonic() - started)
        verdict = verdict._replace(message=f"{verdict.message}; waited {waited}")
    return write_report(Report(result, verdict, gate, warn_at, looks[-1]), options)


def fetch(settings: Settings) -> tuple[AccountBalance | LumenfallError, float]:
    """The balance or the error, and how many seconds that took."""
    started = time.monotonic()
    try:
        with LumenfallClient.from_settings(settings) as client:
            return client.fetch_balance(), time.monotonic() - started
    except LumenfallError as error:
        return error, time.monotonic() - started


class WaitLog:
    """What people see while ``check --wait`` waits."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._state: object = None
        self._next_line = 0.0

    def notify(self, result: AccountBalance | LumenfallError, _pause: float, seconds_left: float) -> None:
        """Say what the last look found, if it is new or has not been said for a while."""
        # Without the request id, which is never the same.
        state = (type(result), result.status) if isinstance(result, LumenfallError) else result.describe()
        if state != self._state or time.monotonic() >= self._next_line:
            sentence = self._gate.judge(result).message
            say(f"lumenfall-balance: waiting, {describe_seconds(seconds_left)} left: {sentence}")
            self._state, self._next_line = state, time.monotonic() + _LOG_SECONDS


def describe_seconds(seconds: float) -> str:
    """A duration: ``0:14:40``."""
    return str(timedelta(seconds=round(seconds)))
