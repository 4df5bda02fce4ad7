# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Read the balance in a Pulumi program: ``get_balance``, ``get_balance_output`` and ``require_balance``.

They ask live, in preview and in up, and leave nothing in the state. Every failure is one clean ``pulumi.RunError``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar, cast

import pulumi
from pulumi.output import contains_unknowns

from .config import as_output, plain_gate, program_settings
from .core import (
    DEFAULT_POLL_SECONDS,
    MAX_WAIT_SECONDS,
    MIN_POLL_SECONDS,
    AccountBalance,
    ConfigurationError,
    Gate,
    LumenfallError,
    Settings,
    describe_value,
    format_amount,
    is_unset,
    judge_error,
    parse_duration,
    wait_until_enough,
)
from .evaluate import UNKNOWN_IN_PREVIEW
from .program import current_run, is_mocked, need_event_loop, when_ready
from .sharing import wait, wait_async

__all__ = [
    "Amount",
    "AvailableBalance",
    "AwaitableGetBalanceResult",
    "Duration",
    "GetBalanceResult",
    "get_balance",
    "get_balance_output",
    "require_balance",
]

#: The token under which mocks are asked; the provider plugin has the same function.
TOKEN = "lumenfall:index:getBalance"  # noqa: S105

Amount: TypeAlias = str | int | float | Decimal
"""Dollars: ``"5.00"``, ``5``, ``Decimal("5")``, or a float, which counts as its shortest text (0.1 is 0.1)."""
Duration: TypeAlias = str | int | float
"""Seconds, or text such as ``"30s"``, ``"15m"`` or ``"1h30m"``."""

_Result = TypeVar("_Result", bound="GetBalanceResult")


@pulumi.output_type
class AvailableBalance(dict[str, Any]):
    """The funds that are available; a dictionary too, as nested results of Pulumi's SDKs are."""

    amount: float | None
    """Dollars; may be 0 or negative. None on a postpaid account, and while a balance is unavailable: never 0."""
    currency: str
    """``"usd"``."""


@pulumi.output_type
class GetBalanceResult:
    """The balance of a Lumenfall account, and whether it is enough."""

    billing_type: str = pulumi.property("billingType")
    """``"prepaid"`` or ``"postpaid"``."""
    available: AvailableBalance
    """The funds that are available."""
    status: str
    """``"known"`` (there is an amount), ``"postpaid"`` or ``"unavailable"``."""
    sufficient: bool | None
    """Whether the balance is at least ``minimum``, or what a policy says; None where no minimum was given."""


class AwaitableGetBalanceResult(GetBalanceResult):
    """A result that is there already; ``await`` gives it too."""

    def __await__(self) -> Generator[Any, None, GetBalanceResult]:
        # The unreachable yield makes this a generator, as in Pulumi's own SDKs.
        if False:
            yield self
        # The plain class: Pulumi awaits a result until it cannot be awaited any more.
        return cast(GetBalanceResult, cast(Any, GetBalanceResult)(**vars(self)))


