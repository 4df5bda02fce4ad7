# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Text that is safe to show: server text, bad values and amounts."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any, Iterable

MAX_SERVER_TEXT = 300
_MAX_SHOWN_VALUE = 24
# What CI runners and template engines act on: "::error::", "##vso[", "{{ }}", "{% %}".
_MARKERS = re.compile(r":(?=:)|#(?=#)|\{(?=[{%#])|(?<=[}%#])(?=\})")


class Secret:
    """A value that is shown only by :meth:`reveal`; it has no useful ``repr`` and is not pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> Any:
        raise TypeError("a Secret cannot be pickled or copied")


def clean(text: object, secrets: Iterable[Secret] = (), limit: int = MAX_SERVER_TEXT) -> str:
    """Make text from outside safe for a terminal, a log, a CI runner and a template.

    One line of at most ``limit`` characters: control, format and bidi characters are removed, white space becomes
    single spaces, ``secrets`` become ``***``, and markers (``::error::``, ``##vso[``, ``{{``) are broken up.
    """
    line = _one_line(str(text))
    # As the text has them by now: a prompt may have several lines.
    for secret in sorted((_one_line(secret.reveal()) for secret in secrets), key=len, reverse=True):
        line = line.replace(secret, "***") if secret else line
    line = _MARKERS.sub(lambda marker: marker.group() + " ", line)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _one_line(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        spaced = (" " if c.isspace() or unicodedata.category(c) == "Cc" else c for c in text)
        text = "".join(c for c in spaced if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn"))
    return " ".join(text.split())


def looks_like_key(text: str) -> bool:
    """Whether the text contains an API key of the documented shape."""
    return "lmnfl_" in text.lower()


def describe_value(value: object) -> str:
    """A setting's bad value as an error shows it: short, on one line, and never a key."""
    if isinstance(value, str):
        if looks_like_key(value):
            return "what looks like an API key (not shown)"
        # A key may have any shape, and no setting that is shown here is long.
        if len(value) > _MAX_SHOWN_VALUE:
            return f"a text of {len(value)} characters (not shown)"
        return repr(clean(value))
    if value is None or isinstance(value, bool) or number_text(value):
        return clean(value, limit=40)
    return f"a value of type {type(value).__name__}"


def describe_path(path: str) -> str:
    """A path as an error shows it."""
    return "what looks like an API key (not shown)" if looks_like_key(path) else clean(path, limit=200)


def number_text(value: object) -> str:
    """A number, or text, as text without white space around it; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        return ""
    # CPython converts no int of more than 4,300 digits to text.
    return "" if isinstance(value, int) and abs(value) >= 10**400 else str(value).strip()


def format_amount(amount: Decimal) -> str:
    """An amount in plain notation, exact, with two decimals or as many as it needs: ``12.50``, ``0.000001``."""
    whole, _point, decimals = f"{amount:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def is_unset(value: object) -> bool:
    """Whether a value counts as not given: None, or blank text."""
    return value is None or (isinstance(value, str) and not value.strip())


def os_reason(error: Exception) -> str:
    """The operating system's words for an error, such as ``no such file or directory``."""
    return clean(getattr(error, "strerror", None) or "the name is malformed").lower()
