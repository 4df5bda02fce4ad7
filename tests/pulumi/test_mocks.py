# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A user's own unit tests: with mocks, everything works without a network, a key or an engine."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

import pulumi_lumenfall as lumenfall


class Mocks(pulumi.runtime.Mocks):
    """As a user writes them."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls: list[pulumi.runtime.MockCallArgs] = []
        self.resources: list[pulumi.runtime.MockResourceArgs] = []

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        self.calls.append(args)
        return self.answer

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources.append(args)
        if args.typ == "pulumi-python:dynamic/lumenfall:Balance":
            return "balance", {**args.inputs, **self.answer, "status": "known"}
        return f"{args.name}-id", args.inputs


pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("mocks_are_tidied"),
]


def answer(amount: Any, billing_type: str = "prepaid") -> dict[str, Any]:
    return {"billingType": billing_type, "available": {"amount": amount, "currency": "usd"}}


def with_mocks(mocks: Mocks, program: Callable[[], Any]) -> Any:
    """What a program's last value resolves to, run as Pulumi's documentation shows it."""
    results = []

    @pulumi.runtime.test
    def test() -> pulumi.Output[Any]:
        return pulumi.Output.from_input(program()).apply(results.append)

    def run() -> Any:
        pulumi.runtime.set_mocks(mocks)
        test()
        [result] = results
        return result

    # Other tests have used up the thread's own loop.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return contextvars.copy_context().run(run)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        loop.close()


def test_both_forms_take_their_answer_from_the_mocks() -> None:
    """The status and the verdict are worked out as ever."""
    mocks = Mocks(answer(3.2))

    def program() -> pulumi.Output[Any]:
        balance = lumenfall.get_balance(minimum=5)
        assert (balance.available.amount, balance.status, balance.sufficient) == (3.2, "known", False)
        assert balance.billing_type == "prepaid"
        with pytest.raises(pulumi.RunError, match=r"have 3\.20 usd, need 5\.00 usd"):
            lumenfall.require_balance(5)
        return lumenfall.get_balance_output(minimum=pulumi.Output.from_input("3.20"))

    output = with_mocks(mocks, program)
    assert (output.status, output.sufficient, output.available.currency) == ("known", True, "usd")
    assert {call.token for call in mocks.calls} == {"lumenfall:index:getBalance"}
    assert mocks.calls[0].args == {"minimum": "5.00", "postpaid": "allow", "unavailable": "deny"}


@pytest.mark.parametrize(
    ("given", "status", "sufficient"),
    [
        (answer(None), "unavailable", False),
        (answer(None, "postpaid"), "postpaid", True),
        (answer("0.30"), "known", True),
        ({"billingType": "prepaid", "available": {"amount": 1}}, "known", True),
    ],
)
def test_every_status_can_be_mocked(given: dict[str, Any], status: str, sufficient: bool) -> None:
    balance = with_mocks(Mocks(given), lambda: lumenfall.get_balance(minimum=0.3))
    assert (balance.status, balance.sufficient) == (status, sufficient)


@pytest.mark.parametrize("given", [{}, {"billingType": "x", "available": {}}, {"available": 5}, answer("many")])
def test_mocks_that_give_no_balance(given: dict[str, Any]) -> None:
    """They pass no gate; the error says what to return."""
    with pytest.raises(
        pulumi.RunError, match="the mocks of this test return no balance for lumenfall:index:getBalance"
    ):
        with_mocks(Mocks(given), lambda: lumenfall.get_balance())
    with pytest.raises(pulumi.RunError, match="cannot tell"):
        with_mocks(Mocks(given), lambda: lumenfall.require_balance(0, postpaid="allow", unavailable="allow"))


def test_resources_and_gates_under_mocks() -> None:
    """Balance is a resource like any other; hooks and the stack's gate are made and not run."""
    mocks = Mocks(answer(12.5))

    def program() -> pulumi.Output[Any]:
        lumenfall.gate_stack(500)
        hook = lumenfall.balance_hook(500)
        binding = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
        funds = lumenfall.Balance("funds", 5)
        gpu = pulumi.CustomResource(
            "test:index:Gpu", "gpu", {"size": 1}, pulumi.ResourceOptions(hooks=binding, depends_on=[funds])
        )
        return pulumi.Output.all(funds.available.amount, funds.billing_type, funds.minimum, gpu.id)

    assert with_mocks(mocks, program) == [12.5, "prepaid", "5.00", "gpu-id"]
    assert [resource.name for resource in mocks.resources] == ["funds", "gpu"]
