# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Ask in a Pulumi program for the balance, and for what a job would cost.

The functions ask live, in preview and in up, and leave nothing in the state. The API prices a request without running
it; a price is approximate. Every failure is one clean ``pulumi.RunError``.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias, cast

import pulumi

from .calls import BalanceCall, EstimateCall, call_once_known, check_options, run_errors
from .config import plain_gate
from .core import (
    DEFAULT_POLL_SECONDS,
    MAX_WAIT_SECONDS,
    MIN_POLL_SECONDS,
    AccountBalance,
    Gate,
    LumenfallError,
    is_unset,
    parse_duration,
    wait_until_enough,
)
from .program import is_mocked, when_ready

Amount: TypeAlias = str | int | float | Decimal
"""Dollars: ``"5.00"``, ``5``, ``Decimal("5")``, or a float, which counts as its shortest text (0.1 is 0.1)."""
Duration: TypeAlias = str | int | float
"""Seconds, or text such as ``"30s"``, ``"15m"`` or ``"1h30m"``."""


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


@pulumi.output_type
class EstimateCostResult:
    """What a job would cost."""

    amount: str
    """Dollars for the whole job, exact text: the ``minimum`` of a gate."""
    unit_amount: str = pulumi.property("unitAmount")
    """Dollars for one request, exact text."""
    model: str
    """The model that the price is for."""
    provider: str | None
    """The provider that would run it, or None."""


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
    with run_errors():
        check_options(opts, pulumi.InvokeOptions)
        gate = _optional_gate(minimum, postpaid, unavailable)
        return _result(gate, BalanceCall(gate).now(api_key=api_key, base_url=base_url, timeout=timeout))


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

    Args:
        minimum: The least amount that is enough, dollars, >= 0.
        wait: Maximum time to wait for funds, for example ``"15m"``; by default not at all. A preview waits too, since
            ``up`` begins with one. What waiting cannot change, such as a wrong key, ends it early.
        poll: Time between two looks while waiting, at least 1 s; 30 s by default.
        timeout: As for :func:`get_balance`, like the arguments that are not listed; it bounds each look.

    Raises:
        pulumi.RunError: The balance is too low, or it cannot be told: one line that begins with the verdict. Or an
            argument is malformed.
    """
    with run_errors():
        check_options(opts, pulumi.InvokeOptions)
        gate = plain_gate(minimum, postpaid, unavailable)
        seconds = _duration("wait", wait, 0.0, least=0.0)
        pause = _duration("poll", poll, DEFAULT_POLL_SECONDS, least=MIN_POLL_SECONDS)
    # Each look of a wait asks again.
    call = BalanceCall(gate, keep=not seconds)
    said = ""

    def look() -> AccountBalance | LumenfallError:
        try:
            return call.now(api_key=api_key, base_url=base_url, timeout=timeout)
        except LumenfallError as error:
            return error

    def notify(result: AccountBalance | LumenfallError, _pause: float, left: float) -> None:
        nonlocal said
        message = gate.judge(result).message
        if message != said:
            pulumi.log.info(f"waiting up to {left:.0f} s for funds: {message}")
        said = message

    # Mocks give the same balance each time.
    result = wait_until_enough(look, gate, 0.0 if is_mocked() else seconds, pause, notify=notify)
    verdict = gate.judge(result)
    if isinstance(result, LumenfallError) or not verdict.sufficient:
        raise pulumi.RunError(verdict.message)
    return _result(gate, result)


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
        api_key: As for :func:`get_balance`, like the arguments that are not listed. A secret Output does not make the
            result secret.
        opts: ``depends_on`` defers the request until those resources are there; a provider that is set is refused.

    Returns:
        An Output of the result. It fails where :func:`get_balance` raises an error, and so ends the program.
    """
    with run_errors():
        check_options(opts, pulumi.InvokeOptions)

    async def call(arguments: dict[str, Any], settings: dict[str, Any]) -> GetBalanceResult:
        gate = _optional_gate(**arguments)
        return await _result(gate, await BalanceCall(gate).later(**settings))

    return call_once_known(
        "get_balance_output",
        call,
        {"minimum": minimum, "postpaid": postpaid, "unavailable": unavailable},
        {"api_key": api_key, "base_url": base_url, "timeout": timeout},
        ready=_dependencies(opts),
    )


