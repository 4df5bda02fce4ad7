# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format json``, ``flat`` and ``dotenv``: the result as data.

Sources: registry.terraform.io/providers/hashicorp/external/latest/docs/data-sources/external (flat),
docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv (dotenv).
"""

from __future__ import annotations

import json
import math
import re
from argparse import Namespace
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..report import Report
from . import write_document

_UNSAFE = re.compile(r"[^\w.,:/+%@=-]", re.ASCII)
_FLAT = ("billing_type", "amount", "currency", "status")
_FLAT_CHECK = (*_FLAT, "minimum", "sufficient", "verdict", "message")
_DOTENV = {
    "estimate": ("LUMENFALL_ESTIMATE_", ("cost", "unit_cost", "times", "margin", "currency", "model", "provider")),
    "balance": ("LUMENFALL_BALANCE_", ("amount", "status", "verdict", "sufficient")),
}


def write(report: Report, options: Namespace) -> int:
    """Write one JSON object on one line, or variables."""
    facts = report.facts()
    if options.format == "dotenv":
        return write_document(dotenv(facts, options.command), report, options)
    document: dict[str, Any]
    if report.error is not None:
        error = report.error.to_dict()
        document = {"error": {"type": error.pop("type"), "message": str(report.error), **error}}
    elif options.format == "flat":
        document = {name: facts[name] for name in (_FLAT_CHECK if report.gate else _FLAT)}
    else:
        document = _json_document(report)
    # ASCII alone, so that no terminal's or pipe's encoding can spoil it.
    return write_document(f"{json.dumps(document)}\n", report, options)


def dotenv(facts: Mapping[str, str], command: str) -> str:
    """The variables of a command; one that is not known is empty."""
    prefix, names = _DOTENV.get(command, _DOTENV["balance"])
    # GitLab takes no quotes, and spaces are not portable.
    return "".join(f"{prefix}{name.upper()}={_UNSAFE.sub('_', facts.get(name, ''))}\n" for name in names)


def _json_document(report: Report) -> dict[str, Any]:
    assert report.balance is not None
    document = report.balance.to_dict()
    if report.gate is not None:
        document["minimum"] = _round_up(report.gate.minimum)
        document["sufficient"] = report.verdict.sufficient
        document["verdict"] = report.verdict.outcome
    if report.warn_at is not None:
        document["warning"] = report.warning
    return document


def _round_up(exact: Decimal) -> float:
    """The nearest float that is not less: whoever compares again is never more lenient than the verdict."""
    nearest = float(exact)
    # By its shortest text, like the amount beside it: the float of 0.3 itself is a little less than 0.3.
    return nearest if Decimal(repr(nearest)) >= exact else math.nextafter(nearest, math.inf)
