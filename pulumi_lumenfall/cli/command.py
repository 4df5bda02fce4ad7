# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One run of ``lumenfall-balance``: from the words on the command line to the exit status."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import time
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from typing import NoReturn

from ..core import (
    ConfigurationError,
    DeadlineExceededError,
    Gate,
    LumenfallClient,
    LumenfallError,
    Settings,
    resolve_settings,
)
from .arguments import HelpRequested, guess_format, parse_arguments, settings_layer
from .console import OutputError, say, write_out
from .key_file import patience_seconds, read_key
from .report import EXIT_CANNOT_TELL, Report


def run_process() -> NoReturn:
    """Run the command line of this process, and end it."""
    # There is no garbage worth a search in a process that ends after one answer; what runs
    # longer turns it on again.
    gc.disable()
    status = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def run(words: list[str]) -> int:
    """Run a command line; returns the exit status.

    Raises:
        Stopped: A signal ended it.
    """
    try:
        return _run(words, os.environ)
    except OutputError as error:
        say(f"lumenfall-balance: {error}")
        return EXIT_CANNOT_TELL
    except Exception as error:  # noqa: BLE001 - Python's exit status 1 would mean "a warning" to Nagios
        bug = LumenfallError(f"internal error: {_where(error)}", hint="please report it, with the command that was run")
        return _write(Report(error=bug), guess_format(words), None, os.environ)


def _run(words: list[str], environ: Mapping[str, str]) -> int:
    try:
        options = parse_arguments(words)
    except HelpRequested as asked:
        write_out(str(asked))
        return 0
    except ConfigurationError as error:
        return _write(Report(error=error), guess_format(words), None, environ)
    if options.command in ("doctor", "sandbox", "completion"):
        gc.enable()
        module = import_module(f".{options.command}", __package__)
        status: int = module.run(options, environ)
        return status
    return _write(_ask(options, environ), options.format, options.output, environ)


def _write(report: Report, chosen: str, output: str | None, environ: Mapping[str, str]) -> int:
    module = import_module(f".formats.{chosen}", __package__)
    try:
        status: int = module.write(report, output, environ)
    except OutputError as error:
        # The verdict is lost to whoever waits for it, so it must not pass; people still hear it.
        say(f"lumenfall-balance: {error}; the verdict was: {report.sentence}")
        return report.exit_status or EXIT_CANNOT_TELL
    return status


def _ask(options: Namespace, environ: Mapping[str, str]) -> Report:
    """Read the settings and ask, once or for as long as ``--wait`` says."""
    report = Report(is_check=options.command == "check")
    try:
        if report.is_check:
            report = report._replace(
                gate=Gate(
                    options.minimum,
                    postpaid=options.postpaid,
                    unavailable=options.unavailable,
                    names=("--minimum", "--postpaid", "--unavailable"),
                )
            )
            if options.warn is not None:
                report = report._replace(warn_at=_warn_at(options.warn, report.gate))
        key = None
        if options.api_key_file is not None:
            key = read_key(options.api_key_file, patience_seconds(options, environ))
        settings = resolve_settings(settings_layer(options, key), environ=environ)
        report = report._replace(warnings=settings.warnings)
        if options.command == "show" or options.wait is None:
            return _ask_once(report, settings)
        gc.enable()
        # Imported here: most checks do not wait.
        from .wait import DEFAULT_POLL_SECONDS, MIN_POLL_SECONDS, parse_duration, wait_until_enough

        wait = parse_duration("--wait", options.wait)
        poll = DEFAULT_POLL_SECONDS
        if options.poll is not None:
            poll = parse_duration("--poll", options.poll, least=MIN_POLL_SECONDS)
    except ConfigurationError as error:
        return report._replace(error=error)

    def ask(seconds: float | None) -> Report:
        if seconds is None or seconds >= settings.timeout:
            return _ask_once(report, settings)
        # Rounded for the eye.
        found = _ask_once(report, replace(settings, timeout=max(0.1, round(seconds, 1))))
        if isinstance(found.error, DeadlineExceededError):
            # It is not the timeout that was too short.
            found.error.args = (f"at the end of --wait: {found.error}",)
            found.error.hint = "give --wait more time, or run it again"
        return found

    return wait_until_enough(ask, wait, poll, environ)


def _ask_once(report: Report, settings: Settings) -> Report:
    started = time.monotonic()
    try:
        with LumenfallClient.from_settings(settings) as client:
            balance = client.fetch_balance()
    except LumenfallError as error:
        return report._replace(error=error, seconds=time.monotonic() - started if error.attempts else None)
    return report._replace(balance=balance, seconds=time.monotonic() - started)


def _warn_at(text: str, gate: Gate | None) -> Decimal:
    amount = Gate(text, names=("--warn", "", "")).minimum
    if gate is not None and amount < gate.minimum:
        raise ConfigurationError(
            "--warn: it is below --minimum, so it would never warn", hint="set --warn above --minimum"
        )
    return amount


def _where(error: Exception) -> str:
    """What kind of exception, and the line of ours that it came from: nothing of what it says."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f" in {os.path.basename(frame.tb_frame.f_code.co_filename)}:{frame.tb_lineno}" if frame else ""
    return type(error).__name__ + place
