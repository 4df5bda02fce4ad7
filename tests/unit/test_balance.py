# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Reading a balance strictly: what is one, what is not, and what was only cut short."""

from __future__ import annotations

import copy
import dataclasses
import decimal
import json
import pickle
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lumenfall.cloud.plugins.module_utils._core.balance import parse_balance, parse_decimal
from pulumi_lumenfall.core import AccountBalance, InvalidResponseError

GOOD = b'{"object": "balance", "billing_type": "prepaid", "available": {"amount": 12.50, "currency": "usd"}}'


def balance_body(amount: str = "12.50", **fields: str) -> bytes:
    """A body whose values are raw JSON texts."""
    values = {
        "object": '"balance"',
        "billing_type": '"prepaid"',
        "available": f'{{"amount": {amount}, "currency": "usd"}}',
        **fields,
    }
    return ("{" + ", ".join(f'"{name}": {value}' for name, value in values.items() if value) + "}").encode()


def parse(body: bytes) -> AccountBalance:
    found = parse_balance(body)
    assert isinstance(found, AccountBalance)
    return found


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("12.50", "12.50"),
        ("0", "0"),
        ("-0", "0"),
        ("-3.200000", "-3.200000"),
        ("0.000001", "0.000001"),
        ("1e2", "1E+2"),
        ("1.5E-3", "0.0015"),
        ("0.1", "0.1"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012345678901.123456", "123456789012345678901.123456"),
    ],
)
def test_amount_is_exact(amount: str, expected: str) -> None:
    """An amount keeps every digit that the API sent."""
    assert str(parse(balance_body(amount)).amount) == expected


@pytest.mark.parametrize(
    ("amount", "number"),
    [
        ("0.1", 0.1),
        ("-5.25", -5.25),
        ("5.0000001", 5.0000001),
        ("999999999.999999", 999999999.999999),
        ("4.99999999999999999999", 4.99999999999999),
        ("-5.00000000000000000001", -5.00000000000001),
        ("999999999999999999999999.5", 9.99999999999999e23),
    ],
)
def test_the_float_never_shows_more_than_there_is(amount: str, number: float) -> None:
    """A reader that gates on the float, such as the test "funded", must not pass where the exact amount would not."""
    assert parse(balance_body(amount)).to_dict()["available"]["amount"] == number
    assert Decimal(repr(number)) <= Decimal(amount)


@pytest.mark.parametrize(
    ("billing_type", "amount", "status"),
    [
        ("prepaid", "1", "known"),
        ("postpaid", "1", "known"),
        ("postpaid", "null", "postpaid"),
        ("prepaid", "null", "unavailable"),
    ],
)
def test_status(billing_type: str, amount: str, status: str) -> None:
    """null is never 0: it is postpaid or unavailable."""
    balance = parse(balance_body(amount, billing_type=f'"{billing_type}"'))
    assert balance.status == status
    assert balance.to_dict() == {
        "object": "balance",
        "billing_type": billing_type,
        "available": {"amount": None if amount == "null" else 1.0, "currency": "usd"},
        "status": status,
    }


def test_unknown_fields_bom_and_currency_case_are_fine() -> None:
    """What the documentation leaves room for is read."""
    body = balance_body(available='{"amount": 1, "currency": "USD", "x": [1e999, {"y": null}]}', extra='{"a": 1}')
    assert parse(b"\xef\xbb\xbf" + body).currency == "usd"


def test_a_null_error_is_no_error() -> None:
    assert parse(balance_body(error="null")).amount == Decimal("12.50")


@pytest.mark.parametrize("error", ["{}", '{"message": "no"}', '"text"', "false", "0", '""', "[]"])
def test_any_other_error_is_handed_back_whatever_else_there_is(error: str) -> None:
    """A balance next to an error is not a balance."""
    assert isinstance(parse_balance(balance_body(error=error)), dict)


