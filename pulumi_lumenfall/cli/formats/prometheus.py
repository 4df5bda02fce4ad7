# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format prometheus``: metrics for the textfile collector of node_exporter.

Source: the text-based exposition format 0.0.4, prometheus.io/docs/instrumenting/exposition_formats.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from ...core import format_amount
from ..report import Report
from . import write_document

_HELP = {
    "available": "Dollars available; absent while that is not known.",
    "known": "Whether the amount is known (1) or not (0).",
    "info": "What kind of balance it is.",
    "minimum": "Dollars that are enough (--minimum, or the price of the job).",
    "sufficient": "Whether the balance is enough (1); 0 also if it cannot tell.",
    "jobs_left": "How many of these jobs the balance still pays (--cost-of); absent while that is not known.",
    "probe_success": "Whether the API gave a well-formed balance (1) or not (0).",
    "probe_duration_seconds": "Duration of the request, with all attempts and waits.",
}


def write(report: Report, options: Namespace) -> int:
    """Write the metrics; a value that is not known is absent, never 0."""
    text = ""
    for name, value, own_labels in _metrics(report):
        labels = ",".join(f'{label}="{_escape(text)}"' for label, text in [*options.label, *own_labels])
        metric = f"lumenfall_balance_{name}"
        sample = f"{metric}{{{labels}}}" if labels else metric
        text += f"# HELP {metric} {_HELP[name]}\n# TYPE {metric} gauge\n{sample} {value}\n"
    return write_document(text, report, options)


def _metrics(report: Report) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Name, value, and labels of its own."""
    balance, facts = report.balance, report.facts()
    if facts["amount"]:
        yield "available", facts["amount"], []
    yield "known", _flag(bool(facts["amount"])), []
    if balance is not None:
        yield "info", "1", [(name, facts[name]) for name in ("billing_type", "status", "currency")]
    if report.gate is not None:
        yield "minimum", format_amount(report.gate.minimum), []
    if report.gate is not None or report.is_price:
        yield "sufficient", _flag(report.verdict.sufficient), []
    if report.jobs_left is not None:
        yield "jobs_left", str(report.jobs_left), []
    yield "probe_success", _flag(balance is not None), []
    yield "probe_duration_seconds", f"{report.seconds or 0:.6f}", []


def _flag(value: bool) -> str:
    return "1" if value else "0"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
