# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a job would cost, for use as the ``minimum`` of a gate: ``estimate_cost`` and ``estimate_cost_output``.

The API prices a request without running it. The price is approximate: use ``margin``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from .config import as_output, program_settings, refuse_outputs
from .core import (
    ConfigurationError,
    CostEstimate,
    Gate,
    LumenfallError,
    check_endpoint,
    check_request,
    format_amount,
    parse_job,
)
from .functions import Duration, tell_if_unknown
from .program import current_run, is_mocked, need_event_loop
from .sharing import wait, wait_async

__all__ = ["EstimateCostResult", "estimate_cost", "estimate_cost_output"]

#: The token under which mocks are asked; the provider plugin has the same function.
TOKEN = "lumenfall:index:estimateCost"  # noqa: S105


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
        api_key: See :func:`pulumi_lumenfall.get_balance`, here and below.
        base_url: As there.
        timeout: As there.

    Returns:
        The result, readable at once.

    Raises:
        pulumi.RunError: There is no price, or an argument or a setting is malformed; one line with a hint.
    """
    try:
        job = _Question(request, endpoint, times, margin)
        if is_mocked():
            answer = pulumi.runtime.invoke(TOKEN, job.inputs).value
            return _mocked(answer)
        settings = program_settings(api_key=api_key, base_url=base_url, timeout=timeout)
        estimate = wait(current_run().estimate(settings, job.request, job.endpoint), settings)
    except LumenfallError as error:
        raise pulumi.RunError(error.full_message) from None
    return job.result(estimate)


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
        request: See :func:`estimate_cost`, here and below; Outputs may also be within it.
        endpoint: As there.
        times: As there.
        margin: As there.
        api_key: As there. A secret Output does not make the result secret.
        base_url: As there.
        timeout: As there.

    Returns:
        An Output of the result; its ``amount`` may be the ``minimum`` of ``balance_hook``, ``gate_stack`` and
        ``Balance``. It fails with ``pulumi.RunError`` where :func:`estimate_cost` raises one.

    Raises:
        pulumi.RunError: This is a thread without an event loop.
    """
    try:
        need_event_loop()
    except LumenfallError as error:
        raise pulumi.RunError(error.full_message) from None
    api_key = as_output(api_key)
    if isinstance(api_key, pulumi.Output):
        api_key = pulumi.Output.unsecret(api_key)
    job = {"request": request, "endpoint": endpoint, "times": times, "margin": margin}
    settings_arguments = {"api_key": api_key, "base_url": base_url, "timeout": timeout}
    arguments: pulumi.Output[list[dict[str, Any]]] = pulumi.Output.all(
        pulumi.Output.from_input(job), pulumi.Output.from_input(settings_arguments)
    )

    async def fetch(values: list[dict[str, Any]]) -> EstimateCostResult:
        try:
            job = _Question(**values[0])
            if is_mocked():
                return _mocked(await pulumi.runtime.invoke_async(TOKEN, job.inputs))
            settings = program_settings(**values[1])
            estimate = await wait_async(current_run().estimate(settings, job.request, job.endpoint), settings)
        except LumenfallError as error:
            raise pulumi.RunError(error.full_message) from None
        return job.result(estimate)

    tell_if_unknown(arguments, "estimate_cost_output")
    return arguments.apply(fetch)


class _Question:
    """A checked request, and how often it runs."""

    def __init__(self, request: object, endpoint: object, times: object, margin: object) -> None:
        refuse_outputs(request=request, endpoint=endpoint, times=times, margin=margin)
        self.request = check_request(request)
        self.endpoint = check_endpoint(endpoint)
        self._job = parse_job(times, margin)

    @property
    def inputs(self) -> dict[str, Any]:
        """What a test's mocks see of a call."""
        return {
            "request": self.request,
            "endpoint": self.endpoint,
            "times": self._job.times,
            "margin": f"{self._job.margin}%",
        }

    def result(self, estimate: CostEstimate) -> EstimateCostResult:
        return _result(
            amount=format_amount(self._job.cost(estimate)),
            unit_amount=format_amount(estimate.amount),
            model=estimate.model,
            provider=estimate.provider,
        )


def _mocked(answer: Any) -> EstimateCostResult:
    try:
        amount = answer["amount"]
        Gate(amount)
    except (KeyError, TypeError, ConfigurationError):
        raise ConfigurationError(
            f"the mocks of this test return no price for {TOKEN}",
            hint='let Mocks.call return {"amount": "28.80", "unitAmount": "0.08", "model": "gpt-image-1"}',
        ) from None
    return _result(
        amount=str(amount),
        unit_amount=str(answer.get("unitAmount", amount)),
        model=answer.get("model", ""),
        provider=answer.get("provider"),
    )


def _result(**properties: str | None) -> EstimateCostResult:
    return cast(EstimateCostResult, cast(Any, EstimateCostResult)(**properties))
