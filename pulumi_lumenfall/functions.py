# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Reading the balance in a Pulumi program: ``get_balance``, ``get_balance_output`` and ``require_balance``.

They ask live, in preview and in up, and leave nothing in the state. What a balance means and what is enough is the
core's to say; here names and types are translated, and every failure becomes one clean ``pulumi.RunError``.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias, cast

import pulumi
from pulumi.output import contains_unknowns
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from ._properties import NOT_KNOWN_YET
from ._shared import fetch, fetch_soon, this_run
from .config import as_output, fails_cleanly, hide_key, need_event_loop, plain_gate, program_settings
from .core import (
    AccountBalance,
    ConfigurationError,
    Gate,
    LumenfallError,
    describe,
    format_amount,
    judge_error,
    with_hint,
)

__all__ = [
    "Amount",
    "AvailableBalance",
    "AwaitableGetBalanceResult",
    "GetBalanceResult",
    "get_balance",
    "get_balance_output",
    "require_balance",
]

#: The token under which mocks are asked; the provider plugin has the same function.
TOKEN = "lumenfall:index:getBalance"  # noqa: S105

Amount: TypeAlias = str | int | float | Decimal
"""Dollars: ``"5.00"``, ``5``, ``Decimal("5")``, or a float, which counts as its shortest text (0.1 is 0.1)."""


@pulumi.output_type
class AvailableBalance(dict[str, Any]):
    """The funds that are available; a dictionary too, as nested results of Pulumi's SDKs are."""

    def __init__(self, *, currency: str, amount: float | None = None) -> None:
        pulumi.set(self, "amount", amount)
        pulumi.set(self, "currency", currency)

    @property
    @pulumi.getter
    def amount(self) -> float | None:
        """Dollars; may be 0 or negative. None on a postpaid account, and while a balance is unavailable: never 0."""
        return cast("float | None", pulumi.get(self, "amount"))

    @property
    @pulumi.getter
    def currency(self) -> str:
        """``"usd"``."""
        return cast(str, pulumi.get(self, "currency"))


@pulumi.output_type
class GetBalanceResult:
    """The balance of a Lumenfall account, and whether it is enough."""

    def __init__(
        self, *, billing_type: str, available: AvailableBalance, status: str, sufficient: bool | None = None
    ) -> None:
        pulumi.set(self, "billing_type", billing_type)
        pulumi.set(self, "available", available)
        pulumi.set(self, "status", status)
        pulumi.set(self, "sufficient", sufficient)

    @property
    @pulumi.getter(name="billingType")
    def billing_type(self) -> str:
        """``"prepaid"`` or ``"postpaid"``."""
        return cast(str, pulumi.get(self, "billing_type"))

    @property
    @pulumi.getter
    def available(self) -> AvailableBalance:
        """The funds that are available."""
        return cast(AvailableBalance, pulumi.get(self, "available"))

    @property
    @pulumi.getter
    def status(self) -> str:
        """``"known"`` (there is an amount), ``"postpaid"`` or ``"unavailable"``."""
        return cast(str, pulumi.get(self, "status"))

    @property
    @pulumi.getter
    def sufficient(self) -> bool | None:
        """Whether the balance is at least ``minimum``, or what a policy says; None where no minimum was given."""
        return cast("bool | None", pulumi.get(self, "sufficient"))


class AwaitableGetBalanceResult(GetBalanceResult):
    """A result that is there already; ``await`` gives it too."""

    def __await__(self) -> Generator[Any, None, GetBalanceResult]:
        # What makes this a generator, as Pulumi's own SDKs have it.
        if False:
            yield self
        # The plain class: Pulumi awaits whatever can be awaited until it cannot be any more.
        return GetBalanceResult(
            billing_type=self.billing_type,
            available=self.available,
            status=self.status,
            sufficient=self.sufficient,
        )


