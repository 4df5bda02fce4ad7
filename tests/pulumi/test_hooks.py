# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The hook itself, called as the engine calls it, with real requests to the sandbox."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

import pulumi
import pytest

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall import hooks, program
from pulumi_lumenfall.core import LumenfallClient
from pulumi_lumenfall.sandbox import Sandbox
from support.gated_stack import TOO_LOW
from support.leaks import KEY, leaked
from support.programs import Mocks, in_program


@pytest.fixture(autouse=True)
def real_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """With any SDK, but not made known to an engine: here the tests call the hooks."""
    monkeypatch.setattr(program, "is_mocked", lambda: False)
    monkeypatch.setattr("pulumi.resource_hooks.register_resource_hook", lambda hook: None)


def in_a_program(main: Callable[[], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    """Runs a coroutine as a Pulumi program that is connected to mocks, which call no hooks themselves."""
    return in_program(main, mocks=Mocks(), secret=("lumenfall:apiKey",), **options)


async def call(hook: pulumi.ResourceHook, name: str = "gpu") -> None:
    """Calls a hook in a context that is not the program's, as the engine's callback server may."""
    args = pulumi.ResourceHookArgs(urn="urn", id="", name=name, type="aws:ec2/instance:Instance")
    await contextvars.Context().run(asyncio.ensure_future, hook(args))  # type: ignore[arg-type]


def calling(*arguments: Any, **options: Any) -> Callable[[], Coroutine[Any, Any, None]]:
    """A program that makes a hook and has it called."""

    async def main() -> None:
        await call(lumenfall.balance_hook(*arguments, **options))

    return main


def refusal(main: Callable[[], Coroutine[Any, Any, Any]], **options: Any) -> str:
    """What the RunError says that a program ends with."""
    with pytest.raises(pulumi.RunError) as caught:
        in_a_program(main, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert not leaked(text)
    return text


@pytest.mark.parametrize("preview", [True, False])
def test_enough_and_too_low(api: Sandbox, preview: bool) -> None:
    """The refusal names the resource; no error passes. tests/contract has every verdict."""
    in_a_program(calling(5), preview=preview)
    for state, words in (("3.20", TOO_LOW), (503, "cannot tell whether the balance is enough: ")):
        api.script(state)
        assert refusal(calling(5), preview=preview).startswith(f"gpu (aws:ec2/instance:Instance): {words}")
    api.amount = None
    in_a_program(calling(5, unavailable="allow"), preview=preview)


def test_hooks_share_an_answer(api: Sandbox) -> None:
    """A thousand calls of two hooks at the same time: one request."""

    async def main() -> None:
        first, second = lumenfall.balance_hook(5), lumenfall.balance_hook(12.5, api_key=pulumi.Output.secret(KEY))
        assert first.name != second.name
        await asyncio.gather(*(call(hook, f"gpu-{number}") for number in range(500) for hook in (first, second)))

    in_a_program(main)
    assert len(api.requests) == 1


def test_an_unexpected_error_does_not_pass(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(client: LumenfallClient) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(LumenfallClient, "fetch_balance", bug)
    with pytest.raises(ZeroDivisionError):
        in_a_program(calling(0))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"minimum": -1}, "minimum: -1 is not"),
        ({"minimum": 5, "postpaid": "no"}, "postpaid: 'no' is not valid"),
        ({"minimum": 5, "timeout": "soon"}, "timeout: 'soon' is not a duration"),
    ],
)
def test_bad_input_stops_the_program_at_once(api: Sandbox, arguments: dict[str, Any], words: str) -> None:
    """The hook is not even made; and gate_stack does the same."""
    for make in (lumenfall.balance_hook, lumenfall.gate_stack):
        with pytest.raises(pulumi.RunError, match=f"^{words}"):
            make(**arguments)
    assert api.requests == []


def test_bad_settings_stop_the_resource(api: Sandbox) -> None:
    """Only that: a deployment that does not touch it goes on. An Output's value is checked then, too."""
    assert "api_key: the API key contains white space" in refusal(calling(5, api_key="a b"))

    async def main() -> None:
        await calling(pulumi.Output.from_input("an Output"))()

    assert "minimum: 'an Output' is not an amount" in refusal(main)
    assert api.requests == []


