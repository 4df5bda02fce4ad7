# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a job would cost, for use as the ``minimum`` of a gate: ``estimate_cost`` and ``estimate_cost_output``.

The API prices a request without running it. The price is approximate: use ``margin``.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, cast

import pulumi

from .calls import Call, call_once_known, run_errors
from .config import refuse_outputs
from .core import (
    ConfigurationError,
    CostEstimate,
    Gate,
    Settings,
    check_endpoint,
    check_request,
    format_amount,
    parse_job,
)
from .functions import Duration
from .program import current_run


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
        call = _EstimateCall(request, endpoint, times, margin)
        return call.now(api_key=api_key, base_url=base_url, timeout=timeout)


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
    return call_once_known(
        "estimate_cost_output",
        lambda arguments, settings: _EstimateCall(**arguments).later(**settings),
        {"request": request, "endpoint": endpoint, "times": times, "margin": margin},
        {"api_key": api_key, "base_url": base_url, "timeout": timeout},
    )


class _EstimateCall(Call[EstimateCostResult]):
    function = "lumenfall:index:estimateCost"

    def __init__(self, request: object, endpoint: object, times: object, margin: object) -> None:
        refuse_outputs(request=request, endpoint=endpoint, times=times, margin=margin)
        self._request = check_request(request)
        self._endpoint = check_endpoint(endpoint)
        self._job = job = parse_job(times, margin)
        asked = {"request": self._request, "endpoint": self._endpoint}
        self.inputs = {**asked, "times": job.times, "margin": f"{job.margin}%"}

    def ask(self, settings: Settings) -> Future[CostEstimate]:
        return current_run().estimate(settings, self._request, self._endpoint)

    def result(self, answer: CostEstimate) -> EstimateCostResult:
        total, unit = format_amount(self._job.cost(answer)), format_amount(answer.amount)
        return _result(amount=total, unit_amount=unit, model=answer.model, provider=answer.provider)

    def mocked_result(self, answer: Any) -> EstimateCostResult:
        try:
            amount = str(answer["amount"])
            Gate(amount)
        except (KeyError, TypeError, ConfigurationError):
            raise ConfigurationError(
                f"the mocks of this test return no price for {self.function}",
                hint='let Mocks.call return {"amount": "28.80", "unitAmount": "0.08", "model": "gpt-image-1"}',
            ) from None
        unit = str(answer.get("unitAmount", amount))
        return _result(amount=amount, unit_amount=unit, model=answer.get("model", ""), provider=answer.get("provider"))


def _result(**properties: str | None) -> EstimateCostResult:
    return cast(EstimateCostResult, cast(Any, EstimateCostResult)(**properties))
