# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Balances, what is enough, and the words of the verdicts."""

from __future__ import annotations

import decimal
import pickle
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_lumenfall.core import (
    AccountBalance,
    ConfigurationError,
    Gate,
    InsufficientBalanceError,
    LumenfallError,
    ServerError,
    judge_error,
)
from support.leaks import KEY, leaked

FIVE = AccountBalance("prepaid", Decimal("5.00"), "usd")
POSTPAID = AccountBalance("postpaid", None, "usd")
UNAVAILABLE = AccountBalance("prepaid", None, "usd")
MONEY = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)
CREDITS = "add funds at https://lumenfall.ai/app/credits"


def prepaid(amount: str) -> AccountBalance:
    return AccountBalance("prepaid", Decimal(amount), "usd")


# --- Balances ---


@pytest.mark.parametrize(
    ("billing_type", "amount", "status"),
    [
        ("prepaid", "1", "known"),
        ("prepaid", "0", "known"),
        ("postpaid", "1", "known"),
        ("postpaid", None, "postpaid"),
        ("prepaid", None, "unavailable"),
    ],
)
def test_status(billing_type: str, amount: str | None, status: str) -> None:
    """Null is never 0: it is postpaid or unavailable."""
    balance = AccountBalance(billing_type, None if amount is None else Decimal(amount), "usd")
    assert balance.status == status
    assert balance.to_dict() == {
        "object": "balance",
        "billing_type": billing_type,
        "available": {"amount": None if amount is None else float(amount), "currency": "usd"},
        "status": status,
    }


