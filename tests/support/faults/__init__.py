# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A library of troubles: what a server can do to a client that guards a deployment, and what must come of it.

Each :class:`Fault` is data: a play for :class:`support.fault_server.FaultServer`, and the outcomes that README.md
and docs/ allow. It knows nothing of the surface it is played through, so the same table tests the core, the command
line, Ansible and Pulumi::

    @pytest.mark.parametrize("fault", FAULTS, ids=str)
    def test_fault(fault):
        with FaultServer(fault.play, tls=fault.tls) as server:
            outcome = ...  # ask server.url with max_attempts=3
        assert outcome in fault.outcomes
        assert fault.requests in (None, server.connections)

Every balance has 12.50 usd unless ``amount`` says otherwise: a gate at 5.00 that passes where "known" is not among the
outcomes is a wrong pass. A set of several outcomes means that the documents leave the choice open; a comment says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.faults.bodies import ENCODINGS, SIZES
from support.faults.documents import JSON, TRUNCATED
from support.faults.expect import Expect
from support.faults.framing import FRAMING, STATUSES
from support.faults.sequences import COMBINED, RECOVERY, TLS
from support.faults.texts import ECHO, HOSTILE, RETRY_AFTER
from support.faults.timing import CUTS, SLOW
from support.faults.wire import BALANCE, FRAMED, answer, bomb, floods, in_turn, resets_after, says, stalls_after

if TYPE_CHECKING:
    from decimal import Decimal

    from support.fault_server import Play
    from support.faults.expect import Table

__all__ = [
    "BALANCE",
    "FAULTS",
    "FRAMED",
    "Expect",
    "Fault",
    "answer",
    "bomb",
    "family",
    "floods",
    "in_turn",
    "resets_after",
    "says",
    "stalls_after",
]


@dataclass(frozen=True)
class Fault:
    """One trouble.

    Attributes:
        family: ``slow``, ``cuts``, ``framing``, ``statuses``, ``encodings``, ``sizes``, ``json``, ``truncated``,
            ``retry-after``, ``hostile``, ``echo``, ``recovery``, ``tls`` or ``combined``.
        name: Unique within its family.
        play: What the server does with each connection.
        expect: What must come of it.
        tls: The server's ``tls``.
    """

    family: str
    name: str
    play: Play = field(repr=False)
    expect: Expect
    tls: str | tuple[str, ...] | None = None

    def __str__(self) -> str:
        return f"{self.family}/{self.name}"

    @property
    def outcomes(self) -> frozenset[str]:
        """See :class:`Expect`."""
        return self.expect.outcomes

    @property
    def requests(self) -> int | None:
        """See :class:`Expect`. Each attempt is one connection here: compare with ``server.connections``."""
        return self.expect.requests

    @property
    def amount(self) -> Decimal:
        """See :class:`Expect`."""
        return self.expect.amount

    @property
    def slow(self) -> bool:
        """Whether only the deadline may end it: give the client a short one."""
        return "DeadlineExceededError" in self.outcomes


_TABLES: dict[str, Table] = {
    "slow": SLOW,
    "cuts": CUTS,
    "framing": FRAMING,
    "statuses": STATUSES,
    "encodings": ENCODINGS,
    "sizes": SIZES,
    "json": JSON,
    "truncated": TRUNCATED,
    "retry-after": RETRY_AFTER,
    "hostile": HOSTILE,
    "echo": ECHO,
    "recovery": RECOVERY,
}

FAULTS: tuple[Fault, ...] = (
    *(Fault(name, key, play, expect) for name, table in _TABLES.items() for key, (play, expect) in table.items()),
    *(Fault("tls", key, play, expect, tls) for key, (play, expect, tls) in TLS.items()),
    *(Fault("combined", key, play, expect, tls) for key, (play, expect, tls) in COMBINED.items()),
)
"""Every fault, by family."""


def family(*names: str) -> tuple[Fault, ...]:
    """The faults of these families.

    Raises:
        ValueError: There is no such family.
    """
    unknown = set(names) - {*_TABLES, "tls", "combined"}
    if unknown:
        raise ValueError(f"no such family: {', '.join(sorted(unknown))}")
    return tuple(fault for fault in FAULTS if fault.family in names)
