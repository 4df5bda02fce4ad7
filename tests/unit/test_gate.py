# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What is enough: minimum, policies, verdicts and their words."""

from __future__ import annotations

import decimal
import re
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lumenfall.cloud.plugins.module_utils._core.gate import parse_minimum
from pulumi_lumenfall.core import (
    AccountBalance,
    ConfigurationError,
    Gate,
    InsufficientBalanceError,
    ServerError,
    judge_error,
)

KNOWN = AccountBalance("prepaid", Decimal("5.00"), "usd")
POSTPAID = AccountBalance("postpaid", None, "usd")
UNAVAILABLE = AccountBalance("prepaid", None, "usd")
MONEY = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)


@pytest.mark.parametrize(
    ("minimum", "enough"),
    [
        (5, True),
        ("5.000000", True),
        (Decimal("5"), True),
        (5.0, True),
        ("5.000001", False),
        (0, True),
        ("5e0", True),
        (" 5 ", True),
        (".5", True),
    ],
)
def test_comparison(minimum: object, enough: bool) -> None:
    assert KNOWN.is_sufficient(minimum) is enough


@pytest.mark.parametrize(("amount", "minimum"), [("0.3", 0.1 + 0.2), ("0.1", 0.1), ("1.1", 1.1), ("2.675", 2.675)])
def test_a_float_counts_as_its_shortest_text(amount: str, minimum: float) -> None:
    """0.1 is 0.1, and 0.1 + 0.2 is what Python prints for it."""
    balance = AccountBalance("prepaid", Decimal(amount), "usd")
    assert balance.is_sufficient(minimum) is (Decimal(amount) >= Decimal(repr(minimum)))


@given(st.floats(min_value=0, allow_infinity=False) | st.integers(0, 10**308), MONEY)
def test_every_number_can_be_a_minimum(minimum: float, amount: Decimal) -> None:
    """The least and the largest float too; what is needed is written in full."""
    balance, exact = AccountBalance("prepaid", amount, "usd"), Decimal(repr(minimum))
    assert balance.is_sufficient(minimum) is (amount >= exact)
    verdict = Gate(f"{exact:f}").judge(balance)
    assert verdict.sufficient is (amount >= exact)
    if not verdict.sufficient:
        need, short = re.findall(r"need ([0-9.]+) usd, ([0-9.]+) short", verdict.message)[0]
        assert Fraction(need) == Fraction(exact)
        assert Fraction(short) == Fraction(exact) - Fraction(amount)


@given(amount=MONEY, minimum=MONEY.filter(lambda number: number >= 0))
def test_gate_is_the_comparison_and_nothing_else(amount: Decimal, minimum: Decimal) -> None:
    balance = AccountBalance("postpaid", amount, "usd")
    for policy in ("allow", "deny"):
        assert balance.is_sufficient(minimum, postpaid=policy, unavailable=policy) is (amount >= minimum)


@pytest.mark.parametrize("postpaid", ["allow", "deny"])
@pytest.mark.parametrize("unavailable", ["allow", "deny"])
def test_policies(postpaid: str, unavailable: str) -> None:
    policies = {"postpaid": postpaid, "unavailable": unavailable}
    assert POSTPAID.is_sufficient(0, **policies) is (postpaid == "allow")
    assert UNAVAILABLE.is_sufficient(0, **policies) is (unavailable == "allow")


@pytest.mark.parametrize("empty", [None, "", " \t"])
def test_policy_defaults(empty: Any) -> None:
    """Empty is unset, as in every setting."""
    assert POSTPAID.is_sufficient(1_000_000, postpaid=empty)
    assert not UNAVAILABLE.is_sufficient(0, unavailable=empty)
    assert POSTPAID.is_sufficient(1_000_000)
    assert not UNAVAILABLE.is_sufficient(0)


