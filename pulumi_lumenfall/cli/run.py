# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""From the words on the command line to the exit status."""

from __future__ import annotations

import os
import sys
import traceback
from argparse import Namespace
from importlib import import_module

from ..core import CANNOT_TELL, LumenfallError, Verdict
from .arguments import find_output_options, make_parser, parse_arguments
from .formats import write_report
from .output import OutputError, say, write_stdout
from .report import EXIT_CANNOT_TELL, Report

_MODULES = {"show": "balance", "check": "balance", "run": "run_command"}


def run(words: list[str]) -> int:
    """Run a command line; returns the exit status."""
    if sys.stdout is not None:
        # A stream that knows no more than ASCII shows the rest escaped.
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options = None
    try:
        options = parse_arguments(words)
        return _run(options)
    except SystemExit:  # --help or --version
        return 0
    except OutputError as error:
        say(f"lumenfall-balance: {error}")
        return EXIT_CANNOT_TELL
    except LumenfallError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - Python's exit status 1 would be a warning to Nagios
        # Not its text, which may contain anything.
        place = traceback.extract_tb(error.__traceback__)[-1]
        failure = LumenfallError(
            f"internal error: {type(error).__name__} in {os.path.basename(place.filename)}:{place.lineno}",
            hint="please report it, with the command that was run",
        )
    options = options or find_output_options(words)
    # An error about the balance itself is a verdict. This one, such as a price that was refused, came before it.
    before = "cannot tell whether the balance is enough: " if options.command in ("check", "run") else ""
    return write_report(Report(failure, Verdict(CANNOT_TELL, before + failure.full_message)), options)


def _run(options: Namespace) -> int:
    if options.command == "completion":
        import shtab

        write_stdout(f"{shtab.complete(make_parser(), options.shell)}\n")
        return 0
    # Imported here: a run needs one command.
    command = import_module(f".{_MODULES.get(options.command, options.command)}", __package__)
    status: int = command.run(options)
    return status
