# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format github``: annotations, step outputs and a summary in GitHub Actions.

Sources: "Workflow commands for GitHub Actions" (docs.github.com), and the escaping of its own
toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...core import format_amount
from ..console import OutputError, append_file, say, write_out
from ..report import EXIT_CANNOT_TELL, Report

_TITLE = "Lumenfall balance"
# Whatever Markdown, HTML, autolinks and mentions are made of.
_ACTIVE = re.compile(r"[^\w .,'/=;?-]|(?<=/)/|(?<=www)\.", re.ASCII)


def write(report: Report, _output: str | None, environ: Mapping[str, str]) -> int:
    """Write annotations to standard output, and facts to ``GITHUB_OUTPUT`` and ``GITHUB_STEP_SUMMARY``.

    A sentence that needs no annotation goes to standard error, where the log shows it too.
    """
    status = report.exit_status
    problems = []
    for name, text in (("GITHUB_OUTPUT", _outputs(report)), ("GITHUB_STEP_SUMMARY", _summary(report))):
        path = environ.get(name)
        if path:
            try:
                append_file(path, text, name)
            except OutputError as error:
                # Later steps would read an output that is not there.
                problems.append(str(error))
                status = status or EXIT_CANNOT_TELL
    lines = [_annotation("warning", warning) for warning in report.warnings]
    if report.exit_status:
        lines.append(_annotation("error", report.sentence))
    elif not say(report.sentence) and not environ.get("GITHUB_OUTPUT"):
        # Somebody has to hear it; this ends in an error where standard output cannot be written to either.
        lines.append(f"{report.sentence}\n")
    if report.warning:
        lines.append(_annotation("warning", report.warning))
    lines += [_annotation("error", problem) for problem in problems]
    if lines:
        write_out("".join(lines))
    return status


def _annotation(level: str, message: str) -> str:
    return f"::{level} title={_escape(_TITLE)}::{_escape(message)}\n"


def _escape(message: str) -> str:
    return message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _facts(report: Report) -> dict[str, str]:
    """What later steps may branch on, by the names of the JSON format; empty where there is none."""
    balance, error, gate = report.balance, report.error, report.gate
    return {
        "verdict": report.verdict.outcome if gate or error else "shown",
        "sufficient": str(report.verdict.sufficient).lower() if gate or error else "",
        "status": balance.status if balance else "",
        "amount": format_amount(balance.amount) if balance and balance.amount is not None else "",
        "currency": balance.currency if balance else "",
        "billing_type": balance.billing_type if balance else "",
        "minimum": format_amount(gate.minimum) if gate else "",
        "warning": report.warning or "",
        "error_type": type(error).__name__ if error else "",
        "message": report.sentence,
    }


def _outputs(report: Report) -> str:
    # Every value is one line already; a line end in one would let it set other outputs.
    return "".join(f"{name}={' '.join(value.split())}\n" for name, value in _facts(report).items())


def _summary(report: Report) -> str:
    rows = {name.replace("_", " "): value for name, value in _facts(report).items() if value}
    lines = ["", f"### {_TITLE}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {_plain(value)} |" for name, value in rows.items()]
    return "\n".join(lines) + "\n\n"


def _plain(value: str) -> str:
    """Text as Markdown that shows it and does nothing else: no link, image, mention or markup."""
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", " ".join(value.split()))
