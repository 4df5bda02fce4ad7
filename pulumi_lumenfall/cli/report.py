# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What one run found out: every format is made from it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ..core import AccountBalance, Gate, LumenfallError, Verdict, format_amount

# A verdict's outcome as an exit status.
EXIT_STATUS = {"enough": 0, "too low": 2, "cannot tell": 3}
EXIT_CANNOT_TELL = 3


class Report(NamedTuple):
    """A balance or an error, and what it means.

    Attributes:
        result: The balance, or the error there is instead.
        verdict: Of the gate; a balance that is only shown counts as enough.
        gate: The gate of ``check``; None for ``show``, and where an error came before it.
        warn_at: The amount of ``--warn``, or None.
        seconds: How long asking took, all attempts together; None where the balance was not asked for.
    """

    result: AccountBalance | LumenfallError
    verdict: Verdict
    gate: Gate | None = None
    warn_at: Decimal | None = None
    seconds: float | None = None

    @property
    def balance(self) -> AccountBalance | None:
        """The balance, or None where there is an error."""
        return self.result if isinstance(self.result, AccountBalance) else None

    @property
    def error(self) -> LumenfallError | None:
        """The error, or None where there is a balance."""
        return self.result if isinstance(self.result, LumenfallError) else None

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
            "message": self.verdict.message,
        }
