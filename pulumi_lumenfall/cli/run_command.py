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
from queue import Empty, SimpleQueue
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
    job = _Job(options.words)
    job.watch(settings, need.gate_meanwhile or gate, poll)
    return job.wait()


class _Job:
    """The command, in a process group of its own that is stopped as a whole.

    Where standard input is our controlling terminal, the group gets the terminal as a shell would give it: it can
    read, and Ctrl-C and Ctrl-Z reach it and nothing else. Elsewhere it gets a session of its own, and signals only
    from us.

    Raises:
        ConfigurationError: The command cannot be started.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._events: SimpleQueue[int | Report] = SimpleQueue()
        self._has_terminal = _has_terminal()
        self._status: int | None = None
        self._is_stopping = threading.Event()
        # A signal that comes now must neither be lost nor leave the command behind.
        caught = {number for number in _PASSED_ON if signal.getsignal(number) is not signal.SIG_IGN}
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, caught)
        group: dict[str, Any] = {"setpgroup": 0} if self._has_terminal else {"setsid": True}
        try:
            self._pid = os.posix_spawnp(
                words[0],
                list(words),
                os.environ,
                setsigmask=mask,
                # Ignored by Python, and not by what started it.
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
                **group,
            )
        except (OSError, ValueError) as error:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            reason = (getattr(error, "strerror", None) or "its name is malformed").lower()
            hint = "check what is behind --"
            raise ConfigurationError(f"the command cannot be started: {reason}", hint=hint) from None
        for number in caught:
            signal.signal(number, self._pass_on)
        if self._has_terminal:
            # Otherwise we would be stopped when we take the terminal back.
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            self._lend_terminal()
        elif signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN:
            signal.signal(signal.SIGTSTP, self._suspend)
        # Threads start with these signals blocked, so that the main thread gets them.
        threading.Thread(target=self._await_end, daemon=True).start()
        self._mask = mask

    def watch(self, settings: Settings, gate: Gate, poll: float) -> None:
        """Look at the balance every ``poll`` seconds, in a thread that never holds up the end."""

        def look() -> None:
            pause = poll
            while not self._is_stopping.wait(pause):
                report = Report(fetch(settings)[0], True, gate)
                pause = max(poll, (report.error and report.error.retry_after_seconds) or 0.0)
                self._events.put(report)

        threading.Thread(target=look, daemon=True).start()

    def wait(self) -> int:
        """Wait for the end, and stop the command after two looks in a row that find too little."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        looks_too_low, has_doubted = 0, False
        try:
            while True:
                event = self._events.get()
                if isinstance(event, int):
                    if not os.WIFSTOPPED(event):
                        return _exit_status(event)
                    self._follow_stop(os.WSTOPSIG(event))
                    continue
                looks_too_low = looks_too_low + 1 if event.verdict.outcome == TOO_LOW else 0
                if looks_too_low >= 2 and self._status is None:
                    say(f"lumenfall-balance: {event.sentence}; stopping the command")
                    self._stop()
                    return EXIT_STATUS[TOO_LOW]
                if event.exit_status == EXIT_CANNOT_TELL and not has_doubted:
                    has_doubted = True
                    say(f"lumenfall-balance: warning: {event.sentence}; the command goes on")
        finally:
            self._take_terminal()

    def _await_end(self) -> None:
        while True:
            _, status = os.waitpid(self._pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                self._status = status
            self._events.put(status)
            if self._status is not None:
                return

    def _stop(self) -> None:
        """SIGTERM to the whole group, and SIGKILL to what is left of it later."""
        self._is_stopping.set()
        self._send(signal.SIGTERM)
        until = time.monotonic() + _KILL_SECONDS
        # A child of the command may live longer than the command.
        while self._send(0) and (left := until - time.monotonic()) > 0:
            with contextlib.suppress(Empty):
                self._events.get(timeout=min(left, 0.1))
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> bool:
        """Send a signal to the group; returns whether there is one."""
        try:
            os.killpg(self._pid, number)
            if number not in (0, signal.SIGKILL):
                # What is stopped would not notice.
                os.killpg(self._pid, signal.SIGCONT)
        except OSError:
            return False
        return True

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if self._status is None:
            self._send(number)

    def _follow_stop(self, number: int) -> None:
        """Where the terminal stopped the command, as with Ctrl-Z, stop with it, as a shell expects."""
        if self._has_terminal and number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
            if number != signal.SIGTSTP and _foreground_group() == self._pid:
                # It has read before it got the terminal.
                self._send(signal.SIGCONT)
            else:
                self._suspend()

    def _suspend(self, *_signal: object) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self._pid, signal.SIGSTOP)
        self._take_terminal()
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.killpg(os.getpgrp(), signal.SIGTSTP)
        # From here on after "fg" or "bg".
        signal.signal(signal.SIGTSTP, before)
        self._lend_terminal()

    def _lend_terminal(self) -> None:
        if self._has_terminal and _foreground_group() == os.getpgrp():
            os.tcsetpgrp(0, self._pid)
        self._send(signal.SIGCONT)

    def _take_terminal(self) -> None:
        if self._has_terminal and _foreground_group() == self._pid:
            os.tcsetpgrp(0, os.getpgrp())


def _has_terminal() -> bool:
    """Whether standard input is our controlling terminal, and no pager beside us reads from it."""
    try:
        return _foreground_group() > 0 and not stat.S_ISFIFO(os.fstat(1).st_mode)
    except OSError:
        return False


def _foreground_group() -> int:
    """The process group that has the terminal; 0 if it is not ours."""
    try:
        return os.tcgetpgrp(0)
    except OSError:
        return 0


def _exit_status(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code
