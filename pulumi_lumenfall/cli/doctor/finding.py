# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One thing that the doctor looked at."""

from __future__ import annotations

from typing import NamedTuple

OK = "ok"
NOTE = "note"
WARN = "warn"
FAIL = "fail"
# A failure that is the verdict "too low", and nothing else.
LOW = "low"


class Finding(NamedTuple):
    """What was found.

    Attributes:
        name: What was looked at.
        level: ``ok``, ``note`` (of no consequence), ``warn``, ``fail`` or ``low``.
        message: What was seen, one line without secrets.
        hint: What to do, or None.
    """

    name: str
    level: str
    message: str
    hint: str | None = None
