# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a balance is, what is enough, and the words of the three verdicts.

Every surface shows these words and adds none of its own.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Any, Dict, NamedTuple, Tuple

from .errors import CREDITS_PAGE, InsufficientBalanceError, LumenfallError, bad_value
from .text import format_amount, is_unset, number_text

KNOWN = "known"
POSTPAID = "postpaid"
UNAVAILABLE = "unavailable"

ENOUGH = "enough"
TOO_LOW = "too low"
CANNOT_TELL = "cannot tell"

ALLOW = "allow"
DENY = "deny"

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_MAX_NUMBER_TEXT = 400
# JSON has it as a float.
_MAX_MINIMUM = Decimal(repr(sys.float_info.max))
# Exact for every amount and minimum, whatever precision the calling program has set.
EXACT = Context(prec=1000)
# The digits that every float keeps.
_FLOAT_FLOOR = Context(prec=15, rounding=ROUND_FLOOR)


@dataclass(frozen=True)
class AccountBalance:
    """The balance of a Lumenfall account, as the API reported it.

    Attributes:
        billing_type: ``"prepaid"`` or ``"postpaid"``.
        amount: Dollars available, exact; may be 0 or negative. None on a postpaid account, and on a prepaid account
            whose balance is temporarily unavailable. None never means 0.
        currency: ``"usd"``.
        request_id: The response's ``X-Lumenfall-Request-Id``, or None.
    """

    billing_type: str
    amount: Decimal | None
    currency: str
    request_id: str | None = None

    def __post_init__(self) -> None:
        if self.billing_type not in ("prepaid", "postpaid"):
            raise ValueError(f"billing_type must be 'prepaid' or 'postpaid', not {self.billing_type!r}")
        if self.amount is not None and not (isinstance(self.amount, Decimal) and self.amount.is_finite()):
            raise ValueError(f"amount must be a finite Decimal or None, not {self.amount!r}")
        if self.currency != "usd":
            raise ValueError(f"currency must be 'usd', not {self.currency!r}")

    @property
    def status(self) -> str:
        """``"known"`` (there is an amount), ``"postpaid"`` or ``"unavailable"``."""
        if self.amount is not None:
            return KNOWN
        return POSTPAID if self.billing_type == "postpaid" else UNAVAILABLE

    def is_sufficient(self, minimum: object, *, postpaid: str = ALLOW, unavailable: str = DENY) -> bool:
        """Whether this balance is enough; the arguments are those of :class:`Gate`."""
        return Gate(minimum, postpaid=postpaid, unavailable=unavailable).judge(self).sufficient

    def describe(self) -> str:
        """The balance in words: ``12.50 usd available (prepaid)``."""
        if self.amount is not None:
            return f"{format_amount(self.amount)} {self.currency} available ({self.billing_type})"
        if self.status == POSTPAID:
            return "postpaid account, billed in arrears; there is no balance that can run out"
        return "the balance of this prepaid account is temporarily unavailable"

    def to_dict(self) -> Dict[str, Any]:
        """The balance as data for JSON: ``{"object", "billing_type", "available": {"amount", "currency"}, "status"}``.

        The amount is a float, or None. It is never above the exact amount: what compares it, such as Ansible's test
        ``funded``, must not pass where the exact comparison fails.
        """
        amount = None if self.amount is None else float(_FLOAT_FLOOR.plus(self.amount))
        return {
            "object": "balance",
            "billing_type": self.billing_type,
            "available": {"amount": amount, "currency": self.currency},
            "status": self.status,
        }


