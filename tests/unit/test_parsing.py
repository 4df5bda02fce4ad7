# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Reading a body strictly. The forms that servers send are rows of the fault table; here is what holds for all."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lumenfall.cloud.plugins.module_utils._core.parsing import parse_balance, parse_json
from pulumi_lumenfall.core import AccountBalance, APIError, InvalidResponseError, LumenfallError
from support.plays import BALANCE, amount


def parse(body: bytes) -> AccountBalance | LumenfallError:
    try:
        return parse_balance(parse_json(body))
    except LumenfallError as error:
        return error


@pytest.mark.parametrize(
    "text", ["12.50", "0", "-3.200000", "0.000001", "0.1", "9007199254740.993", "4.99999999999999999999"]
)
def test_an_amount_keeps_every_digit(text: str) -> None:
    balance = parse(amount(text.encode()))
    assert isinstance(balance, AccountBalance)
    assert str(balance.amount) == text


RICH = json.dumps(
    {
        "object": "balance",
        "billing_type": "prepaid",
        "available": {"amount": -1.25, "currency": "usd", "a": [True, False, None, '\u1234\\ "', 0, 1e5]},
    }
).encode()


def test_every_prefix_of_a_balance_is_retried() -> None:
    """Wherever a response stops, it counts as cut, and is never read as a smaller number."""
    for length in range(len(RICH)):
        error = parse(RICH[:length])
        assert isinstance(error, InvalidResponseError)
        assert error.retryable, RICH[:length]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.binary() | JSON.map(lambda document: json.dumps(document).encode()))
def test_no_other_error_whatever_the_body(body: bytes) -> None:
    assert isinstance(parse(body), (InvalidResponseError, APIError))


@given(st.integers(0, len(BALANCE) - 1), st.binary(max_size=3), st.integers(0, 3))
def test_a_damaged_balance_is_refused_or_still_one(at: int, new: bytes, removed: int) -> None:
    found = parse(BALANCE[:at] + new + BALANCE[at + removed :])
    assert isinstance(found, (AccountBalance, InvalidResponseError))


@given(
    billing_type=st.sampled_from(["prepaid", "postpaid", "trial", None]),
    available=st.fixed_dictionaries(
        {}, optional={"amount": JSON, "currency": st.sampled_from(["usd", "USD", "eur", None, 5])}
    )
    | JSON,
)
def test_only_documented_balances_pass(billing_type: Any, available: Any) -> None:
    """A balance comes only of the documented shape, and says what was sent."""
    document = {"object": "balance", "billing_type": billing_type, "available": available}
    found = parse(json.dumps(document).encode())
    if isinstance(found, AccountBalance):
        assert found.billing_type == billing_type
        number = available["amount"]
        assert type(number) in (int, float, type(None))
        assert found.amount == (None if number is None else Decimal(repr(number)))