@pytest.mark.parametrize(
    "minimum",
    [
        *(None, "", " ", "abc", "1,50", "1_000", "$5", "5 usd", "nan", "inf", "-1", "-0.01", "0x5", "٥"),
        # What is more than the largest float shows would be infinite in JSON.
        *("1e309", "1e-325", 10**309, int(sys.float_info.max)),
        *(True, False, float("nan"), float("inf"), -1, -0.5, Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")),
        *([], {}, b"5", 10**5000, 5j, Fraction(5)),
    ],
    ids=lambda value: type(value).__name__ + ":" + repr(value)[:12] if not isinstance(value, int) else "int",
)
def test_bad_minimum(minimum: Any) -> None:
    """Named, refused, and told what to set, on every kind of account."""
    for balance in (KNOWN, POSTPAID, UNAVAILABLE):
        with pytest.raises(ConfigurationError, match=r"^minimum: ") as caught:
            balance.is_sufficient(minimum)
        assert caught.value.hint is not None


@pytest.mark.parametrize("word", ["Allow", "yes", "true", True, 1, [], "allow "])
@pytest.mark.parametrize("name", ["postpaid", "unavailable"])
def test_bad_policy(name: str, word: Any) -> None:
    """A wrong word is an error even where the policy would not matter."""
    with pytest.raises(ConfigurationError, match=f"^{name}: ") as caught:
        KNOWN.is_sufficient(5, **{name: word})
    assert caught.value.hint == f"set {name} to 'allow' or 'deny'"


def test_an_error_names_the_option_as_its_user_calls_it() -> None:
    with pytest.raises(ConfigurationError, match=r"^--minimum: 'abc' is not an amount of dollars"):
        Gate("abc", names=("--minimum", "--postpaid", "--unavailable"))


def test_a_verdict_calls_the_policies_what_the_caller_does():
    """What it says to set is a name that the reader can set."""
    gate = Gate(5, postpaid="deny", names=("a", "b", "c"))
    assert (
        "and b is set to 'deny' (need 5.00 usd); use a prepaid account, or set b to 'allow'"
        in gate.judge(POSTPAID).message
    )
    assert gate.judge(UNAVAILABLE).message.endswith("or set c to 'allow'")


@pytest.mark.parametrize("minimum", [None, "", " "])
def test_a_minimum_that_is_not_there(minimum: Any) -> None:
    """It is called empty rather than wrong, and by its own name."""
    with pytest.raises(ConfigurationError, match=r"^minimum: it is empty$"):
        parse_minimum(minimum)


def test_an_empty_policy_is_the_default() -> None:
    """As any setting that is empty is unset."""
    gate = Gate(5, postpaid="", unavailable="")
    assert (gate.postpaid, gate.unavailable) == ("allow", "deny")


def test_a_key_given_as_a_minimum_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Gate("lmnfl_abc.secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("balance", "minimum", "policies", "outcome", "message"),
    [
        (
            AccountBalance("prepaid", Decimal("12.5"), "usd"),
            5,
            {},
            "enough",
            "enough: 12.50 usd available (prepaid), 7.50 more than the 5.00 needed",
        ),
        (KNOWN, "5", {}, "enough", "enough: 5.00 usd available (prepaid), exactly the 5.00 needed"),
        (
            AccountBalance("prepaid", Decimal("3.2"), "usd"),
            5,
            {},
            "too low",
            "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits",
        ),
        (
            AccountBalance("prepaid", Decimal("-0.000001"), "usd"),
            0,
            {},
            "too low",
            "balance too low: have -0.000001 usd, need 0.00 usd, 0.000001 short; "
            "add funds at https://lumenfall.ai/app/credits",
        ),
        (
            POSTPAID,
            5,
            {},
            "enough",
            "postpaid account, billed in arrears: there is no balance that could run out; "
            "counts as enough (postpaid: allow)",
        ),
        (
            POSTPAID,
            5,
            {"postpaid": "deny"},
            "too low",
            "balance too low: a postpaid account holds no prepaid funds, and postpaid is set to 'deny' "
            "(need 5.00 usd); use a prepaid account, or set postpaid to 'allow'",
        ),
        (
            UNAVAILABLE,
            5,
            {},
            "cannot tell",
            "cannot tell whether the balance is enough (need 5.00 usd): the balance of this prepaid account is "
            "temporarily unavailable; run it again later, or set unavailable to 'allow'",
        ),
        (
            UNAVAILABLE,
            5,
            {"unavailable": "allow"},
            "enough",
            "the balance of this prepaid account is temporarily unavailable; counts as enough (unavailable: allow)",
        ),
    ],
)
def test_verdicts_and_their_words(
    balance: AccountBalance, minimum: object, policies: dict[str, str], outcome: str, message: str
) -> None:
    verdict = Gate(minimum, **policies).judge(balance)
    assert (verdict.outcome, verdict.message) == (outcome, message)
    assert verdict.sufficient is (outcome == "enough")


def test_words_are_exact_whatever_the_programs_decimal_context() -> None:
    with decimal.localcontext() as context:
        context.prec = 2
        verdict = Gate("1000.000001").judge(AccountBalance("prepaid", Decimal("999999.999999"), "usd"))
    assert verdict.message == (
        "enough: 999999.999999 usd available (prepaid), 998999.999998 more than the 1000.000001 needed"
    )
    widest = Gate("0." + "0" * 29 + "1").judge(AccountBalance("prepaid", Decimal("9" * 31), "usd"))
    assert f", {'9' * 30}8.{'9' * 30} more than" in widest.message


def test_an_error_is_never_enough() -> None:
    """A 402 says too low; every other error cannot tell."""
    low = judge_error(InsufficientBalanceError("no funds", status=402))
    assert (low.outcome, low.sufficient) == ("too low", False)
    unsure = judge_error(ServerError("the API failed", status=500, request_id="req_9"))
    assert unsure.outcome == "cannot tell"
    assert unsure.message == (
        "cannot tell whether the balance is enough: the API failed; "
        "this is on the server's side: run it again later (request id req_9)"
    )


def test_an_error_without_a_hint_is_its_message() -> None:
    verdict = judge_error(ConfigurationError("timeout: it is wrong"))
    assert verdict.message == "cannot tell whether the balance is enough: timeout: it is wrong"


@given(st.floats(min_value=0, max_value=1e15))
def test_float_minimum_by_shortest_text(value: float) -> None:
    try:
        assert parse_minimum(value) == Decimal(repr(value))
    except ConfigurationError:
        assert value < 1e-12  # more decimals than any amount has
