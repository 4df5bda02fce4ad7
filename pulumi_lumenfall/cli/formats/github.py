# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format github``: annotations, step outputs and a summary in GitHub Actions.

Sources: "Workflow commands for GitHub Actions" (docs.github.com), and the escaping of its own toolkit,
packages/core/src/command.ts.
"""

from __future__ import annotations

import os
import re
from argparse import Namespace

from ..output import OutputError, append_file, say, write_stdout
from ..report import EXIT_CANNOT_TELL, Report

_TITLE = "Lumenfall balance"
# Whatever Markdown, HTML, autolinks and mentions are made of.
_ACTIVE = re.compile(r"[^\w .,'/=;?-]|(?<=/)/|(?<=www)\.", re.ASCII)


def write(report: Report, _options: Namespace) -> int:
    """Write annotations to standard output, and facts to ``GITHUB_OUTPUT`` and ``GITHUB_STEP_SUMMARY``."""
    status = report.exit_status
    # Every value is one line; a line end in one would let it set other outputs.
    facts = {name: " ".join(value.split()) for name, value in report.facts().items()}
    facts["verdict"] = facts["verdict"] or "shown"
    outputs = "".join(f"{name}={value}\n" for name, value in facts.items())
    problems = []
    for name, text in (("GITHUB_OUTPUT", outputs), ("GITHUB_STEP_SUMMARY", _summary(facts))):
        path = os.environ.get(name)
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
    elif not say(report.sentence) and not os.environ.get("GITHUB_OUTPUT"):
        # Somebody has to see it; this fails where standard output cannot be written either.
        lines.append(f"{report.sentence}\n")
    if report.warning:
        lines.append(_annotation("warning", report.warning))
    lines += [_annotation("error", problem) for problem in problems]
    if lines:
        write_stdout("".join(lines))
    return status


def _annotation(level: str, message: str) -> str:
    return f"::{level} title={_TITLE}::{message.replace('%', '%25')}\n"


def _summary(facts: dict[str, str]) -> str:
    rows = [f"| {name.replace('_', ' ')} | {_plain(value)} |" for name, value in facts.items() if value]
    return "\n".join(["", f"### {_TITLE}", "", "| | |", "|---|---|", *rows]) + "\n\n"


def _plain(value: str) -> str:
    """Text as Markdown that shows it and does nothing else: no link, image, mention or markup."""
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", value)
