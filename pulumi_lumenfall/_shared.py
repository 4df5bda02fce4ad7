# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One answer for all that ask the same at about the same time, within one run of a program.

A wrong answer is worse than a second request, so there are three rules: an answer is kept for
30 s at the most, counted from before it was asked for; a failure is given to those that were
waiting for it and then forgotten; and nothing outlives the run of the program that asked, so
that an ``up`` never decides on what its preview saw.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from .core import (
    AccountBalance,
    ConfigurationError,
    DeadlineExceededError,
    LumenfallClient,
    Settings,
    both_clocks,
    is_recent,
)

__all__ = ["Answers", "Run", "fetch", "fetch_soon", "this_run", "wait_for", "wait_soon_for"]

CACHE_VARIABLE = "LUMENFALL_CACHE_SECONDS"
MAX_CACHE_SECONDS = 30.0

# What the engine runs for a program in Python; it reads the program's file.
_LANGUAGE_HOST_PROGRAM = "pulumi-language-python-exec"

# A fetch keeps to its own deadline; this is for one that cannot, such as the thread of a forked parent.
_GRACE_SECONDS = 0.5


class _Flight:
    """One fetch, in a thread of its own: whoever waits for it can be interrupted, or be a coroutine."""

    def __init__(self, settings: Settings) -> None:
        self._started = both_clocks()
        self._process = os.getpid()
        self.future: Future[AccountBalance] = Future()
        # From here on nobody who gives up waiting can cancel it for the others.
        self.future.set_running_or_notify_cancel()
        # A daemon, so that an interrupted program ends at once.
        threading.Thread(target=self._run, args=(settings,), name="lumenfall-balance", daemon=True).start()

    def _run(self, settings: Settings) -> None:
        try:
            with LumenfallClient.from_settings(settings) as client:
                balance = client.fetch_balance()
        except BaseException as error:  # noqa: BLE001 - it belongs to those who wait
            self.future.set_exception(error)
        else:
            self.future.set_result(balance)

    def may_be_shared(self, keep_seconds: float) -> bool:
        """Whether one who asks now may have this answer."""
        if self._process != os.getpid():
            return False
        if not self.future.done():
            return True
        if self.future.exception() is not None:
            return False
        return is_recent(self._started, keep_seconds)


