# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""From the words on the command line to the exit status."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module

from ..core import ConfigurationError, LumenfallError
from .arguments import HelpRequested, find_output_options, make_parser, parse_arguments
from .formats import write_report
from .output import OutputError, say, write_stdout
from .report import EXIT_CANNOT_TELL, Report

_MODULES = {"show": "balance", "check": "balance", "run": "run_command"}


def run(words: list[str]) -> int:
    """Run a command line; returns the exit status."""
    if sys.stdout is not None:
        # A stream that knows no more than ASCII shows the rest escaped.
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return _run(words)
    except OutputError as error:
        say(f"lumenfall-balance: {error}")
        return EXIT_CANNOT_TELL


def _run(words: list[str]) -> int:
    try:
        options = parse_arguments(words)
        if options.command == "completion":
            import shtab

            write_stdout(f"{shtab.complete(make_parser(), options.shell)}\n")
            return 0
        # Imported here: a run needs one command.
        name = _MODULES.get(options.command, options.command)
        status: int = import_module(f".{name}", __package__).run(options)
    except HelpRequested as asked:
        write_stdout(str(asked))
        return 0
    except ConfigurationError as error:
        return write_report(Report(error), find_output_options(words))
    except OutputError:
        raise
    except Exception as error:  # noqa: BLE001 - Python's exit status 1 would be a warning to Nagios
        # Not its text, which may contain anything.
        place = traceback.extract_tb(error.__traceback__)[-1]
        bug = LumenfallError(
            f"internal error: {type(error).__name__} in {os.path.basename(place.filename)}:{place.lineno}",
            hint="please report it, with the command that was run",
        )
        return write_report(Report(bug), find_output_options(words))
    return status
