# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Which run of which Pulumi program calls. What Pulumi's SDK has no public name for is only in this file."""

from __future__ import annotations

import gc
import os
import sys
import threading
from typing import Any
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.resource_hooks import StubResourceHook
from pulumi.runtime.settings import get_monitor
from pulumi.runtime.stack import Stack

from .core import ConfigurationError
from .sharing import Run

__all__ = ["current_run", "in_language_host", "is_mocked", "need_event_loop"]

# The program that the engine starts for a Python project; it reads the project's files and runs them.
_LANGUAGE_HOST_PROGRAM = "pulumi-language-python-exec"

_runs: WeakKeyDictionary[pulumi.Resource, Run] = WeakKeyDictionary()
_runs_lock = threading.Lock()
_run_of_this_process = Run()


def current_run() -> Run:
    """The run that the caller belongs to; a new one where no program runs, so that nothing is shared.

    A process that the engine started runs one program. Inline programs of the Automation API share a process; there
    each run has its own root resource, which is found through the context. A thread that was started without the
    context may belong to any of them, each with stack config and so with an account of its own.

    Raises:
        ConfigurationError: It cannot be told which program this thread belongs to.
    """
    if in_language_host():
        return _run_of_this_process
    root = pulumi.runtime.get_root_resource()
    if root is not None:
        with _runs_lock:
            return _runs.setdefault(root, Run())
    if _inline_programs_run():
        raise ConfigurationError(
            "cannot determine which stack this thread belongs to",
            hint="within a program start the thread's work with contextvars.copy_context().run, outside of programs "
            "use pulumi_lumenfall.core.LumenfallClient",
        )
    return Run()


def in_language_host() -> bool:
    """Whether the engine started this process to run one program."""
    return any(os.path.basename(word) == _LANGUAGE_HOST_PROGRAM for word in sys.orig_argv)


def is_mocked() -> bool:
    """Whether this is a unit test with ``pulumi.runtime.set_mocks``."""
    return isinstance(get_monitor(), MockMonitor)


def need_event_loop() -> None:
    """Check that Pulumi can make an Output, a hook or a resource here.

    Raises:
        ConfigurationError: This is a thread without an event loop.
    """
    if threading.current_thread() is threading.main_thread():
        return  # Pulumi makes one here where there is none.
    import asyncio

    try:
        asyncio.get_event_loop()
    except RuntimeError:
        raise ConfigurationError(
            "this thread has no event loop, and Pulumi makes Outputs, hooks and resources only where there is one",
            hint="call it in the program's own thread; get_balance and require_balance need no event loop",
        ) from None


def _inline_programs_run() -> bool:
    """Whether a program runs in this process now: its root resource is there, and its event loop is not yet closed."""
    return any(not _loop_of(root).is_closed() for root in _objects_of(Stack))


def _objects_of(kind: type[Any]) -> list[Any]:
    # By type(), since isinstance runs code of objects that only pretend to be something.
    return [found for found in gc.get_objects() if issubclass(type(found), kind)]


def _loop_of(resource: pulumi.Resource) -> Any:
    """The event loop of the program that registered a resource: Pulumi has no public name for it."""
    future: Any = resource.urn._future
    return future.get_loop()


def when_ready(resource: pulumi.Resource) -> pulumi.Output[Any]:
    """An Output that is known once a resource is there, and the children of a component too."""
    # A preview knows the URN of a resource that is yet to be created, but not its id.
    own_id = [resource.id] if isinstance(resource, pulumi.CustomResource) else []
    return pulumi.Output.all(resource.urn, *own_id, *map(when_ready, resource._childResources))


# Mocks call no hooks and no transforms; those of SDKs without this method fail a test that registers one.
_MOCKS_KNOW_HOOKS = hasattr(pulumi.runtime.Mocks, "register_transform")


def make_hook(name: str, function: Any, options: pulumi.ResourceHookOptions) -> pulumi.ResourceHook:
    """A hook that the engine knows; one that does nothing under mocks that know no hooks."""
    if is_mocked() and not _MOCKS_KNOW_HOOKS:
        return StubResourceHook(name)
    return pulumi.ResourceHook(name, function, options)


def register_transform(transform: pulumi.ResourceTransform) -> None:
    """Register a transform of all resources that come after, where the monitor knows transforms."""
    if not is_mocked() or _MOCKS_KNOW_HOOKS:
        pulumi.runtime.register_resource_transform(transform)
