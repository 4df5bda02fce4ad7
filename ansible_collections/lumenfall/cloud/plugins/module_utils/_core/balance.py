# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a balance is, and reading one strictly from the bytes of an answer.

Source of the format: the Lumenfall API reference, ``GET /v1/balance``. Knows nothing of
HTTP beyond those bytes, and nothing of what is enough: that is ``gate.py``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Any, Dict, List, Tuple

from .errors import InvalidResponseError

KNOWN = "known"
POSTPAID = "postpaid"
UNAVAILABLE = "unavailable"

# More digits than any currency needs, few enough that no amount can flood a terminal,
# overflow a float, or stall the decimal module.
MAX_EXPONENT = 30
MAX_DEPTH = 64

# As many digits as every float keeps.
_FLOAT_FLOOR = Context(prec=15, rounding=ROUND_FLOOR)
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
# What may be left of a token when the text stops inside it.
_CUT_TOKEN = re.compile(r"-|\.|[eE][+-]?|\.[0-9]+[eE][+-]?|t|tr|tru|f|fa|fal|fals|n|nu|nul")


@dataclass(frozen=True)
class AccountBalance:
    """The balance of a Lumenfall account, as the API reported it.

    Attributes:
        billing_type: ``"prepaid"`` or ``"postpaid"``.
        amount: Dollars available, exact; may be 0 or negative. None on a postpaid account,
            and on a prepaid one whose balance is temporarily unavailable: None is never 0.
        currency: ``"usd"``.
        request_id: The answer's ``X-Lumenfall-Request-Id``, cleaned, or None.
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
            # What is enough is in dollars.
            raise ValueError(f"currency must be 'usd', not {self.currency!r}")

    @property
    def status(self) -> str:
        """``"known"`` (there is an amount), ``"postpaid"`` or ``"unavailable"``."""
        if self.amount is not None:
            return KNOWN
        return POSTPAID if self.billing_type == "postpaid" else UNAVAILABLE

    def is_sufficient(self, minimum: object, *, postpaid: str = "allow", unavailable: str = "deny") -> bool:
        """Whether this balance is enough.

        Args:
            minimum: The least amount that is enough, dollars, >= 0: an ``int``, ``Decimal``,
                decimal text, or a ``float``, which counts as its shortest text (0.1 is 0.1).
            postpaid: ``"allow"`` or ``"deny"``: what a postpaid account without an amount
                counts as.
            unavailable: ``"allow"`` or ``"deny"``: what a balance that is temporarily
                unavailable counts as.

        Returns:
            ``amount >= minimum``, compared as decimals, or what the policy says.

        Raises:
            ConfigurationError: ``minimum`` or a policy is malformed.
        """
        from .gate import Gate

        return Gate(minimum, postpaid=postpaid, unavailable=unavailable).judge(self).sufficient

    def to_dict(self) -> Dict[str, Any]:
        """The balance as plain data for JSON, with the amount as a float or None.

        The float shows what the amount is, up to 15 digits; beyond those it never shows more than
        there is, so that a gate on it does not pass where one on the amount would not.

        Returns:
            ``{"object", "billing_type", "available": {"amount", "currency"}, "status"}``.
        """
        return {
            "object": "balance",
            "billing_type": self.billing_type,
            "available": {
                "amount": None if self.amount is None else _no_more_than(self.amount),
                "currency": self.currency,
            },
            "status": self.status,
        }


def _no_more_than(amount: Decimal) -> float:
    number = float(amount)
    # By its shortest text, which is what JSON and every gate read.
    return number if Decimal(repr(number)) <= amount else float(_FLOAT_FLOOR.plus(amount))


def parse_decimal(text: str, max_exponent: int = MAX_EXPONENT) -> Decimal | None:
    """Read a decimal number of ordinary size, or None where the text is not one.

    Plain ASCII decimal notation, with an exponent if need be. NaN, Infinity, thousands
    separators and other scripts' digits are not numbers here.

    Args:
        text: What may be a number; some zeros that mean nothing are fine.
        max_exponent: How many digits there may be after the first, and how many decimals.
    """
    if len(text) > max_exponent + 70 or not _DECIMAL.fullmatch(text):
        return None
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -max_exponent or number.adjusted() > max_exponent:
        return None
    # -0 would print a sign that means nothing.
    return number if number else number.copy_abs()


def parse_balance(body: bytes, request_id: str | None = None) -> AccountBalance | Dict[str, Any]:
    """Read the body of a 200 answer.

    Args:
        body: The decoded body.
        request_id: Kept on the result and on an error.

    Returns:
        The balance; or, where the body has a non-null ``error``, the whole JSON object,
        for the caller to word.

    Raises:
        InvalidResponseError: The body is not the documented one. It is ``retryable`` only
            where the body is empty, or JSON that ends before its value does.
    """
    try:
        return _read_balance(_parse_json(body), request_id)
    except _NotABalance as reason:
        problem = reason
    raise InvalidResponseError(
        f"the answer is not a Lumenfall balance: {problem.reason}",
        status=200,
        request_id=request_id,
        retryable=problem.cut,
    )


class _NotABalance(Exception):
    def __init__(self, reason: str, cut: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cut = cut


def _parse_json(body: bytes) -> Any:
    """Parse strict JSON: UTF-8, no duplicate keys, no NaN or Infinity, no absurd nesting."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _NotABalance("it is not UTF-8 text") from None
    if not text.strip(" \t\r\n"):
        raise _NotABalance("it is empty", cut=True)
    try:
        document = json.loads(
            text,
            parse_float=JSONNumber,
            parse_int=JSONNumber,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_keys,
        )
    except json.JSONDecodeError as error:
        if _is_cut(text, error):
            raise _NotABalance("its JSON ends before its value does", cut=True) from None
        kind = "an HTML page" if text.lstrip().startswith("<") else "not valid JSON"
        raise _NotABalance(f"it is {kind}") from None
    except RecursionError:
        raise _NotABalance("its JSON is nested absurdly deep") from None
    _check_depth(document)
    return document


