# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What is enough: the minimum, the two policies, the three verdicts and their words.

Every surface shows these words; none makes its own.
"""

from __future__ import annotations

import sys
from decimal import Context, Decimal
from typing import NamedTuple

from .balance import POSTPAID, AccountBalance, parse_decimal
from .errors import (
    CREDITS_PAGE,
    ConfigurationError,
    InsufficientBalanceError,
    LumenfallError,
)
from .text import describe, format_amount

ENOUGH = "enough"
TOO_LOW = "too low"
CANNOT_TELL = "cannot tell"

ALLOW = "allow"
DENY = "deny"

# Every float can be a minimum: the smallest has so many decimals, and the largest fewer digits.
_MAX_EXPONENT = 324
# By its shortest text, as every float; the number that it is would be more than any float shows.
_LARGEST = Decimal(repr(sys.float_info.max))
# Wide enough for the difference of every amount and minimum, and out of reach of a program that
# narrows the precision of its own decimal context.
_EXACT = Context(prec=1000)


class Verdict(NamedTuple):
    """What a gate decided.

    Attributes:
        outcome: ``"enough"``, ``"too low"`` or ``"cannot tell"``.
        message: One line for a person: the verdict, why, and what to do.
    """

    outcome: str
    message: str

    @property
    def sufficient(self) -> bool:
        """True only for ``"enough"``."""
        return self.outcome == ENOUGH


class Gate:
    """A minimum and two policies, checked once and then applied to balances and errors.

    Args:
        minimum: The least amount that is enough, dollars, >= 0 and finite. A ``float``
            counts as its shortest text.
        postpaid: ``"allow"`` (default) or ``"deny"``; None is the default.
        unavailable: ``"deny"`` (default) or ``"allow"``; None is the default.
        names: How the caller calls the three, for its messages; the Python names by default.

    Raises:
        ConfigurationError: One of the three is malformed.
    """

    def __init__(
        self,
        minimum: object,
        *,
        postpaid: object = None,
        unavailable: object = None,
        names: tuple[str, str, str] = ("minimum", "postpaid", "unavailable"),
    ) -> None:
        self.minimum = parse_minimum(minimum, names[0])
        self.postpaid = parse_policy(postpaid, names[1], ALLOW)
        self.unavailable = parse_policy(unavailable, names[2], DENY)
        self._names = names

    def judge(self, balance: AccountBalance) -> Verdict:
        """Say whether a balance is enough, and why."""
        need = format_amount(self.minimum)
        if balance.amount is not None:
            have = format_amount(balance.amount)
            difference = _EXACT.subtract(balance.amount, self.minimum)
            if balance.amount >= self.minimum:
                more = (
                    f"{format_amount(difference)} more than the {need} needed"
                    if difference
                    else f"exactly the {need} needed"
                )
                return Verdict(ENOUGH, f"enough: {describe_balance(balance)}, {more}")
            short = format_amount(_EXACT.minus(difference))
            return Verdict(
                TOO_LOW,
                f"balance too low: have {have} {balance.currency}, need {need} {balance.currency}, "
                f"{short} short; add funds at {CREDITS_PAGE}",
            )
        if balance.status == POSTPAID:
            if self.postpaid == ALLOW:
                return Verdict(ENOUGH, f"{describe_balance(balance)}; counts as enough (postpaid: allow)")
            return Verdict(
                TOO_LOW,
                f"balance too low: a postpaid account holds no prepaid funds, and {self._names[1]} is set to "
                f"'deny' (need {need} {balance.currency}); use a prepaid account, or set {self._names[1]} to 'allow'",
            )
        if self.unavailable == ALLOW:
            return Verdict(ENOUGH, f"{describe_balance(balance)}; counts as enough (unavailable: allow)")
        return Verdict(
            CANNOT_TELL,
            f"cannot tell whether the balance is enough (need {need} {balance.currency}): "
            f"{describe_balance(balance)}; run it again later, or set {self._names[2]} to 'allow'",
        )


def judge_error(error: LumenfallError) -> Verdict:
    """The verdict that an error means for a gate; never ``"enough"``.

    Returns:
        ``"too low"`` for a 402, since the API itself says so, else ``"cannot tell"``.
    """
    if isinstance(error, InsufficientBalanceError):
        return Verdict(TOO_LOW, f"balance too low: {with_hint(error)}")
    return Verdict(CANNOT_TELL, f"cannot tell whether the balance is enough: {with_hint(error)}")


def with_hint(error: LumenfallError) -> str:
    """An error's message with its hint and request id, one line."""
    parts = [str(error)]
    if error.hint:
        parts.append(f"; {error.hint}")
    if error.request_id:
        parts.append(f" (request id {error.request_id})")
    return "".join(parts)


def describe_balance(balance: AccountBalance) -> str:
    """A balance as the beginning of a sentence: ``12.50 usd available (prepaid)``."""
    if balance.amount is not None:
        return f"{format_amount(balance.amount)} {balance.currency} available ({balance.billing_type})"
    if balance.status == POSTPAID:
        return "postpaid account, billed in arrears: there is no balance that could run out"
    return "the balance of this prepaid account is temporarily unavailable"


def parse_minimum(value: object, name: str = "minimum") -> Decimal:
    """Read the least amount that is enough.

    Args:
        value: ``int``, ``Decimal``, ``float`` (by its shortest text) or decimal text.
        name: What to call it in an error: the option or argument it came from.

    Returns:
        The exact amount, >= 0 and no more than the largest float.

    Raises:
        ConfigurationError: It is missing, not a finite number, negative or of absurd size.
    """
    if isinstance(value, float):
        text = float.__repr__(value)
    elif isinstance(value, (int, str, Decimal)) and not isinstance(value, bool):
        text = str(value).strip() if not isinstance(value, int) else _int_text(value)
    else:
        text = ""
    number = parse_decimal(text, _MAX_EXPONENT)
    if number is None or not 0 <= number <= _LARGEST:
        empty = value is None or (isinstance(value, str) and not value.strip())
        raise ConfigurationError(
            f"{name}: it is empty" if empty else f"{name}: {describe(value)} is not an amount of dollars",
            hint=f"set {name} to a number that is 0 or more, such as 5 or 7.50",
        )
    return number


def _int_text(value: int) -> str:
    # str() of a huge int raises (CPython's limit is 4,300 digits), and making a Decimal of one takes minutes.
    return int.__repr__(value) if abs(value) <= int(_LARGEST) else ""


def parse_policy(value: object, name: str, default: str) -> str:
    """Read a policy word.

    Args:
        value: ``"allow"`` or ``"deny"``; None or text that is empty or white space is the default.
        name: What to call it in an error.
        default: The policy where none is given.

    Raises:
        ConfigurationError: It is another word.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return default
    if isinstance(value, str) and value in (ALLOW, DENY):
        return value
    raise ConfigurationError(f"{name}: {describe(value)} is not a policy", hint=f"set {name} to 'allow' or 'deny'")
