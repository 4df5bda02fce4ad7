# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance run``: a command that starts only with funds, and is stopped when they run low."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import threading
import time
from argparse import Namespace
from collections.abc import Sequence
from types import FrameType
from typing import Any

from ..core import (
    MAX_WAIT_SECONDS,
    MIN_POLL_SECONDS,
    TOO_LOW,
    ConfigurationError,
    Gate,
    LumenfallError,
    Settings,
    parse_duration,
    resolve_settings,
)
from .balance import fetch, settings_layer
from .need import Need
from .output import say
from .report import EXIT_CANNOT_TELL, EXIT_STATUS, Report

_POLL_SECONDS = 60.0
_KILL_SECONDS = 10.0
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def run(options: Namespace) -> int:
    """Check the balance, run the command, and look again until it ends; returns its exit status."""
    try:
        need = Need(options)
        poll = options.poll or _POLL_SECONDS
        poll = parse_duration("--poll", poll, minimum=MIN_POLL_SECONDS, maximum=MAX_WAIT_SECONDS)
        settings = resolve_settings(settings_layer(options))
        for warning in settings.warnings:
            say(f"lumenfall-balance: warning: {warning}")
        gate = need.price(settings)
    except LumenfallError as error:
        report = Report(error, True, is_price=True)
    else:
        report = Report(fetch(settings)[0], True, gate)
    # Standard output is the command's.
    if report.exit_status:
        say(f"lumenfall-balance: {report.sentence}; the command was not started")
        return report.exit_status
    return _Job(options.words).wait(settings, need.gate_meanwhile or gate, poll)


class _Job:
    """The command, in a process group of its own that is stopped as a whole.

    Where standard input is our terminal, the group gets it, so that it can read, and Ctrl-C reaches it alone.
    Elsewhere it gets a session of its own, and signals only from us.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._pid = 0
        self._early_signals: list[int] = []
        self._lock = threading.Lock()
        self._has_ended = self._is_stopped = False
        self._has_terminal = _has_terminal()
        # A command that Ctrl-Z stops would keep the terminal.
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        # From here on, so that a signal neither gets lost nor leaves the command behind.
        for number in _PASSED_ON:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._pass_on)
        group: dict[str, Any] = {"setpgroup": 0} if self._has_terminal else {"setsid": True}
        # Python ignores these, and what started Python does not.
        defaults = [signal.SIGPIPE, signal.SIGXFSZ]
        try:
            self._pid = os.posix_spawnp(words[0], list(words), os.environ, setsigdef=defaults, **group)
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or "its name is malformed").lower()
            hint = "check the command after --"
            raise ConfigurationError(f"the command cannot be started: {reason}", hint=hint) from None
        for early in self._early_signals:
            self._send(early)
        if self._has_terminal:
            # Otherwise we would be stopped when we take the terminal back.
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            os.tcsetpgrp(0, self._pid)
            # It may have been stopped because it read before.
            self._send(signal.SIGCONT)

    def wait(self, settings: Settings, gate: Gate, poll: float) -> int:
        """Wait for the end, while a thread that never holds it up looks at the balance."""
        watcher = threading.Thread(target=self._watch, args=(settings, gate, poll), daemon=True)
        watcher.start()
        _, status = os.waitpid(self._pid, 0)
        with self._lock:
            self._has_ended = True
        if self._is_stopped:
            watcher.join()
        # A terminal that was closed meanwhile is an OSError.
        with contextlib.suppress(OSError):
            if self._has_terminal:
                os.tcsetpgrp(0, os.getpgrp())
        code = os.waitstatus_to_exitcode(status)
        return EXIT_STATUS[TOO_LOW] if self._is_stopped else code if code >= 0 else 128 - code

    def _watch(self, settings: Settings, gate: Gate, poll: float) -> None:
        """Look every ``poll`` seconds; two looks in a row that find too little stop the command."""
        # They are for the main thread, which waits.
        signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
        pause, looks_too_low, has_doubted = poll, 0, False
        while looks_too_low < 2:
            time.sleep(pause)
            report = Report(fetch(settings)[0], True, gate)
            pause = max(poll, (report.error and report.error.retry_after_seconds) or 0.0)
            looks_too_low = looks_too_low + 1 if report.verdict.outcome == TOO_LOW else 0
            if report.exit_status == EXIT_CANNOT_TELL and not has_doubted:
                has_doubted = True
                say(f"lumenfall-balance: warning: {report.sentence}; the command goes on")
        with self._lock:
            if self._has_ended:
                return
            self._is_stopped = True
            say(f"lumenfall-balance: {report.sentence}; stopping the command")
        self._send(signal.SIGTERM)
        # What is stopped would not notice.
        self._send(signal.SIGCONT)
        overdue = time.monotonic() + _KILL_SECONDS
        # A child of the command may live longer than the command.
        while self._send(0) and time.monotonic() < overdue:
            time.sleep(0.1)
        self._send(signal.SIGKILL)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if self._pid:
            self._send(number)
        else:
            self._early_signals.append(number)

    def _send(self, number: int) -> bool:
        """Send a signal to the group; returns whether there is one."""
        with contextlib.suppress(OSError):
            os.killpg(self._pid, number)
            return True
        return False


def _has_terminal() -> bool:
    """Whether standard input is our controlling terminal, and no pager beside us reads from it."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp() and not stat.S_ISFIFO(os.fstat(1).st_mode)
    except OSError:
        return False
