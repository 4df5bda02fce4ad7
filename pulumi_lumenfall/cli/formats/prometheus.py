# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format prometheus``: metrics for the textfile collector of node-exporter.

Source: the text-based exposition format 0.0.4, prometheus.io/docs/instrumenting/exposition_formats.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core import format_amount
from ..report import Report
from ._delivery import deliver


def write(report: Report, output: str | None, _environ: Mapping[str, str]) -> int:
    """Write the metrics to standard output or to the file; a value that is not known is left out, never 0."""
    text = "".join(
        f"# HELP {name} {about}\n# TYPE {name} gauge\n{name}{value}\n" for name, about, value in _metrics(report)
    )
    return deliver(text, report, output)


def _metrics(report: Report) -> list[tuple[str, str, str]]:
    """Name, explanation, and labels with value."""
    balance, gate = report.balance, report.gate
    amount = balance.amount if balance else None
    metrics = []

    def add(name: str, about: str, value: str, labels: str = "") -> None:
        metrics.append((f"lumenfall_balance_{name}", about, f"{labels} {value}"))

    if amount is not None:
        add("available", "Dollars available; absent while that is not known.", format_amount(amount))
    add("known", "Whether the amount is known (1) or not (0).", _flag(amount is not None))
    if balance is not None:
        labels = f'{{billing_type="{balance.billing_type}",status="{balance.status}",currency="{balance.currency}"}}'
        add("info", "What kind of balance it is.", "1", labels)
    if gate is not None:
        add("minimum", "Dollars that are enough (--minimum).", format_amount(gate.minimum))
        add(
            "sufficient",
            "Whether the balance is enough (1); 0 also where that cannot be told.",
            _flag(report.verdict.sufficient),
        )
    add("probe_success", "Whether the API gave a well-formed balance (1) or not (0).", _flag(balance is not None))
    add("probe_duration_seconds", "How long asking took, all attempts together.", f"{report.seconds or 0:.6f}")
    return metrics


def _flag(value: bool) -> str:
    return "1" if value else "0"
