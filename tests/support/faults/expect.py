# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What may come of a fault: the classes of outcome that the tables name."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from support.fault_server import Play


class Expect(NamedTuple):
    """What must come of a fault.

    Attributes:
        outcomes: Names of error classes, or ``known``, ``postpaid``, ``unavailable``: any one of them is right.
        requests: How often the server is asked with ``max_attempts=3``, or None where the documents leave it open.
        amount: What the balance holds where the outcome is ``known``.
    """

    outcomes: frozenset[str]
    requests: int | None
    amount: Decimal = Decimal("12.50")


Table = dict[str, "tuple[Play, Expect]"]
"""A family of faults: name -> what the server does, and what must come of it."""


def expected(*outcomes: str, requests: int | None) -> Expect:
    return Expect(frozenset(outcomes), requests)


def known(amount: str) -> Expect:
    return Expect(frozenset({"known"}), 1, Decimal(amount))


KNOWN = expected("known", requests=1)
CUT = expected("ConnectionFailedError", requests=3)
INVALID = expected("InvalidResponseError", requests=1)
# An empty 200, or JSON that ends before its value does: the one kind of invalid answer that is asked for again.
UNFINISHED = expected("InvalidResponseError", requests=3)
REDIRECT = expected("UnexpectedRedirectError", requests=1)
UNAUTHORIZED = expected("AuthenticationError", requests=1)
API_ERROR = expected("APIError", requests=1)
RATE_LIMITED = expected("RateLimitedError", requests=3)
SERVER_ERROR = expected("ServerError", requests=3)
TLS_ERROR = expected("TLSError", requests=1)
# Whether the first attempt may use up the whole deadline is not said, so neither is the number of attempts.
DEADLINE = expected("DeadlineExceededError", requests=None)
# Not HTTP, or HTTP that is broken rather than cut: an invalid response or a failed connection, the documents do not
# say. It must be an error, and a prompt one.
BROKEN = expected("InvalidResponseError", "ConnectionFailedError", requests=None)
# As above, but a balance did arrive whole, only wrapped with something that RFC 9112 forbids and lenient clients read.
BROKEN_BUT_WHOLE = expected("known", "InvalidResponseError", "ConnectionFailedError", requests=None)
# A whole balance in a form that the documents neither grant nor forbid.
KNOWN_OR_INVALID = expected("known", "InvalidResponseError", requests=1)
