# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Text that is safe to show, secrets that do not show, and amounts as people write them."""

from __future__ import annotations

import copy
import pickle
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_lumenfall.core import Secret, clean, describe_value, format_amount, looks_like_key
from support.leaks import KEY


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
        ("#\u200b#vso[ :\u200b:", "# #vso[ : :"),
        ("\ud800 lone", "lone"),
        ("a\u00a0 \u3000b", "a b"),
        ("Zażółć gęślą jaźń 日本", "Zażółć gęślą jaźń 日本"),
        ("", ""),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_clean_cuts_at_300_characters() -> None:
    assert clean("x" * 10_000_000) == "x" * 299 + "…"
    assert clean("x" * 300) == "x" * 300


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"bad key {KEY} here, {KEY}", "bad key *** here, ***"),
        ("\u200b".join(KEY), "***"),
        ("x" * 280 + KEY, "x" * 280 + "***"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_a_secret_is_redacted(text: str, shown: str) -> None:
    assert clean(text, [Secret(KEY)]) == shown


@pytest.mark.parametrize("secret", ["a", "pw", "a::b", "{{x}}", "##", "PÄSSWÖRTÜ"])
def test_short_and_odd_secrets_are_redacted(secret: str) -> None:
    assert clean(f"({secret})", [Secret(secret), Secret("(")]) == "******)"


@given(st.text(), st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_clean_is_safe_whatever_comes(text: str, secret: str) -> None:
    shown = clean(text + secret + text, [Secret(secret)])
    assert len(shown) <= 300
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in shown)
    assert not any(mark in shown for mark in ("::", "##", "{{", "{%", "{#", "}}"))


def test_a_secret_shows_and_moves_nowhere() -> None:
    """Not by str, repr or format, nor by pickle or copy."""
    secret = Secret(KEY)
    assert {str(secret), repr(secret), f"{secret}"} == {"Secret(***)"}
    for move in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            move(secret)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        *(("12.5", "12.50"), ("12", "12.00"), ("-3.2", "-3.20"), ("0.000000", "0.00"), ("0.0100010", "0.010001")),
        *(("1E+3", "1000.00"), ("1E-6", "0.000001"), ("123456789012345678.123456", "123456789012345678.123456")),
    ],
)
def test_format_amount(amount: str, text: str) -> None:
    assert format_amount(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10s", "'10s'"),
        ("a\x1b[31m\nb", "'a [31m b'"),
        ("x" * 24, "'" + "x" * 24 + "'"),
        ("x" * 25, "a text of 25 characters (not shown)"),
        (f"my {KEY}", "what looks like an API key (not shown)"),
        (None, "None"),
        (True, "True"),
        (1.5, "1.5"),
        (10**5000, "a value of type int"),
        ([1], "a value of type list"),
        (b"1", "a value of type bytes"),
    ],
    ids=range(11),
)
def test_describe_value(value: object, text: str) -> None:
    assert describe_value(value) == text


def test_looks_like_key() -> None:
    assert all(map(looks_like_key, (KEY, KEY.upper(), f"/run/{KEY}")))
    assert not looks_like_key("sk-x")
