# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A library of troubles: what a server can do to a client that guards a deployment, and what must come of it.

Each :class:`Fault` is data: a play for :class:`support.fault_server.FaultServer`, and the outcomes that CONTRACT.md
allows. It knows nothing of the surface it is played through, so the same table tests the core, the command line,
Ansible and Pulumi::

    @pytest.mark.parametrize("fault", FAULTS, ids=str)
    def test_fault(fault):
        with FaultServer(fault.play, tls=fault.tls) as server:
            outcome = ...  # ask server.url with max_attempts=3
        assert outcome in fault.outcomes
        assert fault.requests in (None, server.connections)

Every balance has 12.50 usd unless ``amount`` says otherwise: a gate at 5.00 that passes where "known" is not among the
outcomes is a wrong pass. A set of several outcomes means that the contract leaves the choice open; a comment says why.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import socket
import time
import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from email.utils import formatdate
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.fault_server import Connection, Play

__all__ = ["BALANCE", "FAULTS", "HOSTILE_TEXTS", "Expect", "Fault", "answer", "family", "in_turn", "says"]

BALANCE = b'{"object": "balance", "billing_type": "prepaid", "available": {"amount": 12.50, "currency": "usd"}}'
POSTPAID = BALANCE.replace(b"prepaid", b"postpaid").replace(b"12.50", b"null")
MEBIBYTE = 1 << 20


class Expect(NamedTuple):
    """What must come of a fault.

    Attributes:
        outcomes: Names of error classes, or ``known``, ``postpaid``, ``unavailable``: any one of them is right.
        requests: How often the server is asked with ``max_attempts=3``, or None where the contract leaves it open.
        amount: What the balance holds where the outcome is ``known``.
    """

    outcomes: frozenset[str]
    requests: int | None
    amount: Decimal = Decimal("12.50")


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


def _expect(*outcomes: str, requests: int | None) -> Expect:
    return Expect(frozenset(outcomes), requests)


def _known(amount: str) -> Expect:
    return Expect(frozenset({"known"}), 1, Decimal(amount))


KNOWN = _expect("known", requests=1)
CUT = _expect("ConnectionFailedError", requests=3)
INVALID = _expect("InvalidResponseError", requests=1)
# An empty 200, or JSON that ends before its value does: the one kind of invalid answer that is asked for again.
UNFINISHED = _expect("InvalidResponseError", requests=3)
REDIRECT = _expect("UnexpectedRedirectError", requests=1)
UNAUTHORIZED = _expect("AuthenticationError", requests=1)
API_ERROR = _expect("APIError", requests=1)
RATE_LIMITED = _expect("RateLimitedError", requests=3)
SERVER_ERROR = _expect("ServerError", requests=3)
TLS_ERROR = _expect("TLSError", requests=1)
# Whether the first attempt may use up the whole deadline is not said, so neither is the number of attempts.
DEADLINE = _expect("DeadlineExceededError", requests=None)
# Not HTTP, or HTTP that is broken rather than cut: an invalid response or a failed connection, the contract does not
# say. It must be an error, and a prompt one.
BROKEN = _expect("InvalidResponseError", "ConnectionFailedError", requests=None)
# As above, but a balance did arrive whole, only wrapped with something that RFC 9112 forbids and lenient clients read.
BROKEN_BUT_WHOLE = _expect("known", "InvalidResponseError", "ConnectionFailedError", requests=None)
# A whole balance in a form that the contract neither grants nor forbids.
KNOWN_OR_INVALID = _expect("known", "InvalidResponseError", requests=1)


# --- What goes over the wire ---


def answer(
    body: bytes = BALANCE,
    *headers: bytes,
    status: int = 200,
    reason: bytes | None = None,
    framed: bool = True,
    kind: bytes = b"application/json",
) -> bytes:
    """A whole answer.

    Args:
        body: The body.
        *headers: More header lines, without their line ends.
        status: The status.
        reason: The reason phrase; by default the status's own.
        framed: With Content-Length; otherwise the body ends with the connection.
        kind: Content-Type.
    """
    if reason is None:
        reason = HTTPStatus(status).phrase.encode() if status in set(HTTPStatus) else b"Unheard Of"
    # Said aloud, since the server does close: a client that pooled the connection might else lose its next attempt.
    lines = [b"HTTP/1.1 %d %s" % (status, reason), b"Content-Type: " + kind, b"Connection: close", *headers]
    if framed:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def head(*headers: bytes, status: int = 200) -> bytes:
    """An answer's head without any framing of the body but what the headers give."""
    return answer(b"", *headers, status=status, framed=False)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def error(message: str = "No", code: str = "INVALID_REQUEST", kind: str = "invalid_request_error") -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "code": code}}).encode()


def amount(text: bytes) -> bytes:
    return BALANCE.replace(b"12.50", text)


def beside(text: bytes) -> bytes:
    """A good balance with more fields in front."""
    return b"{" + text + b", " + BALANCE[1:]


CHUNKED = head(b"Transfer-Encoding: chunked")
FRAMED = head(b"Content-Length: %d" % len(BALANCE))


@cache
def bomb() -> bytes:
    """Near 1 GiB of white space as gzip, made at once: one block that a full flush lets stand on its own, often.

    Smaller than what a client may read, or that limit would stop it, and not the one on what it unpacks to.
    """
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(b" " * MEBIBYTE) + deflate.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + block * 960


# --- Plays ---


def says(*parts: bytes) -> Play:
    """Reads the request, sends the bytes, hangs up."""

    def play(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"".join(parts))

    return play


def stalls_after(*parts: bytes) -> Play:
    """Sends the bytes and then nothing more."""

    def play(connection: Connection) -> None:
        says(*parts)(connection)
        connection.stall()

    return play


def resets_after(*parts: bytes) -> Play:
    def play(connection: Connection) -> None:
        says(*parts)(connection)
        connection.reset()

    return play


def drips(*parts: bytes, after: bytes = b"", seconds: float = 0.2) -> Play:
    """Sends ``after`` at once and the parts a byte at a time: by default for longer than any test's deadline."""

    def play(connection: Connection) -> None:
        says(after)(connection)
        connection.drip(b"".join(parts), seconds)
        connection.stall()

    return play


def floods(start: bytes, again: bytes, times: int | None = None) -> Play:
    """Sends ``start`` and then ``again`` that many times, or without end."""

    def play(connection: Connection) -> None:
        says(start)(connection)
        sent = 0
        while times is None or sent < times:
            connection.send(again)
            sent += 1

    return play


def in_turn(*plays: Play) -> Play:
    """Plays one for each connection; the last one repeats."""
    return lambda connection: plays[min(connection.number, len(plays)) - 1](connection)


def echoes(build: Callable[[bytes], bytes]) -> Play:
    """Answers with what ``build`` makes of the key that came with the request."""

    def play(connection: Connection) -> None:
        found = re.search(rb"(?im)^authorization: *bearer +(\S+)", connection.read_request())
        connection.send(build(found[1] if found else b""))

    return play


def later(build: Callable[[], bytes]) -> Play:
    """Answers with something made at the moment of the request: a date, or bytes too many to make in advance."""
    return lambda connection: says(build())(connection)


def _cut_unread(connection: Connection) -> None:
    """Hangs up without a look at the request."""


def _reset_unread(connection: Connection) -> None:
    connection.reset()


def _says_nothing(connection: Connection) -> None:
    connection.read_request()
    connection.stall()


def _redirects(status: int, host: bytes) -> Play:
    """Points to another place, where a fine balance waits: who follows passes a gate, and gives away the key."""

    def play(connection: Connection) -> None:
        where = b"Location: http://%s:%d/elsewhere" % (host, connection.port)
        followed = connection.read_request().startswith(b"GET /elsewhere ")
        connection.send(answer() if followed else answer(b"", where, status=status))

    return play


def _hello(then: Callable[[Connection], None]) -> Play:
    """Waits for the client's first TLS message."""

    def play(connection: Connection) -> None:
        connection.link.recv(65_536)
        then(connection)

    return play


# --- The table ---

Table = dict[str, "tuple[Play, Expect]"]