def test_names(api: Sandbox) -> None:
    """Each hook has its own, the same ones in the next run; one that is taken would end in a traceback of Pulumi's."""

    async def main() -> list[str]:
        return [lumenfall.balance_hook(5, name=name).name for name in ("lumenfall-balance-1", "funds", None, "")]

    for _run in range(2):
        assert in_a_program(main) == ["lumenfall-balance-1", "funds", "lumenfall-balance-2", "lumenfall-balance-3"]

    async def twice() -> None:
        for minimum in (5, 7):
            lumenfall.balance_hook(minimum, name="funds")

    assert "name: there is already a balance hook with the name 'funds'" in refusal(twice)


@pytest.mark.parametrize("types", ["", [], [""], [7], ["aws:ec2/*", "Gpu"]], ids=str)
def test_a_gate_must_gate_something(api: Sandbox, types: Any) -> None:
    """Every type has a colon, and "Gpu" is not short for one."""
    with pytest.raises(pulumi.RunError, match=r"^types: "):
        lumenfall.gate_stack(5, types=types)


@pytest.mark.parametrize("types", [None, ["acme:index:Studio"], ["aws:*", "acme:Studio"]])
def test_a_component_is_no_place_for_a_gate(api: Sandbox, types: Any) -> None:
    """The engine asks the hooks of what changes, and that is what is inside."""

    async def main() -> None:
        bound = [lumenfall.balance_hook(5)] if types is None else lumenfall.gate_stack(5, types=types) or []
        opts = pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[*bound]))
        pulumi.ComponentResource("acme:index:Free", "free")
        pulumi.ComponentResource("acme:index:Studio", "film", {}, opts)

    expected = "film (acme:index:Studio): a gate on a component does not reach the resources inside it; "
    assert refusal(main).startswith(expected)
    assert not api.requests


def test_config_is_the_program_s(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although the engine calls from elsewhere."""
    monkeypatch.delenv("LUMENFALL_API_KEY")
    in_a_program(calling(5), config={"lumenfall:apiKey": KEY})
    assert "no API key" in refusal(calling(5))


def test_a_minimum_that_is_unknown(api: Sandbox) -> None:
    """A preview passes; an up does not."""

    async def resolve(value: Any) -> Any:
        return value

    async def main() -> None:
        await call(lumenfall.balance_hook(pulumi.Output(set(), resolve(None), resolve(False))))

    in_a_program(main, preview=True)
    assert api.requests == []
    assert "is still unknown; add the resource that makes" in refusal(main)


def test_a_minimum_that_never_comes(api: Sandbox) -> None:
    """An Output may wait for the very resource that waits here: that ends at the timeout, and does not pass."""

    async def main() -> None:
        never: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            await call(lumenfall.balance_hook(pulumi.Output.from_input(never), timeout=0.1))
        finally:
            never.set_result(5)

    for preview in (True, False):
        assert "is still unknown" in refusal(main, preview=preview)
    assert api.requests == []


def test_a_minimum_that_comes_or_fails(api: Sandbox) -> None:
    async def comes() -> None:
        await call(lumenfall.balance_hook(pulumi.Output.from_input("12.50")))
        await call(lumenfall.balance_hook(pulumi.Output.from_input("12.51")))

    async def fails() -> None:
        await call(lumenfall.balance_hook(pulumi.Output.from_input({}).apply(lambda found: found["cost"])))

    assert "need 12.51 usd" in refusal(comes)
    assert "an Output in the arguments of its balance hook failed (KeyError)" in refusal(fails)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("type_", "pattern", "gated"),
    [
        ("pulumi-python:dynamic/lumenfall:Balance", "*", False),
        ("lumenfall:index:Balance", "*", False),
        ("pulumi:providers:aws", "*", False),
        ("pulumi:pulumi:StackReference", "*", False),
        ("aws:ec2/instance:Instance", "*", True),
        ("aws:ec2/instance:Instance", "aws:ec2/*", True),
        # As people write it in YAML.
        ("aws:ec2/instance:Instance", "aws:ec2:Instance", True),
        ("aws:ec2/instance:Instance", "aws:ec2:*", True),
        ("aws:ec2/instance:Instance", "aws:rds:Instance", False),
        ("aws:ec2/spotInstance:SpotInstance", "aws:ec2:Instance", False),
        ("random:index/randomId:RandomId", "random:index:RandomId", True),
        ("random:index/randomId:RandomId", "random:RandomId", True),
        ("kubernetes:apps/v1:Deployment", "kubernetes:apps:Deployment", False),
    ],
)
def test_what_a_pattern_gates(type_: str, pattern: str, gated: bool) -> None:
    """What costs nothing is never gated."""
    assert hooks.is_gated(type_, [pattern]) is gated
