# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A user's own unit tests: with mocks, everything works without a network, a key or an engine."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pulumi
import pytest

import pulumi_lumenfall as lumenfall
from support.gated_stack import PACKAGE
from support.programs import Mocks, in_program


def answer(amount: Any) -> dict[str, Any]:
    return {"billingType": "prepaid", "available": {"amount": amount, "currency": "usd"}}


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

    output = in_program(program, mocks=mocks)
    assert (output.status, output.sufficient, output.available.currency) == ("known", True, "usd")
    assert {call.token for call in mocks.calls} == {"lumenfall:index:getBalance"}
    assert mocks.calls[0].args == {"minimum": "5.00", "postpaid": "allow", "unavailable": "deny"}


def test_a_postpaid_account_can_be_mocked() -> None:
    mocks = Mocks({"billingType": "postpaid", "available": {"amount": None}})
    balance = in_program(lambda: lumenfall.get_balance(minimum=0.3), mocks=mocks)
    assert (balance.status, balance.sufficient) == ("postpaid", True)


@pytest.mark.parametrize("given", [{}, {"billingType": "x", "available": {}}, {"available": 5}, answer("many")])
def test_mocks_that_give_no_balance(given: dict[str, Any]) -> None:
    """They pass no gate; the error says what to return."""
    with pytest.raises(pulumi.RunError, match="the mocks of this test return no result for lumenfall:index:getBalance"):
        in_program(lambda: lumenfall.get_balance(), mocks=Mocks(given))
    with pytest.raises(pulumi.RunError, match="cannot tell"):
        in_program(lambda: lumenfall.require_balance(0, postpaid="allow", unavailable="allow"), mocks=Mocks(given))


def test_prices_under_mocks() -> None:
    """They come from the mocks; the error says what to return."""
    request = {"model": "gpt-image-1", "prompt": "a lighthouse"}
    mocks = Mocks({"amount": "28.80"})
    assert in_program(lambda: lumenfall.estimate_cost_output(request, times=300), mocks=mocks).amount == "28.80"
    [asked] = mocks.calls
    assert (asked.token, asked.args["times"]) == ("lumenfall:index:estimateCost", 300)
    with pytest.raises(pulumi.RunError, match="the mocks of this test return no result"):
        in_program(lambda: lumenfall.estimate_cost(request), mocks=Mocks({}))


def test_resources_and_gates_under_mocks() -> None:
    """Balance is a resource like any other; hooks and the stack's gate are made and not run."""

    class MocksOfBalance(Mocks):
        """As a user writes them."""

        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            id_, state = super().new_resource(args)
            is_balance = args.typ == "pulumi-python:dynamic/lumenfall:Balance"
            return id_, {**state, **self.answer, "status": "known"} if is_balance else state

    mocks = MocksOfBalance(answer(12.5))

    def program() -> pulumi.Output[Any]:
        lumenfall.gate_stack(500)
        hook = lumenfall.balance_hook(500)
        binding = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
        funds = lumenfall.Balance("funds", 5)
        gpu = pulumi.CustomResource(
            "test:index:Gpu", "gpu", {"size": 1}, pulumi.ResourceOptions(hooks=binding, depends_on=[funds])
        )
        return pulumi.Output.all(funds.available.amount, funds.billing_type, funds.minimum, gpu.id)

    assert in_program(program, mocks=mocks) == [12.5, "prepaid", "5.00", "gpu-id"]
    assert [resource.name for resource in mocks.resources] == ["funds", "gpu"]


def test_a_program_that_a_test_imports() -> None:
    """As Pulumi's documentation does it: no event loop runs while the module makes its resources and gates."""
    code = """
import pulumi, pulumi_lumenfall
from support.programs import Mocks
pulumi.runtime.set_mocks(Mocks())
pulumi.CustomResource("test:index:Gpu", "gpu", {})
pulumi_lumenfall.gate_stack(5)
"""
    env = {"PYTHONPATH": os.pathsep.join([str(PACKAGE), str(PACKAGE / "tests")])}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
