# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Text that is safe to show, and amounts as people write them.

Knows nothing of HTTP or settings. Everything a server, a proxy or a file may have
written passes through :func:`clean` before it reaches a message.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any, Iterable, Iterator, List, Match, Tuple

MAX_SERVER_TEXT = 300
_FRAGMENT = 8
# What a bad value is shown in full up to.
_SHOWN_CHARACTERS = 16
_LOOKS_LIKE_A_KEY = "what looks like an API key (not shown)"
# How URLs, JSON, JavaScript, regular expressions and HTML write a character in another way.
_ESCAPE = re.compile(r"%[0-9a-f]{2}|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\[^\w\s]|&#?\w{1,31};", re.IGNORECASE)
# JSON within HTML within a URL; each layer makes a text longer, so there are never many.
_MAX_ESCAPES = 4
_MARKERS = re.compile(r":(?=:)|#(?=#)|\{(?=[{%#])|(?<=[}%#])(?=\})")


class Secret:
    """A value that shows itself only when asked to.

    It has no useful ``repr`` or ``str`` and cannot be pickled, so that it does not
    ride along into a log, a traceback with locals, or a state file.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself; only for the line that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> Any:
        raise TypeError("a Secret is not pickled or copied")


def clean(text: object, secrets: Iterable[Secret] = (), limit: int = MAX_SERVER_TEXT) -> str:
    """Make text from outside safe for a terminal, a log, a CI runner and a template.

    Control, format and bidi characters go, white space folds into single spaces, the
    secrets and any longer piece of them become ``***`` (also as base64, in hexadecimal, backwards,
    and escaped as in URLs, JSON and HTML), and the marks that CI runners and templates act on
    (``::error::``, ``##vso[``, ``{{``) are broken up.

    Args:
        text: What came from outside; turned into ``str`` first.
        secrets: What must not be shown, even if the other side echoes it.
        limit: The most characters to keep.

    Returns:
        One line of at most ``limit`` characters.
    """
    # A flood is cut before any work is done on it; 16 leaves room for what is dropped below.
    kept = []
    for character in str(text)[: limit * 16]:
        category = unicodedata.category(character)
        if character.isspace() or category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif category not in ("Cf", "Cs", "Co", "Cn"):
            kept.append(character)
    line = " ".join("".join(kept).split())
    line = _redact(line, [secret.reveal() for secret in secrets])
    line = _MARKERS.sub(lambda mark: mark.group() + " ", line)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _forms(secret: str) -> Iterator[str]:
    """The secret backwards, in hexadecimal, and what of a base64 text, in both alphabets, it alone decides."""
    import base64

    data = secret.encode("utf-8", "surrogatepass")
    yield secret[::-1]
    yield data.hex()
    # As dumps have it.
    yield data.hex(" ")
    # Wherever in the text it begins.
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + data).decode()
        form = encoded[-(-8 * shift // 6) : 8 * (shift + len(data)) // 6]
        yield form
        yield form.replace("+", "-").replace("/", "_")


def _readings(line: str) -> Iterator[Tuple[str, List[int]]]:
    """A line as it is, and what it says once its escapes are undone, layer by layer.

    Yields:
        The text, and where in the line each of its characters begins; the end of the line comes last.
    """
    text, places = line, list(range(len(line) + 1))
    yield text, places
    for _layer in range(_MAX_ESCAPES):
        if not _ESCAPE.search(text):
            break
        pieces, end = [], 0
        for found in _ESCAPE.finditer(text):
            pieces += [(text[position], places[position]) for position in range(end, found.start())]
            pieces += [(character, places[found.start()]) for character in _unescape(found)]
            end = found.end()
        pieces += [(text[position], places[position]) for position in range(end, len(text))]
        text = "".join(character for character, _place in pieces)
        places = [*(place for _character, place in pieces), len(line)]
        yield text, places


def _unescape(found: Match[str]) -> str:
    escape = found.group()
    if escape[0] == "&":
        # Imported here: it holds a table of all the names.
        from html import unescape

        return unescape(escape)
    return escape[1] if len(escape) == 2 else chr(int(escape.lstrip("%\\xXuU"), 16))


def _redact(line: str, secrets: List[str]) -> str:
    """Replace by ``***`` secrets in all their forms, and every piece of them of 8 characters and more, in any case."""
    secrets = [secret for secret in secrets if 0 < min(_FRAGMENT, len(secret)) <= len(line)]
    if not secrets:
        return line
    hidden = [False] * len(line)
    for text, places in _readings(line):
        folded = _fold(text)
        for secret in secrets:
            size = min(_FRAGMENT, len(secret))
            # A line feed is in no line: no piece reaches from one form into the next.
            known = _fold("\n".join((secret, *_forms(secret)) if size == _FRAGMENT else (secret,)))
            for start in range(len(text) - size + 1):
                if folded[start : start + size] in known:
                    begin, end = places[start], places[start + size]
                    hidden[begin:end] = [True] * (end - begin)
    shown = []
    for position, character in enumerate(line):
        if not hidden[position]:
            shown.append(character)
        elif not position or not hidden[position - 1]:
            shown.append("***")
    return "".join(shown)


def _fold(text: str) -> str:
    """A text in lower case, but for the letters that would change its length."""
    if text.isascii():
        return text.lower()
    return "".join(character.lower() if len(character.lower()) == 1 else character for character in text)


def kind_of(value: object) -> str:
    """What kind of value this is, for a person: callers have subclasses of their own, a person knows the plain type."""
    kind = next(kind.__name__ for kind in type(value).__mro__ if kind.__module__ == "builtins")
    return {"bytes": "bytes", "int": "a number", "float": "a number", "bool": "a boolean", "object": "an object"}.get(
        kind, f"a {kind}"
    )


def looks_like_key(text: str) -> bool:
    """Whether a text holds what may be a key of the documented shape; others look like anything."""
    # What is cleaned before it is shown may say it only then.
    return "lmnfl_" in "".join(filter(str.isprintable, text)).replace(" ", "").lower()


def describe(value: object) -> str:
    """A setting's bad value as an error message shows it: short, clean, never a key.

    A long text is not shown: whatever a setting may be, it is short, and a key may look like anything.
    """
    if not isinstance(value, (str, bool, int, float, Decimal, type(None))):
        return kind_of(value)
    if isinstance(value, int) and abs(value) >= 10**40:
        # Showing it would raise: CPython's limit is 4,300 digits.
        return "a huge number"
    if not isinstance(value, str):
        return clean(repr(value), limit=40)
    if looks_like_key(value):
        return _LOOKS_LIKE_A_KEY
    return repr(clean(value)) if len(value) <= _SHOWN_CHARACTERS else f"a text of {len(value)} characters (not shown)"


def describe_path(path: str) -> str:
    """A path as an error message shows it: on one line, never a key that was set in its place."""
    return _LOOKS_LIKE_A_KEY if looks_like_key(path) else clean(path, limit=200)


def format_amount(amount: Decimal) -> str:
    """An amount as people write it: exact, with two decimals or as many more as it needs, and no exponent.

    ``Decimal("12.5")`` is ``"12.50"``, as is ``Decimal("12.500000")``; ``Decimal("1E+3")`` is
    ``"1000.00"`` and ``Decimal("0.000001")`` stays ``"0.000001"``.
    """
    whole, _point, decimals = f"{amount:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
