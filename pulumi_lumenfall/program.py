# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Which run of which Pulumi program calls, and what it has registered so far.

What Pulumi's SDK has no public name for is in this file only; ``test_program.py`` fails when such a name goes.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import gc
import os
import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.resource_hooks import StubResourceHook
from pulumi.runtime.settings import get_monitor
from pulumi.runtime.stack import Stack

from .core import ConfigurationError
from .sharing import Run

# The program that the engine starts for a Python project; it runs the project's files.
_LANGUAGE_HOST_PROGRAM = "pulumi-language-python-exec"

_runs: WeakKeyDictionary[pulumi.Resource, Run] = WeakKeyDictionary()
_runs_lock = threading.Lock()
_run_of_this_process = Run()


def current_run() -> Run:
    """The run that the caller belongs to; a new one where no program runs, so that nothing is shared.

    Inline programs of the Automation API share a process. Each run has its own root resource, found through the
    context; a thread without it may belong to any of them, each with an account of its own: a ConfigurationError.
    """
    if in_language_host():
        return _run_of_this_process
    root = pulumi.runtime.get_root_resource()
    if root is not None:
        with _runs_lock:
            return _runs.setdefault(root, Run())
    # A root resource may outlive its run, the event loop does not.
    if any(loop is None or not loop.is_closed() for loop in map(_loop, _objects_of(Stack))):
        raise ConfigurationError(
            "cannot determine which stack this thread belongs to",
            hint="in a program, run it with contextvars.copy_context().run; elsewhere, use "
            "pulumi_lumenfall.core.LumenfallClient",
        )
    return Run()


def in_language_host() -> bool:
    """Whether the engine started this process to run one program."""
    return any(os.path.basename(word) == _LANGUAGE_HOST_PROGRAM for word in sys.orig_argv)


def is_mocked() -> bool:
    """Whether this is a unit test with ``pulumi.runtime.set_mocks``."""
    return isinstance(get_monitor(), MockMonitor)


def need_event_loop() -> None:
    """Raise a ConfigurationError in a thread where Pulumi cannot make an Output, a hook or a resource."""
    if threading.current_thread() is threading.main_thread():
        return  # Pulumi makes one here where there is none.
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        raise ConfigurationError(
            "this thread has no event loop, which Pulumi needs for Outputs, hooks and resources",
            hint="call it in the program's own thread; get_balance and require_balance need no event loop",
        ) from None


def registered_resources() -> list[pulumi.Resource]:
    """This run's resources so far, of components only remote ones, as far as they still exist: Pulumi has no list."""
    # Inline programs each have their own event loop; references to resources of elsewhere have no type.
    loop = None if in_language_host() else asyncio.get_event_loop()
    return [
        resource
        for resource in _objects_of(pulumi.Resource)
        if (isinstance(resource, pulumi.CustomResource) or getattr(resource, "_remote", False))
        and hasattr(resource, "_type")
        and (loop is None or _loop(resource) is loop)
    ]


def when_ready(resource: pulumi.Resource) -> pulumi.Output[Any]:
    """An Output that is known once a resource is there, and the children of a component too."""
    # A preview knows the URN of a resource that is yet to be created, but not its id.
    own_id = [resource.id] if isinstance(resource, pulumi.CustomResource) else []
    return pulumi.Output.all(resource.urn, *own_id, *map(when_ready, resource._childResources))


def make_hook(name: str, function: Any) -> pulumi.ResourceHook:
    """A hook that previews call too. Mocks call none, and of old SDKs fail a test that makes one."""
    if is_mocked():
        return StubResourceHook(name)
    return pulumi.ResourceHook(name, function, pulumi.ResourceHookOptions(on_dry_run=True))


def at_end_of_run(call: Callable[[], None]) -> None:
    """Call a function when the program's run has ended, while the engine still listens."""

    def quietly() -> None:
        # An engine that was interrupted listens no more.
        with contextlib.suppress(Exception):
            call()

    async def wait_for_end() -> None:
        # The Automation API cancels what is pending at the end of an inline program.
        try:
            await asyncio.Event().wait()
        finally:
            quietly()

    if in_language_host():
        atexit.register(copy_context().run, quietly)
    else:
        task = asyncio.ensure_future(wait_for_end())
        _pending.add(task)
        task.add_done_callback(_pending.discard)


# An event loop keeps only weak references to its tasks.
_pending: set[asyncio.Future[None]] = set()


@functools.cache
def silence_interrupts() -> None:
    """Print no traceback for a KeyboardInterrupt, with which language hosts stop the program once a resource failed.

    Python would print two around the one line that says why. The exit status stays.
    """
    show = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: Any) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            show(kind, error, traceback)

    if in_language_host():
        sys.excepthook = hook


def _objects_of(kind: type[Any]) -> list[Any]:
    # By type(), since isinstance runs code of objects that only pretend to be something.
    return [found for found in gc.get_objects() if issubclass(type(found), kind)]


def _loop(resource: pulumi.Resource) -> Any:
    """The event loop of the run that registered a resource; None where it is not yet registered."""
    # Its URN is an Output, which holds a future of that loop under a name that differs between SDKs.
    urn = vars(resource).get("urn")
    futures = [] if urn is None else [value for value in vars(urn).values() if isinstance(value, asyncio.Future)]
    return futures[0].get_loop() if futures else None
