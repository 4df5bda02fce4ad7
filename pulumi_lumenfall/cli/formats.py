# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The output formats, each a function that is made from a report.

Sources:
    flat: registry.terraform.io/providers/hashicorp/external/latest/docs/data-sources/external
    dotenv: docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv
    github: "Workflow commands for GitHub Actions", docs.github.com, and the escaping of its own toolkit
    nagios: "Monitoring Plugins Development Guidelines", monitoring-plugins.org/doc/guidelines.html
    prometheus: prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4
"""

from __future__ import annotations

import json
import os
import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from ..core import LumenfallError, format_amount
from .output import OutputError, append_file, say, write_file, write_stdout
from .report import EXIT_CANNOT_TELL, Report

FORMATS = ("text", "json", "flat", "dotenv", "github", "nagios", "prometheus")
# GitLab takes no quotes, and spaces are not portable.
_UNSAFE_IN_DOTENV = r"[^a-zA-Z0-9_.,:/+%@=-]"
# Whatever Markdown, HTML, autolinks and mentions are made of.
_ACTIVE_IN_MARKDOWN = r"[^a-zA-Z0-9_ .,'/=;?-]|(?<=/)/|(?<=www)\."
_TITLE = "Lumenfall balance"
_FLAT = ("billing_type", "amount", "currency", "status")
_FLAT_CHECK = (*_FLAT, "minimum", "sufficient", "verdict", "message")
_DOTENV = ("amount", "status", "verdict", "sufficient")
_DOTENV_ESTIMATE = ("cost", "unit_cost", "times", "margin", "currency", "model", "provider")
_NAGIOS = {0: "OK", 1: "WARNING", 2: "CRITICAL", 3: "UNKNOWN"}
_PROMETHEUS = {
    "available": "Dollars available; absent while that is not known.",
    "known": "Whether the amount is known (1) or not (0).",
    "info": "What kind of balance it is.",
    "minimum": "Dollars that are enough (--minimum, or the price of the job).",
    "sufficient": "Whether the balance is enough (1); 0 also if it cannot tell.",
    "jobs_left": "How many of these jobs the balance still pays (--cost-of); absent while that is not known.",
    "probe_success": "Whether the API gave a well-formed balance (1) or not (0).",
    "probe_duration_seconds": "Duration of the request, with all attempts and waits.",
}


def write_report(report: Report, options: Namespace) -> int:
    """Write a report in its format, to where ``--output`` says; returns the exit status."""
    writers = {"text": _write_text, "github": _write_github, "nagios": _write_nagios}
    try:
        return writers.get(options.format, _write_document)(report, options)
    except OutputError as error:
        # Whoever waits for the verdict does not get it, so it must not pass.
        say(f"lumenfall-balance: {error}; the verdict was: {report.verdict.message}")
        return report.exit_status or EXIT_CANNOT_TELL


def _write_text(report: Report, options: Namespace) -> int:
    """Write a sentence; an error goes to standard error, and to ``--output`` as well."""
    sentence = report.verdict.message
    if report.error is not None:
        say(f"lumenfall-balance: {sentence}")
    if report.error is None or options.output:
        warning = f"warning: {report.warning}\n" if report.warning else ""
        write_file(options.output or "-", f"{sentence}\n{warning}")
    return report.exit_status


def _write_nagios(report: Report, options: Namespace) -> int:
    """Write one line; an amount below ``--warn`` is exit status 1 here, and in no other format."""
    status = report.exit_status or (1 if report.warning else 0)
    sentence = report.verdict.message + (f"; {report.warning}" if report.warning else "")
    # Always the same metrics, as graphing tools need it; "U" is the guidelines' word for an unknown value.
    amount = report.facts()["amount"] or "U"
    seconds = "U" if report.seconds is None else f"{report.seconds:.3f}s"
    # "5:" is the range from 5 up: an alert is due outside of it.
    warn = f"{format_amount(report.warn_at)}:" if report.warn_at is not None else ""
    critical = f"{format_amount(report.gate.minimum)}:" if report.gate else ""
    data = f"available={amount};{warn};{critical};; time={seconds};;;0;"
    # A bar begins the performance data.
    write_file(options.output or "-", f"LUMENFALL {_NAGIOS[status]} - {sentence.replace('|', '/')} | {data}\n")
    return status


def _write_github(report: Report, _options: Namespace) -> int:
    """Write annotations to standard output, and facts to ``GITHUB_OUTPUT`` and ``GITHUB_STEP_SUMMARY``."""
    # Every value is one line: a line end in one would let it set other outputs.
    facts = report.facts()
    facts["verdict"] = facts["verdict"] or "shown"
    rows = [f"| {name.replace('_', ' ')} | {_plain(value)} |\n" for name, value in facts.items() if value]
    append_file("GITHUB_OUTPUT", "".join(f"{name}={value}\n" for name, value in facts.items()))
    append_file("GITHUB_STEP_SUMMARY", f"\n### {_TITLE}\n\n| | |\n|---|---|\n{''.join(rows)}\n")
    sentence, lines = report.verdict.message, ""
    if report.exit_status:
        lines = _annotation("error", sentence)
    elif not say(sentence) and not os.environ.get("GITHUB_OUTPUT"):
        # Somebody has to see it; this fails where standard output cannot be written either.
        lines = f"{sentence}\n"
    if report.warning:
        lines += _annotation("warning", report.warning)
    if lines:
        write_stdout(lines)
    return report.exit_status


def _annotation(level: str, message: str) -> str:
    return f"::{level} title={_TITLE}::{message.replace('%', '%25')}\n"


def _plain(value: str) -> str:
    """Text as Markdown that shows it and does nothing else: no link, image, mention or markup."""
    return re.sub(_ACTIVE_IN_MARKDOWN, lambda found: f"&#{ord(found[0])};", value)


def _write_document(report: Report, options: Namespace) -> int:
    """Write a result for a program, and what people should know to standard error."""
    makers = {"json": _make_json, "flat": _make_flat, "dotenv": _make_dotenv, "prometheus": _make_prometheus}
    # node_exporter runs as a user of its own, and cron with a strict umask.
    is_public = options.format == "prometheus"
    write_file(options.output or "-", makers[options.format](report, options), is_public=is_public)
    if report.exit_status:
        say(f"lumenfall-balance: {report.verdict.message}")
    elif report.warning:
        say(f"lumenfall-balance: warning: {report.warning}")
    return report.exit_status


def _make_json(report: Report, _options: Namespace) -> str:
    if isinstance(report.result, LumenfallError):
        return _make_error(report.result)
    document = report.result.to_dict()
    if report.gate is not None:
        document["minimum"] = float(report.gate.minimum)
        document["sufficient"] = report.verdict.sufficient
        document["verdict"] = report.verdict.outcome
    if report.warn_at is not None:
        document["warning"] = report.warning
    return to_json(document)


def _make_flat(report: Report, _options: Namespace) -> str:
    if isinstance(report.result, LumenfallError):
        return _make_error(report.result)
    facts = report.facts()
    return to_json({name: facts[name] for name in (_FLAT_CHECK if report.gate else _FLAT)})


def _make_error(error: LumenfallError) -> str:
    facts = error.to_dict()
    return to_json({"error": {"type": facts.pop("type"), "message": str(error), **facts}})


def to_json(document: Mapping[str, Any]) -> str:
    """One line, of ASCII alone, so that no terminal's or pipe's encoding can spoil it."""
    return f"{json.dumps(document)}\n"


def _make_dotenv(report: Report, options: Namespace) -> str:
    return to_dotenv(report.facts(), options.command)


def to_dotenv(facts: Mapping[str, str], command: str) -> str:
    """The variables of a command; one that is not known is empty."""
    kind, names = ("ESTIMATE", _DOTENV_ESTIMATE) if command == "estimate" else ("BALANCE", _DOTENV)
    values = {name: re.sub(_UNSAFE_IN_DOTENV, "_", facts.get(name, "")) for name in names}
    return "".join(f"LUMENFALL_{kind}_{name.upper()}={value}\n" for name, value in values.items())


def _make_prometheus(report: Report, options: Namespace) -> str:
    text = ""
    for name, value, own_labels in _metrics(report, options):
        labels = ",".join(f'{label}="{_escape(text)}"' for label, text in {**options.label, **own_labels}.items())
        metric = f"lumenfall_balance_{name}"
        sample = f"{metric}{{{labels}}}" if labels else metric
        text += f"# HELP {metric} {_PROMETHEUS[name]}\n# TYPE {metric} gauge\n{sample} {value}\n"
    return text


def _metrics(report: Report, options: Namespace) -> Iterator[tuple[str, object, dict[str, str]]]:
    """Name, value, and labels of its own; a value that is not known is absent, never 0."""
    balance, gate, facts = report.balance, report.gate, report.facts()
    amount = balance.amount if balance else None
    if amount is not None:
        yield "available", facts["amount"], {}
    yield "known", int(amount is not None), {}
    if balance is not None:
        yield "info", 1, {name: facts[name] for name in ("billing_type", "status", "currency")}
    if gate is not None:
        yield "minimum", facts["minimum"], {}
        if options.cost_of and amount is not None and gate.minimum:
            # Imported here: a job is priced seldom.
            from fractions import Fraction

            yield "jobs_left", max(0, Fraction(amount) // Fraction(gate.minimum)), {}
    if options.command == "check":
        yield "sufficient", int(report.verdict.sufficient), {}
    yield "probe_success", int(balance is not None), {}
    yield "probe_duration_seconds", f"{report.seconds or 0:.6f}", {}


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
