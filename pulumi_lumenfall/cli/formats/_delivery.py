# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A result for a program, and what people hear on standard error beside it."""

from __future__ import annotations

from ..console import say, write_file, write_out
from ..report import Report


def deliver(text: str, report: Report, output: str | None) -> int:
    """Write a result to standard output or to where ``--output`` says; returns the exit status.

    All that is not good news is said to people; silence means that it is enough.

    Raises:
        OutputError: It could not be written.
    """
    if output in (None, "-"):
        write_out(text)
    else:
        write_file(output, text)
    for warning in report.warnings:
        say(f"lumenfall-balance: warning: {warning}")
    if report.exit_status:
        say(f"lumenfall-balance: {report.sentence}")
    elif report.warning:
        say(f"lumenfall-balance: warning: {report.warning}")
    return report.exit_status
