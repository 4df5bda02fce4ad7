# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What people hear on standard error when standard output belongs to a program."""

from __future__ import annotations

from ..console import say
from ..report import Report


def tell(report: Report) -> None:
    """Say all that is not good news; silence means that it is enough."""
    for warning in report.warnings:
        say(f"lumenfall-balance: warning: {warning}")
    if report.exit_status:
        say(f"lumenfall-balance: {report.sentence}")
    elif report.warning:
        say(f"lumenfall-balance: warning: {report.warning}")
