# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How the functions ask: once in a run of a program, or a test's mocks; every failure is one ``pulumi.RunError``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar, cast

import pulumi
from pulumi.output import contains_unknowns

from .config import as_output, program_settings
from .core import ConfigurationError, LumenfallError, Settings, describe_value
from .evaluate import UNKNOWN_IN_PREVIEW
from .program import is_mocked, need_event_loop

_T = TypeVar("_T")


class Call(Generic[_T]):
    """A call with checked arguments."""

    function: str  # The token under which mocks are asked; the provider plugin has the same function.
    inputs: dict[str, Any]  # What mocks see of the call.

    def ask(self, settings: Settings) -> Future[Any]:
        """Ask, or join those who ask the same."""
        raise NotImplementedError

    def result(self, answer: Any) -> _T:
        """The result of what the API answers, by default the same."""
        return cast(_T, answer)

    def mocked_result(self, answer: Any) -> _T:
        """The result of what mocks return."""
        raise NotImplementedError

    def now(self, **settings: object) -> _T:
        if is_mocked():
            return self.mocked_result(pulumi.runtime.invoke(self.function, self.inputs).value)
        return self.result(self.ask(program_settings(**settings)).result())

    async def later(self, **settings: object) -> _T:
        if is_mocked():
            return self.mocked_result(await pulumi.runtime.invoke_async(self.function, self.inputs))
        return self.result(await asyncio.wrap_future(self.ask(program_settings(**settings))))


def call_once_known(
    who: str,
    call: Callable[[dict[str, Any], dict[str, Any]], Awaitable[_T]],
    arguments: dict[str, Any],
    settings: dict[str, Any],
    ready: Any = None,
) -> pulumi.Output[_T]:
    """The result of a call whose arguments and settings may be Outputs, once they and ``ready`` are known."""
    with run_errors():
        need_event_loop()
    # The key is used and not passed on; the other arguments make the result as secret as they are.
    api_key = as_output(settings["api_key"])
    if isinstance(api_key, pulumi.Output):
        settings["api_key"] = pulumi.Output.unsecret(api_key)
    known = pulumi.Output.all(pulumi.Output.from_input(arguments), pulumi.Output.from_input(settings), ready)

    async def fetch(values: list[Any]) -> _T:
        with run_errors():
            return await call(values[0], values[1])

    tell_if_unknown(known, who)
    return known.apply(fetch)


@contextlib.contextmanager
def run_errors() -> Iterator[None]:
    """Raise errors as ``pulumi.RunError``, which Pulumi shows without a traceback."""
    try:
        yield
    except LumenfallError as error:
        raise pulumi.RunError(error.full_message) from None


def tell_if_unknown(arguments: pulumi.Output[Any], who: str) -> None:
    """Say in a preview that it cannot tell, where an argument is unknown."""

    def tell(values: Any) -> None:
        if contains_unknowns(values) and pulumi.runtime.is_dry_run():
            pulumi.log.info(f"{who}: {UNKNOWN_IN_PREVIEW}")

    arguments.apply(tell, run_with_unknowns=True)


def check_options(opts: Any, kind: type[pulumi.InvokeOptions] | type[pulumi.ResourceOptions]) -> None:
    """Refuse what is not options, and a provider, since its key would not be the one that is used."""
    if opts is None:
        return
    if not isinstance(opts, kind):
        raise ConfigurationError(
            f"opts: expected pulumi.{kind.__name__}, not {describe_value(opts)}", hint="pass those, or omit opts"
        )
    parent = opts.parent if isinstance(opts.parent, pulumi.Resource) else None
    if opts.provider or (parent is not None and parent.get_provider("lumenfall:index:Balance")):
        raise ConfigurationError(
            "opts: the balance is read without a provider, so the settings of a provider would be ignored",
            hint="pass api_key and base_url as arguments instead",
        )
