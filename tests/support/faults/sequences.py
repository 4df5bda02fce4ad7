# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Troubles of more than one answer: recoveries, TLS, and what meets."""

from __future__ import annotations

import socket
from decimal import Decimal
from typing import TYPE_CHECKING

from support.faults.expect import (
    BROKEN,
    BROKEN_BUT_WHOLE,
    CUT,
    DEADLINE,
    KNOWN,
    KNOWN_OR_INVALID,
    REDIRECT,
    SERVER_ERROR,
    TLS_ERROR,
    UNFINISHED,
    Expect,
    Table,
    expected,
)
from support.faults.wire import (
    BALANCE,
    CHUNKED,
    FRAMED,
    GZIP,
    POSTPAID,
    ZIPPED,
    amount,
    answer,
    asks_to_wait,
    bomb,
    chunk,
    cut_unread,
    drips,
    encoded,
    error,
    head,
    in_turn,
    later,
    redirects,
    reset_unread,
    resets_after,
    says,
    says_nothing,
    stalls_after,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.fault_server import Connection, Play

_DOWN = says(answer(error(code="INTERNAL_ERROR"), status=500))
_GOOD = says(answer())
_SECOND = expected("known", requests=2)
RECOVERY: Table = {
    "good": (_GOOD, KNOWN),
    "500-then-good": (in_turn(_DOWN, _GOOD), _SECOND),
    "500-twice-then-good": (in_turn(_DOWN, _DOWN, _GOOD), expected("known", requests=3)),
    "500-three-times-then-good": (in_turn(_DOWN, _DOWN, _DOWN, _GOOD), SERVER_ERROR),
    "429-retry-after-0-then-good": (in_turn(asks_to_wait(429, lambda: "0"), _GOOD), _SECOND),
    "cut-then-good": (in_turn(cut_unread, _GOOD), _SECOND),
    "reset-then-good": (in_turn(reset_unread, _GOOD), _SECOND),
    "cut-in-body-then-good": (in_turn(says(FRAMED, BALANCE[:50]), _GOOD), _SECOND),
    "empty-then-good": (in_turn(says(answer(b"")), _GOOD), _SECOND),
    "truncated-then-good": (in_turn(says(answer(BALANCE[:50])), _GOOD), _SECOND),
    "null-then-good": (in_turn(says(answer(amount(b"null"))), _GOOD), _SECOND),
    "null-then-postpaid": (
        in_turn(says(answer(amount(b"null"))), says(answer(POSTPAID))),
        expected("postpaid", requests=2),
    ),
    # An error is never an answer: what was "unavailable" before it does not stand in for it, nor it for a pass.
    "null-then-401": (
        in_turn(says(answer(amount(b"null"))), says(answer(error(), status=401))),
        expected("AuthenticationError", requests=2),
    ),
    "500-then-null": (in_turn(_DOWN, says(answer(amount(b"null")))), expected("unavailable", requests=3)),
    # The last attempt fails although an earlier one was answered; which of the two is told is open.
    "null-then-500": (
        in_turn(says(answer(amount(b"null"))), _DOWN),
        expected("ServerError", "unavailable", requests=3),
    ),
    "500-then-401": (
        in_turn(_DOWN, says(answer(error(), status=401))),
        expected("AuthenticationError", requests=2),
    ),
    "500-then-302": (in_turn(_DOWN, redirects(302, b"localhost")), expected("UnexpectedRedirectError", requests=2)),
    "500-with-cookie-then-good": (
        in_turn(says(answer(error(), b"Set-Cookie: session=1; Path=/", status=500)), _GOOD),
        _SECOND,
    ),
    # A pooled connection that the server closed without a word: the next request on it fails through nobody's fault.
    "keep-alive-500-closed-then-good": (
        in_turn(says(answer(error(), status=500).replace(b"Connection: close\r\n", b"")), _GOOD),
        _SECOND,
    ),
}


def _hello(then: Callable[[Connection], None]) -> Play:
    """Waits for the client's first TLS message."""

    def play(connection: Connection) -> None:
        connection.link.recv(65_536)
        then(connection)

    return play


_ALERT = b"\x15\x03\x03\x00\x02\x02"
TLS: dict[str, tuple[Play, Expect, str]] = {
    "good": (_GOOD, KNOWN, "good"),
    "other-host": (_GOOD, TLS_ERROR, "other-host"),
    "expired": (_GOOD, TLS_ERROR, "expired"),
    "unknown-authority": (_GOOD, TLS_ERROR, "unknown-ca"),
    "plain-http": (_hello(lambda connection: connection.send(answer())), TLS_ERROR, "raw"),
    "garbage": (_hello(lambda connection: connection.send(bytes(range(256)) * 4)), TLS_ERROR, "raw"),
    "alert-handshake-failure": (_hello(lambda connection: connection.send(_ALERT + b"\x28")), TLS_ERROR, "raw"),
    "alert-protocol-version": (_hello(lambda connection: connection.send(_ALERT + b"\x46")), TLS_ERROR, "raw"),
    "alert-unrecognized-name": (_hello(lambda connection: connection.send(_ALERT + b"\x70")), TLS_ERROR, "raw"),
    "stalls": (_hello(lambda connection: connection.stall()), DEADLINE, "raw"),
    "drips": (_hello(lambda connection: connection.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 1000)), DEADLINE, "raw"),
    # A handshake, and a connection that ended: either class fits.
    "cut": (_hello(lambda connection: None), expected("TLSError", "ConnectionFailedError", requests=None), "raw"),
    "reset": (_hello(reset_unread), expected("TLSError", "ConnectionFailedError", requests=None), "raw"),
    "cut-before-answer": (says(b""), CUT, "good"),
    "cut-in-body": (says(FRAMED, BALANCE[:50]), CUT, "good"),
    "reset-in-body": (resets_after(FRAMED, BALANCE[:50]), CUT, "good"),
    "stalls-in-body": (stalls_after(FRAMED, BALANCE[:50]), DEADLINE, "good"),
    "drips-body": (drips(BALANCE, after=FRAMED), DEADLINE, "good"),
    # The server leaves without close_notify: nothing vouches for the body's end, though its JSON is whole.
    "until-close-without-notice": (
        says(head(), BALANCE),
        expected("known", "ConnectionFailedError", requests=None),
        "good",
    ),
    "until-close-without-notice-in-value": (
        says(head(), BALANCE[:50]),
        expected("InvalidResponseError", "ConnectionFailedError", requests=3),
        "good",
    ),
}


