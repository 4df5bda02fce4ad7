# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Pulumi programs in a test's own process, without an engine."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pulumi


class Mocks(pulumi.runtime.Mocks):
    """Each resource becomes its inputs, each call gets the same answer, and both are noted."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.calls: list[pulumi.runtime.MockCallArgs] = []
        self.resources: list[pulumi.runtime.MockResourceArgs] = []

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        self.calls.append(args)
        return self.answer

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        return f"{args.name}-id", args.inputs


class Root:
    """Stands for the stack, the root resource of each run of a program."""


def in_program(
    main: Callable[[], Any],
    *,
    mocks: Mocks | None = None,
    preview: bool = False,
    config: Mapping[str, str] | None = None,
    secret: tuple[str, ...] = (),
) -> Any:
    """What a function returns, or the coroutine or the Output that it returns, in a run of a program of its own."""

    async def run() -> Any:
        if mocks is not None:
            pulumi.runtime.set_mocks(mocks, preview=preview)
        else:
            pulumi.runtime.settings.set_root_resource(Root())  # type: ignore[arg-type]
        pulumi.runtime.set_all_config(dict(config or {}), list(secret))
        result = main()
        if isinstance(result, pulumi.Output):
            result = result.future()
        return await result if inspect.isawaitable(result) else result

    try:
        return contextvars.copy_context().run(asyncio.run, run())
    finally:
        if mocks is not None:
            # Pulumi's mocks leave an event loop open in each thread.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()
