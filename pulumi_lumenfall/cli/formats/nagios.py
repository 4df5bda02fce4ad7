# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format nagios``: one line with performance data, for Nagios, Icinga and their kin.

Source: the Monitoring Plugins Development Guidelines, monitoring-plugins.org/doc/guidelines.html.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core import format_amount
from ..console import write_out
from ..report import Report

_WORDS = {0: "OK", 1: "WARNING", 2: "CRITICAL", 3: "UNKNOWN"}


def write(report: Report, _output: str | None, _environ: Mapping[str, str]) -> int:
    """Write the line; an amount below ``--warn`` is status 1 here, and here alone."""
    status = report.exit_status or (1 if report.warning else 0)
    parts = [report.sentence, report.warning, *(f"warning: {warning}" for warning in report.warnings)]
    message = "; ".join(part for part in parts if part)
    # A bar begins the performance data.
    line = f"LUMENFALL {_WORDS[status]} - {message.replace('|', '/')}"
    data = " ".join(_performance_data(report))
    write_out(f"{line} | {data}\n" if data else f"{line}\n")
    return status


def _performance_data(report: Report) -> list[str]:
    """The amount and the time it took; "U" is the guidelines' word for a value that is not known."""
    data = []
    if report.balance is not None:
        amount = report.balance.amount
        warn = f"{format_amount(report.warn_at)}:" if report.warn_at is not None else ""
        critical = f"{format_amount(report.gate.minimum)}:" if report.gate else ""
        # "5:" is the range from 5 up: an alert is due outside of it.
        data.append(f"available={'U' if amount is None else format_amount(amount)};{warn};{critical};;")
    if report.seconds is not None:
        data.append(f"time={report.seconds:.3f}s;;;0;")
    return data
