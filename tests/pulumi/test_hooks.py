# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The hook itself, called as the engine calls it, with real requests to the sandbox."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import pulumi
import pytest

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall import hooks
from pulumi_lumenfall.core import LumenfallClient
from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY, leaked


@pytest.fixture(autouse=True)
def real_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """With any SDK, but not made known to an engine: here the tests call the hooks."""
    monkeypatch.setattr(hooks, "_MOCKS_KNOW_NO_HOOKS", False)
    monkeypatch.setattr("pulumi.resource_hooks.register_resource_hook", lambda hook: None)


class NoMocks(pulumi.runtime.Mocks):
    """No resource and no function is mocked."""

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise NotImplementedError

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> Any:
        raise NotImplementedError


def in_a_program(
    main: Callable[[], Coroutine[Any, Any, Any]], *, preview: bool = False, config: dict[str, str] | None = None
) -> Any:
    """Runs a coroutine as a Pulumi program that is connected to mocks, which call no hooks themselves."""

    def run() -> Any:
        async def within() -> Any:
            pulumi.runtime.set_mocks(NoMocks(), preview=preview)
            pulumi.runtime.set_all_config(config or {}, ["lumenfall:apiKey"])
            return await main()

        return asyncio.run(within())

    return contextvars.Context().run(run)


async def call(hook: pulumi.ResourceHook, name: str = "gpu") -> None:
    """Calls a hook in a context that is not the program's, as the engine's callback server may."""
    args = pulumi.ResourceHookArgs(urn="urn", id="", name=name, type="aws:ec2/instance:Instance")
    await contextvars.Context().run(asyncio.ensure_future, hook(args))  # type: ignore[arg-type]


def refusal(main: Callable[[], Coroutine[Any, Any, Any]], **options: Any) -> str:
    """What the RunError says that a program ends with."""
    with pytest.raises(pulumi.RunError) as caught:
        in_a_program(main, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert not leaked(text)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return text


@pytest.mark.parametrize("preview", [True, False])
def test_enough_and_too_low(api: Sandbox, preview: bool) -> None:
    """The refusal names the resource, what there is, what is needed and where to add funds."""

    async def main() -> None:
        await call(lumenfall.balance_hook(5))

    in_a_program(main, preview=preview)
    api.amount = Decimal("3.20")
    assert refusal(main, preview=preview) == (
        "gpu (aws:ec2/instance:Instance): balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; "
        "add funds at https://lumenfall.ai/app/credits"
    )


def test_hooks_and_functions_share_an_answer(api: Sandbox) -> None:
    """A thousand calls of two hooks, at the same time, and one of a function: one request."""

    async def main() -> None:
        first, second = lumenfall.balance_hook(5), lumenfall.balance_hook(12.5, api_key=pulumi.Output.secret(KEY))
        assert first.name != second.name
        await asyncio.gather(*(call(hook, f"gpu-{number}") for number in range(500) for hook in (first, second)))
        lumenfall_answer = lumenfall.config.program_settings()
        assert (await lumenfall.sharing.wait_async(lumenfall.program.current_run().ask(lumenfall_answer), lumenfall_answer)).amount

    in_a_program(main)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("billing_type", "amount", "policies", "words"),
    [
        ("postpaid", None, {}, None),
        ("postpaid", None, {"postpaid": "deny"}, "a postpaid account holds no prepaid funds"),
        ("prepaid", None, {}, "cannot tell whether the balance is enough"),
        ("prepaid", None, {"unavailable": "allow"}, None),
    ],
)
def test_policies(
    api: Sandbox, billing_type: str, amount: str | None, policies: dict[str, str], words: str | None
) -> None:
    api.billing_type, api.amount = billing_type, amount

    async def main() -> None:
        await call(lumenfall.balance_hook(5, **policies))  # type: ignore[arg-type]

    if words is None:
        in_a_program(main)
    else:
        assert words in refusal(main)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 429, 500, 503])
def test_an_error_never_passes(api: Sandbox, status: int) -> None:
    api.status = status

    async def main() -> None:
        await call(lumenfall.balance_hook(0, postpaid="allow", unavailable="allow"))

    text = refusal(main)
    assert text.startswith("gpu (aws:ec2/instance:Instance): ")
    assert ("balance too low" if status == 402 else "cannot tell") in text


def test_an_unexpected_error_does_not_pass(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(client: LumenfallClient) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(LumenfallClient, "fetch_balance", bug)

    async def main() -> None:
        await call(lumenfall.balance_hook(0))

    with pytest.raises(ZeroDivisionError):
        in_a_program(main)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"minimum": -1}, "minimum: -1 is not"),
        ({"minimum": None}, "minimum: it is empty"),
        ({"minimum": "x"}, "minimum: 'x' is not"),
        ({"minimum": float("nan")}, "minimum: nan is not"),
        ({"minimum": 5, "postpaid": "no"}, "postpaid: 'no' is not a policy"),
        ({"minimum": 5, "unavailable": 1}, "unavailable: 1 is not a policy"),
    ],
)
def test_bad_input_stops_the_program_at_once(api: Sandbox, arguments: dict[str, Any], words: str) -> None:
    """The hook is not even made; and gate_stack is no other."""
    for make in (lumenfall.balance_hook, lumenfall.gate_stack):

        async def main(make: Any = make) -> None:
            make(**arguments)

        assert words in refusal(main)
    assert api.requests == []


