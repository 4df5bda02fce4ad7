# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format json``: one object on one line, for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..report import Report
from ._delivery import deliver


def write(report: Report, output: str | None, _environ: Mapping[str, str]) -> int:
    """Write ``to_dict()`` and, for a gate, ``minimum`` and ``sufficient``; or ``{"error": {...}}``."""
    document: dict[str, Any]
    if report.error is not None:
        facts = report.error.to_dict()
        document = {"error": {"type": facts.pop("type"), "message": str(report.error), **facts}}
    else:
        assert report.balance is not None
        document = report.balance.to_dict()
        if report.gate is not None:
            document["minimum"] = _round_up(report.gate.minimum)
            document["sufficient"] = report.verdict.sufficient
        if report.warn_at is not None:
            document["warning"] = report.warning
    # ASCII alone, so that no terminal's or pipe's encoding can spoil it.
    return deliver(f"{json.dumps(document)}\n", report, output)


def _round_up(exact: Decimal) -> float:
    """The nearest float that does not show less: who compares again is never more lenient than the verdict."""
    nearest = float(exact)
    # By its shortest text, as the amount beside it: the float of 0.3 itself is a little less than 0.3.
    return nearest if Decimal(repr(nearest)) >= exact else math.nextafter(nearest, math.inf)
