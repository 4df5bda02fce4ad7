# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format nagios``: one line with performance data, for Nagios, Icinga and their kin.

Source: the Monitoring Plugins Development Guidelines, monitoring-plugins.org/doc/guidelines.html.
"""

from __future__ import annotations

from argparse import Namespace

from ...core import format_amount
from ..output import write_file
from ..report import Report

_WORDS = {0: "OK", 1: "WARNING", 2: "CRITICAL", 3: "UNKNOWN"}


def write(report: Report, options: Namespace) -> int:
    """Write the line; an amount below ``--warn`` is exit status 1 here, and in no other format."""
    status = report.exit_status or (1 if report.warning else 0)
    parts = [report.sentence, report.warning, *(f"warning: {warning}" for warning in report.warnings)]
    message = "; ".join(part for part in parts if part)
    # A bar begins the performance data.
    line = f"LUMENFALL {_WORDS[status]} - {message.replace('|', '/')} | {_performance_data(report)}\n"
    write_file(options.output or "-", line)
    return status


def _performance_data(report: Report) -> str:
    """Always the same metrics, as graphing tools need it; ``U`` is the guidelines' word for an unknown value."""
    amount = report.facts()["amount"] or "U"
    # "5:" is the range from 5 up: an alert is due outside of it.
    warn = f"{format_amount(report.warn_at)}:" if report.warn_at is not None else ""
    critical = f"{format_amount(report.gate.minimum)}:" if report.gate else ""
    seconds = "U" if report.seconds is None else f"{report.seconds:.3f}s"
    return f"available={amount};{warn};{critical};; time={seconds};;;0;"
