# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a job costs: ``lumenfall-balance estimate``, and the gates of ``--cost-of``."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from ..core import (
    ENDPOINTS,
    MAX_REQUEST_BYTES,
    CostEstimate,
    Gate,
    Job,
    LumenfallClient,
    Settings,
    check_request,
    format_amount,
    parse_job,
)
from .formats import to_dotenv, to_json
from .output import write_file
from .settings import load_settings, read_file


def run(options: Namespace) -> int:
    """Ask for the price of a request, and print what the whole job costs."""
    job, estimate = _ask("--request", options.request, options, load_settings(options))
    cost, formula = format_amount(job.cost(estimate)), job.formula(estimate)
    facts = {
        "cost": cost,
        "unit_cost": format_amount(estimate.amount),
        "times": str(job.times),
        "margin": f"{job.margin:f}%",
        "currency": "usd",
        "model": estimate.model,
        "provider": estimate.provider or "",
    }
    if options.format == "text":
        source = f"{estimate.model}, via {estimate.provider}" if estimate.provider else estimate.model
        text = f"{cost} usd{f' for {formula}' if formula else ''} ({source}); an estimate\n"
    elif options.format == "dotenv":
        text = to_dotenv(facts, options.command)
    else:
        exact = {"times": job.times, "provider": estimate.provider} if options.format == "json" else {}
        text = to_json({**facts, **exact})
    write_file(options.output or "-", text)
    return 0


def find_gates(options: Namespace, settings: Settings) -> tuple[Gate, Gate]:
    """What is enough to start, and what is enough while the job runs and spends.

    Both are ``--minimum``, or the price of the whole job and of one more request.
    """

    def gate(minimum: object, note: str = "") -> Gate:
        names = ("--minimum", "--postpaid", "--unavailable")
        return Gate(minimum, postpaid=options.postpaid, unavailable=options.unavailable, names=names, note=note)

    if options.cost_of is None:
        return gate(options.minimum), gate(options.minimum)
    job, estimate = _ask("--cost-of", options.cost_of, options, settings)
    once = replace(job, times=1)
    return gate(job.cost(estimate), job.formula(estimate)), gate(once.cost(estimate), once.formula(estimate))


def _ask(flag: str, path: str, options: Namespace, settings: Settings) -> tuple[Job, CostEstimate]:
    """How often the request in a file runs, and what it costs once."""
    job = parse_job(options.times, options.margin, ("--times", "--margin"))
    request = check_request(read_file(flag, path, MAX_REQUEST_BYTES), flag)
    with LumenfallClient.from_settings(settings) as client:
        return job, client.estimate_cost(request, endpoint=options.endpoint or ENDPOINTS[0])
