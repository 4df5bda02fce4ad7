# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The oracles of the fuzz targets: what is JSON, a balance, a decimal number or a clean line, by the book.

They are written from the documents (RFC 8259, RFC 3986, README.md and docs/), and share no code with the core.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from pulumi_lumenfall.core import AccountBalance, Gate, LumenfallError, judge_error, with_hint
from support.leaks import KEY

_JSON_SPACE = re.compile(r"[ \t\n\r]*")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_JSON_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"')
_JSON_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_DEEPEST = 64


class NotJSON(Exception):
    """By the book, this is not JSON, or it is of the kinds that we refuse."""


class Number(NamedTuple):
    """A number of a JSON text, as it is written."""

    text: str


def read_json(text: str) -> Any:
    """RFC 8259 to the letter, without duplicate keys or nesting beyond 64."""
    value, end = _json_value(text, _past_space(text, 0), 0)
    if _past_space(text, end) != len(text):
        raise NotJSON
    return value


def _past_space(text: str, at: int) -> int:
    found = _JSON_SPACE.match(text, at)
    return found.end() if found else at


def _json_value(text: str, at: int, depth: int) -> tuple[Any, int]:
    for word, value in (("true", True), ("false", False), ("null", None)):
        if text.startswith(word, at):
            return value, at + len(word)
    number = _JSON_NUMBER.match(text, at)
    if number:
        return Number(number.group()), number.end()
    if text[at : at + 1] == '"':
        return _json_string(text, at)
    if text[at : at + 1] not in ("{", "["):
        raise NotJSON
    return _json_container(text, at, depth)


def _json_string(text: str, at: int) -> tuple[str, int]:
    found = _JSON_STRING.match(text, at)
    if not found:
        raise NotJSON

    def unescape(escape: re.Match[str]) -> str:
        return chr(int(escape[1], 16)) if escape[1] else _ESCAPED.get(escape[2], escape[2])

    value = _JSON_ESCAPE.sub(unescape, found.group()[1:-1])
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"), found.end()


def _json_container(text: str, at: int, depth: int) -> tuple[Any, int]:
    # What is in a container on level 64 would be on level 65.
    close = {"{": "}", "[": "]"}[text[at]]
    members: dict[str, Any] = {}
    items: list[Any] = []
    at = _past_space(text, at + 1)
    if text[at : at + 1] == close:
        return (members if close == "}" else items), at + 1
    if depth >= _DEEPEST:
        raise NotJSON
    while True:
        if close == "}":
            name, at = _json_string(text, at)
            at = _past_space(text, at)
            if name in members or text[at : at + 1] != ":":
                raise NotJSON
            at = _past_space(text, at + 1)
            members[name], at = _json_value(text, at, depth + 1)
        else:
            item, at = _json_value(text, at, depth + 1)
            items.append(item)
        at = _past_space(text, at)
        if text[at : at + 1] == close:
            return (members if close == "}" else items), at + 1
        if text[at : at + 1] != ",":
            raise NotJSON
        at = _past_space(text, at + 1)


def is_absurd(text: str, digits: int = 30) -> bool:
    """Whether a decimal number is beyond so many digits on a side, or written as nobody writes an amount."""
    exponent = re.search(r"[eE][+-]?([0-9]+)$", text)
    if len(text) > digits + 70 or (exponent and len(exponent[1]) > 4):
        return True
    number = Decimal(text)
    return int(number.as_tuple().exponent) < -digits or number.adjusted() > digits


def is_balance(body: bytes) -> tuple[str, Number | None] | str | None:
    """The documented balance in a body: billing type and amount; ``"error"`` for an error object; else None."""
    try:
        text = body.decode("utf-8")
        document = read_json(text[1:] if text[:1] == "\ufeff" else text)
    except (UnicodeDecodeError, NotJSON):
        return None
    if not isinstance(document, dict):
        return None
    if document.get("error") is not None:
        return "error"
    available = document.get("available")
    if document.get("object") != "balance" or document.get("billing_type") not in ("prepaid", "postpaid"):
        return None
    if not isinstance(available, dict) or str(available.get("currency")).lower() != "usd":
        return None
    amount = available.get("amount", ...)
    return (document["billing_type"], amount) if amount is None or isinstance(amount, Number) else None


def reference_decimal(text: str) -> Decimal | None:
    """A plain ASCII decimal number, or None."""
    if not text.isascii() or "_" in text or not re.search("[0-9]", text) or re.search("[^0-9eE+.-]", text):
        return None
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


def check_line(text: str | None, limit: int = 1000) -> None:
    """One clean line."""
    if text is None:
        return
    assert len(text) <= limit, text
    for character in text:
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"), ascii(text)
    # The only marks that we write ourselves are in addresses.
    bare = re.sub(r"https?://|\[::1\]", " ", text)
    for mark in ("::", "##", "{{", "{%", "{#", "}}", "%}", "#}"):
        assert mark not in bare, ascii(text)


def check_no_key(text: str | None) -> None:
    """No 8 characters of the key in a row."""
    shown = (text or "").lower()
    for start in range(len(KEY) - 7):
        assert KEY[start : start + 8] not in shown, "the key"


def check_no_marker(text: str) -> None:
    """Nothing of the refresh token or the key."""
    assert "marker" not in text


def check_error(error: LumenfallError) -> None:
    """What every error promises."""
    for text in (str(error), error.hint, with_hint(error), judge_error(error).message):
        check_line(text, 1500)
    check_line(error.code, 300)
    check_line(error.request_id, 300)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert not judge_error(error).sufficient


def check_verdict(balance: AccountBalance, minimum: str) -> None:
    """A gate says what exact fractions say, in one line."""
    for postpaid in ("allow", "deny"):
        for unavailable in ("allow", "deny"):
            verdict = Gate(minimum, postpaid=postpaid, unavailable=unavailable).judge(balance)
            check_line(verdict.message)
            if balance.amount is not None:
                assert verdict.sufficient == (Fraction(balance.amount) >= Fraction(minimum))
            else:
                policy = postpaid if balance.billing_type == "postpaid" else unavailable
                assert verdict.sufficient == (policy == "allow")