class JSONNumber(str):
    """A JSON number as it was written, so that nothing is lost or computed before it is needed."""


def _refuse_constant(name: str) -> Any:
    raise _NotABalance(f"it holds {name}, which is not JSON")


def _unique_keys(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _NotABalance("it names a key twice")
    return document


def _is_cut(text: str, error: json.JSONDecodeError) -> bool:
    """Whether the text is the beginning of JSON that stops before its value ends."""
    if error.msg.startswith("Extra data"):
        return False
    if error.msg.startswith("Unterminated string"):
        return True
    rest = text[error.pos :].rstrip(" \t\r\n")
    if error.msg.startswith("Invalid \\"):
        # "\u12 and the end: the position is that of the escape.
        return '"' not in rest and len(rest) < 6
    return not rest or _CUT_TOKEN.fullmatch(rest) is not None


def _check_depth(document: Any) -> None:
    level = [document]
    for _depth in range(MAX_DEPTH):
        nested: List[Any] = []
        for value in level:
            if isinstance(value, dict):
                nested.extend(value.values())
            elif isinstance(value, list):
                nested.extend(value)
        if not nested:
            return
        level = nested
    raise _NotABalance("its JSON is nested absurdly deep")


def _read_balance(document: Any, request_id: str | None) -> AccountBalance | Dict[str, Any]:
    if not isinstance(document, dict):
        raise _NotABalance("it is not a JSON object")
    if document.get("error") is not None:
        return document
    if document.get("object") != "balance":
        raise _NotABalance("its 'object' is not 'balance'")
    billing_type = document.get("billing_type")
    if not isinstance(billing_type, str) or billing_type not in ("prepaid", "postpaid"):
        raise _NotABalance("its 'billing_type' is neither 'prepaid' nor 'postpaid'")
    available = document.get("available")
    if not isinstance(available, dict):
        raise _NotABalance("it has no 'available' object")
    currency = available.get("currency")
    if not isinstance(currency, str) or currency.lower() != "usd":
        raise _NotABalance("its 'available.currency' is not 'usd'")
    if "amount" not in available:
        raise _NotABalance("it has no 'available.amount'")
    amount = available["amount"]
    if amount is not None:
        amount = parse_decimal(amount) if isinstance(amount, JSONNumber) else None
        if amount is None:
            raise _NotABalance("its 'available.amount' is neither a number of dollars nor null")
    return AccountBalance(billing_type, amount, "usd", request_id)