NOT_A_BALANCE = {
    "NaN": balance_body("NaN"),
    "Infinity": balance_body("Infinity"),
    "-Infinity": balance_body("-Infinity"),
    "NaN elsewhere": balance_body(other="NaN"),
    "overflow": balance_body("1e400"),
    "absurd exponent": balance_body("1e99999999999999999999"),
    "5,000 digits": balance_body("9" * 5000),
    "50 decimals": balance_body("0." + "0" * 50 + "1"),
    "text amount": balance_body('"12.50"'),
    "true amount": balance_body("true"),
    "list amount": balance_body("[12.5]"),
    "object amount": balance_body("{}"),
    "leading zero": balance_body("012"),
    "plus": balance_body("+12"),
    "hex": balance_body("0x10"),
    "bare point": balance_body("12."),
    "no object": balance_body(object=""),
    "other object": balance_body(object='"list"'),
    "no billing type": balance_body(billing_type=""),
    "unknown billing type": balance_body(billing_type='"trial"'),
    "upper-case billing type": balance_body(billing_type='"PREPAID"'),
    "null billing type": balance_body(billing_type="null"),
    "list billing type": balance_body(billing_type="[]"),
    "no available": balance_body(available=""),
    "null available": balance_body(available="null"),
    "list available": balance_body(available="[]"),
    "no amount": balance_body(available='{"currency": "usd"}'),
    "no currency": balance_body(available='{"amount": 1}'),
    "euro": balance_body(available='{"amount": 1, "currency": "eur"}'),
    "null currency": balance_body(available='{"amount": 1, "currency": null}'),
    "long s currency": balance_body(available='{"amount": 1, "currency": "u\\u017fd"}'),
    "top key twice": balance_body(extra='1, "object": "balance"'),
    "inner key twice": balance_body(available='{"amount": 1, "amount": 99, "currency": "usd"}'),
    "key twice elsewhere": balance_body(extra='{"a": 1, "a": 1}'),
    "list": b"[" + GOOD + b"]",
    "string": b'"balance"',
    "number": b"12.50",
    "null": b"null",
    "HTML": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "text": b"OK",
    "two values": GOOD + GOOD,
    "trailing comma": GOOD[:-1] + b",}",
    "comment": b"// hi\n" + GOOD,
    "single quotes": GOOD.replace(b'"', b"'"),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-32": GOOD.decode().encode("utf-32"),
    "invalid UTF-8": GOOD[:-1] + b', "a": "\xff"}',
    "half a word after it": GOOD + b" nul",
    "bad escape": balance_body(extra=r'"\u12"'),
    "bad escape, cut after it": b'{"object": "\\u12zzzzzz',
    "two BOMs": b"\xef\xbb\xbf" * 2 + GOOD,
    "raw newline in text": balance_body(extra='"a\nb"'),
    "deep": balance_body(extra="[" * 100_000 + "]" * 100_000),
    "rather deep": balance_body(extra="[" * 100 + "]" * 100),
}


@pytest.mark.parametrize("body", NOT_A_BALANCE.values(), ids=NOT_A_BALANCE.keys())
def test_not_a_balance(body: bytes) -> None:
    """Everything else is refused for good, with nothing of the body behind the error."""
    with pytest.raises(InvalidResponseError) as caught:
        parse_balance(body, "req_1")
    error = caught.value
    assert (error.retryable, error.status, error.request_id) == (False, 200, "req_1")
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"\xef\xbb\xbf"])
def test_empty_is_worth_another_attempt(body: bytes) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        parse_balance(body)
    assert caught.value.retryable


@pytest.mark.parametrize("body", [b'{"object": \n\t ', b'{"a": "\\', b'{"a": "\\u12', b'{"a": "\\u12 \n'])
def test_cut_between_or_inside_tokens(body: bytes) -> None:
    with pytest.raises(InvalidResponseError, match="its JSON ends before its value does") as caught:
        parse_balance(body)
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("body", "reason"), [(b" ", "it is empty"), (b"\n<html>", "it is an HTML page"), (b"OK", "it is not valid JSON")]
)
def test_what_it_is_instead(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidResponseError, match=f"^the answer is not a Lumenfall balance: {reason}$"):
        parse_balance(body)


RICH = json.dumps(
    {
        "object": "balance",
        "billing_type": "prepaid",
        "available": {"amount": -1.25e-5, "currency": "usd", "a": [True, False, None, '\u1234\\ "', 0, 1e5]},
    }
).encode()


