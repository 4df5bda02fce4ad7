# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One request for everything that asks for the same balance, or the same estimate, in one run of a program.

A balance is shared for at most 30 s, counted from before it was requested; a failure goes only to those who were
waiting for it; and nothing outlives the run, so an ``up`` never decides on what its preview saw.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from .core import AccountBalance, CostEstimate, LumenfallClient, Settings, parse_cache_seconds

_T = TypeVar("_T")


class Run:
    """What one run of one program shares. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._salt = secrets.token_bytes(16)
        self._fetches: dict[tuple[int, bytes, str], tuple[float, Future[Any]]] = {}
        self._said: set[str] = set()

    def ask(self, settings: Settings, *, keep: bool = True) -> Future[AccountBalance]:
        """Join the fetch that is under way, take a recent balance where ``keep``, or start a fetch.

        Only calls with equal settings share. A malformed ``LUMENFALL_CACHE_SECONDS`` is a ConfigurationError.
        """
        return self._share(settings, "balance", keep, LumenfallClient.fetch_balance)

    def estimate(self, settings: Settings, request: Any, endpoint: Any) -> Future[CostEstimate]:
        """Like :meth:`ask`, for what a checked request costs; only calls with the same request share."""
        question = json.dumps([endpoint, request], sort_keys=True)
        return self._share(settings, question, True, lambda client: client.estimate_cost(request, endpoint=endpoint))

    def _share(
        self, settings: Settings, question: str, keep: bool, call: Callable[[LumenfallClient], _T]
    ) -> Future[_T]:
        seconds = parse_cache_seconds(os.environ)
        if not seconds:
            return _start(settings, call)
        # A forked process does not have the thread that fetches.
        key = os.getpid(), settings.digest(self._salt), question
        with self._lock:
            started, fetch = self._fetches.get(key, (0.0, None))
            is_old = time.monotonic() - started >= (seconds if keep else 0.0)
            if fetch is None or (fetch.done() and (is_old or fetch.exception() is not None)):
                started, fetch = time.monotonic(), _start(settings, call)
                self._fetches[key] = started, fetch
            return fetch

    def is_new(self, text: str) -> bool:
        """Whether this run sees a text, such as a warning, for the first time."""
        with self._lock:
            is_new = text not in self._said
            self._said.add(text)
            return is_new


def _start(settings: Settings, call: Callable[[LumenfallClient], _T]) -> Future[_T]:
    """Call in a thread of its own, so that waiting, which the client's deadline ends, can be interrupted or awaited."""
    future: Future[_T] = Future()
    # From here on, one caller that stops waiting cannot cancel it for the others.
    future.set_running_or_notify_cancel()

    def fetch() -> None:
        try:
            with LumenfallClient.from_settings(settings) as client:
                result = call(client)
        except BaseException as error:  # noqa: BLE001 - raised in those who wait
            future.set_exception(error)
        else:
            future.set_result(result)

    # A daemon, so that an interrupted program ends at once.
    threading.Thread(target=fetch, name="lumenfall-balance", daemon=True).start()
    return future
