# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format text``: a sentence for a person."""

from __future__ import annotations

import os
from argparse import Namespace

from ..output import may_colour, say, write_file
from ..report import Report

_COLOURS = {"enough": "32", "too low": "31", "cannot tell": "31"}
_YELLOW = "33"


def write(report: Report, options: Namespace) -> int:
    """Write what a balance means to standard output or ``--output``, and an error to standard error as well."""
    colour = may_colour(os.environ) and not options.output
    for warning in report.warnings:
        say(f"lumenfall-balance: warning: {warning}")
    if report.error is not None:
        say(f"lumenfall-balance: {report.sentence}")
    if report.error is None or options.output:
        lines = [_paint(report.sentence, _COLOURS[report.verdict.outcome], colour and report.gate is not None)]
        if report.warning:
            lines.append(_paint(f"warning: {report.warning}", _YELLOW, colour))
        write_file(options.output or "-", "".join(f"{line}\n" for line in lines))
    return report.exit_status


def _paint(line: str, code: str, colour: bool) -> str:
    return f"\033[{code}m{line}\033[0m" if colour else line
