# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Arguments of the Pulumi functions and hooks that are none, and what a traceback shows of those that are secret."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

import pulumi
import pytest

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall import hooks
from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY, leaked


class NoMocks(pulumi.runtime.Mocks):
    """No resource and no function is mocked."""

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise NotImplementedError

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> Any:
        return args.name, args.inputs


def in_a_program(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def within() -> Any:
        pulumi.runtime.set_mocks(NoMocks())
        return await main()

    return asyncio.run(within())


def failure(call: Callable[[], object]) -> pulumi.RunError:
    with pytest.raises(pulumi.RunError) as caught:
        call()
    return caught.value


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> Any:
    with Sandbox(amount="3.20", key=KEY) as sandbox:
        monkeypatch.setenv("LUMENFALL_API_BASE", sandbox.url)
        yield sandbox


CALLS: dict[str, Callable[[], object]] = {
    "require_balance": lambda: lumenfall.require_balance(5, api_key=KEY),
    "require_balance, bad minimum": lambda: lumenfall.require_balance(-5, api_key=KEY),
    "get_balance": lambda: lumenfall.get_balance(api_key=KEY, timeout=0),
    "balance_hook": lambda: lumenfall.balance_hook(-1, api_key=KEY),
    "gate_stack": lambda: lumenfall.gate_stack(5, types=[], api_key=KEY),
    "gate_stack, bad minimum": lambda: lumenfall.gate_stack(-5, api_key=KEY),
    "Balance": lambda: lumenfall.Balance("b", api_key=KEY),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_traceback_with_variables_shows_no_key(low: Sandbox, call: Callable[[], object]) -> None:
    """Error reporters and ``pytest --showlocals`` show those of each frame that is ours."""
    error = failure(call)
    # The frames of this test hold the key.
    frames = [frame for frame in traceback.walk_tb(error.__traceback__) if frame[0].f_code.co_filename != __file__]
    assert frames
    shown = traceback.TracebackException(type(error), error, None)
    shown.stack = traceback.StackSummary.extract(iter(frames), capture_locals=True)
    assert not leaked("".join(shown.format()))


@pytest.mark.parametrize("timeout", [0, -1, 1e9, float("inf"), float("nan"), 10**400, "soon", True], ids=str)
def test_a_hook_with_a_bad_timeout_is_refused_at_once(timeout: Any) -> None:
    """Not when its turn comes: until then it would wait for as long for an Output."""

    async def main() -> None:
        assert str(failure(lambda: lumenfall.balance_hook(5, timeout=timeout))).startswith("timeout: ")

    in_a_program(main)


def test_an_output_that_fails_fails_the_hook_in_one_line(low: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_MOCKS_KNOW_NO_HOOKS", False)
    monkeypatch.setattr("pulumi.resource_hooks.register_resource_hook", lambda hook: None)

    async def main() -> str:
        minimum = pulumi.Output.from_input({}).apply(lambda found: found["cost"])
        hook = lumenfall.balance_hook(minimum, api_key=KEY)
        args = pulumi.ResourceHookArgs("urn:pulumi:s::p::t:i:T::gpu", "id", "gpu", "t:i:T", {}, None, None)
        with pytest.raises(pulumi.RunError) as caught:
            await hook.callback(args)
        return str(caught.value)

    said = in_a_program(main)
    assert "an Output among the arguments of its balance hook failed (KeyError)" in said
    assert len(low.requests) == 0


def test_hooks_that_name_themselves_take_no_name_that_is_taken() -> None:
    async def main() -> list[str]:
        return [lumenfall.balance_hook(5, name=name).name for name in ("lumenfall-balance-1", None, None)]

    names = in_a_program(main)
    assert len(set(names)) == 3


def test_depends_on_is_for_resources(low: Sandbox) -> None:
    async def main() -> None:
        opts = pulumi.InvokeOutputOptions(depends_on="abc")  # type: ignore[arg-type]
        await lumenfall.get_balance_output(api_key=KEY, opts=opts).future()

    with pytest.raises(pulumi.RunError, match="depends_on holds what is no resource"):
        in_a_program(main)


@pytest.mark.parametrize(
    ("type_", "gated"),
    [
        ("pulumi-python:dynamic/lumenfall:Balance", False),
        ("lumenfall:index:Balance", False),
        ("pulumi:providers:lumenfall", False),
        ("random:index/randomId:RandomId", True),
    ],
)
def test_what_costs_nothing_is_not_gated(type_: str, gated: bool) -> None:
    assert hooks.is_gated(type_, ["*"]) is gated
