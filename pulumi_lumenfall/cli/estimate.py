# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance estimate``: what a job costs, without running it."""

from __future__ import annotations

import json
from argparse import Namespace

from ..core import ConfigurationError, LumenfallError, format_amount, resolve_settings
from .balance import settings_layer
from .formats import write_report
from .formats.data import dotenv
from .need import read_question
from .output import say, write_file
from .report import Report


def run(options: Namespace) -> int:
    """Ask for the price of a request, and print what the whole job costs."""
    try:
        question = read_question("--request", options.request, options)
        settings = resolve_settings(settings_layer(options))
    except ConfigurationError as error:
        return write_report(Report(error, is_price=True), options)
    for warning in settings.warnings:
        say(f"lumenfall-balance: warning: {warning}")
    try:
        estimate = question.ask(settings)
    except LumenfallError as error:
        return write_report(Report(error, is_price=True), options)
    job = question.job
    cost = format_amount(job.cost(estimate))
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
        formula = f" for {job.formula(estimate)}" if job.formula(estimate) else ""
        source = f"{estimate.model}, via {estimate.provider}" if estimate.provider else estimate.model
        text = f"{cost} usd{formula} ({source}); an estimate\n"
    elif options.format == "dotenv":
        text = dotenv(facts, options.command)
    else:
        exact = {"times": job.times, "provider": estimate.provider} if options.format == "json" else {}
        text = f"{json.dumps({**facts, **exact})}\n"
    write_file(options.output or "-", text)
    return 0