class Verdict(NamedTuple):
    """What a gate decided.

    Attributes:
        outcome: ``"enough"``, ``"too low"`` or ``"cannot tell"``.
        message: One line: the verdict, why, and what to do.
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
        minimum: The least amount that is enough, dollars, >= 0: an ``int``, a ``Decimal``, decimal text, or a
            ``float``, which counts as its shortest text (0.1 is 0.1).
        postpaid: What a postpaid account without an amount counts as: ``"allow"`` (default, also for None) or
            ``"deny"``.
        unavailable: What a temporarily unavailable balance counts as: ``"deny"`` (default, also for None) or
            ``"allow"``.
        names: What the caller's users call the three, for messages.
        note: How the minimum came about, shown behind it, such as ``300 x 0.08 + 20%``.

    Raises:
        ConfigurationError: One of the three is malformed.
    """

    def __init__(
        self,
        minimum: object,
        *,
        postpaid: object = None,
        unavailable: object = None,
        names: Tuple[str, str, str] = ("minimum", "postpaid", "unavailable"),
        note: str = "",
    ) -> None:
        self.minimum = parse_minimum(minimum, names[0])
        self.postpaid = parse_policy(postpaid, names[1], ALLOW)
        self.unavailable = parse_policy(unavailable, names[2], DENY)
        self._names = names
        self._note = f" ({note})" if note else ""
        self._need = f"need {format_amount(self.minimum)} usd{self._note}"

    def judge(self, result: AccountBalance | LumenfallError) -> Verdict:
        """Whether a balance is enough, and why. An error is never enough."""
        if isinstance(result, LumenfallError):
            return judge_error(result)
        if result.amount is not None:
            return self._judge_amount(result.amount, result)
        policy = self.postpaid if result.status == POSTPAID else self.unavailable
        if policy == ALLOW:
            return Verdict(ENOUGH, f"enough: {result.describe()}; counts as enough ({result.status}: allow)")
        if result.status == POSTPAID:
            name = self._names[1]
            return Verdict(
                TOO_LOW,
                f"balance too low: a postpaid account has no prepaid funds and {name} is 'deny' ({self._need}); "
                f"use a prepaid account, or set {name} to 'allow'",
            )
        return Verdict(
            CANNOT_TELL,
            f"cannot tell whether the balance is enough ({self._need}): {result.describe()}; "
            f"run it again later, or set {self._names[2]} to 'allow'",
        )

    def _judge_amount(self, amount: Decimal, balance: AccountBalance) -> Verdict:
        difference = EXACT.subtract(amount, self.minimum)
        if amount >= self.minimum:
            spare = f"{format_amount(difference)} more than" if difference else "exactly"
            needed = f"{format_amount(self.minimum)} needed{self._note}"
            return Verdict(ENOUGH, f"enough: {balance.describe()}, {spare} the {needed}")
        have, short = format_amount(amount), format_amount(EXACT.minus(difference))
        return Verdict(
            TOO_LOW,
            f"balance too low: have {have} {balance.currency}, {self._need}, {short} short; "
            f"add funds at {CREDITS_PAGE}",
        )


def judge_error(error: LumenfallError) -> Verdict:
    """The verdict for an error: ``"too low"`` for a 402, since the API itself says so, else ``"cannot tell"``."""
    if isinstance(error, InsufficientBalanceError):
        return Verdict(TOO_LOW, f"balance too low: {error.full_message}")
    return Verdict(CANNOT_TELL, f"cannot tell whether the balance is enough: {error.full_message}")


def parse_minimum(value: object, name: str = "minimum") -> Decimal:
    """The least amount that is enough, exact; ``name`` is what an error calls it."""
    number = parse_number(number_text(value))
    if number is None or not 0 <= number <= _MAX_MINIMUM:
        raise bad_value(name, value, "is not an amount of dollars", "a number that is 0 or more, such as 5 or 7.50")
    return number


def parse_number(text: str) -> Decimal | None:
    """A plain decimal number, or None where the text is not one: no NaN, Infinity or thousands separators."""
    if len(text) > _MAX_NUMBER_TEXT or not _NUMBER.fullmatch(text):
        return None
    # A negative zero would be shown with its sign.
    return Decimal(text) or Decimal(0)


def parse_policy(value: object, name: str, default: str) -> str:
    """``"allow"`` or ``"deny"``; None and blank text are the default."""
    if is_unset(value):
        return default
    if isinstance(value, str) and value in (ALLOW, DENY):
        return value
    raise bad_value(name, value, "is not valid", "'allow' or 'deny'")
