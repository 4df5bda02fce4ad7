# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The output formats, each with ``write(report, options)``, which returns the exit status."""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module

from ..output import OutputError, say, write_file
from ..report import EXIT_CANNOT_TELL, Report

# json, flat and dotenv are the same facts.
_MODULES = {"json": "data", "flat": "data", "dotenv": "data"}


def write_report(report: Report, options: Namespace) -> int:
    """Write a report in its format, to where ``--output`` says; returns the exit status."""
    # Imported here: a run needs one format.
    module = import_module(f".{_MODULES.get(options.format, options.format)}", __package__)
    try:
        status: int = module.write(report, options)
    except OutputError as error:
        # Whoever waits for the verdict does not get it, so it must not pass.
        say(f"lumenfall-balance: {error}; the verdict was: {report.sentence}")
        return report.exit_status or EXIT_CANNOT_TELL
    return status


def write_document(text: str, report: Report, options: Namespace) -> int:
    """Write a result for a program, and what people should know to standard error; returns the exit status."""
    # node_exporter runs as a user of its own, and cron with a strict umask.
    write_file(options.output or "-", text, is_public=options.format == "prometheus")
    for warning in report.warnings:
        say(f"lumenfall-balance: warning: {warning}")
    if report.exit_status:
        say(f"lumenfall-balance: {report.sentence}")
    elif report.warning:
        say(f"lumenfall-balance: warning: {report.warning}")
    return report.exit_status