class Answers:
    """The fetches that are under way or done, the last one for each settings. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Settings, _Flight] = {}

    def ask(self, settings: Settings, keep_seconds: float) -> Future[AccountBalance]:
        """Join the fetch that is under way, take a recent answer, or begin a fetch.

        Args:
            settings: What to ask with; only calls with equal ones share an answer.
            keep_seconds: How old an answer may be, from the moment when it was asked for. 0: only join.
        """
        with self._lock:
            flight = self._flights.get(settings)
            if flight is None or not flight.may_be_shared(keep_seconds):
                flight = self._flights[settings] = _Flight(settings)
            return flight.future


class Run:
    """What belongs to one run of one program."""

    def __init__(self) -> None:
        self._answers = Answers()
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._numbers = 0

    def ask(self, settings: Settings) -> Future[AccountBalance]:
        """Ask, or share an answer of this run as far as ``LUMENFALL_CACHE_SECONDS`` lets it.

        Raises:
            ConfigurationError: ``LUMENFALL_CACHE_SECONDS`` is malformed.
        """
        keep_seconds = _cache_seconds()
        return (self._answers if keep_seconds else Answers()).ask(settings, keep_seconds)

    def is_new(self, text: str) -> bool:
        """Whether this run hears a text for the first time."""
        with self._lock:
            if text in self._seen:
                return False
            self._seen.add(text)
            return True

    def next_number(self) -> int:
        """1, 2, 3, ...: the same again in the next run of the same program."""
        with self._lock:
            self._numbers += 1
            return self._numbers


_runs: WeakKeyDictionary[Any, Run] = WeakKeyDictionary()
_runs_lock = threading.Lock()
_run_of_the_process = Run()


def this_run() -> Run:
    """The run of the program that calls.

    A run is told by its root resource: each run has a new one, also where the Automation API runs several programs in
    one process. Outside of a program there is none, so there nothing is shared. (Its connection to the engine would not
    do: in a thread outside of all programs, Pulumi gives the connection of the last one.)

    A new thread has no root resource either, since it has nothing of the context that it was started in. In a process
    that the engine started for one program it can only be that program's. Where inline programs run, it may be a thread
    of any of them, each with stack config and so with an account of its own, or of none.

    Raises:
        ConfigurationError: There is no telling which program this thread belongs to.
    """
    # Here, for the plugin, which calls this never and need not wait for the SDK to load.
    from pulumi.runtime import get_root_resource

    root = get_root_resource()
    is_alone = not _inline_programs_run()
    is_program = is_alone and any(os.path.basename(word) == _LANGUAGE_HOST_PROGRAM for word in sys.orig_argv)
    if root is not None:
        with _runs_lock:
            return _runs.setdefault(root, _run_of_the_process if is_program else Run())
    if not is_alone:
        raise ConfigurationError(
            "this thread has no context, and programs run inline in this process: whose account is meant is not known",
            hint="within a program start it with contextvars.copy_context().run, outside of programs use "
            "pulumi_lumenfall.core.LumenfallClient",
        )
    return _run_of_the_process if is_program else Run()


def _inline_programs_run() -> bool:
    """Whether the Automation API runs a program in this process now: a thread is then in its server's method for that.

    Nothing that outlives a run would tell: a root resource and a connection to the engine stay after it.
    """
    server = sys.modules.get("pulumi.automation._server")
    if server is None:
        return False
    method = server.LanguageServer.Run.__code__
    for top in sys._current_frames().values():
        frame: FrameType | None = top
        while frame is not None:
            if frame.f_code is method:
                return True
            frame = frame.f_back
    return False


def fetch(run: Run, settings: Settings) -> AccountBalance:
    """Wait for an answer; takes ``settings.timeout`` seconds and half a second at the most.

    Raises:
        LumenfallError: There is none to be had.
    """
    return wait_for(run.ask(settings), settings)


def wait_for(answer: Future[AccountBalance], settings: Settings) -> AccountBalance:
    """Wait as :func:`fetch` does for what :meth:`Answers.ask` gave."""
    try:
        return answer.result(settings.timeout + _GRACE_SECONDS)
    except FutureTimeoutError:
        raise _overdue(settings) from None


async def fetch_soon(run: Run, settings: Settings) -> AccountBalance:
    """Await an answer, as :func:`fetch` waits for it, while the event loop goes on."""
    return await wait_soon_for(run.ask(settings), settings)


async def wait_soon_for(answer: Future[AccountBalance], settings: Settings) -> AccountBalance:
    """Await as :func:`fetch_soon` does what :meth:`Answers.ask` gave."""
    if answer.done():
        return answer.result()
    waiter = asyncio.wrap_future(answer)
    # Looked at in any case: asyncio would print the traceback of an error that came after we gave up.
    waiter.add_done_callback(lambda future: future.cancelled() or future.exception())
    done, _ = await asyncio.wait([waiter], timeout=settings.timeout + _GRACE_SECONDS)
    if not done:
        raise _overdue(settings)
    return waiter.result()


def _overdue(settings: Settings) -> DeadlineExceededError:
    return DeadlineExceededError(f"no complete answer from {settings.base_url} within {settings.timeout:g} s")


def _cache_seconds() -> float:
    text = os.environ.get(CACHE_VARIABLE, "").strip()
    if not text:
        return MAX_CACHE_SECONDS
    try:
        seconds = float(text) if text.isascii() else -1.0
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_CACHE_SECONDS:
        raise ConfigurationError(
            f"{CACHE_VARIABLE} is not a number of seconds from 0 to {MAX_CACHE_SECONDS:g}",
            hint=f"unset {CACHE_VARIABLE}, or set it to 0 to ask anew each time",
        )
    return seconds