def test_a_name_is_one_hook_s(api: Sandbox) -> None:
    """Pulumi ends a program that gives a name twice with a traceback."""

    async def main() -> None:
        lumenfall.balance_hook(5, name="funds")
        lumenfall.balance_hook(5, name="more")
        lumenfall.balance_hook(5, name="")
        lumenfall.balance_hook(5)
        lumenfall.balance_hook(7, name="funds")

    for _run in range(2):
        assert "name: a balance hook with the name 'funds' is there already" in refusal(main)

    async def other() -> None:
        lumenfall.balance_hook(5, name=7)  # type: ignore[arg-type]

    assert "name: 7 is not a name" in refusal(other)


@pytest.mark.parametrize("types", ["", [], [""], [7]])
def test_a_gate_must_gate_something(api: Sandbox, types: Any) -> None:
    async def main() -> None:
        lumenfall.gate_stack(5, types=types)

    assert "types: no type of resource is named" in refusal(main)


def test_a_pattern_that_fits_no_type_is_refused(api: Sandbox) -> None:
    """Every type has a colon, and "Gpu" is not short for one."""

    async def main() -> None:
        lumenfall.gate_stack(5, types=["aws:ec2/*", "Gpu"])

    assert "types: 'Gpu' is no type of resource, and would gate nothing" in refusal(main)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"timeout": "10s"}, "timeout: '10s' is not a number"),
        ({"timeout": -1}, "timeout: -1 is out of range"),
        ({"api_key": "a b"}, "api_key: the API key holds white space"),
        ({"base_url": "ftp://x"}, "base_url: the base URL must start with https://"),
        ({"minimum": "an Output"}, "minimum: 'an Output' is not an amount"),
    ],
)
def test_bad_settings_stop_the_resource(api: Sandbox, arguments: dict[str, Any], words: str) -> None:
    """Only that: a deployment that does not touch it goes on. An Output's value is judged then, too."""

    async def main() -> None:
        values = {"minimum": 5, **arguments}
        values["minimum"] = pulumi.Output.from_input(values["minimum"])
        await call(lumenfall.balance_hook(**values))

    assert words in refusal(main)
    assert api.requests == []


def test_config_is_the_program_s(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although the engine calls from elsewhere."""
    monkeypatch.delenv("LUMENFALL_API_KEY")

    async def main() -> None:
        await call(lumenfall.balance_hook(5))

    in_a_program(main, config={"lumenfall:apiKey": KEY})
    assert "no API key" in refusal(main)


def unknown() -> pulumi.Output[Any]:
    """An Output that a preview does not know."""

    async def resolve(value: Any) -> Any:
        return value

    return pulumi.Output(set(), resolve(None), resolve(False))


def test_an_unknown_minimum(api: Sandbox) -> None:
    """A preview passes; an up does not."""

    async def main() -> None:
        await call(lumenfall.balance_hook(unknown()))

    in_a_program(main, preview=True)
    assert api.requests == []
    assert "is not known when the resource's turn comes; let the resource depend on" in refusal(main)


def test_a_minimum_that_never_comes(api: Sandbox) -> None:
    """An Output may wait for the very resource that waits here: that ends at the timeout, and does not pass."""

    async def main() -> None:
        never: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        minimum = pulumi.Output.from_input(never)
        hook = lumenfall.balance_hook(minimum, timeout=0.1)
        try:
            await call(hook)
        finally:
            never.set_result(5)

    for preview in (True, False):
        assert "is not known when the resource's turn comes" in refusal(main, preview=preview)
    assert api.requests == []


def test_a_minimum_that_comes(api: Sandbox) -> None:
    async def main() -> None:
        await call(lumenfall.balance_hook(pulumi.Output.from_input("12.50")))
        await call(lumenfall.balance_hook(pulumi.Output.from_input("12.51")))

    assert "need 12.51 usd" in refusal(main)


@pytest.mark.parametrize("timeout", [0, -1, 1e9, float("inf"), float("nan"), 10**400, "soon", True], ids=str)
def test_a_bad_timeout_is_refused_at_once(timeout: Any) -> None:
    """Not when its turn comes: until then it would wait for as long for an Output."""

    async def main() -> None:
        lumenfall.balance_hook(5, timeout=timeout)

    assert refusal(main).startswith("timeout: ")


def test_an_output_that_fails_fails_the_hook_in_one_line(api: Sandbox) -> None:
    async def main() -> None:
        minimum = pulumi.Output.from_input({}).apply(lambda found: found["cost"])
        await call(lumenfall.balance_hook(minimum, api_key=KEY))

    assert "an Output among the arguments of its balance hook failed (KeyError)" in refusal(main)
    assert len(api.requests) == 0


def test_hooks_that_name_themselves_take_no_name_that_is_taken() -> None:
    async def main() -> list[str]:
        return [lumenfall.balance_hook(5, name=name).name for name in ("lumenfall-balance-1", None, None)]

    names = in_a_program(main)
    assert len(set(names)) == 3


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
