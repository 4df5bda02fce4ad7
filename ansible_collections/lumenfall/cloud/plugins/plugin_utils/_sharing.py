# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One answer for all the workers that Ansible forks: a locked file in the run's private temporary folder.

Private to the collection ``lumenfall.cloud``. Ansible makes the folder before it forks, and removes it at the end of
the run. A file is named by a keyed hash of the question, so that another key, task or run never finds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any, BinaryIO, Callable, Dict

from ansible import constants as C

from ansible_collections.lumenfall.cloud.plugins.module_utils import _core
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import Outcome

_LOCK_POLL_SECONDS = 0.02

#: What a file holds: ``at``, the time it was made, and what the caller keeps in it.
Kept = Dict[str, Any]
Call = Callable[[_core.LumenfallClient], Any]


class _StillLockedError(Exception):
    pass


def ask(settings: _core.Settings, call: Call, waited_seconds: float = 0.0) -> Outcome:
    """Ask the API: what ``call`` returns, or the error there is instead."""
    if waited_seconds:
        settings = replace(settings, timeout=max(0.001, settings.timeout - waited_seconds))
    with _core.LumenfallClient.from_settings(settings) as client:
        try:
            return call(client)
        except _core.LumenfallError as error:
            return error


def ask_shared(
    question: object,
    settings: _core.Settings,
    call: Call,
    accept: Callable[[Kept], bool],
    facts: Kept | None = None,
) -> Outcome:
    """The outcome that another worker left for this question, if it is accepted, or else a new one, left for others.

    Args:
        question: What the outcome depends on beside the settings.
        settings: How to ask.
        call: What to ask.
        accept: Whether what was kept will do.
        facts: What to keep beside a new outcome, for ``accept``.
    """

    def make(waited_seconds: float) -> Kept:
        return {**(facts or {}), "outcome": _pack(ask(settings, call, waited_seconds))}

    try:
        kept = shared((question, settings.digest(_run_key())), settings.timeout, accept, make)
    except _StillLockedError:
        return _core.DeadlineExceededError(
            f"no response within {settings.timeout:g} s: another host of this task is still waiting for it",
            retryable=True,
        )
    return _unpack(kept["outcome"])


def shared(
    question: object, patience_seconds: float, accept: Callable[[Kept], bool], make: Callable[[float], Kept]
) -> Kept:
    """What is kept for a question, if it is accepted, or else what ``make`` returns, which is then kept.

    Args:
        question: Only a keyed hash of its ``repr`` is written.
        patience_seconds: How long to wait for a worker that is making it.
        accept: Whether what is kept will do; what it changes in it is kept.
        make: Called with the seconds that this worker waited; what it returns must fit into JSON.
    """
    name = hmac.new(_run_key(), repr(question).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    path = os.path.join(C.DEFAULT_LOCAL_TMP, f"lumenfall-{name}")
    with contextlib.ExitStack() as stack:
        file, kept, waited_seconds = None, None, 0.0
        # Without the folder, or without locks in it, nothing is shared, and nothing fails.
        with contextlib.suppress(OSError):
            file = stack.enter_context(open(path, "a+b", buffering=0))
            waited_seconds = _lock(file, patience_seconds)
            kept = _load(file)
        if kept is None or kept["at"] > time.time() or not accept(kept):
            kept = {**make(waited_seconds), "at": time.time()}
        if file is not None:
            with contextlib.suppress(OSError):
                file.truncate(0)
                file.write(json.dumps(kept).encode())
        return kept


def _run_key() -> bytes:
    # The folder's name is random, and lasts as long as the run.
    return os.fsencode(C.DEFAULT_LOCAL_TMP)


def _lock(file: BinaryIO, patience_seconds: float) -> float:
    """Lock a file, which the system unlocks when the worker ends; returns the seconds that it took."""
    start, waited_seconds = time.monotonic(), 0.0
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return waited_seconds
        except BlockingIOError:
            pass
        if waited_seconds >= patience_seconds:
            raise _StillLockedError
        time.sleep(_LOCK_POLL_SECONDS)
        waited_seconds = time.monotonic() - start


def _load(file: BinaryIO) -> Kept | None:
    file.seek(0)
    try:
        return json.loads(file.read())
    except ValueError:
        # New, or half written by a worker that was killed.
        return None


def _pack(outcome: Outcome) -> Dict[str, Any]:
    if isinstance(outcome, _core.LumenfallError):
        return {"message": str(outcome), "error": outcome.to_dict(), "retry_after": outcome.retry_after_seconds}
    amount = None if outcome.amount is None else str(outcome.amount)
    return {"type": type(outcome).__name__, "fields": {**vars(outcome), "amount": amount}}


def _unpack(packed: Dict[str, Any]) -> Outcome:
    if "error" in packed:
        facts = dict(packed["error"])
        error = getattr(_core, facts.pop("type"))(packed["message"], **facts)
        error.retry_after_seconds = packed["retry_after"]
        return error
    fields = packed["fields"]
    fields["amount"] = None if fields["amount"] is None else Decimal(fields["amount"])
    return getattr(_core, packed["type"])(**fields)