@pytest.mark.parametrize("length", range(1, len(RICH)))
def test_every_prefix_of_a_balance_is_cut(length: int) -> None:
    """Wherever an answer stops, it is known as cut, and never read as a smaller number."""
    with pytest.raises(InvalidResponseError) as caught:
        parse_balance(RICH[:length])
    assert caught.value.retryable


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.binary() | JSON.map(lambda document: json.dumps(document).encode()))
def test_no_other_error_whatever_the_body(body: bytes) -> None:
    """The parser ends in a balance, an error object, or InvalidResponseError."""
    try:
        found = parse_balance(body)
    except InvalidResponseError:
        return
    assert isinstance(found, dict)
    assert found["error"] is not None


@given(
    billing_type=st.sampled_from(["prepaid", "postpaid", "trial", None]),
    available=st.fixed_dictionaries(
        {}, optional={"amount": JSON, "currency": st.sampled_from(["usd", "USD", "eur", None, 5])}
    )
    | JSON,
)
def test_only_documented_balances_pass(billing_type: Any, available: Any) -> None:
    """A balance comes out only of the documented shape, and says what went in."""
    document = {"object": "balance", "billing_type": billing_type, "available": available}
    try:
        found = parse_balance(json.dumps(document).encode())
    except InvalidResponseError:
        return
    assert isinstance(found, AccountBalance)
    assert found.billing_type == billing_type
    amount = available["amount"]
    assert type(amount) in (int, float, type(None))
    assert found.amount == (None if amount is None else Decimal(repr(amount)))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_decimals_survive(number: Decimal) -> None:
    assert parse_decimal(str(number)) == number


@pytest.mark.parametrize(
    ("widest", "too_wide"),
    [
        ("9" * 31, "1" + "0" * 31),
        ("1e30", "1e31"),
        ("0." + "0" * 29 + "1", "0." + "0" * 30 + "1"),
        ("1e-30", "1e-31"),
        ("0" * 99 + "5", "0" * 100 + "5"),
    ],
)
def test_the_widest_number(widest: str, too_wide: str) -> None:
    """30 digits after the first, 30 decimals, 100 characters."""
    assert parse_decimal(widest) == Decimal(widest)
    assert parse_decimal(too_wide) is None


def test_the_deepest_nesting() -> None:
    """64 levels, the document's own included."""
    assert parse(balance_body(extra="[" * 63 + "]" * 63)).amount == Decimal("12.50")
    with pytest.raises(InvalidResponseError, match="nested absurdly deep"):
        parse_balance(balance_body(extra="[" * 64 + "]" * 64))


@pytest.mark.parametrize("text", ["", " ", "1_000", "1,5", "٣", "0x1", "inf", "nan", "1e", "e5", "--1", "1 2", "."])
def test_not_a_decimal(text: str) -> None:
    assert parse_decimal(text) is None


def test_exact_whatever_the_programs_decimal_context() -> None:
    """A program that narrows its own decimal context does not round a balance."""
    with decimal.localcontext() as context:
        context.prec = 2
        context.traps[decimal.Inexact] = True
        balance = parse(balance_body("1234.567891"))
        assert str(balance.amount) == "1234.567891"
        assert balance.is_sufficient("1234.567891")
        assert not balance.is_sufficient("1234.567892")


def test_balance_is_frozen_and_plain() -> None:
    balance = parse(GOOD)
    with pytest.raises(dataclasses.FrozenInstanceError):
        balance.amount = Decimal(1)  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(balance)) == balance == copy.deepcopy(balance)


@pytest.mark.parametrize("billing_type", ["trial", "", None])
def test_a_balance_cannot_be_made_of_another_billing_type(billing_type: Any) -> None:
    with pytest.raises(ValueError, match="billing_type"):
        AccountBalance(billing_type, None, "usd")


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), 1.5, "5", True])
def test_a_balance_cannot_be_made_of_nonsense(amount: Any) -> None:
    with pytest.raises(ValueError, match="amount"):
        AccountBalance("prepaid", amount, "usd")


@pytest.mark.parametrize("currency", ["eur", "USD", "", None])
def test_a_balance_cannot_be_made_in_another_currency(currency: Any) -> None:
    """What is enough is in dollars."""
    with pytest.raises(ValueError, match="currency must be 'usd'"):
        AccountBalance("prepaid", Decimal(10), currency)
