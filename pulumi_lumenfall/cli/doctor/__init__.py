# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance doctor``: what is wrong, one line each, with what to do about it."""

from __future__ import annotations

import json
import platform
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping

from ...core import ConfigurationError, Gate, __version__
from ..console import may_colour, say, write_out
from ..report import EXIT_CANNOT_TELL
from .finding import FAIL, LOW, NOTE, OK, WARN, Finding
from .network import examine_network
from .settings import Found, examine_settings
from .versions import examine_versions

_MARKS = {OK: ("ok", "32"), NOTE: ("note", "36"), WARN: ("warn", "33"), FAIL: ("FAIL", "31"), LOW: ("FAIL", "31")}


def run(options: Namespace, environ: Mapping[str, str]) -> int:
    """Examine everything, print it, and return the exit status: 0, 2 (only the balance is too low) or 3."""
    try:
        gate = (
            None if options.minimum is None else Gate(options.minimum, names=("--minimum", "postpaid", "unavailable"))
        )
    except ConfigurationError as error:
        findings = [Finding("command line", FAIL, str(error), error.hint)]
    else:
        findings = list(_examine(options, environ, gate))
    status = _exit_status(findings)
    if options.json:
        write_out(f"{json.dumps(_document(findings, status))}\n")
        if status:
            say(f"lumenfall-balance: {_summary(findings)}")
    else:
        colour = may_colour(sys.stdout, environ)
        lines = [_line(finding, colour) for finding in findings]
        write_out("\n".join([*lines, "", f"{_summary(findings)}"]) + "\n")
    return status


def _examine(options: Namespace, environ: Mapping[str, str], gate: Gate | None) -> Iterator[Finding]:
    found = Found()
    yield from examine_settings(options, environ, found)
    yield from examine_network(found, gate)
    yield from examine_versions(environ)


def _exit_status(findings: list[Finding]) -> int:
    levels = {finding.level for finding in findings}
    if FAIL in levels:
        return EXIT_CANNOT_TELL
    return 2 if LOW in levels else 0


def _summary(findings: list[Finding]) -> str:
    problems = sum(finding.level in (FAIL, LOW) for finding in findings)
    warnings = sum(finding.level == WARN for finding in findings)
    if not problems and not warnings:
        return "nothing wrong"
    counts = ((problems, "problem"), (warnings, "warning"))
    return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count)


def _line(finding: Finding, colour: bool) -> str:
    mark, code = _MARKS[finding.level]
    mark = f"{mark:4}"
    if colour:
        mark = f"\033[{code}m{mark}\033[0m"
    advice = f"; {finding.hint}" if finding.hint else ""
    return f"{mark}  {finding.name:13} {finding.message}{advice}"


def _document(findings: list[Finding], status: int) -> dict[str, object]:
    return {
        "doctor": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "exit_status": status,
        "summary": _summary(findings),
        "checks": [each._asdict() | {"level": "fail" if each.level == LOW else each.level} for each in findings],
    }
