# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What one run found out: the one thing that every format is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..core import Gate, Verdict, describe_balance, format_amount, judge_error, with_hint

if TYPE_CHECKING:
    from decimal import Decimal

    from ..core import AccountBalance, LumenfallError

# The outcomes of a core Verdict, and what each is as an exit status.
EXIT_STATUS = {"enough": 0, "too low": 2, "cannot tell": 3}
EXIT_CANNOT_TELL = 3


class Report(NamedTuple):
    """A balance, or the error that there is instead; with a gate, also whether it is enough.

    Attributes:
        balance: The balance, or None where there is an error.
        error: The error, or None where there is a balance.
        is_check: Whether somebody waits for a verdict.
        gate: The gate of ``check``; None for ``show``, and where the gate itself is malformed.
        warn_at: The amount of ``--warn``, or None.
        seconds: How long it took to ask; None where nothing was asked.
        note: What ``--wait`` adds to the verdict, or an empty text.
        warnings: What the user should hear although nothing failed, each one line.
    """

    balance: AccountBalance | None = None
    error: LumenfallError | None = None
    is_check: bool = False
    gate: Gate | None = None
    warn_at: Decimal | None = None
    seconds: float | None = None
    note: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict in the core's words; without a gate, a balance that is shown counts as enough."""
        if self.error is not None:
            verdict = judge_error(self.error)
            return verdict if self.is_check else Verdict(verdict.outcome, with_hint(self.error))
        assert self.balance is not None
        return self.gate.judge(self.balance) if self.gate else Verdict("enough", describe_balance(self.balance))

    @property
    def sentence(self) -> str:
        """The verdict, and what waiting adds to it: one line."""
        return self.verdict.message + self.note

    @property
    def warning(self) -> str | None:
        """That it is enough, but less than ``--warn``; one line."""
        amount = self.balance.amount if self.balance else None
        if self.warn_at is None or amount is None or amount >= self.warn_at or not self.verdict.sufficient:
            return None
        return f"{format_amount(amount)} usd is less than the {format_amount(self.warn_at)} usd to warn at"

    @property
    def exit_status(self) -> int:
        """0 enough or shown, 2 too low, 3 cannot tell."""
        return EXIT_STATUS[self.verdict.outcome]