def estimate_cost(
    request: Mapping[str, Any] | str,
    *,
    endpoint: str = "images/generations",
    times: int | None = None,
    margin: str | float | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    timeout: Duration | None = None,
) -> EstimateCostResult:
    """Ask what a job would cost. Nothing is run or charged, in a preview or in up.

    The same request is priced once in a run of a program, and kept for up to 30 s.

    ::

        request = {"model": "gpt-image-1", "prompt": "a lighthouse at night"}
        job = pulumi_lumenfall.estimate_cost(request, times=300, margin="20%")
        pulumi_lumenfall.require_balance(job.amount)

    Args:
        request: The body of the real request, a mapping or the text of a JSON object, at most 1 MiB.
        endpoint: ``images/generations`` (default), ``images/edits``, ``videos`` or ``chat/completions``.
        times: How often the request will run, a whole number >= 1; 1 by default.
        margin: Percent on top, >= 0, such as ``"20%"``; 0 by default.
        api_key: As for :func:`get_balance`, like ``base_url`` and ``timeout``.

    Returns:
        The result, readable at once.

    Raises:
        pulumi.RunError: There is no price, or an argument or a setting is malformed; one line with a hint.
    """
    with run_errors():
        call = EstimateCall(request, endpoint, times, margin)
        return _estimate(call.now(api_key=api_key, base_url=base_url, timeout=timeout))


def estimate_cost_output(
    request: pulumi.Input[Mapping[str, Any] | str],
    *,
    endpoint: pulumi.Input[str] = "images/generations",
    times: pulumi.Input[int] | None = None,
    margin: pulumi.Input[str | float] | None = None,
    api_key: pulumi.Input[str] | None = None,
    base_url: pulumi.Input[str] | None = None,
    timeout: pulumi.Input[Duration] | None = None,
) -> pulumi.Output[EstimateCostResult]:
    """Ask what a job would cost once the arguments are known, which may be Outputs.

    Args:
        request: As for :func:`estimate_cost`, like the arguments that are not listed; Outputs may also be within it.
        api_key: A secret Output does not make the result secret.

    Returns:
        An Output of the result; its ``amount`` may be the ``minimum`` of ``balance_hook``, ``gate_stack`` and
        ``Balance``. It fails where :func:`estimate_cost` raises an error.
    """

    async def call(arguments: dict[str, Any], settings: dict[str, Any]) -> EstimateCostResult:
        return _estimate(await EstimateCall(**arguments).later(**settings))

    return call_once_known(
        "estimate_cost_output",
        call,
        {"request": request, "endpoint": endpoint, "times": times, "margin": margin},
        {"api_key": api_key, "base_url": base_url, "timeout": timeout},
    )


def _optional_gate(minimum: object, postpaid: object, unavailable: object) -> Gate | None:
    # Without a minimum, bad policies are refused all the same.
    gate = plain_gate(0 if minimum is None else minimum, postpaid, unavailable)
    return None if minimum is None else gate


def _result(gate: Gate | None, balance: AccountBalance) -> AwaitableGetBalanceResult:
    result = cast(Any, AwaitableGetBalanceResult)(
        billing_type=balance.billing_type,
        available=AvailableBalance(**balance.to_dict()["available"]),
        status=balance.status,
        sufficient=None if gate is None else gate.judge(balance).sufficient,
    )
    return cast(AwaitableGetBalanceResult, result)


def _estimate(properties: dict[str, Any]) -> EstimateCostResult:
    return cast(EstimateCostResult, cast(Any, EstimateCostResult)(**properties))


def _duration(name: str, value: object, default: float, least: float) -> float:
    return default if is_unset(value) else parse_duration(name, value, minimum=least, maximum=MAX_WAIT_SECONDS)


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
