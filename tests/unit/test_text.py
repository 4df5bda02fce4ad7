# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Text that is safe to show, secrets that do not show, and amounts as people write them."""

from __future__ import annotations

import base64
import copy
import html
import json
import pickle
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lumenfall.cloud.plugins.module_utils._core.text import describe, describe_path
from pulumi_lumenfall.core import Secret, clean, format_amount

KEY = Secret("lmnfl_abc123.0123456789abcdefSECRET")
BASE64 = (base64.b64encode, base64.urlsafe_b64encode)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text, really", "plain text, really"),
        ("two\nlines\r\nthree\u2028four\x85five", "two lines three four five"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("a\x00b\x08c\x7fd\x9be", "a b c d e"),
        ("\u202eevil\u202c \u2066x\u2069\u200b\ufeff", "evil x"),
        ("\n::error::gone", ": :error: :gone"),
        ("##vso[task.setvariable]##[error]", "# #vso[task.setvariable]# #[error]"),
        ("{{ lookup('pipe', 'id') }} {% x %} {# y #}", "{ { lookup('pipe', 'id') } } { % x % } { # y # }"),
        ("::" * 3, ": : : : : :"),
        ("#\u200b#vso[", "# #vso["),
        ("\ud800 lone", "lone"),
        ("a\u00a0 \u3000b", "a b"),
        ("Zażółć gęślą jaźń 日本", "Zażółć gęślą jaźń 日本"),
        ("", ""),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_clean_cuts_at_300_characters() -> None:
    """However long, and whatever has to be dropped first."""
    assert clean("x" * 10_000_000) == "x" * 299 + "…"
    assert clean("x" * 300) == "x" * 300


@pytest.mark.parametrize(
    "echo",
    [
        KEY.reveal(),
        f"Bearer {KEY.reveal()}!",
        "0123456789abcdefSECRET",
        "…6789abcdefSEC…",
        KEY.reveal().upper(),
        "\u200b".join(KEY.reveal()),
        "x" * 280 + KEY.reveal(),
        *(encode(prefix + KEY.reveal().encode()).decode() for encode in BASE64 for prefix in (b"", b"k", b"id")),
        base64.b64encode(f"user:{KEY.reveal()}:more".encode()).decode(),
    ],
)
def test_a_secret_is_redacted_however_it_is_echoed(echo: str) -> None:
    """Whole, in part, cut, in another case, with invisible characters in between, or as base64."""
    shown = clean(f"bad key {echo} here", [KEY])
    assert "***" in shown
    secret = KEY.reveal().lower()
    assert not any(secret[i : i + 8] in shown.lower() for i in range(len(secret) - 7))
    assert not re.search("[0-9A-Za-z+/_-]{16}", shown.replace("x" * 16, ""))


@pytest.mark.parametrize("encode", BASE64)
@pytest.mark.parametrize("letters", ["k>?", "k?>"])
def test_a_secret_is_redacted_in_both_alphabets_of_base64(encode: Callable[[bytes], bytes], letters: str) -> None:
    """Where they differ: in each fourth character, which is / or _ here, then + or -."""
    secret = "lmnfl_" + letters * 6
    shown = clean(f"echo {encode(secret.encode()).decode()[8:]}", [Secret(secret)])
    assert shown == "echo ***"


def each(form: str) -> Callable[[str], str]:
    """Writes each character of a text in this form."""
    return lambda text: "".join(form % ord(character) for character in text)


@pytest.mark.parametrize("secret", ["lmnfl_ab.c/d+e=f<g>h&i'j\"k\\l", KEY.reveal(), "p@ss:w0rd"])
@pytest.mark.parametrize(
    "write",
    [
        lambda text: quote(text, safe=""),
        lambda text: quote(quote(text, safe=""), safe=""),
        each("%%%02x"),
        lambda text: re.sub(r"([^\w])", r"\\\1", text),
        lambda text: json.dumps(text).replace("/", "\\/"),
        lambda text: json.dumps(json.dumps(text)),
        html.escape,
        lambda text: html.escape(json.dumps(text)),
        lambda text: text.replace(".", "&period;").replace("_", "&lowbar;").replace("@", "&commat;"),
        each("&#%d;"),
        each("&#X%X;"),
        each("\\x%02x"),
        each("\\u%04X"),
        lambda text: text.encode().hex(),
        lambda text: text.encode().hex().upper(),
        lambda text: text.encode().hex(" "),
        lambda text: text[::-1],
        lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    ],
)
def test_a_secret_is_redacted_however_it_is_escaped(secret: str, write: Callable[[str], str]) -> None:
    """As in a URL, in JSON, a regular expression or HTML, one in the other; in hexadecimal, and backwards."""
    shown = clean(f"echo {write(secret)} of it", [Secret(secret)])
    # What is left are quotation marks, and of base64 the end, which tells less than two characters.
    assert re.fullmatch(r"echo \W*\*{3}(\w?(%3D){1,2})?\W*(quot;)? of it", shown.replace("&quot;", '"'))


def test_escapes_of_something_else_stay() -> None:
    text = "50%25 off, \\u0041 &amp; \\n &#65; %zz &;"
    assert clean(text, [KEY]) == text
    assert clean("%25" * 100_000, [KEY]).startswith("%25%25")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"bad key {KEY.reveal()} here", "bad key *** here"),
        (f"{KEY.reveal()} and {KEY.reveal()[:8]}", "*** and ***"),
        (KEY.reveal()[:8], "***"),
        (f"\\u006cmnfl_abc123.{KEY.reveal()[13:]}", "***"),
        (f"l\\u006dnfl_abc123.{KEY.reveal()[13:]}", "***"),
        (f"{KEY.reveal()[:7]} is short", f"{KEY.reveal()[:7]} is short"),
        (f"\u0130 {KEY.reveal().upper()}!", "\u0130 ***!"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_only_the_secret_is_redacted(text: str, shown: str) -> None:
    """What stands around it stays, also letters that change their length with their case; of itself, nothing does."""
    assert clean(text, [KEY]) == shown
    assert clean(text, [KEY, Secret("")]) == shown


@pytest.mark.parametrize("secret", ["a", "pw", "a::b", "{{x}}", "##"])
def test_short_and_odd_secrets_are_redacted(secret: str) -> None:
    assert secret not in clean(f"({secret})", [Secret(secret)])


@pytest.mark.parametrize(
    ("secret", "echo"),
    [
        ("PÄSSWÖRTÜ", "PÄSSWÖRTÜ"),
        ("PÄSSWÖRTÜ", "pässwörtü"),
        ("pÄss", "PäSS"),
        ("ПАРОЛЬ12", "ПАРОЛЬ12"),
        ("İSTANBUL99", "İstanbul99"),
    ],
)
def test_a_secret_in_any_letters_is_redacted(secret: str, echo: str) -> None:
    """A proxy's password may have others than ASCII's."""
    assert clean(f"({echo})", [Secret(secret)]) == "(***)"


@given(st.text(), st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_clean_is_safe_whatever_comes(text: str, secret: str) -> None:
    shown = clean(text + secret + text, [Secret(secret)])
    assert len(shown) <= 300
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in shown)
    assert not any(mark in shown for mark in ("::", "##", "{{", "{%", "{#", "}}"))


def test_secret_shows_and_moves_nowhere() -> None:
    """Not by str, repr or format, nor by pickle or copy."""
    assert {str(KEY), repr(KEY), f"{KEY}"} == {"Secret(***)"}
    for move in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            move(KEY)
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") not in (Secret("b"), "a")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("12.5", "12.50"),
        ("12", "12.00"),
        ("1E+3", "1000.00"),
        ("0.000001", "0.000001"),
        ("1E-6", "0.000001"),
        ("-3.2", "-3.20"),
        ("0", "0.00"),
        ("12.500000", "12.50"),
        ("0.000000", "0.00"),
        ("100", "100.00"),
        ("0.0100010", "0.010001"),
        ("123456789012345678.123456", "123456789012345678.123456"),
    ],
)
def test_format_amount(amount: str, text: str) -> None:
    assert format_amount(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10s", "'10s'"),
        ("a\x1b[31m\nb", "'a [31m b'"),
        ("x" * 16, "'" + "x" * 16 + "'"),
        ("x" * 17, "a text of 17 characters (not shown)"),
        ("my lmnfl_abc.def", "what looks like an API key (not shown)"),
        ("lmn\u200bfl_abc.def", "what looks like an API key (not shown)"),
        ("lmnfl\n_abc.def", "what looks like an API key (not shown)"),
        (None, "None"),
        (True, "True"),
        (1.5, "1.5"),
        (999, "999"),
        (-(10**40) + 1, f"-{'9' * 38}…"),
        (10**40, "a huge number"),
        (-(10**40), "a huge number"),
        (Decimal("1" * 60), f"Decimal('{'1' * 30}…"),
        ([1], "a list"),
        (b"1", "bytes"),
        (object(), "an object"),
        (Fraction(1, 3), "an object"),
        (Decimal("NaN"), "Decimal('NaN')"),
    ],
)
def test_describe(value: object, text: str) -> None:
    assert describe(value) == text


@pytest.mark.parametrize("path", ["/run/lmnfl_abc.def", "lmn\u200bfl_abc.def", "LMNFL\x00_abc.def"])
def test_a_path_that_is_a_key_is_not_shown(path: str) -> None:
    assert describe_path(path) == "what looks like an API key (not shown)"
    assert describe_path("/run/\x1bkey") == "/run/ key"
