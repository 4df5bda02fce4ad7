# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How the functions ask: once in a run of a program, or a test's mocks; every failure is one ``pulumi.RunError``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

import pulumi
from pulumi.output import contains_unknowns

from .config import is_later, program_settings, refuse_outputs
from .core import (
    AccountBalance,
    ConfigurationError,
    CostEstimate,
    Gate,
    LumenfallError,
    Settings,
    check_endpoint,
    check_request,
    describe_value,
    format_amount,
    parse_job,
)
from .evaluate import UNKNOWN_IN_PREVIEW
from .program import current_run, is_mocked, need_event_loop

_T = TypeVar("_T")


class Call(Generic[_T]):
    """A call with checked arguments."""

    function: str  # The token under which mocks are asked; the provider plugin has the same function.
    inputs: dict[str, Any]  # What mocks see of the call.
    example: str  # What they may return.

    def now(self, **settings: object) -> _T:
        if is_mocked():
            return self._mocked(pulumi.runtime.invoke(self.function, self.inputs).value)
        return self.result(self.ask(program_settings(**settings)).result())

    async def later(self, **settings: object) -> _T:
        if is_mocked():
            return self._mocked(await pulumi.runtime.invoke_async(self.function, self.inputs))
        return self.result(await asyncio.wrap_future(self.ask(program_settings(**settings))))

    def ask(self, settings: Settings) -> Future[Any]:
        """Ask, or join those who ask the same."""
        raise NotImplementedError

    def result(self, answer: Any) -> _T:
        """The result of what the API answers, by default the same."""
        return cast(_T, answer)

    def mocked_result(self, answer: Any) -> _T:
        """The result of what mocks return."""
        raise NotImplementedError

    def _mocked(self, answer: Any) -> _T:
        try:
            return self.mocked_result(answer)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError, ConfigurationError):
            raise ConfigurationError(
                f"the mocks of this test return no result for {self.function}",
                hint=f"let Mocks.call return {self.example}",
            ) from None


class BalanceCall(Call[AccountBalance]):
    """Read the balance; mocks see the gate."""

    function = "lumenfall:index:getBalance"
    example = '{"billingType": "prepaid", "available": {"amount": 12.5, "currency": "usd"}}'

    def __init__(self, gate: Gate | None, *, keep: bool = True) -> None:
        self._keep = keep
        self.inputs = {}
        if gate is not None:
            self.inputs["minimum"] = format_amount(gate.minimum)
            self.inputs |= {"postpaid": gate.postpaid, "unavailable": gate.unavailable}

    def ask(self, settings: Settings) -> Future[AccountBalance]:
        return current_run().ask(settings, keep=self._keep)

    def mocked_result(self, answer: Any) -> AccountBalance:
        amount = answer["available"].get("amount")
        return AccountBalance(
            billing_type=answer["billingType"],
            amount=None if amount is None else Decimal(str(amount)),
            currency=answer["available"].get("currency", "usd").lower(),
        )


class EstimateCall(Call[dict[str, Any]]):
    """Price a job: what an ``EstimateCostResult`` is made of."""

    function = "lumenfall:index:estimateCost"
    example = '{"amount": "28.80", "unitAmount": "0.08", "model": "gpt-image-1"}'

    def __init__(self, request: object, endpoint: object, times: object, margin: object) -> None:
        refuse_outputs(request=request, endpoint=endpoint, times=times, margin=margin)
        self._request = check_request(request)
        self._endpoint = check_endpoint(endpoint)
        self._job = parse_job(times, margin)
        self.inputs = {"request": self._request, "endpoint": self._endpoint}
        self.inputs |= {"times": self._job.times, "margin": f"{self._job.margin}%"}

    def ask(self, settings: Settings) -> Future[CostEstimate]:
        return current_run().estimate(settings, self._request, self._endpoint)

    def result(self, answer: CostEstimate) -> dict[str, Any]:
        total, unit = format_amount(self._job.cost(answer)), format_amount(answer.amount)
        return {"amount": total, "unit_amount": unit, "model": answer.model, "provider": answer.provider}

    def mocked_result(self, answer: Any) -> dict[str, Any]:
        amount = format_amount(Gate(answer["amount"]).minimum)
        facts = {"model": answer.get("model", ""), "provider": answer.get("provider")}
        return {"amount": amount, "unit_amount": str(answer.get("unitAmount", amount)), **facts}


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
    if is_later(settings["api_key"]):
        settings["api_key"] = pulumi.Output.unsecret(pulumi.Output.from_input(settings["api_key"]))
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
    """Refuse options of another type, and a provider, since its key would not be used."""
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
