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
from typing import Any

from ..core import (
    CANNOT_TELL,
    MAX_WAIT_SECONDS,
    MIN_POLL_SECONDS,
    TOO_LOW,
    Gate,
    LumenfallError,
    Settings,
    os_reason,
    parse_duration,
)
from .balance import fetch
from .estimate import find_gates
from .output import say
from .report import EXIT_CANNOT_TELL, EXIT_STATUS
from .settings import load_settings

_POLL_SECONDS = 60.0
_KILL_SECONDS = 10.0
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def run(options: Namespace) -> int:
    """Check the balance, run the command, and look again until it ends; returns its exit status."""
    settings = load_settings(options)
    poll = options.poll or _POLL_SECONDS
    poll = parse_duration("--poll", poll, minimum=MIN_POLL_SECONDS, maximum=MAX_WAIT_SECONDS)
    gate, gate_meanwhile = find_gates(options, settings)
    verdict = gate.judge(fetch(settings)[0])
    # Standard output is the command's.
    if not verdict.sufficient:
        say(f"lumenfall-balance: {verdict.message}; the command was not started")
        return EXIT_STATUS[verdict.outcome]
    try:
        job = _Job(options.words)
    except (OSError, ValueError) as error:
        say(f"lumenfall-balance: the command cannot be started: {os_reason(error)}; check what is after --")
        return EXIT_CANNOT_TELL
    return job.wait(settings, gate_meanwhile, poll)


class _Job:
    """The command, in a process group of its own that is stopped as a whole.

    Where standard input is our terminal, the group gets it, so that it can read, and Ctrl-C reaches it alone.
    Elsewhere it gets a session of its own, and signals only from us.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._has_ended = self._is_stopped = False
        self._has_terminal = _has_terminal()
        # A command that Ctrl-Z stops would keep the terminal.
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        # Until we wait, so that a signal neither gets lost nor leaves the command behind.
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
        for number in _PASSED_ON:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda number, _frame: self._send(number))
        group: dict[str, Any] = {"setpgroup": 0} if self._has_terminal else {"setsid": True}
        # Python ignores these two, and what started Python does not.
        signals: dict[str, Any] = {"setsigmask": self._mask, "setsigdef": [signal.SIGPIPE, signal.SIGXFSZ]}
        self._pid = os.posix_spawnp(words[0], list(words), os.environ, **signals, **group)
        if self._has_terminal:
            # Otherwise we would be stopped when we take the terminal back.
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            self._give_terminal_to(self._pid)
            # It may have been stopped because it read before.
            self._send(signal.SIGCONT)

    def wait(self, settings: Settings, gate: Gate, poll: float) -> int:
        """Wait for the end, while a thread that never holds it up looks at the balance."""
        # The thread begins with signals blocked: they are for the main thread, which waits.
        watcher = threading.Thread(target=self._watch, args=(settings, gate, poll), daemon=True)
        watcher.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        _, status = os.waitpid(self._pid, 0)
        with self._lock:
            self._has_ended = True
        if self._is_stopped:
            watcher.join()
        if self._has_terminal:
            self._give_terminal_to(os.getpgrp())
        code = os.waitstatus_to_exitcode(status)
        return EXIT_STATUS[TOO_LOW] if self._is_stopped else code if code >= 0 else 128 - code

    def _watch(self, settings: Settings, gate: Gate, poll: float) -> None:
        """Look every ``poll`` seconds; two looks in a row that find too little stop the command."""
        pause, looks_too_low, has_doubted = poll, 0, False
        while looks_too_low < 2:
            time.sleep(pause)
            result, _ = fetch(settings)
            asked = result.retry_after_seconds if isinstance(result, LumenfallError) else None
            pause, verdict = max(poll, asked or 0.0), gate.judge(result)
            looks_too_low = looks_too_low + 1 if verdict.outcome == TOO_LOW else 0
            if verdict.outcome == CANNOT_TELL and not has_doubted:
                has_doubted = True
                say(f"lumenfall-balance: warning: {verdict.message}; the command goes on")
        with self._lock:
            if self._has_ended:
                return
            self._is_stopped = True
            say(f"lumenfall-balance: {verdict.message}; stopping the command")
        self._send(signal.SIGTERM)
        # What is stopped would not notice.
        self._send(signal.SIGCONT)
        overdue = time.monotonic() + _KILL_SECONDS
        # A child of the command may live longer than the command.
        while self._send(0) and time.monotonic() < overdue:
            time.sleep(0.1)
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> bool:
        """Send a signal to the group; returns whether there is one."""
        with contextlib.suppress(OSError):
            os.killpg(self._pid, number)
            return True
        return False

    def _give_terminal_to(self, group: int) -> None:
        # A terminal that was closed meanwhile is an OSError.
        with contextlib.suppress(OSError):
            os.tcsetpgrp(0, group)


def _has_terminal() -> bool:
    """Whether standard input is our controlling terminal, and no pager beside us reads from it."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp() and not stat.S_ISFIFO(os.fstat(1).st_mode)
    except OSError:
        return False