def _lines_slowly(connection: Connection) -> None:
    """Header lines that are whole, each a little after the one before."""
    says(b"HTTP/1.1 200 OK\r\n")(connection)
    while True:
        connection.send(b"X: y\r\n")
        connection.pause(0.1)


def _half_closes(connection: Connection) -> None:
    """Ends its own side at once, and goes on listening."""
    connection.read_request()
    connection.link.shutdown(socket.SHUT_WR)
    connection.stall()


def _beneath(data: bytes, *parts: bytes) -> Play:
    """Sends the parts over TLS, then bytes of its own onto the wire below, then nothing more."""

    def play(connection: Connection) -> None:
        says(*parts)(connection)
        socket.socket.sendall(connection.link, data)
        connection.stall()

    return play


# The amount is the last thing in it, and its beginning is a number too, that is enough for a gate at 1.
_AMOUNT_LAST = b'{"object": "balance", "billing_type": "prepaid", "available": {"currency": "usd", "amount": 12.50}}'
_CUT_IN_AMOUNT = _AMOUNT_LAST[: _AMOUNT_LAST.index(b".50")]
_NULL = says(answer(amount(b"null")))

# Troubles that meet, and what none of the families above has.
COMBINED: dict[str, tuple[Play, Expect, str | tuple[str, ...] | None]] = {
    "redirect-with-dripped-body": (
        drips(b"x" * 1000, after=head(b"Location: /", b"Content-Length: 1000", status=302)),
        REDIRECT,
        None,
    ),
    "429-bomb-and-a-day": (
        later(lambda: answer(bomb(), GZIP, b"Retry-After: 86400", status=429)),
        expected("RateLimitedError", requests=1),
        None,
    ),
    "gzip-dripped-in-one-chunk": (
        drips(chunk(ZIPPED), after=head(GZIP, b"Transfer-Encoding: chunked")),
        DEADLINE,
        None,
    ),
    "gzip-balance-then-bomb": (later(lambda: encoded(ZIPPED + bomb())), KNOWN_OR_INVALID, None),
    "bomb-then-drip": (
        lambda connection: drips(b" " * 1000, after=head(GZIP) + bomb())(connection),
        expected("InvalidResponseError", "DeadlineExceededError", requests=None),
        None,
    ),
    "cut-within-amount-by-length": (says(head(b"Content-Length: %d" % len(_AMOUNT_LAST)), _CUT_IN_AMOUNT), CUT, None),
    "cut-within-amount-in-chunks": (says(CHUNKED, chunk(_CUT_IN_AMOUNT)), CUT, None),
    "cut-within-amount-until-close": (says(head(), _CUT_IN_AMOUNT), UNFINISHED, None),
    "short-length-within-amount": (
        says(head(b"Content-Length: %d" % len(_CUT_IN_AMOUNT)), _AMOUNT_LAST),
        UNFINISHED,
        None,
    ),
    "reset-after-status-line": (resets_after(b"HTTP/1.1 200 OK\r\n"), CUT, None),
    "half-close": (_half_closes, CUT, None),
    "header-lines-slowly": (_lines_slowly, DEADLINE, None),
    "cookies-of-1-mib": (
        says(answer(BALANCE, *[b"Set-Cookie: c%d=" % number + b"x" * 15_000 for number in range(70)])),
        BROKEN_BUT_WHOLE,
        None,
    ),
    "cookies-1000": (says(answer(BALANCE, *[b"Set-Cookie: a=b"] * 1000)), BROKEN_BUT_WHOLE, None),
    "trailers-with-a-status": (
        says(CHUNKED, chunk(BALANCE), b"0\r\nHTTP/1.1 401 Unauthorized\r\nStatus: 401\r\n\r\n"),
        BROKEN_BUT_WHOLE,
        None,
    ),
    "100-then-100-then-drip": (
        drips(answer(), after=b"HTTP/1.1 100 Continue\r\n\r\n" * 2),
        DEADLINE,
        None,
    ),
    "103-then-other-amount": (
        says(answer(b"", status=103).replace(b"Content-Length: 0\r\n", b""), answer(amount(b"99"))),
        BROKEN._replace(amount=Decimal(99)),
        None,
    ),
    "null-then-stall": (in_turn(_NULL, says_nothing), DEADLINE, None),
    "null-then-redirect": (
        in_turn(_NULL, redirects(302, b"localhost")),
        expected("UnexpectedRedirectError", requests=2),
        None,
    ),
    "null-then-not-json": (in_turn(_NULL, says(answer(b"<html>"))), expected("InvalidResponseError", requests=2), None),
    # A certificate that changes between two attempts: the second must not be trusted for the first's sake.
    "certificate-turns-bad": (
        in_turn(_DOWN, _GOOD),
        expected("TLSError", requests=2),
        ("good", "unknown-ca"),
    ),
    "host-turns-wrong": (in_turn(_NULL, _GOOD), expected("TLSError", requests=2), ("good", "other-host")),
    "tls-1.0-only": (_GOOD, TLS_ERROR, "old"),
    "record-announced-and-withheld": (_beneath(b"\x17\x03\x03\x40\x00", FRAMED), DEADLINE, "good"),
    # Not the server's doing: somebody between writes into the stream.
    "record-forged": (
        _beneath(b"\x17\x03\x03\x00\x20" + b"x" * 32, FRAMED),
        expected("TLSError", "ConnectionFailedError", requests=None),
        "good",
    ),
    "stalls-after-handshake": (says_nothing, DEADLINE, "good"),
}