@given(st.decimals(allow_nan=False, allow_infinity=False, places=20, min_value=-(10**15), max_value=10**15) | MONEY)
def test_the_float_is_never_above_the_exact_amount(amount: Decimal) -> None:
    """A program that compares the float must not pass where the exact amount would not."""
    number = AccountBalance("prepaid", amount, "usd").to_dict()["available"]["amount"]
    assert Decimal(repr(number)) <= amount
    if len(amount.as_tuple().digits) <= 15:
        assert Decimal(repr(number)) == amount


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("trial", None, "usd"), "billing_type"),
        *((("prepaid", amount, "usd"), "amount") for amount in (Decimal("NaN"), Decimal("Infinity"), 1.5)),
        (("prepaid", None, "eur"), "currency"),
    ],
)
def test_a_balance_cannot_be_made_of_nonsense(arguments: tuple[Any, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        AccountBalance(*arguments)


# --- Is it enough? ---


def test_comparison() -> None:
    for minimum in (5, "5.000000", Decimal("5"), 5.0, 0, "5e0", " 5 ", ".5"):
        assert FIVE.is_sufficient(minimum)
    for minimum in ("5.000001", 5.01, 6):
        assert not FIVE.is_sufficient(minimum)
    assert not prepaid("4.99999999999999999999").is_sufficient(5)


@given(st.floats(min_value=0, allow_infinity=False), MONEY)
def test_a_float_counts_as_its_shortest_text(minimum: float, amount: Decimal) -> None:
    """0.1 is 0.1, and 0.1 + 0.2 is what Python prints for it."""
    balance = AccountBalance("prepaid", amount, "usd")
    assert balance.is_sufficient(minimum) is (amount >= Decimal(repr(minimum)))


@given(amount=MONEY, minimum=MONEY.filter(lambda number: number >= 0))
def test_the_verdict_is_the_exact_comparison(amount: Decimal, minimum: Decimal) -> None:
    balance = AccountBalance("postpaid", amount, "usd")
    for policy in ("allow", "deny"):
        assert balance.is_sufficient(minimum, postpaid=policy, unavailable=policy) is (amount >= minimum)
    verdict = Gate(minimum).judge(balance)
    if not verdict.sufficient:
        need, short = re.findall(r"need ([0-9.]+) usd, ([0-9.]+) short", verdict.message)[0]
        assert Fraction(need) == Fraction(minimum)
        assert Fraction(short) == Fraction(minimum) - Fraction(amount)


@pytest.mark.parametrize("postpaid", ["allow", "deny"])
@pytest.mark.parametrize("unavailable", ["allow", "deny"])
def test_policies(postpaid: str, unavailable: str) -> None:
    policies = {"postpaid": postpaid, "unavailable": unavailable}
    assert POSTPAID.is_sufficient(0, **policies) is (postpaid == "allow")
    assert UNAVAILABLE.is_sufficient(0, **policies) is (unavailable == "allow")
    assert POSTPAID.is_sufficient(0, postpaid=" ")
    assert not UNAVAILABLE.is_sufficient(0, unavailable=" ")
    # They are about a balance without an amount, and nothing else.
    assert not prepaid("4.99").is_sufficient(5, **policies)
    assert not Gate(0, **policies).judge(ServerError("it failed")).sufficient


@pytest.mark.parametrize(
    "minimum",
    [
        *("abc", "1,50", "1_000", "$5", "nan", "inf", "-1", "-0.01", "0x5", "٥", "1e309", "5" * 500),
        *(True, float("nan"), -1, -0.5, Decimal("sNaN"), Decimal("-Infinity"), [], b"5", 10**5000, Fraction(5)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, int) else ascii(value)[:12].replace("\\", "/"),
)
def test_a_bad_minimum_is_refused_on_every_kind_of_account(minimum: Any) -> None:
    for balance in (FIVE, POSTPAID, UNAVAILABLE):
        with pytest.raises(ConfigurationError, match=r"^minimum: .* is not an amount of dollars$") as caught:
            balance.is_sufficient(minimum)
        assert caught.value.hint == "set minimum to a number that is 0 or more, such as 5 or 7.50"


@pytest.mark.parametrize("minimum", [None, "", " "])
def test_an_empty_minimum_is_called_empty(minimum: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^minimum: it is empty$"):
        Gate(minimum)


@pytest.mark.parametrize("word", ["Allow", "yes", True, [], "allow "])
@pytest.mark.parametrize("name", ["postpaid", "unavailable"])
def test_a_bad_policy_is_refused_even_where_it_would_not_matter(name: str, word: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}: ") as caught:
        FIVE.is_sufficient(5, **{name: word})
    assert caught.value.hint == f"set {name} to 'allow' or 'deny'"


def test_errors_use_the_callers_names_and_show_no_key() -> None:
    with pytest.raises(ConfigurationError, match=r"^--minimum: what looks like an API key \(not shown\) ") as caught:
        Gate(KEY, names=("--minimum", "--postpaid", "--unavailable"))
    assert not leaked(caught.value.full_message)


# --- The words ---


CALLED = {"names": ("a", "b", "c")}
CANNOT_TELL = "cannot tell whether the balance is enough"
IN_ARREARS = "postpaid account, billed in arrears; there is no balance that can run out"
TEMPORARILY = "the balance of this prepaid account is temporarily unavailable"


@pytest.mark.parametrize(
    ("result", "options", "message"),
    [
        (prepaid("12.5"), {}, "enough: 12.50 usd available (prepaid), 7.50 more than the 5.00 needed"),
        (FIVE, {"note": "2 x 2.50"}, "enough: 5.00 usd available (prepaid), exactly the 5.00 needed (2 x 2.50)"),
        (prepaid("3.2"), {}, f"balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; {CREDITS}"),
        (
            prepaid("3.2"),
            {"note": "2 x 2.50"},
            f"need 5.00 usd (2 x 2.50), 1.80 short; {CREDITS}",
        ),
        (prepaid("-0.01"), {}, f"balance too low: have -0.01 usd, need 5.00 usd, 5.01 short; {CREDITS}"),
        (POSTPAID, {}, f"enough: {IN_ARREARS}; counts as enough (postpaid: allow)"),
        (UNAVAILABLE, {"unavailable": "allow"}, f"enough: {TEMPORARILY}; counts as enough (unavailable: allow)"),
        (
            POSTPAID,
            {"postpaid": "deny", **CALLED},
            "balance too low: a postpaid account has no prepaid funds and b is 'deny' (need 5.00 usd); "
            "use a prepaid account, or set b to 'allow'",
        ),
        (UNAVAILABLE, CALLED, f"{CANNOT_TELL} (need 5.00 usd): {TEMPORARILY}; run it again later, or set c to 'allow'"),
        (InsufficientBalanceError("no funds (HTTP 402)"), {}, f"balance too low: no funds (HTTP 402); {CREDITS}"),
        (
            ServerError("the API failed", request_id="req_9", hint="run it again"),
            {},
            f"{CANNOT_TELL}: the API failed; run it again (request id req_9)",
        ),
    ],
)
def test_verdicts(result: AccountBalance | LumenfallError, options: dict[str, Any], message: str) -> None:
    verdict = Gate(5, **options).judge(result)
    assert verdict.message.endswith(message)
    assert verdict.outcome in ("enough", "too low", "cannot tell")
    assert verdict.message.removeprefix("balance ").startswith(verdict.outcome)
    assert verdict.sufficient is (verdict.outcome == "enough")


def test_the_verdict_of_a_gate_that_could_not_be_made() -> None:
    verdict = judge_error(ConfigurationError("timeout: it is wrong"))
    assert verdict == ("cannot tell", "cannot tell whether the balance is enough: timeout: it is wrong")


def test_exact_whatever_the_programs_decimal_context() -> None:
    with decimal.localcontext() as context:
        context.prec = 2
        context.traps[decimal.Inexact] = True
        verdict = Gate("1000.000001").judge(prepaid("999999.999999"))
        assert not prepaid("1234.567891").is_sufficient("1234.567892")
    assert verdict.message == (
        "enough: 999999.999999 usd available (prepaid), 998999.999998 more than the 1000.000001 needed"
    )


# --- Errors ---


def test_an_error_is_a_plain_value() -> None:
    """It survives pickling with all its facts, and its dict is what surfaces show."""
    error = InsufficientBalanceError("no funds", status=402, code="CODE", request_id="req_1", attempts=1)
    twin = pickle.loads(pickle.dumps(error))
    assert (type(twin), str(twin), twin.to_dict()) == (type(error), str(error), error.to_dict())
    assert error.full_message == f"no funds; {CREDITS} (request id req_1)"
    assert error.to_dict() == {
        "type": "InsufficientBalanceError",
        "status": 402,
        "code": "CODE",
        "request_id": "req_1",
        "attempts": 1,
        "retryable": False,
        "hint": CREDITS,
    }
