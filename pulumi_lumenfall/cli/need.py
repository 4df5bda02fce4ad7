# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What is enough: ``--minimum``, or what the job of ``--cost-of`` costs."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from typing import Any, NamedTuple

from ..core import (
    ENDPOINTS,
    MAX_REQUEST_BYTES,
    ConfigurationError,
    CostEstimate,
    Gate,
    Job,
    LumenfallClient,
    Settings,
    check_endpoint,
    check_request,
    parse_job,
)


class Question(NamedTuple):
    """A request to be priced, and how often it runs."""

    request: dict[str, Any]
    endpoint: str
    job: Job

    def ask(self, settings: Settings) -> CostEstimate:
        """What the request costs once."""
        with LumenfallClient.from_settings(settings) as client:
            return client.estimate_cost(self.request, endpoint=self.endpoint)


def read_question(flag: str, path: str, options: Namespace) -> Question:
    """The question in a file and in ``--endpoint``, ``--times`` and ``--margin``; nothing is sent."""
    # Imported here: most gates have a minimum.
    from .input import InputError, read_file

    endpoint = check_endpoint(options.endpoint or ENDPOINTS[0], "--endpoint")
    job = parse_job(options.times, options.margin, ("--times", "--margin"))
    try:
        text = read_file(path, MAX_REQUEST_BYTES)
    except InputError as error:
        hint = "name a file that contains the JSON body of the real request; - reads standard input"
        raise ConfigurationError(f"{flag}: {error}", hint=hint) from None
    return Question(check_request(text, flag), endpoint, job)


class Need:
    """A gate whose minimum is given, or is a price that has yet to be asked for.

    Attributes:
        gate: The gate; None until there is a price.
        gate_meanwhile: The gate while the job runs and spends: the same minimum, or the price of one more request.
    """

    def __init__(self, options: Namespace) -> None:
        self._options = options
        self._question = read_question("--cost-of", options.cost_of, options) if options.cost_of else None
        self.gate = self.gate_meanwhile = None if self._question else self._make_gate(options.minimum)

    def price(self, settings: Settings) -> Gate:
        """The gate; asks what the job costs unless there is a minimum."""
        if self.gate is None:
            assert self._question is not None
            job, estimate = self._question.job, self._question.ask(settings)
            self.gate = self._make_gate(job.cost(estimate), job.formula(estimate))
            once = replace(job, times=1)
            self.gate_meanwhile = self._make_gate(once.cost(estimate), once.formula(estimate))
        return self.gate

    def _make_gate(self, minimum: object, note: str = "") -> Gate:
        options, names = self._options, ("--minimum", "--postpaid", "--unavailable")
        return Gate(minimum, postpaid=options.postpaid, unavailable=options.unavailable, names=names, note=note)