@fails_cleanly
def get_balance(
    *,
    minimum: Amount | None = None,
    postpaid: str | None = None,
    unavailable: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    timeout: float | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> AwaitableGetBalanceResult:
    """Read the balance now.

    A low balance is not an error here: see ``sufficient``, or use :func:`require_balance`. Calls with the same settings
    share one answer for up to 30 s within one run of a program (``LUMENFALL_CACHE_SECONDS``, 0 turns that off). In an
    inline program of the Automation API, a thread has to have the program's context: ``copy_context().run``.

    ::

        balance = pulumi_lumenfall.get_balance(minimum=5)
        if balance.sufficient:
            ...

    Args:
        minimum: The least amount that is enough, dollars, >= 0. None: ``sufficient`` is None.
        postpaid: ``"allow"`` (default) or ``"deny"``: what a postpaid account without an amount counts as.
        unavailable: ``"deny"`` (default) or ``"allow"``: what a balance that is temporarily unavailable counts as.
        api_key: API key; by default ``lumenfall:apiKey``, ``LUMENFALL_API_KEY``, then the credentials file.
        base_url: Where the API is; by default ``lumenfall:baseUrl``, ``LUMENFALL_API_BASE``, then the public API.
        timeout: Total deadline, seconds, 0 < t <= 3600; by default ``lumenfall:timeout``, ``LUMENFALL_TIMEOUT``, 30.
        opts: Accepted as by any Pulumi function. No provider makes this call, so one that is set is refused.

    Returns:
        The result, readable at once; it can also be awaited.

    Raises:
        pulumi.RunError: There is no balance to be had, or an argument or a setting is malformed; one line with a hint.
    """
    api_key = hide_key(api_key)
    try:
        refuse_provider(opts)
        gate = _gate(minimum, postpaid, unavailable)
        balance = _ask(gate, api_key=api_key, base_url=base_url, timeout=timeout)
    except LumenfallError as error:
        raise pulumi.RunError(with_hint(error)) from None
    return AwaitableGetBalanceResult(**_fields(balance, gate))


@fails_cleanly
def require_balance(
    minimum: Amount,
    *,
    postpaid: str | None = None,
    unavailable: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    timeout: float | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> AwaitableGetBalanceResult:
    """Stop the program unless there are funds.

    Put it first in a program: what comes after it is neither previewed nor deployed without funds. A refresh and a
    destroy do not run the program, so they need none; with ``--run-program`` they do, and then it counts, as every
    error of :func:`get_balance` does: omit it, or gate with ``balance_hook``, ``gate_stack`` or ``Balance``, which no
    teardown asks.

    ::

        pulumi_lumenfall.require_balance(5)

    Args:
        minimum: The least amount that is enough, dollars, >= 0.
        postpaid: See :func:`get_balance`, here and below.
        unavailable: As there.
        api_key: As there.
        base_url: As there.
        timeout: As there.
        opts: As there.

    Returns:
        The result; ``sufficient`` is True.

    Raises:
        pulumi.RunError: The balance is too low, or there is no telling whether it is; one line that says which, with
            what there is, what is needed and what to do.
    """
    api_key = hide_key(api_key)
    try:
        refuse_provider(opts)
        gate = plain_gate(minimum, postpaid, unavailable)
        balance = _ask(gate, api_key=api_key, base_url=base_url, timeout=timeout)
    except LumenfallError as error:
        raise pulumi.RunError(judge_error(error).message) from None
    verdict = gate.judge(balance)
    if not verdict.sufficient:
        raise pulumi.RunError(verdict.message)
    return AwaitableGetBalanceResult(**_fields(balance, gate))


@fails_cleanly
def get_balance_output(
    *,
    minimum: pulumi.Input[Amount] | None = None,
    postpaid: pulumi.Input[str] | None = None,
    unavailable: pulumi.Input[str] | None = None,
    api_key: pulumi.Input[str] | None = None,
    base_url: pulumi.Input[str] | None = None,
    timeout: pulumi.Input[float] | None = None,
    opts: pulumi.InvokeOptions | pulumi.InvokeOutputOptions | None = None,
) -> pulumi.Output[GetBalanceResult]:
    """Read the balance once the arguments are known, which may be Outputs.

    Where one is not known yet in a preview, neither is the result; a message says so, and ``up`` decides.
    ``opts.depends_on`` puts the question off until those resources are there.

    ::

        balance = pulumi_lumenfall.get_balance_output(minimum=cluster.expected_cost)
        pulumi.export("funds", balance.available.amount)

    Args:
        minimum: See :func:`get_balance`, here and below.
        postpaid: As there.
        unavailable: As there.
        api_key: As there. A secret Output does not make the result secret.
        base_url: As there.
        timeout: As there.
        opts: Only ``depends_on`` has a meaning here; a provider that is set is refused.

    Returns:
        An Output of the result. It fails with ``pulumi.RunError`` where :func:`get_balance` raises one, and so ends
        the program.

    Raises:
        pulumi.RunError: ``opts`` has a provider, or this is a thread without an event loop.
    """
    api_key = hide_key(api_key)
    try:
        refuse_provider(opts)
        need_event_loop()
    except LumenfallError as error:
        raise pulumi.RunError(with_hint(error)) from None
    api_key = as_output(api_key)
    if isinstance(api_key, pulumi.Output):
        # The key is used and not passed on; the other arguments make the result as secret as they are.
        api_key = pulumi.Output.unsecret(api_key).apply(hide_key)
    arguments: pulumi.Output[dict[str, Any]] = pulumi.Output.all(
        minimum=minimum,
        postpaid=postpaid,
        unavailable=unavailable,
        api_key=api_key,
        base_url=base_url,
        timeout=timeout,
        ready=_dependencies(opts),
    )

    async def answer(values: dict[str, Any]) -> GetBalanceResult:
        try:
            gate = _gate(values["minimum"], values["postpaid"], values["unavailable"])
            balance = await _ask_soon(
                gate, api_key=values["api_key"], base_url=values["base_url"], timeout=values["timeout"]
            )
            return GetBalanceResult(**_fields(balance, gate))
        except LumenfallError as error:
            problem = pulumi.RunError(with_hint(error))
        # As in fails_cleanly.
        del values
        raise problem

    tell_if_unknown(arguments, "get_balance_output")
    return arguments.apply(answer)


def tell_if_unknown(arguments: pulumi.Output[Any], who: str) -> None:
    """Say in a preview that it cannot tell, where an argument is not known yet."""

    def tell(values: Any) -> None:
        if contains_unknowns(values) and pulumi.runtime.is_dry_run():
            pulumi.log.info(f"{who}: what it {NOT_KNOWN_YET}")

    arguments.apply(tell, run_with_unknowns=True)


def _gate(minimum: object, postpaid: object, unavailable: object) -> Gate | None:
    """The gate, or None where no minimum was given; bad policies are refused all the same."""
    gate = plain_gate(0 if minimum is None else minimum, postpaid, unavailable)
    return None if minimum is None else gate


def _ask(gate: Gate | None, **settings: Any) -> AccountBalance:
    """Ask, or take this run's answer. Under mocks the mocks answer."""
    if is_mocked():
        return _mocked(pulumi.runtime.invoke(TOKEN, _mock_arguments(gate)).value)
    return fetch(this_run(), program_settings(**settings))


async def _ask_soon(gate: Gate | None, **settings: Any) -> AccountBalance:
    if is_mocked():
        return _mocked(await pulumi.runtime.invoke_async(TOKEN, _mock_arguments(gate)))
    return await fetch_soon(this_run(), program_settings(**settings))


def _fields(balance: AccountBalance, gate: Gate | None) -> dict[str, Any]:
    """What the result class is made of."""
    return {
        "billing_type": balance.billing_type,
        "available": AvailableBalance(**balance.to_dict()["available"]),
        "status": balance.status,
        "sufficient": None if gate is None else gate.judge(balance).sufficient,
    }


def is_mocked() -> bool:
    """Whether this is a unit test with ``pulumi.runtime.set_mocks``."""
    return isinstance(get_monitor(), MockMonitor)


def _mock_arguments(gate: Gate | None) -> dict[str, Any]:
    """What a test's mocks are shown of a call."""
    if gate is None:
        return {}
    return {"minimum": format_amount(gate.minimum), "postpaid": gate.postpaid, "unavailable": gate.unavailable}


def _mocked(answer: object) -> AccountBalance:
    """A balance from what a test's mocks return for the token.

    Raises:
        ConfigurationError: It is not a balance.
    """
    try:
        assert isinstance(answer, Mapping)
        available = answer["available"]
        amount = available.get("amount")
        return AccountBalance(
            billing_type=answer["billingType"],
            amount=None if amount is None else Decimal(str(amount)),
            currency=available.get("currency", "usd").lower(),
        )
    except (ArithmeticError, AssertionError, AttributeError, KeyError, TypeError, ValueError):
        raise ConfigurationError(
            f"the mocks of this test give no balance for {TOKEN}",
            hint='let Mocks.call return {"billingType": "prepaid", "available": {"amount": 12.5, "currency": "usd"}}',
        ) from None


def refuse_provider(opts: pulumi.InvokeOptions | pulumi.ResourceOptions | None) -> None:
    """Refuse a provider: its key would not be the one that is asked with.

    Raises:
        ConfigurationError: There is one, or these are no options.
    """
    if opts is None:
        return
    if not isinstance(opts, (pulumi.InvokeOptions, pulumi.ResourceOptions)):
        raise ConfigurationError(
            f"opts: {describe(opts)} is not an object of options",
            hint="pass a pulumi.InvokeOptions, or for Balance a pulumi.ResourceOptions",
        )
    parent = opts.parent if isinstance(opts.parent, pulumi.Resource) else None
    if opts.provider or (parent is not None and parent.get_provider(TOKEN)):
        raise ConfigurationError(
            "opts: the balance is asked for without a provider, so a provider's settings would not count",
            hint="pass the key and base_url as arguments instead",
        )


def _dependencies(opts: pulumi.InvokeOptions | None) -> pulumi.Output[Any] | None:
    """An Output that is known once the resources in ``opts.depends_on`` are there."""
    depends_on: Any = getattr(opts, "depends_on", None)
    if depends_on is None:
        return None

    def settled(resource: pulumi.Resource) -> pulumi.Output[Any]:
        # An id is what a preview does not know of a resource that is yet to be created.
        own = [resource.id] if isinstance(resource, pulumi.CustomResource) else []
        children = getattr(resource, "_childResources", ())
        return pulumi.Output.all(resource.urn, *own, *map(settled, children))

    def all_settled(found: Any) -> pulumi.Output[Any]:
        resources = found if isinstance(found, Sequence) and not isinstance(found, str) else [found]
        if not all(isinstance(resource, pulumi.Resource) for resource in resources):
            raise pulumi.RunError("opts: depends_on holds what is no resource; name resources there")
        return pulumi.Output.all(*map(settled, resources))

    return pulumi.Output.from_input(depends_on).apply(all_settled)