SLOW: Table = {
    "says-nothing": (_says_nothing, DEADLINE),
    "drips-status-line": (drips(answer()), DEADLINE),
    "drips-headers": (drips(answer()[17:], after=answer()[:17]), DEADLINE),
    "drips-endless-headers": (drips(b"X: y\r\n" * 1000, after=b"HTTP/1.1 200 OK\r\n"), DEADLINE),
    "drips-body": (drips(BALANCE, after=FRAMED), DEADLINE),
    "drips-body-until-close": (drips(BALANCE, after=head()), DEADLINE),
    "drips-white-space": (drips(b" " * 1000, after=head()), DEADLINE),
    "drips-white-space-after-balance": (drips(b" " * 1000, after=head() + BALANCE), DEADLINE),
    "drips-chunks": (drips(*(chunk(bytes([byte])) for byte in BALANCE), after=CHUNKED), DEADLINE),
    "drips-in-one-chunk": (drips(chunk(BALANCE), after=CHUNKED), DEADLINE),
    "drips-chunk-size": (drips(b"0" * 1000, after=CHUNKED), DEADLINE),
    "drips-chunk-extension": (drips(b"x" * 1000, after=CHUNKED + b"1;"), DEADLINE),
    # All of the body is there. A client need not wait for trailers that it does not read.
    "drips-trailers": (
        drips(b"X: y\r\n" * 1000, after=CHUNKED + chunk(BALANCE) + b"0\r\n"),
        _expect("DeadlineExceededError", "known", requests=None),
    ),
    "drips-gzip": (drips(gzip.compress(BALANCE), after=head(b"Content-Encoding: gzip")), DEADLINE),
    "stalls-in-status-line": (stalls_after(b"HTTP/1.1 20"), DEADLINE),
    "stalls-after-status-line": (stalls_after(b"HTTP/1.1 200 OK\r\n"), DEADLINE),
    "stalls-in-header": (stalls_after(b"HTTP/1.1 200 OK\r\nContent-Le"), DEADLINE),
    "stalls-before-blank-line": (stalls_after(FRAMED[:-2]), DEADLINE),
    "stalls-after-headers": (stalls_after(FRAMED), DEADLINE),
    "stalls-after-headers-chunked": (stalls_after(CHUNKED), DEADLINE),
    "stalls-in-body": (stalls_after(FRAMED, BALANCE[:50]), DEADLINE),
    "stalls-before-last-byte": (stalls_after(FRAMED, BALANCE[:-1]), DEADLINE),
    "stalls-in-chunk-size": (stalls_after(CHUNKED, b"6"), DEADLINE),
    "stalls-in-chunk": (stalls_after(CHUNKED, b"63\r\n", BALANCE[:50]), DEADLINE),
    # The value is whole, the answer is not: more might follow that makes it invalid.
    "stalls-before-last-chunk": (stalls_after(CHUNKED, chunk(BALANCE)), DEADLINE),
    "stalls-instead-of-closing": (stalls_after(head(), BALANCE), DEADLINE),
    "stalls-in-gzip": (stalls_after(head(b"Content-Encoding: gzip"), gzip.compress(BALANCE)[:40]), DEADLINE),
    "stalls-after-100": (stalls_after(b"HTTP/1.1 100 Continue\r\n\r\n"), DEADLINE),
    "drips-100s": (
        drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        # A client may also stop counting at some number of them.
        _expect("DeadlineExceededError", "InvalidResponseError", requests=None),
    ),
    # A status that has arrived decides the class. Whether an attempt's body may use up the deadline is open.
    "stalls-in-401-body": (stalls_after(head(b"Content-Length: 90", status=401), b"{"), UNAUTHORIZED),
    "stalls-in-402-body": (
        stalls_after(head(b"Content-Length: 90", status=402)),
        _expect("InsufficientBalanceError", requests=1),
    ),
    "stalls-in-403-body": (
        stalls_after(head(b"Transfer-Encoding: chunked", status=403)),
        _expect("PermissionDeniedError", requests=1),
    ),
    "stalls-in-404-body": (stalls_after(head(status=404), b"<html>"), API_ERROR),
    "stalls-in-429-body": (
        stalls_after(head(b"Content-Length: 90", status=429)),
        _expect("RateLimitedError", requests=None),
    ),
    "stalls-in-503-body": (
        stalls_after(head(b"Content-Length: 90", status=503), b"{"),
        _expect("ServerError", requests=None),
    ),
    "drips-503-body": (drips(error(), after=head(status=503)), _expect("ServerError", requests=None)),
    "stalls-in-302-body": (stalls_after(head(b"Content-Length: 90", b"Location: /", status=302)), REDIRECT),
    "stalls-in-202-body": (stalls_after(head(b"Content-Length: 90", status=202)), INVALID),
    # The status has arrived, but not one header: a client may not know it yet.
    "stalls-after-401-status-line": (
        stalls_after(b"HTTP/1.1 401 Unauthorized\r\n"),
        _expect("AuthenticationError", "DeadlineExceededError", requests=None),
    ),
    # Not faults: what a client must not be too strict about.
    "byte-by-byte-but-prompt": (drips(answer(), seconds=0), KNOWN),
    "complete-and-held-open": (stalls_after(FRAMED, BALANCE), KNOWN),
    "complete-chunked-and-held-open": (stalls_after(CHUNKED, chunk(BALANCE), b"0\r\n\r\n"), KNOWN),
}

