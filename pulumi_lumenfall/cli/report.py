# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What one run found out: every format is made from it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ..core import (
    CANNOT_TELL,
    TOO_LOW,
    AccountBalance,
    Gate,
    LumenfallError,
    Verdict,
    format_amount,
    judge_error,
)

# A verdict's outcome as an exit status.
EXIT_STATUS = {"enough": 0, "too low": 2, "cannot tell": 3}
EXIT_CANNOT_TELL = 3


class Report(NamedTuple):
    """A balance or an error, and what to compare it with.

    Attributes:
        result: The balance, or the error there is instead.
        is_check: Whether a verdict was asked for.
        gate: The gate of ``check``; None for ``show``, and where the gate itself is malformed.
        warn_at: The amount of ``--warn``, or None.
        seconds: How long asking took, all attempts together; None where nothing was sent.
        note: What ``--wait`` adds to the verdict.
        warnings: What the user should know although nothing failed.
        is_price: Whether ``result`` is an error about the price of a job, without which nothing can be told.
        cost: What a whole job costs, dollars; with ``--cost-of`` only.
    """

    result: AccountBalance | LumenfallError
    is_check: bool = False
    gate: Gate | None = None
    warn_at: Decimal | None = None
    seconds: float | None = None
    note: str = ""
    warnings: tuple[str, ...] = ()
    is_price: bool = False
    cost: Decimal | None = None

    @property
    def balance(self) -> AccountBalance | None:
        """The balance, or None where there is an error."""
        return self.result if isinstance(self.result, AccountBalance) else None

    @property
    def error(self) -> LumenfallError | None:
        """The error, or None where there is a balance."""
        return self.result if isinstance(self.result, LumenfallError) else None

    @property
    def verdict(self) -> Verdict:
        """The verdict; a balance that is only shown counts as enough."""
        if isinstance(self.result, LumenfallError):
            verdict = judge_error(self.result)
            if self.is_price and verdict.outcome == TOO_LOW:
                # The price was refused: that says nothing about the balance.
                message = f"cannot tell whether the balance is enough: {self.result.full_message}"
                verdict = Verdict(CANNOT_TELL, message)
            return verdict if self.is_check else verdict._replace(message=self.result.full_message)
        return self.gate.judge(self.result) if self.gate else Verdict("enough", self.result.describe())

    @property
    def sentence(self) -> str:
        """The verdict in one line."""
        return self.verdict.message + self.note

    @property
    def warning(self) -> str | None:
        """That it is enough, but less than ``--warn``; one line."""
        amount = self.balance.amount if self.balance else None
        if self.warn_at is None or amount is None or amount >= self.warn_at or not self.verdict.sufficient:
            return None
        return f"{format_amount(amount)} usd is below the {format_amount(self.warn_at)} usd of --warn"

    @property
    def exit_status(self) -> int:
        """0 enough or shown, 2 too low, 3 cannot tell."""
        return EXIT_STATUS[self.verdict.outcome]

    @property
    def jobs_left(self) -> int | None:
        """How many of these jobs the balance still pays; None where that is not known, or where they cost nothing."""
        amount = self.balance.amount if self.balance else None
        if amount is None or not self.cost:
            return None
        # Not Decimal's division, which rounds.
        (have, have_parts), (cost, cost_parts) = amount.as_integer_ratio(), self.cost.as_integer_ratio()
        return max(0, have * cost_parts // (cost * have_parts))

    def facts(self) -> dict[str, str]:
        """What a program may branch on, as text; empty where there is none."""
        balance, error, gate = self.balance, self.error, self.gate
        has_verdict = gate is not None or error is not None
        return {
            "verdict": self.verdict.outcome if has_verdict else "",
            "sufficient": str(self.verdict.sufficient).lower() if has_verdict else "",
            "status": balance.status if balance else "",
            "amount": format_amount(balance.amount) if balance and balance.amount is not None else "",
            "currency": balance.currency if balance else "",
            "billing_type": balance.billing_type if balance else "",
            "minimum": format_amount(gate.minimum) if gate else "",
            "warning": self.warning or "",
            "error_type": type(error).__name__ if error else "",
            "message": self.sentence,
        }
