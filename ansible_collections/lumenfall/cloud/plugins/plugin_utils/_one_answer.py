# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One answer for all the workers that Ansible forks for a task.

Private to the collection ``lumenfall.cloud``: no other collection may import it. It knows
nothing of balances or of Ansible.

Ansible forks a worker for each host, from a parent that has loaded the action plugin
before. What is made when this file is imported is therefore the same in all of them: a
piece of memory, and a salt. A worker that finds no answer there asks, and leaves it for
the others.

* An answer is for the hosts that its task ran for when it was fetched, and for each of
  them once. So the batches of ``serial`` share none. (Two runs of a handler are two
  questions.)
* A host takes the oldest that is there for it: its first ask gets the first answer, its
  second the second (another attempt of ``until``, or item of a loop).
  One that comes while it waits for its turn is as good as one of its own.
* An answer is given away for 30 seconds, by both clocks.
* Locks are record locks, which the system frees when a worker dies. ``flock`` would not
  do: a descriptor that was inherited shares its lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import tempfile
import time
from typing import Any, Callable, Dict, List, Sequence

from ansible_collections.lumenfall.cloud.plugins.module_utils._core.clocks import both_clocks, is_recent

KEPT_SECONDS = 30.0

_TABLE_LOCK = 0
_FIRST_POLL_SECONDS = 0.002
_LAST_POLL_SECONDS = 0.05

Answer = Dict[str, Any]


class StillAskedError(Exception):
    """Another worker was still fetching the answer."""


class OneAnswer:
    """Memory that the process shares with those that it forks later."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(32)
        self._memory = _anonymous_memory()

    @property
    def salt(self) -> bytes:
        """Random bytes for keyed hashes of what must not be kept itself."""
        return self._salt

    def ask(
        self,
        question: object,
        host: str,
        others: Sequence[str],
        patience_seconds: float,
        fetch: Callable[[float], Answer],
    ) -> Answer:
        """Take the answer that is there for this host, or fetch it.

        Args:
            question: What the answer depends on; only a keyed hash of its ``repr`` is kept.
            host: Who asks.
            others: The hosts that an answer fetched now is for as well.
            patience_seconds: How long to wait for a worker that is fetching it.
            fetch: Called with the seconds that were spent waiting; returns an answer that
                JSON can hold.

        Raises:
            StillAskedError: Another worker was still fetching it.
        """
        if self._memory is None:
            return fetch(0.0)
        name = hmac.new(self._salt, repr(question).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        lock = 1 + int(name[:14], 16)
        came = time.monotonic()
        waited = self._lock(lock, patience_seconds)
        if waited is None:
            raise StillAskedError
        try:
            answers = [kept for kept in self._kept(name) if _is_fresh(kept)]
            mine = next((kept for kept in answers if host in kept["for"] or kept["at"][0] > came), None)
            if mine is None:
                mine = {"answer": fetch(waited), "for": list(others)}
                mine["at"] = both_clocks()
                answers.append(mine)
            mine["for"] = [other for other in mine["for"] if other != host]
            self._keep(name, answers)
            return mine["answer"]
        finally:
            self._unlock(lock)

    def _kept(self, name: str) -> List[Dict[str, Any]]:
        # Nobody writes meanwhile: a table that is half written reads as none, and the host would fetch once more.
        if self._lock(_TABLE_LOCK, KEPT_SECONDS) is None:
            return []
        try:
            return self._read().get(name, [])
        finally:
            self._unlock(_TABLE_LOCK)

    def _keep(self, name: str, answers: List[Dict[str, Any]]) -> None:
        if self._lock(_TABLE_LOCK, KEPT_SECONDS) is None:
            return
        try:
            left = {}
            for question, kept in {**self._read(), name: answers}.items():
                left[question] = [each for each in kept if _is_fresh(each)]
            data = json.dumps({question: kept for question, kept in left.items() if kept}).encode()
            # Cut first: a worker that is killed in between leaves no table, rather than half of two.
            os.ftruncate(self._memory, 0)
            written = 0
            while written < len(data):
                written += os.pwrite(self._memory, data[written:], written)
        finally:
            self._unlock(_TABLE_LOCK)

    def _read(self) -> Dict[str, List[Dict[str, Any]]]:
        size = os.fstat(self._memory).st_size
        try:
            table = json.loads(os.pread(self._memory, size, 0))
        except ValueError:
            return {}
        return table if isinstance(table, dict) else {}

    def _lock(self, position: int, patience_seconds: float) -> float | None:
        """Take a lock; returns the seconds that it took, 0 if nobody held it, or None if it was not to be had."""
        start = time.monotonic()
        pause = 0.0
        while True:
            try:
                fcntl.lockf(self._memory, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, position)
                return time.monotonic() - start if pause else 0.0
            except (BlockingIOError, PermissionError):
                if time.monotonic() - start >= patience_seconds:
                    return None
            pause = min(_LAST_POLL_SECONDS, pause * 2 or _FIRST_POLL_SECONDS)
            time.sleep(pause)

    def _unlock(self, position: int) -> None:
        fcntl.lockf(self._memory, fcntl.LOCK_UN, 1, position)


def _is_fresh(kept: Dict[str, Any]) -> bool:
    return is_recent(kept["at"], KEPT_SECONDS)


def _anonymous_memory() -> int | None:
    """A descriptor of memory with the face of a file, which has no name and ends with its last holder; or None."""
    try:
        if hasattr(os, "memfd_create"):
            return os.memfd_create("lumenfall")
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())
    except OSError:
        return None