_HALF = answer()[: answer().index(b"\r\n\r\n") - 10]
_CHUNKS = CHUNKED + chunk(BALANCE[:50])
CUTS: Table = {
    "before-request": (_cut_unread, CUT),
    "before-answer": (says(b""), CUT),
    "reset-before-request": (_reset_unread, CUT),
    "reset-before-answer": (resets_after(), CUT),
    "in-protocol-name": (says(b"HT"), CUT),
    "before-status": (says(b"HTTP/1.1 "), CUT),
    "in-status": (says(b"HTTP/1.1 20"), CUT),
    "after-status": (says(b"HTTP/1.1 200"), CUT),
    "in-reason": (says(b"HTTP/1.1 200 O"), CUT),
    "before-line-feed": (says(b"HTTP/1.1 200 OK\r"), CUT),
    "after-status-line": (says(b"HTTP/1.1 200 OK\r\n"), CUT),
    "in-header-name": (says(b"HTTP/1.1 200 OK\r\nContent-Ty"), CUT),
    "in-header-value": (says(_HALF), CUT),
    "after-header": (says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"), CUT),
    "before-blank-line": (says(FRAMED[:-2]), CUT),
    "in-blank-line": (says(FRAMED[:-1]), CUT),
    "reset-in-headers": (resets_after(_HALF), CUT),
    "after-headers": (says(FRAMED), CUT),
    "in-body": (says(FRAMED, BALANCE[:50]), CUT),
    "before-last-byte": (says(FRAMED, BALANCE[:-1]), CUT),
    "reset-in-body": (resets_after(FRAMED, BALANCE[:50]), CUT),
    # A whole balance, and a length that says there was more: what was lost might have made it invalid.
    "after-whole-value": (says(head(b"Content-Length: 500"), BALANCE), CUT),
    "after-whole-value-by-a-byte": (says(head(b"Content-Length: %d" % (len(BALANCE) + 1)), BALANCE), CUT),
    "chunked-after-headers": (says(CHUNKED), CUT),
    "chunked-in-size": (says(CHUNKED, b"6"), CUT),
    "chunked-in-size-line-end": (says(CHUNKED, b"63\r"), CUT),
    "chunked-after-size": (says(CHUNKED, b"63\r\n"), CUT),
    "chunked-in-data": (says(CHUNKED, b"63\r\n", BALANCE[:50]), CUT),
    "chunked-after-data": (says(CHUNKED, chunk(BALANCE)[:-2]), CUT),
    "chunked-in-data-line-end": (says(CHUNKED, chunk(BALANCE)[:-1]), CUT),
    "chunked-between-chunks": (says(_CHUNKS), CUT),
    "chunked-in-second-size": (says(_CHUNKS, b"3"), CUT),
    "chunked-in-second-data": (says(_CHUNKS, chunk(BALANCE[50:])[:20]), CUT),
    "chunked-reset": (resets_after(_CHUNKS), CUT),
    "chunked-without-last-chunk": (says(CHUNKED, chunk(BALANCE)), CUT),
    # This zero might have become "0a": the body's end was not reached.
    "chunked-in-last-chunk": (says(CHUNKED, chunk(BALANCE), b"0"), CUT),
    # All of the body is there, and all that is missing is the line that ends the trailers.
    "chunked-before-trailers": (
        says(CHUNKED, chunk(BALANCE), b"0\r\n"),
        _expect("ConnectionFailedError", "known", requests=None),
    ),
    "chunked-in-trailers": (
        says(CHUNKED, chunk(BALANCE), b"0\r\nX: "),
        _expect("ConnectionFailedError", "known", requests=None),
    ),
    # Nothing but the connection's end frames this one, so the JSON must tell.
    "until-close-in-value": (says(head(), BALANCE[:50]), UNFINISHED),
    "until-close-before-value": (says(head()), UNFINISHED),
    "until-close-after-value": (says(head(), BALANCE), KNOWN),
    # A status that has arrived decides the class, whatever becomes of its body.
    "in-401-body": (says(head(b"Content-Length: 90", status=401), b"{"), UNAUTHORIZED),
    "in-402-body": (
        says(head(b"Content-Length: 90", status=402), b"{"),
        _expect("InsufficientBalanceError", requests=1),
    ),
    "in-404-chunk": (says(head(b"Transfer-Encoding: chunked", status=404), b"63\r\n{"), API_ERROR),
    "in-503-body": (says(head(b"Content-Length: 90", status=503), b"{"), SERVER_ERROR),
    "in-302-body": (says(head(b"Content-Length: 90", b"Location: /", status=302), b"{"), REDIRECT),
    "in-202-body": (says(head(b"Content-Length: 500", status=202), BALANCE), INVALID),
    # RST may overtake the status that was sent before it.
    "reset-in-401-body": (
        resets_after(head(b"Content-Length: 90", status=401)),
        _expect("AuthenticationError", "ConnectionFailedError", requests=None),
    ),
    # Two rules meet: the status has arrived, and the framing shows a cut in the headers.
    "in-401-headers": (
        says(b"HTTP/1.1 401 Unauthorized\r\nContent-Ty"),
        _expect("AuthenticationError", "ConnectionFailedError", requests=None),
    ),
    "in-503-headers": (
        says(b"HTTP/1.1 503 Service Unavailable\r\nContent-Ty"),
        _expect("ServerError", "ConnectionFailedError", requests=3),
    ),
    # 100 is interim: the answer itself never came. Yet the contract lists every 1xx as an invalid response.
    "after-100": (
        says(b"HTTP/1.1 100 Continue\r\n\r\n"),
        _expect("ConnectionFailedError", "InvalidResponseError", requests=None),
    ),
}

_LENGTH = b"%d" % len(BALANCE)
_LIMIT = _expect("InvalidResponseError", "ConnectionFailedError", "DeadlineExceededError", requests=None)


def _length(value: bytes) -> bytes:
    return head(b"Content-Length: " + value) + BALANCE


def _header(line: bytes) -> bytes:
    return answer(BALANCE, line)


def _status_line(line: bytes) -> bytes:
    return line + answer()[answer().index(b"\r\n") :]


FRAMING: Table = {
    # RFC 9112 section 6.3: lengths that differ must not be believed, whichever comes first.
    "lengths-differ": (says(head(b"Content-Length: " + _LENGTH, b"Content-Length: 500"), BALANCE), BROKEN),
    "lengths-differ-long-first": (says(head(b"Content-Length: 500", b"Content-Length: " + _LENGTH), BALANCE), BROKEN),
    "lengths-differ-in-list": (says(_length(_LENGTH + b", 500")), BROKEN),
    "lengths-agree": (says(head(*[b"Content-Length: " + _LENGTH] * 2), BALANCE), BROKEN_BUT_WHOLE),
    "lengths-agree-in-list": (says(_length(_LENGTH + b", " + _LENGTH)), BROKEN_BUT_WHOLE),
    "length-negative": (says(_length(b"-1")), BROKEN_BUT_WHOLE),
    "length-is-text": (says(_length(b"many")), BROKEN_BUT_WHOLE),
    "length-is-empty": (says(_length(b"")), BROKEN_BUT_WHOLE),
    "length-plus": (says(_length(b"+" + _LENGTH)), BROKEN_BUT_WHOLE),
    "length-hexadecimal": (says(_length(b"0x63")), BROKEN_BUT_WHOLE),
    "length-underscore": (says(_length(b"9_9")), BROKEN_BUT_WHOLE),
    "length-decimal-point": (says(_length(_LENGTH + b".0")), BROKEN_BUT_WHOLE),
    "length-leading-zeros": (says(_length(b"0000" + _LENGTH)), BROKEN_BUT_WHOLE),
    # Cut, says the framing; too large, says the announcement.
    "length-beyond-64-bits": (says(_length(b"9" * 30)), BROKEN),
    "length-of-5000-digits": (says(_length(b"9" * 5000)), BROKEN_BUT_WHOLE),
    "length-zero": (says(_length(b"0")), UNFINISHED),
    "length-short": (says(_length(b"50")), UNFINISHED),
    "length-short-of-garbage": (says(_length(_LENGTH), b"garbage"), KNOWN),
    "second-answer-behind": (says(FRAMED, BALANCE, answer(amount(b"99999"))), KNOWN),
    "length-and-chunked": (
        says(head(b"Content-Length: 500", b"Transfer-Encoding: chunked"), chunk(BALANCE), b"0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "chunked-but-plain": (says(CHUNKED, BALANCE), BROKEN),
    # Read as plain text, the chunks' sizes are in the way of the JSON.
    "plain-but-chunks": (says(answer(chunk(BALANCE) + b"0\r\n\r\n")), INVALID),
    "chunked-twice": (
        says(head(b"Transfer-Encoding: chunked, chunked"), chunk(BALANCE), b"0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "transfer-gzip": (
        says(head(b"Transfer-Encoding: gzip, chunked"), chunk(gzip.compress(BALANCE)), b"0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "transfer-unknown": (says(head(b"Transfer-Encoding: wormhole"), BALANCE), BROKEN_BUT_WHOLE),
    "chunked-in-http-1.0": (
        says(CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0"), chunk(BALANCE), b"0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "chunk-size-is-text": (says(CHUNKED, b"zz\r\n", BALANCE), BROKEN),
    "chunk-size-is-empty": (says(CHUNKED, b"\r\n", BALANCE), BROKEN),
    "chunk-size-negative": (says(CHUNKED, b"-1\r\n", BALANCE, b"\r\n0\r\n\r\n"), BROKEN),
    # A library that hands -1 to read() would read for ever.
    "chunk-size-negative-endless": (floods(CHUNKED + b"-1\r\n", b" " * 65_536), _LIMIT),
    "chunk-size-beyond-64-bits": (says(CHUNKED, b"f" * 30, b"\r\n", BALANCE), BROKEN),
    "chunk-size-prefixed": (says(CHUNKED, b"0x", chunk(BALANCE), b"0\r\n\r\n"), BROKEN_BUT_WHOLE),
    "chunk-size-underscore": (says(CHUNKED, b"0_", chunk(BALANCE), b"0\r\n\r\n"), BROKEN_BUT_WHOLE),
    "chunk-size-short": (says(CHUNKED, b"5\r\n", BALANCE, b"\r\n0\r\n\r\n"), BROKEN),
    "chunk-size-long": (says(CHUNKED, b"ff\r\n", BALANCE, b"\r\n0\r\n\r\n"), BROKEN),
    "chunk-line-feeds-only": (says(CHUNKED, b"63\n", BALANCE, b"\n0\n\n"), BROKEN_BUT_WHOLE),
    "chunk-size-endless": (floods(CHUNKED, b"0" * 65_536), _LIMIT),
    "chunk-extension-endless": (floods(CHUNKED + b"63;", b"x" * 65_536), _LIMIT),
    "chunk-extension-of-1-mib": (
        says(CHUNKED, b"63;", b"x" * MEBIBYTE, b"\r\n", BALANCE, b"\r\n0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "chunks-endless": (floods(CHUNKED, chunk(b" ")), _LIMIT),
    # All of the body is there: a client may stop reading at the last chunk.
    "trailers-endless": (
        floods(CHUNKED + chunk(BALANCE) + b"0\r\n", b"X: y\r\n" * 1000),
        _expect("known", *_LIMIT.outcomes, requests=None),
    ),
    "trailer-line-endless": (
        floods(CHUNKED + chunk(BALANCE) + b"0\r\nX: ", b"y" * 65_536),
        _expect("known", *_LIMIT.outcomes, requests=None),
    ),
    "trailer-with-length": (says(CHUNKED, chunk(BALANCE), b"0\r\nContent-Length: 3\r\n\r\n"), BROKEN_BUT_WHOLE),
    "header-line-of-100-kib": (says(_header(b"X: " + b"y" * 102_400)), BROKEN_BUT_WHOLE),
    "header-line-of-2-mib": (says(_header(b"X: " + b"y" * 2 * MEBIBYTE)), BROKEN),
    "header-line-endless": (floods(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65_536), _LIMIT),
    "headers-10000": (says(answer(BALANCE, *[b"X: y"] * 10_000)), BROKEN_BUT_WHOLE),
    "headers-endless": (floods(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000), _LIMIT),
    "headers-endless-of-100": (floods(b"HTTP/1.1 100 Continue\r\n", b"X: y\r\n" * 1000), _LIMIT),
    "status-line-endless": (floods(b"HTTP/1.1 200 ", b"OK" * 32_768), _LIMIT),
    "100-endless": (floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), _LIMIT),
    "blank-lines-endless": (floods(b"", b"\r\n" * 1000), _LIMIT),
    "garbage": (says(bytes(range(256)) * 4), BROKEN),
    "garbage-line": (says(b"220 mail.example.invalid ESMTP\r\n"), BROKEN),
    "ssh-banner": (says(b"SSH-2.0-OpenSSH_9.9\r\n"), BROKEN),
    "http-0.9": (says(BALANCE), BROKEN),
    "http-2-preface": (says(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), BROKEN),
    "http-2-settings": (says(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"), BROKEN),
    "http-1.0": (says(_status_line(b"HTTP/1.0 200 OK")), KNOWN),
    "http-3.0": (says(_status_line(b"HTTP/3.0 200 OK")), BROKEN_BUT_WHOLE),
    "http-lower-case": (says(_status_line(b"http/1.1 200 OK")), BROKEN_BUT_WHOLE),
    "icy": (says(_status_line(b"ICY 200 OK")), BROKEN_BUT_WHOLE),
    "no-reason": (says(_status_line(b"HTTP/1.1 200")), KNOWN),
    "leading-blank-line": (says(b"\r\n", answer()), BROKEN_BUT_WHOLE),
    "line-feeds-only": (says(answer().replace(b"\r\n", b"\n")), BROKEN_BUT_WHOLE),
    "header-without-colon": (says(_header(b"no colon here")), BROKEN_BUT_WHOLE),
    "header-without-colon-before-chunks": (
        says(head(b"no colon here", b"Transfer-Encoding: chunked"), chunk(BALANCE), b"0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "header-without-name": (says(_header(b": value")), BROKEN_BUT_WHOLE),
    "header-space-before-colon": (says(_header(b"X : y")), BROKEN_BUT_WHOLE),
    "header-folded": (says(_header(b"X: y\r\n z")), BROKEN_BUT_WHOLE),
    "header-folded-first": (says(b"HTTP/1.1 200 OK\r\n X: y\r\n", answer()[17:]), BROKEN_BUT_WHOLE),
    "header-null-in-value": (says(_header(b"X: a\0b")), BROKEN_BUT_WHOLE),
    "header-null-in-name": (says(_header(b"X\0: y")), BROKEN_BUT_WHOLE),
    "header-bare-carriage-return": (says(_header(b"X: a\rContent-Encoding: gzip")), BROKEN_BUT_WHOLE),
    "header-not-ascii": (says(_header(b"X-\xff: \xfe\x80")), BROKEN_BUT_WHOLE),
    "cookie": (says(_header(b"Set-Cookie: session=1; Path=/")), KNOWN),
}

_ODD_STATUSES: Table = {
    "099": (says(_status_line(b"HTTP/1.1 099 Low")), BROKEN),
    "000": (says(_status_line(b"HTTP/1.1 000 None")), BROKEN),
    "1000": (says(_status_line(b"HTTP/1.1 1000 High")), BROKEN),
    "20": (says(_status_line(b"HTTP/1.1 20 Short")), BROKEN),
    "negative": (says(_status_line(b"HTTP/1.1 -200 OK")), BROKEN),
    "text": (says(_status_line(b"HTTP/1.1 OK 200")), BROKEN),
    "letters": (says(_status_line(b"HTTP/1.1 2OO OK")), BROKEN),
    "glued": (says(_status_line(b"HTTP/1.1 200OK")), BROKEN),
    # Python's int() takes these for 200, as does http.client.
    "0200": (says(_status_line(b"HTTP/1.1 0200 OK")), BROKEN),
    "plus": (says(_status_line(b"HTTP/1.1 +200 OK")), BROKEN),
    "underscores": (says(_status_line(b"HTTP/1.1 2_0_0 OK")), BROKEN),
    # An interim answer, then the real one: RFC 9110 section 15.2 lets a client go on to it.
    "100-then-200": (says(b"HTTP/1.1 100 Continue\r\n\r\n", answer()), KNOWN_OR_INVALID),
    "103-then-200": (says(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", answer()), KNOWN_OR_INVALID),
    "100-then-401": (
        says(b"HTTP/1.1 100 Continue\r\n\r\n", answer(error(), status=401)),
        _expect("AuthenticationError", "InvalidResponseError", requests=1),
    ),
    "401-html": (says(answer(b"<html>", status=401, kind=b"text/html")), UNAUTHORIZED),
    "401-empty": (says(answer(b"", status=401)), UNAUTHORIZED),
    "401-other-code": (says(answer(error(code="RATE_LIMITED"), status=401)), UNAUTHORIZED),
    "400-error-is-text": (says(answer(b'{"error": "no"}', status=400)), API_ERROR),
    "400-error-is-list": (says(answer(b'{"error": [1]}', status=400)), API_ERROR),
    "400-fields-of-wrong-types": (
        says(answer(b'{"error": {"message": {"a": 1}, "code": [2], "type": null}}', status=400)),
        API_ERROR,
    ),
    "400-null": (says(answer(b"null", status=400)), API_ERROR),
    "400-nan": (says(answer(b'{"error": {"code": NaN}}', status=400)), API_ERROR),
    "502-html": (says(answer(b"<html>Bad Gateway</html>", status=502, kind=b"text/html")), SERVER_ERROR),
    "503-balance": (says(answer(status=503)), SERVER_ERROR),
    "200-then-garbage-reason": (says(answer(reason=b"\xff\xfe")), KNOWN),
    "302-without-location": (says(answer(status=302)), REDIRECT),
    "302-to-same-host": (_redirects(302, b"127.0.0.1"), REDIRECT),
    "302-to-relative": (says(answer(b"", b"Location: /v1/balance?again", status=302)), REDIRECT),
    "302-to-file": (says(answer(b"", b"Location: file:///etc/passwd", status=302)), REDIRECT),
    "302-to-garbage": (says(answer(b"", b"Location: http://[::1", status=302)), REDIRECT),
    "302-gzip-bomb": (
        later(lambda: answer(bomb(), b"Location: /", b"Content-Encoding: gzip", status=302)),
        REDIRECT,
    ),
    "302-endless": (floods(head(b"Location: /", status=302), b" " * 65_536), REDIRECT),
    "302-corrupt-gzip": (
        says(answer(b"not gzip", b"Location: /", b"Content-Encoding: gzip", status=302)),
        REDIRECT,
    ),
    **{
        f"{status}-to-another-host": (_redirects(status, b"localhost"), REDIRECT)
        for status in (301, 302, 303, 307, 308)
    },
}

_CLASSES = {
    401: UNAUTHORIZED,
    402: _expect("InsufficientBalanceError", requests=1),
    403: _expect("PermissionDeniedError", requests=1),
    407: _expect("ProxyError", requests=1),
    408: _expect("APIError", requests=3),
    425: _expect("APIError", requests=3),
    429: RATE_LIMITED,
}
_FAMILIES = {1: INVALID, 2: INVALID, 3: REDIRECT, 4: API_ERROR, 5: SERVER_ERROR}
_STATUSES = sorted({*(int(status) for status in HTTPStatus), 199, 299, 399, 499, 599, 600, 999} - {100, 200})


def _status(status: int) -> tuple[Play, Expect]:
    """A good balance under a status that is not 200: it must never pass."""
    if status < 200:
        # The contract calls it invalid; a client may also skip an interim answer, and then finds that nothing follows.
        interim = _expect("InvalidResponseError", "ConnectionFailedError", requests=None)
        return says(b"HTTP/1.1 %d Interim\r\n\r\n" % status), interim
    return says(answer(status=status)), _CLASSES.get(status, _FAMILIES.get(status // 100, INVALID))


STATUSES: Table = {**{str(status): _status(status) for status in _STATUSES}, **_ODD_STATUSES}

_GZIP = b"Content-Encoding: gzip"
_ZIPPED = gzip.compress(BALANCE, mtime=0)


def _encoded(body: bytes, encoding: bytes = b"gzip") -> bytes:
    return answer(body, b"Content-Encoding: " + encoding)


def _raw_deflate(body: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(body) + deflate.flush()


_ACCENT = '"name": "caf\u00e9"'
ENCODINGS: Table = {
    "gzip": (says(_encoded(_ZIPPED)), KNOWN),
    "gzip-chunked": (says(head(_GZIP, b"Transfer-Encoding: chunked"), chunk(_ZIPPED), b"0\r\n\r\n"), KNOWN),
    "gzip-postpaid": (says(_encoded(gzip.compress(POSTPAID))), _expect("postpaid", requests=1)),
    # The contract grants gzip alone.
    "gzip-upper-case": (says(_encoded(_ZIPPED, b"GZIP")), KNOWN_OR_INVALID),
    "x-gzip": (says(_encoded(_ZIPPED, b"x-gzip")), KNOWN_OR_INVALID),
    "deflate": (says(_encoded(zlib.compress(BALANCE), b"deflate")), KNOWN_OR_INVALID),
    "deflate-raw": (says(_encoded(_raw_deflate(BALANCE), b"deflate")), KNOWN_OR_INVALID),
    "identity": (says(_encoded(BALANCE, b"identity")), KNOWN_OR_INVALID),
    "encoding-empty": (says(_encoded(BALANCE, b"")), KNOWN_OR_INVALID),
    "encoding-unknown": (says(_encoded(BALANCE, b"aes128gcm")), KNOWN_OR_INVALID),
    "gzip-in-gzip": (says(_encoded(gzip.compress(_ZIPPED), b"gzip, gzip")), KNOWN_OR_INVALID),
    "gzip-in-gzip-two-headers": (says(answer(gzip.compress(_ZIPPED), _GZIP, _GZIP)), KNOWN_OR_INVALID),
    "gzip-two-members": (
        says(_encoded(gzip.compress(BALANCE[:50]) + gzip.compress(BALANCE[50:]))),
        # One value in two members: RFC 1952 section 2.2 joins them; a client that stops at the first has half of it.
        _expect("known", "InvalidResponseError", requests=None),
    ),
    "gzip-trailing-garbage": (says(_encoded(_ZIPPED + b"garbage")), KNOWN_OR_INVALID),
    "gzip-trailing-zeros": (says(_encoded(_ZIPPED + b"\0" * 512)), KNOWN_OR_INVALID),
    # The JSON is whole, only its checksum is missing: whether that counts as a cut is open.
    "gzip-without-checksum": (says(_encoded(_ZIPPED[:-8])), BROKEN_BUT_WHOLE),
    "gzip-claimed-but-plain": (says(_encoded(BALANCE)), INVALID),
    "gzip-in-name-of-100": (says(_encoded(_ZIPPED, b"gzip, " * 99 + b"gzip")), INVALID),
    "gzip-not-announced": (says(answer(_ZIPPED)), INVALID),
    "gzip-corrupt": (says(_encoded(_ZIPPED[:30] + b"\xff\xff\xff" + _ZIPPED[33:])), INVALID),
    "gzip-corrupt-checksum": (says(_encoded(_ZIPPED[:-8] + b"\0" * 8)), INVALID),
    # Cut within, framed as whole: JSON that ends early, or a cut, but not a balance.
    "gzip-truncated": (says(_encoded(_ZIPPED[:40])), BROKEN),
    "gzip-header-only": (says(_encoded(_ZIPPED[:10])), BROKEN),
    "gzip-of-nothing": (says(_encoded(gzip.compress(b""))), _expect("InvalidResponseError", requests=None)),
    "gzip-bomb": (later(lambda: _encoded(bomb())), INVALID),
    "gzip-bomb-in-gzip": (later(lambda: _encoded(gzip.compress(bomb()), b"gzip, gzip")), INVALID),
    "gzip-bomb-chunked": (
        later(lambda: head(_GZIP, b"Transfer-Encoding: chunked") + chunk(bomb()) + b"0\r\n\r\n"),
        INVALID,
    ),
    "gzip-bomb-in-401": (later(lambda: answer(bomb(), _GZIP, status=401)), UNAUTHORIZED),
    "gzip-bomb-in-503": (later(lambda: answer(bomb(), _GZIP, status=503)), SERVER_ERROR),
    "gzip-corrupt-in-401": (says(answer(b"not gzip", _GZIP, status=401)), UNAUTHORIZED),
    "gzip-corrupt-in-503": (says(answer(b"not gzip", _GZIP, status=503)), SERVER_ERROR),
    "gzip-truncated-in-404": (says(answer(_ZIPPED[:20], _GZIP, status=404)), API_ERROR),
    "deflate-corrupt": (says(_encoded(b"not deflate", b"deflate")), INVALID),
    "brotli-corrupt": (says(_encoded(b"not brotli at all", b"br")), INVALID),
    "zstd-corrupt": (says(_encoded(b"not zstd at all", b"zstd")), INVALID),
    "utf-8": (says(answer(beside(_ACCENT.encode()))), KNOWN),
    "utf-8-mark": (says(answer(b"\xef\xbb\xbf" + BALANCE)), KNOWN),
    "utf-8-mark-twice": (says(answer(b"\xef\xbb\xbf" * 2 + BALANCE)), INVALID),
    "utf-8-mark-alone": (says(answer(b"\xef\xbb\xbf")), _expect("InvalidResponseError", requests=None)),
    "utf-16": (says(answer(BALANCE.decode().encode("utf-16"))), INVALID),
    "utf-16-le": (says(answer(BALANCE.decode().encode("utf-16-le"))), INVALID),
    "utf-16-be": (says(answer(BALANCE.decode().encode("utf-16-be"))), INVALID),
    "utf-32": (says(answer(BALANCE.decode().encode("utf-32"))), INVALID),
    "utf-16-declared": (
        says(answer(BALANCE.decode().encode("utf-16"), kind=b"application/json; charset=utf-16")),
        INVALID,
    ),
    "latin-1": (says(answer(beside(_ACCENT.encode("latin-1")))), INVALID),
    "latin-1-declared": (
        says(answer(beside(_ACCENT.encode("latin-1")), kind=b"application/json; charset=iso-8859-1")),
        INVALID,
    ),
    "utf-8-overlong": (says(answer(beside(b'"name": "\xc0\xaf"'))), INVALID),
    "utf-8-surrogate": (says(answer(beside(b'"name": "\xed\xa0\x80"'))), INVALID),
    "utf-8-beyond-unicode": (says(answer(beside(b'"name": "\xf4\x90\x80\x80"'))), INVALID),
    "utf-8-invalid-at-end": (says(answer(BALANCE + b"\xff")), INVALID),
    # JSON's grammar lets a lone surrogate be escaped; RFC 8259 section 8.2 calls the result unpredictable.
    "surrogate-escaped": (says(answer(beside(rb'"name": "\ud800"'))), KNOWN_OR_INVALID),
    "surrogate-escaped-in-billing-type": (says(answer(BALANCE.replace(b"prepaid", rb"\ud800"))), INVALID),
    "surrogate-escaped-in-currency": (says(answer(BALANCE.replace(b"usd", rb"\ud800"))), INVALID),
    # The contract goes by the body; what Content-Type may say it leaves open.
    "type-html": (says(answer(kind=b"text/html")), KNOWN_OR_INVALID),
    "type-missing": (says(answer().replace(b"Content-Type: application/json\r\n", b"")), KNOWN_OR_INVALID),
    "charset-unknown": (says(answer(kind=b"application/json; charset=nonsense")), KNOWN_OR_INVALID),
    "charset-codec-of-bytes": (says(answer(kind=b"application/json; charset=hex")), KNOWN_OR_INVALID),
    "charset-unknown-in-400": (says(answer(error(), status=400, kind=b"text/html; charset=nonsense")), API_ERROR),
    "utf-16-in-400": (says(answer(error().decode().encode("utf-16"), status=400)), API_ERROR),
}

SIZES: Table = {
    "1-mib": (says(answer(b" " * (MEBIBYTE - len(BALANCE)) + BALANCE)), KNOWN),
    "1-mib-and-a-byte": (says(answer(b" " * (MEBIBYTE - len(BALANCE) + 1) + BALANCE)), INVALID),
    "1-mib-chunked": (
        says(CHUNKED, chunk(b" " * (MEBIBYTE - len(BALANCE))), chunk(BALANCE), b"0\r\n\r\n"),
        KNOWN,
    ),
    "1-mib-and-a-byte-chunked": (
        says(CHUNKED, chunk(b" " * (MEBIBYTE - len(BALANCE) + 1)), chunk(BALANCE), b"0\r\n\r\n"),
        INVALID,
    ),
    "1-mib-gzip": (says(_encoded(gzip.compress(b" " * (MEBIBYTE - len(BALANCE)) + BALANCE))), KNOWN),
    "1-mib-and-a-byte-gzip": (says(_encoded(gzip.compress(b" " * (MEBIBYTE - len(BALANCE) + 1) + BALANCE))), INVALID),
    "5-mib-of-white-space-before": (later(lambda: answer(b" " * 5 * MEBIBYTE + BALANCE)), INVALID),
    "5-mib-of-white-space-behind": (later(lambda: answer(BALANCE + b"\n" * 5 * MEBIBYTE)), INVALID),
    "5-mib-of-white-space": (later(lambda: answer(b" " * 5 * MEBIBYTE)), INVALID),
    "5-mib-string": (later(lambda: answer(beside(b'"name": "' + b"x" * 5 * MEBIBYTE + b'"'))), INVALID),
    "200-mib": (floods(head(b"Content-Length: %d" % (200 * MEBIBYTE)), b" " * MEBIBYTE, times=200), INVALID),
    "200-mib-until-close": (floods(head(), b" " * MEBIBYTE, times=200), INVALID),
    "200-mib-in-one-chunk": (floods(CHUNKED + b"c800000\r\n", b" " * MEBIBYTE, times=200), INVALID),
    "endless": (floods(head(), b" " * 65_536), INVALID),
    "endless-json": (floods(head() + b'{"x": [0', b", 0" * 10_000), INVALID),
    "endless-chunks": (floods(CHUNKED, chunk(b" " * 65_536)), INVALID),
    "endless-after-balance": (floods(head() + BALANCE, b" " * 65_536), INVALID),
    "endless-401": (floods(head(status=401), b"x" * 65_536), UNAUTHORIZED),
    "endless-404": (floods(head(status=404), b"x" * 65_536), API_ERROR),
    "endless-503": (floods(head(status=503), b"x" * 65_536), SERVER_ERROR),
    "endless-202": (floods(head(status=202), b"x" * 65_536), INVALID),
    "5-mib-503": (later(lambda: answer(b"x" * 5 * MEBIBYTE, status=503)), SERVER_ERROR),
}


def _body(body: bytes, expect: Expect = INVALID) -> tuple[Play, Expect]:
    return says(answer(body)), expect


_EMPTY_ERROR = _expect("APIError", "InvalidResponseError", requests=1)
_HUGE = Expect(frozenset({"known", "InvalidResponseError"}), 1, Decimal("1e400"))
_TINY = Expect(frozenset({"known", "InvalidResponseError"}), 1, Decimal("1e-400"))
_LONG = Expect(frozenset({"known", "InvalidResponseError"}), 1, Decimal("9" * 10_000))
_VAST = Expect(frozenset({"known", "InvalidResponseError"}), 1, Decimal("1e999999"))

JSON: Table = {
    "prepaid-null": _body(amount(b"null"), _expect("unavailable", requests=3)),
    "postpaid-null": _body(POSTPAID, _expect("postpaid", requests=1)),
    "postpaid-number": _body(BALANCE.replace(b"prepaid", b"postpaid"), KNOWN),
    "unknown-fields": _body(beside(b'"new": {"error": 1, "deep": [[[null]]]}'), KNOWN),
    "white-space-around": _body(b" \r\n\t" + BALANCE + b"\n\n", KNOWN),
    "keys-escaped": _body(BALANCE.replace(b"amount", rb"\u0061mount"), KNOWN),
    "nested-50-deep": _body(beside(b'"x": ' + b"[" * 50 + b"]" * 50), KNOWN),
    # Number forms.
    "integer": _body(amount(b"12"), _known("12")),
    "exponent-upper-case": _body(amount(b"1E+2"), _known("100")),
    "exponent-of-a-fraction": _body(amount(b"0.1e1"), _known("1")),
    "just-above-5": _body(amount(b"5.0000001"), _known("5.0000001")),
    "just-below-5": _body(amount(b"4.999999"), _known("4.999999")),
    "exactly-5": _body(amount(b"5"), _known("5")),
    "24-digits": _body(amount(b"9" * 24 + b".5"), _known("9" * 24 + ".5")),
    "zero": _body(amount(b"0"), _known("0")),
    "negative-zero": _body(amount(b"-0.0"), _known("0")),
    "negative": _body(amount(b"-5.25"), _known("-5.25")),
    "six-decimals": _body(amount(b"4.999999"), _known("4.999999")),
    # As a float it is 5: what compares floats passes a gate at 5 that it must not pass.
    "a-float-below-5": _body(amount(b"4.99999999999999999999"), _known("4.99999999999999999999")),
    "exponent": _body(amount(b"1.25E+1"), KNOWN),
    "exponent-negative": _body(amount(b"1250e-2"), KNOWN),
    "more-digits-than-a-float": _body(amount(b"90071992547409930.01"), _known("90071992547409930.01")),
    # Six decimals are what the API documents. A finer or an absurd number is a number all the same, but no dollars.
    "seven-decimals": _body(amount(b"12.5000000"), KNOWN_OR_INVALID),
    "1e400": _body(amount(b"1e400"), _HUGE),
    "1e-400": _body(amount(b"1e-400"), _TINY),
    "1e999999": _body(amount(b"1e999999"), _VAST),
    "10000-digits": _body(amount(b"9" * 10_000), _LONG),
    "exponent-beyond-decimal": _body(amount(b"1e" + b"9" * 30)),
    "exponent-beyond-decimal-negative": _body(
        amount(b"-1e-" + b"9" * 30), KNOWN_OR_INVALID._replace(amount=Decimal(0))
    ),
    "10000-digits-elsewhere": _body(beside(b'"x": ' + b"9" * 10_000), KNOWN_OR_INVALID),
    "exponent-beyond-decimal-elsewhere": _body(beside(b'"x": 1e' + b"9" * 30), KNOWN_OR_INVALID),
    "nan": _body(amount(b"NaN")),
    "infinity": _body(amount(b"Infinity")),
    "negative-infinity": _body(amount(b"-Infinity")),
    "nan-elsewhere": _body(beside(b'"x": NaN')),
    "infinity-elsewhere": _body(beside(b'"x": [{"y": Infinity}]')),
    "plus": _body(amount(b"+12.50")),
    "leading-zero": _body(amount(b"012.50")),
    "no-integer": _body(amount(b".5")),
    "no-fraction": _body(amount(b"12.")),
    "hexadecimal": _body(amount(b"0xc")),
    "underscore": _body(amount(b"1_2.50")),
    "comma": _body(amount(b"12,50")),
    "digits-not-ascii": _body(amount("\u0661\u0662".encode())),
    "digits-full-width": _body(amount("\uff11\uff12".encode())),
    # Wrong types.
    "amount-string": _body(amount(b'"12.50"')),
    "amount-string-empty": _body(amount(b'""')),
    "amount-true": _body(amount(b"true")),
    "amount-false": _body(amount(b"false")),
    "amount-list": _body(amount(b"[12.50]")),
    "amount-object": _body(amount(b'{"value": 12.50}')),
    "amount-missing": _body(BALANCE.replace(b'"amount": 12.50, ', b"")),
    "amount-key-upper-case": _body(BALANCE.replace(b"amount", b"Amount")),
    "currency-missing": _body(BALANCE.replace(b', "currency": "usd"', b"")),
    "currency-null": _body(BALANCE.replace(b'"usd"', b"null")),
    "currency-number": _body(BALANCE.replace(b'"usd"', b"840")),
    "currency-list": _body(BALANCE.replace(b'"usd"', b'["usd"]')),
    "currency-empty": _body(BALANCE.replace(b"usd", b"")),
    "currency-unknown": _body(BALANCE.replace(b"usd", b"eur")),
    "currency-spaces": _body(BALANCE.replace(b"usd", b" usd ")),
    "currency-upper-case": _body(BALANCE.replace(b"usd", b"USD"), KNOWN),
    "currency-mixed-case": _body(BALANCE.replace(b"usd", b"Usd"), KNOWN),
    # "u\u017fd" with a long s: upper() and casefold() would take it for usd.
    "currency-long-s": _body(BALANCE.replace(b"usd", "u\u017fd".encode())),
    "currency-full-width": _body(BALANCE.replace(b"usd", "\uff55\uff53\uff44".encode())),
    "billing-type-unknown": _body(BALANCE.replace(b"prepaid", b"credit")),
    "billing-type-upper-case": _body(BALANCE.replace(b"prepaid", b"PREPAID")),
    "billing-type-spaces": _body(BALANCE.replace(b"prepaid", b" prepaid")),
    "billing-type-empty": _body(BALANCE.replace(b"prepaid", b"")),
    "billing-type-null": _body(BALANCE.replace(b'"prepaid"', b"null")),
    "billing-type-list": _body(BALANCE.replace(b'"prepaid"', b'["prepaid"]')),
    "billing-type-object": _body(BALANCE.replace(b'"prepaid"', b'{"prepaid": 1}')),
    "billing-type-missing": _body(BALANCE.replace(b'"billing_type": "prepaid", ', b"")),
    "billing-type-unknown-null": _body(POSTPAID.replace(b"postpaid", b"credit")),
    "available-missing": _body(b'{"object": "balance", "billing_type": "prepaid"}'),
    "available-null": _body(b'{"object": "balance", "billing_type": "prepaid", "available": null}'),
    "available-number": _body(b'{"object": "balance", "billing_type": "prepaid", "available": 12.50}'),
    "available-list": _body(b'{"object": "balance", "billing_type": "prepaid", "available": [12.50, "usd"]}'),
    "available-empty": _body(b'{"object": "balance", "billing_type": "prepaid", "available": {}}'),
    "postpaid-available-null": _body(b'{"object": "balance", "billing_type": "postpaid", "available": null}'),
    "object-wrong": _body(BALANCE.replace(b'"balance"', b'"list"')),
    "object-null": _body(BALANCE.replace(b'"balance"', b"null")),
    "object-missing": _body(BALANCE.replace(b'"object": "balance", ', b"")),
    "wrapped-in-data": _body(b'{"data": ' + BALANCE + b"}"),
    "wrapped-in-list": _body(b"[" + BALANCE + b"]"),
    "wrapped-in-string": _body(json.dumps(BALANCE.decode()).encode()),
    "null": _body(b"null"),
    "true": _body(b"true"),
    "number": _body(b"12.50"),
    "string": _body(b'"balance"'),
    "list-empty": _body(b"[]"),
    "object-empty": _body(b"{}"),
    # Duplicate keys, at each level.
    "duplicate-object": _body(beside(b'"object": "balance"')),
    "duplicate-billing-type": _body(beside(b'"billing_type": "postpaid"')),
    "duplicate-available": _body(beside(b'"available": {"amount": 1, "currency": "usd"}')),
    "duplicate-available-null": _body(beside(b'"available": null')),
    "duplicate-amount": _body(BALANCE.replace(b'"amount"', b'"amount": 0.01, "amount"')),
    "duplicate-amount-same": _body(BALANCE.replace(b'"amount"', b'"amount": 12.50, "amount"')),
    "duplicate-amount-escaped": _body(BALANCE.replace(b'"amount"', rb'"\u0061mount": 0.01, "amount"')),
    "duplicate-currency": _body(BALANCE.replace(b'"currency"', b'"currency": "eur", "currency"')),
    "duplicate-unknown": _body(beside(b'"x": 1, "x": 1')),
    "duplicate-nested": _body(beside(b'"x": {"y": 1, "y": 2}')),
    "duplicate-in-list": _body(beside(b'"x": [{"y": 1, "y": 2}]')),
    "duplicate-empty-key": _body(beside(b'"": 1, "": 1')),
    # Two rules meet: a non-null error, and a duplicate key.
    "duplicate-error": _body(b'{"error": {"code": "X"}, "error": {"code": "X"}}', _EMPTY_ERROR),
    "duplicate-error-null": _body(beside(b'"error": {"code": "X"}, "error": null'), _EMPTY_ERROR),
    "duplicate-in-error": _body(b'{"error": {"code": "X", "code": "Y"}}', _EMPTY_ERROR),
    # Nesting.
    "nested-100000-lists": _body(beside(b'"x": ' + b"[" * 100_000 + b"]" * 100_000)),
    "nested-100000-objects": _body(beside(b'"x": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
    "nested-100000-alone": _body(b"[" * 100_000 + b"]" * 100_000),
    # Absurd nesting, and JSON that ends early: either rule may speak first.
    "nested-100000-unclosed": _body(b"[" * 100_000, _expect("InvalidResponseError", requests=None)),
    "nested-100000-in-503": (says(answer(b"[" * 100_000 + b"]" * 100_000, status=503)), SERVER_ERROR),
    "nested-100000-in-401": (says(answer(b'{"error":' * 50_000 + b"1" + b"}" * 50_000, status=401)), UNAUTHORIZED),
    # A non-null error, whatever else is there.
    "error": _body(error(), API_ERROR),
    "error-beside-balance": _body(beside(error()[1:-1]), API_ERROR),
    "error-behind-balance": _body(BALANCE[:-1] + b", " + error()[1:], API_ERROR),
    "error-null": _body(beside(b'"error": null'), KNOWN),
    "error-text": _body(beside(b'"error": "no"'), API_ERROR),
    "error-empty-text": _body(beside(b'"error": ""'), API_ERROR),
    "error-empty-object": _body(beside(b'"error": {}'), API_ERROR),
    "error-empty-list": _body(beside(b'"error": []'), API_ERROR),
    "error-false": _body(beside(b'"error": false'), API_ERROR),
    "error-zero": _body(beside(b'"error": 0'), API_ERROR),
    "error-rate-limited": _body(error(code="RATE_LIMITED"), API_ERROR),
    "error-insufficient-balance": _body(error(code="INSUFFICIENT_BALANCE"), API_ERROR),
    "error-authentication": _body(error(code="AUTHENTICATION_FAILED"), API_ERROR),
    "error-alone-null": _body(b'{"error": null}'),
    # Not JSON, or not only.
    "html": (says(answer(b"<!DOCTYPE html><title>Sign in</title>", kind=b"text/html")), INVALID),
    "text": _body(b"OK"),
    "empty": _body(b"", UNFINISHED),
    "empty-chunked": (says(CHUNKED, b"0\r\n\r\n"), UNFINISHED),
    # Empty, or JSON that ends before its value begins, or simply not JSON.
    "white-space-only": _body(b" \r\n", _expect("InvalidResponseError", requests=None)),
    "null-byte-only": _body(b"\0"),
    "null-byte-behind": _body(BALANCE + b"\0"),
    "two-values": _body(BALANCE + b"\n" + BALANCE),
    "garbage-behind": _body(BALANCE + b"garbage"),
    "brace-behind": _body(BALANCE + b"}"),
    "garbage-before": _body(b")]}',\n" + BALANCE),
    "callback": _body(b"callback(" + BALANCE + b")"),
    "comment": _body(BALANCE[:-1] + b"/* */}"),
    "trailing-comma": _body(BALANCE[:-1] + b",}"),
    "single-quotes": _body(BALANCE.replace(b'"', b"'")),
    "unquoted-keys": _body(BALANCE.replace(b'"amount"', b"amount")),
    "newline-in-string": _body(beside(b'"x": "a\nb"')),
    "null-byte-in-string": _body(beside(b'"x": "a\0b"')),
    "bad-escape": _body(beside(rb'"x": "\x41"')),
    "python-none": _body(amount(b"None")),
    "vertical-tab": _body(b"\x0b" + BALANCE),
    "no-break-space": _body("\u00a0".encode() + BALANCE),
    "yaml": _body(b"object: balance\n"),
}

# Framed as whole, yet each ends before its value does.
TRUNCATED: Table = {
    **{f"prepaid-{end:03}": _body(BALANCE[:end], UNFINISHED) for end in range(1, len(BALANCE))},
    **{
        f"postpaid-{end:03}": _body(POSTPAID[:end], UNFINISHED)
        for end in range(POSTPAID.index(b"null"), POSTPAID.index(b"null") + 5)
    },
    "in-escape": _body(rb'{"object": "\u00', UNFINISHED),
    "after-backslash": _body(b'{"object": "\\', UNFINISHED),
    # A character cut in half: not UTF-8, or not finished.
    "in-character": _body(beside(_ACCENT.encode())[:15], _expect("InvalidResponseError", requests=None)),
}

_DAY = 86_400


def _asks_to_wait(status: int, value: Callable[[], str]) -> Play:
    return later(lambda: answer(error(), b"Retry-After: " + value().encode("latin-1"), status=status))


def _zoned(seconds: int) -> str:
    """An HTTP date but for its zone, two hours east."""
    return time.strftime("%a, %d %b %Y %H:%M:%S +0200", time.gmtime(time.time() + seconds + 7200))


def _rfc_850(seconds: int) -> str:
    return time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(time.time() + seconds))


# value, and how often the server is asked: 3 where the wait is short or the value is ignored, 1 where the wait would
# pass any sensible deadline, None where the contract does not say whether the value is a sane one.
_WAITS: dict[str, tuple[Callable[[], str], int | None]] = {
    "0": (lambda: "0", 3),
    "1": (lambda: "1", 3),
    "fraction": (lambda: "1.5", 3),
    "padded": (lambda: "  1  ", 3),
    "a-day": (lambda: str(_DAY), 1),
    "a-year": (lambda: str(365 * _DAY), 1),
    "negative": (lambda: "-1", 3),
    "negative-zero": (lambda: "-0", 3),
    "empty": (lambda: "", 3),
    "junk": (lambda: "soon", 3),
    "junk-with-number": (lambda: "120 seconds", 3),
    "hexadecimal": (lambda: "0xff", 3),
    "not-a-number": (lambda: "nan", 3),
    "infinite": (lambda: "inf", 3),
    "underscore": (lambda: "86_400", 3),
    "digits-not-ascii": (lambda: "\xb2\xb3", 3),
    "exponent": (lambda: "1e9", None),
    "10-to-the-400": (lambda: "1" + "0" * 400, None),
    "5000-digits": (lambda: "9" * 5000, None),
    "beyond-64-bits": (lambda: "9" * 25, None),
    "two-values": (lambda: "0, 86400", None),
    "two-headers": (lambda: "0\r\nRetry-After: 86400", None),
    "date-past": (lambda: formatdate(time.time() - _DAY, usegmt=True), 3),
    "date-now": (lambda: formatdate(usegmt=True), 3),
    "date-future": (lambda: formatdate(time.time() + _DAY, usegmt=True), 1),
    "date-year-9999": (lambda: "Fri, 31 Dec 9999 23:59:59 GMT", None),
    "date-year-1": (lambda: "Mon, 01 Jan 0001 00:00:00 GMT", 3),
    "date-zone-past": (lambda: _zoned(-_DAY), 3),
    "date-zone-future": (lambda: _zoned(_DAY), None),
    "date-rfc-850-past": (lambda: _rfc_850(-_DAY), 3),
    "date-rfc-850-future": (lambda: _rfc_850(_DAY), 1),
    "date-asctime-past": (lambda: time.asctime(time.gmtime(time.time() - _DAY)), 3),
    "date-asctime-future": (lambda: time.asctime(time.gmtime(time.time() + _DAY)), 1),
    "date-iso": (lambda: "2099-01-01T00:00:00Z", None),
    "date-impossible": (lambda: "Mon, 99 Foo 2099 99:99:99 GMT", 3),
    "date-zone-absurd": (lambda: "Thu, 01 Jan 2099 00:00:00 +9999999", None),
}

RETRY_AFTER: Table = {
    **{
        f"{status}-{name}": (_asks_to_wait(status, value), _expect(error_class, requests=requests))
        for status, error_class in ((429, "RateLimitedError"), (503, "ServerError"))
        for name, (value, requests) in _WAITS.items()
    },
    "401-a-day": (_asks_to_wait(401, lambda: str(_DAY)), UNAUTHORIZED),
    # Documented for 429 and 503 alone; whether it counts elsewhere is open.
    "500-a-day": (_asks_to_wait(500, lambda: str(_DAY)), _expect("ServerError", requests=None)),
    "408-a-day": (_asks_to_wait(408, lambda: str(_DAY)), _expect("APIError", requests=None)),
    "200-a-day": (says(answer(BALANCE, b"Retry-After: 86400")), KNOWN),
}

HOSTILE_TEXTS = {
    "ansi": "\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b[2J",
    "c1-controls": "\x9b31mred\x9d0;title\x9c",
    "bidi": "\u202eevil\u202c\u2066isolate\u2069\u200f\u061c",
    "invisible": "a\u200bb\u00adc\ufeffd\U000e0041\u2060e",
    "newlines": "one\ntwo\rthree\r\nfour\x0bfive\x0csix\x85seven\u2028eight\u2029nine",
    "null-byte": "a\0b",
    "backspaces": "password\b\b\b\b\b\b\b\b",
    "github-command": "::error::pwned",
    "github-command-on-a-line": "x\n::set-output name=a::b\n::add-mask::c",
    "azure-command": "##vso[task.setvariable variable=a]b",
    "azure-log-command": "##[error]pwned",
    "teamcity-command": "##teamcity[buildStatus status='SUCCESS']",
    "split-command": ":\u200b:error:\x00:pwned",
    "gitlab-section": "\x1b[0Ksection_start:0:a\r\x1b[0K",
    "template": "{{ lookup('env', 'HOME') }}{% set a = 1 %}{# b #}",
    "format": "%s %(a)s %n {0} {a.__class__} $HOME $(id) `id`",
    "markup": "<script>alert(1)</script>[bold]rich[/bold] ![x](http://example.invalid)",
    "nagios-performance-data": "fine | balance=99;;;0;",
    "prometheus-label": 'a"} 99\nlumenfall_balance_usd 99',
    "long": "x" * 5000,
    "long-wide": "\u6f22" * 5000,
    "combining": "a" + "\u0301" * 2000,
    "lone-surrogate": "a\ud800b",
    "empty": "",
}


def _on_the_line(text: str) -> bytes:
    """The text as a header or a reason can carry it: without line ends, which would end the header itself."""
    return re.sub(r"[\r\n]", " ", text).encode("utf-8", "surrogatepass")


# http.client and others differ on what a null byte or a line end of other alphabets does to a header.
_HEADER_ERROR = _expect("APIError", "InvalidResponseError", "ConnectionFailedError", requests=None)
HOSTILE: Table = {}
for _name, _text in HOSTILE_TEXTS.items():
    _line = _on_the_line(_text)
    _in_header = _HEADER_ERROR if _name in ("null-byte", "newlines", "split-command") else API_ERROR
    HOSTILE[f"message-{_name}"] = (says(answer(error(message=_text), status=400)), API_ERROR)
    HOSTILE[f"code-{_name}"] = (says(answer(error(code=_text), status=400)), API_ERROR)
    HOSTILE[f"reason-{_name}"] = (says(answer(b"", status=400, reason=_line)), _in_header)
    HOSTILE[f"request-id-{_name}"] = (
        says(answer(error(), b"X-Lumenfall-Request-Id: " + _line, status=400)),
        _in_header,
    )
    # A balance is a balance, whatever its request id; but a client may refuse such a header as broken.
    HOSTILE[f"request-id-of-200-{_name}"] = (
        says(answer(BALANCE, b"X-Lumenfall-Request-Id: " + _line)),
        KNOWN if _in_header is API_ERROR else BROKEN_BUT_WHOLE,
    )
HOSTILE.update(
    {
        "request-id-folded": (
            says(answer(error(), b"X-Lumenfall-Request-Id: a\r\n ::error::b", status=400)),
            _HEADER_ERROR,
        ),
        "request-id-twice": (
            says(answer(error(), b"X-Lumenfall-Request-Id: a", b"X-Lumenfall-Request-Id: b", status=400)),
            API_ERROR,
        ),
        "request-id-c1-bytes": (says(answer(error(), b"X-Lumenfall-Request-Id: \x9b31m", status=400)), API_ERROR),
        "reason-c1-bytes": (says(answer(b"", status=400, reason=b"\x9b31mred")), API_ERROR),
        "billing-type": (says(answer(BALANCE.replace(b"prepaid", rb"\u001b[31m\n::error::"))), INVALID),
        "currency": (says(answer(BALANCE.replace(b"usd", rb"\u001b[31m\n::error::"))), INVALID),
        "key-name": (says(answer(beside(rb'"\u001b[31m\n::error::": 1, "\u001b[31m\n::error::": 2'))), INVALID),
        "location": (says(answer(b"", b"Location: http://x/\x1b[31m::error::", status=302)), REDIRECT),
        "html-page": (says(answer(b"<html>\x1b[31m\n::error::", status=502, kind=b"text/html")), SERVER_ERROR),
    }
)

# The key comes back, as a server's debug page, a proxy or a thief's server would have it. None of it may be shown.
ECHO: Table = {
    "message": (echoes(lambda key: answer(error(message=f"bad key {key.decode()}!"), status=401)), UNAUTHORIZED),
    "message-of-400": (echoes(lambda key: answer(error(message=f"Bearer {key.decode()}"), status=400)), API_ERROR),
    "message-of-503": (echoes(lambda key: answer(error(message=key.decode()), status=503)), SERVER_ERROR),
    "message-of-200": (echoes(lambda key: answer(error(message=key.decode()))), API_ERROR),
    # Cut at 300 characters, only a part of the key is left, which no search for the whole key finds.
    "message-at-the-cut": (
        echoes(lambda key: answer(error(message="x" * (300 - len(key) // 2) + key.decode()), status=400)),
        API_ERROR,
    ),
    # Once the controls are taken out, the key stands there again.
    "message-with-controls-within": (
        echoes(lambda key: answer(error(message="\u200b".join(key.decode())), status=400)),
        API_ERROR,
    ),
    "message-with-newline-within": (
        echoes(lambda key: answer(error(message=f"{key.decode()[:9]}\n{key.decode()[9:]}"), status=400)),
        API_ERROR,
    ),
    "message-secret-half": (
        echoes(lambda key: answer(error(message=key.decode().rpartition(".")[2]), status=400)),
        API_ERROR,
    ),
    "message-often": (echoes(lambda key: answer(error(message=key.decode() * 20), status=400)), API_ERROR),
    "message-base64": (
        echoes(lambda key: answer(error(message=base64.b64encode(b"Bearer " + key).decode()), status=400)),
        API_ERROR,
    ),
    "request-id-base64": (
        echoes(lambda key: answer(error(), b"X-Lumenfall-Request-Id: " + base64.b64encode(key), status=400)),
        API_ERROR,
    ),
    "code": (echoes(lambda key: answer(error(code=key.decode()), status=400)), API_ERROR),
    "type": (echoes(lambda key: answer(error(kind=key.decode()), status=400)), API_ERROR),
    "error-text": (echoes(lambda key: answer(b'{"error": "%s"}' % key, status=400)), API_ERROR),
    "html-page": (
        echoes(lambda key: answer(b"<pre>Authorization: Bearer %s</pre>" % key, status=502, kind=b"text/html")),
        SERVER_ERROR,
    ),
    "request-id": (echoes(lambda key: answer(error(), b"X-Lumenfall-Request-Id: " + key, status=400)), API_ERROR),
    "request-id-of-200": (echoes(lambda key: answer(BALANCE, b"X-Lumenfall-Request-Id: " + key)), KNOWN),
    "reason": (echoes(lambda key: answer(b"", status=400, reason=key)), API_ERROR),
    "header": (echoes(lambda key: answer(error(), b"WWW-Authenticate: Bearer " + key, status=401)), UNAUTHORIZED),
    "cookie": (echoes(lambda key: answer(BALANCE, b"Set-Cookie: key=" + key)), KNOWN),
    "retry-after": (echoes(lambda key: answer(error(), b"Retry-After: " + key, status=429)), RATE_LIMITED),
    "location": (echoes(lambda key: answer(b"", b"Location: http://x/?key=" + key, status=302)), REDIRECT),
    "billing-type": (echoes(lambda key: answer(BALANCE.replace(b"prepaid", key))), INVALID),
    "currency": (echoes(lambda key: answer(BALANCE.replace(b"usd", key))), INVALID),
    "object": (echoes(lambda key: answer(BALANCE.replace(b'"balance"', b'"%s"' % key))), INVALID),
    "amount": (echoes(lambda key: answer(amount(b'"%s"' % key))), INVALID),
    "duplicate-key": (echoes(lambda key: answer(beside(b'"%s": 1, "%s": 2' % (key, key)))), INVALID),
    "not-json": (echoes(lambda key: answer(b"Bearer " + key)), INVALID),
    "truncated-json": (echoes(lambda key: answer(b'{"object": "%s' % key)), UNFINISHED),
    "status-line": (echoes(lambda key: _status_line(b"HTTP/1.1 " + key)), BROKEN),
    "instead-of-http": (echoes(lambda key: key + b"\r\n\r\n"), BROKEN),
    "content-length": (echoes(lambda key: head(b"Content-Length: 5, " + key) + BALANCE), BROKEN_BUT_WHOLE),
    "content-encoding": (echoes(lambda key: answer(BALANCE, b"Content-Encoding: " + key)), KNOWN_OR_INVALID),
    "content-type": (echoes(lambda key: answer(kind=b"text/html; charset=" + key)), KNOWN_OR_INVALID),
    "chunk-size": (echoes(lambda key: CHUNKED + key + b"\r\n" + BALANCE), BROKEN),
    "header-without-colon": (echoes(lambda key: answer(BALANCE, key)), BROKEN_BUT_WHOLE),
    "header-name": (echoes(lambda key: answer(BALANCE, key + b": x")), BROKEN_BUT_WHOLE),
    "cut-body": (echoes(lambda key: head(b"Content-Length: 900") + b'{"object": "%s"' % key), CUT),
}

_DOWN = says(answer(error(code="INTERNAL_ERROR"), status=500))
_GOOD = says(answer())
_SECOND = _expect("known", requests=2)
RECOVERY: Table = {
    "good": (_GOOD, KNOWN),
    "500-then-good": (in_turn(_DOWN, _GOOD), _SECOND),
    "500-twice-then-good": (in_turn(_DOWN, _DOWN, _GOOD), _expect("known", requests=3)),
    "500-three-times-then-good": (in_turn(_DOWN, _DOWN, _DOWN, _GOOD), SERVER_ERROR),
    "429-retry-after-0-then-good": (in_turn(_asks_to_wait(429, lambda: "0"), _GOOD), _SECOND),
    "cut-then-good": (in_turn(_cut_unread, _GOOD), _SECOND),
    "reset-then-good": (in_turn(_reset_unread, _GOOD), _SECOND),
    "cut-in-body-then-good": (in_turn(says(FRAMED, BALANCE[:50]), _GOOD), _SECOND),
    "empty-then-good": (in_turn(says(answer(b"")), _GOOD), _SECOND),
    "truncated-then-good": (in_turn(says(answer(BALANCE[:50])), _GOOD), _SECOND),
    "null-then-good": (in_turn(says(answer(amount(b"null"))), _GOOD), _SECOND),
    "null-then-postpaid": (
        in_turn(says(answer(amount(b"null"))), says(answer(POSTPAID))),
        _expect("postpaid", requests=2),
    ),
    # An error is never an answer: what was "unavailable" before it does not stand in for it, nor it for a pass.
    "null-then-401": (
        in_turn(says(answer(amount(b"null"))), says(answer(error(), status=401))),
        _expect("AuthenticationError", requests=2),
    ),
    "500-then-null": (in_turn(_DOWN, says(answer(amount(b"null")))), _expect("unavailable", requests=3)),
    # The last attempt fails although an earlier one was answered; which of the two is told is open.
    "null-then-500": (
        in_turn(says(answer(amount(b"null"))), _DOWN),
        _expect("ServerError", "unavailable", requests=3),
    ),
    "500-then-401": (
        in_turn(_DOWN, says(answer(error(), status=401))),
        _expect("AuthenticationError", requests=2),
    ),
    "500-then-302": (in_turn(_DOWN, _redirects(302, b"localhost")), _expect("UnexpectedRedirectError", requests=2)),
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
    "cut": (_hello(lambda connection: None), _expect("TLSError", "ConnectionFailedError", requests=None), "raw"),
    "reset": (_hello(_reset_unread), _expect("TLSError", "ConnectionFailedError", requests=None), "raw"),
    "cut-before-answer": (says(b""), CUT, "good"),
    "cut-in-body": (says(FRAMED, BALANCE[:50]), CUT, "good"),
    "reset-in-body": (resets_after(FRAMED, BALANCE[:50]), CUT, "good"),
    "stalls-in-body": (stalls_after(FRAMED, BALANCE[:50]), DEADLINE, "good"),
    "drips-body": (drips(BALANCE, after=FRAMED), DEADLINE, "good"),
    # The server leaves without close_notify: nothing vouches for the body's end, though its JSON is whole.
    "until-close-without-notice": (
        says(head(), BALANCE),
        _expect("known", "ConnectionFailedError", requests=None),
        "good",
    ),
    "until-close-without-notice-in-value": (
        says(head(), BALANCE[:50]),
        _expect("InvalidResponseError", "ConnectionFailedError", requests=3),
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
        later(lambda: answer(bomb(), _GZIP, b"Retry-After: 86400", status=429)),
        _expect("RateLimitedError", requests=1),
        None,
    ),
    "gzip-dripped-in-one-chunk": (
        drips(chunk(_ZIPPED), after=head(_GZIP, b"Transfer-Encoding: chunked")),
        DEADLINE,
        None,
    ),
    "gzip-balance-then-bomb": (later(lambda: _encoded(_ZIPPED + bomb())), KNOWN_OR_INVALID, None),
    "bomb-then-drip": (
        lambda connection: drips(b" " * 1000, after=head(_GZIP) + bomb())(connection),
        _expect("InvalidResponseError", "DeadlineExceededError", requests=None),
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
    "null-then-stall": (in_turn(_NULL, _says_nothing), DEADLINE, None),
    "null-then-redirect": (
        in_turn(_NULL, _redirects(302, b"localhost")),
        _expect("UnexpectedRedirectError", requests=2),
        None,
    ),
    "null-then-not-json": (in_turn(_NULL, says(answer(b"<html>"))), _expect("InvalidResponseError", requests=2), None),
    # A certificate that changes between two attempts: the second must not be trusted for the first's sake.
    "certificate-turns-bad": (
        in_turn(_DOWN, _GOOD),
        _expect("TLSError", requests=2),
        ("good", "unknown-ca"),
    ),
    "host-turns-wrong": (in_turn(_NULL, _GOOD), _expect("TLSError", requests=2), ("good", "other-host")),
    "tls-1.0-only": (_GOOD, TLS_ERROR, "old"),
    "record-announced-and-withheld": (_beneath(b"\x17\x03\x03\x40\x00", FRAMED), DEADLINE, "good"),
    # Not the server's doing: somebody between writes into the stream.
    "record-forged": (
        _beneath(b"\x17\x03\x03\x00\x20" + b"x" * 32, FRAMED),
        _expect("TLSError", "ConnectionFailedError", requests=None),
        "good",
    ),
    "stalls-after-handshake": (_says_nothing, DEADLINE, "good"),
}

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
