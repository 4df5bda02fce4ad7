# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""A user's code, checked by mypy --strict and pyright; it is never run.

A line with an ignore must be an error: an ignore that is not needed is one itself.
"""

from __future__ import annotations

from decimal import Decimal

import pulumi
from typing_extensions import assert_type

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall import (
    AvailableBalance,
    AwaitableGetBalanceResult,
    Balance,
    EstimateCostResult,
    GetBalanceResult,
    balance_hook,
    estimate_cost,
    estimate_cost_output,
    gate_stack,
    get_balance,
    get_balance_output,
    require_balance,
)
from pulumi_lumenfall.core import AccountBalance, LumenfallClient, LumenfallError


def functions() -> None:
    """Results read at once."""
    balance = get_balance(minimum=5, postpaid="allow", unavailable="deny", api_key="k", base_url="u", timeout=1.5)
    assert_type(balance, AwaitableGetBalanceResult)
    assert_type(balance.billing_type, str)
    assert_type(balance.available, AvailableBalance)
    assert_type(balance.available.amount, float | None)
    assert_type(balance.available.currency, str)
    assert_type(balance.status, str)
    assert_type(balance.sufficient, bool | None)
    plain: GetBalanceResult = balance
    get_balance(minimum=Decimal("0.1"), opts=pulumi.InvokeOptions())
    get_balance(minimum="5.00", timeout="30s")
    assert_type(require_balance(5.5, wait="15m", poll=30), AwaitableGetBalanceResult)
    job = estimate_cost({"model": "gpt-image-1", "prompt": "a lighthouse"}, times=3, margin="20%")
    assert_type(job.amount, str)
    assert_type(job.provider, str | None)
    require_balance(job.amount)
    assert plain

    get_balance(5)  # type: ignore[call-arg]
    get_balance(minimum=[5])  # type: ignore[arg-type]
    get_balance(minimum=pulumi.Output.from_input(5))  # type: ignore[arg-type]
    require_balance()  # type: ignore[call-arg]
    balance.amount  # type: ignore[attr-defined] # noqa: B018


async def awaited() -> None:
    """And await gives the plain class."""
    assert_type(await get_balance(), GetBalanceResult)


def outputs(secret: pulumi.Output[str], amount: pulumi.Output[int], resource: pulumi.Resource) -> None:
    """The output form takes Inputs."""
    output = get_balance_output(minimum=amount, api_key=secret, opts=pulumi.InvokeOutputOptions(depends_on=[resource]))
    assert_type(output, pulumi.Output[GetBalanceResult])
    assert_type(output.apply(lambda balance: balance.available.amount), pulumi.Output[float | None])
    get_balance_output(minimum="5", postpaid=secret, unavailable=secret, base_url=secret, timeout=amount)
    get_balance_output(opts=pulumi.InvokeOptions())
    price = estimate_cost_output({"model": secret}, times=amount)
    assert_type(price, pulumi.Output[EstimateCostResult])
    balance_hook(price.apply(lambda job: job.amount))
    pulumi.export("balance", output)


def resources(secret: pulumi.Output[str], amount: pulumi.Output[float]) -> None:
    """Balance, and the gates."""
    funds = Balance("funds", 5, opts=pulumi.ResourceOptions(protect=False))
    assert_type(funds.billing_type, pulumi.Output[str])
    assert_type(funds.available, pulumi.Output[AvailableBalance])
    assert_type(funds.status, pulumi.Output[str])
    assert_type(funds.sufficient, pulumi.Output[bool | None])
    assert_type(funds.available.apply(lambda available: available.amount), pulumi.Output[float | None])
    Balance(name="other", minimum=amount, postpaid="deny", unavailable="allow", api_key_from="KEY", base_url=secret)
    Balance("key", api_key_from=secret)  # type: ignore[arg-type]

    hook = balance_hook(amount, api_key=secret, timeout=5)
    assert_type(hook, pulumi.ResourceHook)
    pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
    gate_stack(5, types=["aws:ec2/*"])
    gate_stack("5.00", types="aws:ec2/*", postpaid="deny")


def core() -> AccountBalance | None:
    """The core, without Pulumi."""
    try:
        with LumenfallClient(timeout=5) as client:
            balance = client.fetch_balance()
    except LumenfallError as error:
        assert_type(error.hint, str | None)
        return None
    assert_type(balance.amount, Decimal | None)
    assert_type(balance.is_sufficient("5.00"), bool)
    assert_type(lumenfall.__version__, str)
    return balance
