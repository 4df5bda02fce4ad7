# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One answer for all the workers that Ansible forks: a locked file in the run's private temporary folder.

Private to the collection ``lumenfall.cloud``. Ansible makes the folder before it forks, and removes it at the end of
the run. The name of a file is a hash of the question and the settings, so that another key, task or run never finds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pickle
import time
from typing import Any, BinaryIO, Callable, Dict, Sequence

from ansible import constants as C

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import DeadlineExceededError, Settings

#: What a file holds: ``outcome``; ``at``, the time that it was made; ``hosts``, who may take it.
Kept = Dict[str, Any]


def shared(
    question: object,
    settings: Settings,
    make: Callable[[float], Any],
    accept: Callable[[Kept], bool],
    hosts: Sequence[str] = (),
    patience_seconds: float = 0.0,
) -> Any:
    """The outcome that another worker left for this question and these settings, if accepted, or else a new one.

    ``make`` gets the seconds that this worker waited for another, which are at most the timeout and the patience. What
    ``accept`` changes in what is kept is kept.
    """
    # The folder's name is random, and lasts as long as the run.
    digest = settings.digest(os.fsencode(C.DEFAULT_LOCAL_TMP))
    name = hashlib.sha256(repr((question, digest)).encode("utf-8", "surrogatepass")).hexdigest()
    path = os.path.join(C.DEFAULT_LOCAL_TMP, f"lumenfall-{name}")
    with contextlib.ExitStack() as stack:
        file, kept, waited_seconds = None, None, 0.0
        # Without the folder, or without locks in it, nothing is shared, and nothing fails.
        with contextlib.suppress(OSError):
            file = stack.enter_context(open(path, "a+b", buffering=0))
            waited_seconds = _lock(file, settings.timeout, patience_seconds)
            kept = _load(file)
        if kept is None or not accept(kept):
            kept = {"outcome": make(waited_seconds), "at": time.monotonic(), "hosts": list(hosts)}
        if file is not None:
            with contextlib.suppress(OSError):
                file.truncate(0)
                file.write(pickle.dumps(kept))
        return kept["outcome"]


def _lock(file: BinaryIO, timeout_seconds: float, patience_seconds: float) -> float:
    """Lock a file, which the system unlocks when the worker ends; returns the seconds that it took."""
    start, waited_seconds = time.monotonic(), 0.0
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return waited_seconds
        except BlockingIOError:
            pass
        if waited_seconds >= timeout_seconds + patience_seconds:
            raise DeadlineExceededError(
                f"no response within {timeout_seconds:g} s: another host of this task is still waiting for it",
                retryable=True,
            )
        time.sleep(min(1.0, max(0.02, waited_seconds / 10)))
        waited_seconds = time.monotonic() - start


def _load(file: BinaryIO) -> Kept | None:
    file.seek(0)
    try:
        return pickle.loads(file.read())  # noqa: S301 - nobody else can write to the folder
    except (EOFError, pickle.UnpicklingError):
        # New, or half written by a worker that was killed.
        return None