def get_balance(
    *,
    minimum: Amount | None = None,
    postpaid: str | None = None,
    unavailable: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    timeout: Duration | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> AwaitableGetBalanceResult:
    """Read the balance now.

    A low balance is not an error here: see ``sufficient``, or use :func:`require_balance`. Calls with the same settings
    share one answer for up to 30 s within one run of a program (``LUMENFALL_CACHE_SECONDS``, 0 turns that off). In an
    inline program of the Automation API, start a thread with the program's context: ``copy_context().run``.

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
        timeout: Total deadline, up to an hour; by default ``lumenfall:timeout``, ``LUMENFALL_TIMEOUT``, 30 s.
        opts: Accepted as by any Pulumi function. No provider makes this call, so one that is set is refused.

    Returns:
        The result, readable at once; it can also be awaited.

    Raises:
        pulumi.RunError: There is no balance, or an argument or a setting is malformed; one line with a hint.
    """
    try:
        refuse_provider(opts)
        gate = _gate(minimum, postpaid, unavailable)
        balance = _ask(gate, api_key=api_key, base_url=base_url, timeout=timeout)
    except LumenfallError as error:
        raise pulumi.RunError(error.full_message) from None
    return _result(AwaitableGetBalanceResult, balance, gate)


def require_balance(
    minimum: Amount,
    *,
    postpaid: str | None = None,
    unavailable: str | None = None,
    wait: Duration | None = None,
    poll: Duration | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    timeout: Duration | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> AwaitableGetBalanceResult:
    """Stop the program unless there are funds.

    Put it first in a program: what comes after it is neither previewed nor deployed without funds. A refresh and a
    destroy do not run the program, so they need none. With ``--run-program`` they do: leave it out there, or gate with
    ``balance_hook``, ``gate_stack`` or ``Balance``, which a teardown does not ask.

    ::

        pulumi_lumenfall.require_balance(5, wait="15m")

    Args:
        minimum: The least amount that is enough, dollars, >= 0.
        postpaid: See :func:`get_balance`.
        unavailable: See :func:`get_balance`.
        wait: Maximum time to wait for funds, for example ``"15m"``; by default not at all. A preview waits too, since
            ``up`` begins with one. What waiting cannot change, such as a wrong key, ends it early.
        poll: Time between two looks while waiting, at least 1 s; 30 s by default.
        api_key: See :func:`get_balance`.
        base_url: See :func:`get_balance`.
        timeout: See :func:`get_balance`; it bounds each look.
        opts: See :func:`get_balance`.

    Returns:
        The result; ``sufficient`` is True.

    Raises:
        pulumi.RunError: The balance is too low, or it cannot be told; one line that begins with the verdict and says
            what there is, what is needed and what to do.
    """
    try:
        refuse_provider(opts)
        gate = plain_gate(minimum, postpaid, unavailable)
        wait_seconds = _duration("wait", wait, 0.0, least=0.0)
        poll_seconds = _duration("poll", poll, DEFAULT_POLL_SECONDS, least=MIN_POLL_SECONDS)
        if wait_seconds and not is_mocked():
            settings = program_settings(api_key=api_key, base_url=base_url, timeout=timeout)
            balance = _wait_for_funds(gate, settings, wait_seconds, poll_seconds)
        else:
            balance = _ask(gate, api_key=api_key, base_url=base_url, timeout=timeout)
    except LumenfallError as error:
        raise pulumi.RunError(judge_error(error).message) from None
    verdict = gate.judge(balance)
    if not verdict.sufficient:
        raise pulumi.RunError(verdict.message)
    return _result(AwaitableGetBalanceResult, balance, gate)


def get_balance_output(
    *,
    minimum: pulumi.Input[Amount] | None = None,
    postpaid: pulumi.Input[str] | None = None,
    unavailable: pulumi.Input[str] | None = None,
    api_key: pulumi.Input[str] | None = None,
    base_url: pulumi.Input[str] | None = None,
    timeout: pulumi.Input[Duration] | None = None,
    opts: pulumi.InvokeOptions | pulumi.InvokeOutputOptions | None = None,
) -> pulumi.Output[GetBalanceResult]:
    """Read the balance once the arguments are known, which may be Outputs.

    Where one is unknown in a preview, so is the result; a message says so, and ``up`` decides.

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
        opts: ``depends_on`` defers the request until those resources are there; a provider that is set is refused.

    Returns:
        An Output of the result. It fails with ``pulumi.RunError`` where :func:`get_balance` raises one, and so ends
        the program.

    Raises:
        pulumi.RunError: ``opts`` has a provider, or this is a thread without an event loop.
    """
    try:
        refuse_provider(opts)
        need_event_loop()
    except LumenfallError as error:
        raise pulumi.RunError(error.full_message) from None
    api_key = as_output(api_key)
    if isinstance(api_key, pulumi.Output):
        # The key is used and not passed on; the other arguments make the result as secret as they are.
        api_key = pulumi.Output.unsecret(api_key)
    arguments: pulumi.Output[dict[str, Any]] = pulumi.Output.all(
        minimum=minimum,
        postpaid=postpaid,
        unavailable=unavailable,
        api_key=api_key,
        base_url=base_url,
        timeout=timeout,
        ready=_dependencies(opts),
    )

    async def fetch(values: dict[str, Any]) -> GetBalanceResult:
        try:
            gate = _gate(values["minimum"], values["postpaid"], values["unavailable"])
            settings = {name: values[name] for name in ("api_key", "base_url", "timeout")}
            balance = await _ask_async(gate, **settings)
        except LumenfallError as error:
            raise pulumi.RunError(error.full_message) from None
        return _result(GetBalanceResult, balance, gate)

    tell_if_unknown(arguments, "get_balance_output")
    return arguments.apply(fetch)


def tell_if_unknown(arguments: pulumi.Output[Any], who: str) -> None:
    """Say in a preview that it cannot tell, where an argument is unknown."""

    def tell(values: Any) -> None:
        if contains_unknowns(values) and pulumi.runtime.is_dry_run():
            pulumi.log.info(f"{who}: {UNKNOWN_IN_PREVIEW}")

    arguments.apply(tell, run_with_unknowns=True)


def refuse_provider(opts: pulumi.InvokeOptions | pulumi.ResourceOptions | None) -> None:
    """Refuse a provider, since its key would not be the one that is used, and what are no options."""
    if opts is None:
        return
    if not isinstance(opts, (pulumi.InvokeOptions, pulumi.ResourceOptions)):
        raise ConfigurationError(
            f"opts: expected options, not {describe_value(opts)}",
            hint="pass a pulumi.InvokeOptions, or for Balance a pulumi.ResourceOptions",
        )
    parent = opts.parent if isinstance(opts.parent, pulumi.Resource) else None
    if opts.provider or (parent is not None and parent.get_provider(TOKEN)):
        raise ConfigurationError(
            "opts: the balance is read without a provider, so the settings of a provider would be ignored",
            hint="pass api_key and base_url as arguments instead",
        )


def _gate(minimum: object, postpaid: object, unavailable: object) -> Gate | None:
    """The gate, or None where no minimum was given; bad policies are refused all the same."""
    gate = plain_gate(0 if minimum is None else minimum, postpaid, unavailable)
    return None if minimum is None else gate


def _gate_inputs(gate: Gate | None) -> dict[str, Any]:
    """What a test's mocks see of a call."""
    if gate is None:
        return {}
    return {"minimum": format_amount(gate.minimum), "postpaid": gate.postpaid, "unavailable": gate.unavailable}


def _duration(name: str, value: object, default: float, least: float) -> float:
    return default if is_unset(value) else parse_duration(name, value, minimum=least, maximum=MAX_WAIT_SECONDS)


def _ask(gate: Gate | None, **arguments: Any) -> AccountBalance:
    """Ask, or share this run's answer. Under mocks the mocks answer."""
    if is_mocked():
        return _mocked(pulumi.runtime.invoke(TOKEN, _gate_inputs(gate)).value)
    settings = program_settings(**arguments)
    return wait(current_run().ask(settings), settings)


async def _ask_async(gate: Gate | None, **arguments: Any) -> AccountBalance:
    if is_mocked():
        return _mocked(await pulumi.runtime.invoke_async(TOKEN, _gate_inputs(gate)))
    settings = program_settings(**arguments)
    return await wait_async(current_run().ask(settings), settings)


def _wait_for_funds(gate: Gate, settings: Settings, wait_seconds: float, poll_seconds: float) -> AccountBalance:
    """Look until there are funds or the time is over; each look asks again."""
    run = current_run()

    def look() -> AccountBalance | LumenfallError:
        try:
            return wait(run.ask(settings, keep=False), settings)
        except LumenfallError as error:
            return error

    said = ""

    def notify(result: AccountBalance | LumenfallError, _pause: float, left: float) -> None:
        nonlocal said
        message = gate.judge(result).message
        if message != said:
            pulumi.log.info(f"waiting up to {left:.0f} s for funds: {message}")
        said = message

    result = wait_until_enough(look, gate, wait_seconds, poll_seconds, notify=notify)
    if isinstance(result, LumenfallError):
        raise result
    return result


def _result(kind: Callable[..., _Result], balance: AccountBalance, gate: Gate | None) -> _Result:
    return kind(
        billing_type=balance.billing_type,
        available=AvailableBalance(**balance.to_dict()["available"]),
        status=balance.status,
        sufficient=None if gate is None else gate.judge(balance).sufficient,
    )


def _mocked(answer: object) -> AccountBalance:
    """A balance from what a test's mocks return."""
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
            f"the mocks of this test return no balance for {TOKEN}",
            hint='let Mocks.call return {"billingType": "prepaid", "available": {"amount": 12.5, "currency": "usd"}}',
        ) from None


def _dependencies(opts: pulumi.InvokeOptions | None) -> pulumi.Output[Any] | None:
    """An Output that is known once the resources in ``opts.depends_on`` are there."""
    depends_on: Any = getattr(opts, "depends_on", None)
    if depends_on is None:
        return None

    def all_ready(found: Any) -> pulumi.Output[Any]:
        resources = found if isinstance(found, Sequence) and not isinstance(found, str) else [found]
        if not all(isinstance(resource, pulumi.Resource) for resource in resources):
            raise pulumi.RunError("opts: depends_on contains something that is not a resource; pass resources")
        return pulumi.Output.all(*map(when_ready, resources))

    return pulumi.Output.from_input(depends_on).apply(all_ready)
