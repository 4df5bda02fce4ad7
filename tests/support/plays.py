# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Responses as bytes, and the plays that send them."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from functools import cache
from http import HTTPStatus

from support.fault_server import Connection, Play

BALANCE = b'{"object": "balance", "billing_type": "prepaid", "available": {"amount": 12.50, "currency": "usd"}}'
POSTPAID = BALANCE.replace(b"prepaid", b"postpaid").replace(b"12.50", b"null")
MEBIBYTE = 1 << 20


def answer(
    body: bytes = BALANCE,
    *headers: bytes,
    status: int = 200,
    reason: bytes | None = None,
    framed: bool = True,
    kind: bytes = b"application/json",
) -> bytes:
    """A whole response.

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
    # Since the server does close: a client that kept the connection would lose its next attempt.
    lines = [b"HTTP/1.1 %d %s" % (status, reason), b"Content-Type: " + kind, b"Connection: close", *headers]
    if framed:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def head(*headers: bytes, status: int = 200) -> bytes:
    """A response's head, without any framing of the body but what the headers give."""
    return answer(b"", *headers, status=status, framed=False)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def error(message: object = "No", code: object = "INVALID_REQUEST") -> bytes:
    """The body of an API error."""
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", "code": code}}).encode()


def amount(text: bytes) -> bytes:
    """A balance with this amount."""
    return BALANCE.replace(b"12.50", text)


def beside(text: bytes) -> bytes:
    """A good balance with more fields in front."""
    return b"{" + text + b", " + BALANCE[1:]


def encoded(body: bytes, encoding: bytes = b"gzip", status: int = 200) -> bytes:
    return answer(body, b"Content-Encoding: " + encoding, status=status)


CHUNKED = head(b"Transfer-Encoding: chunked")
FRAMED = head(b"Content-Length: %d" % len(BALANCE))


@cache
def bomb() -> bytes:
    """Near 1 GiB of white space as gzip of 1 MB: one block that a full flush lets stand on its own, repeated."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(b" " * MEBIBYTE) + deflate.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + block * 960


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
    """Sends the bytes and resets the connection."""

    def play(connection: Connection) -> None:
        says(*parts)(connection)
        connection.reset()

    return play


def drips(*parts: bytes, after: bytes = b"") -> Play:
    """Sends ``after`` at once and the parts a byte at a time: by default for longer than any test's deadline."""

    def play(connection: Connection) -> None:
        says(after)(connection)
        connection.drip(b"".join(parts))
        connection.stall()

    return play


def floods(start: bytes, again: bytes) -> Play:
    """Sends ``start`` and then ``again`` without end."""

    def play(connection: Connection) -> None:
        says(start)(connection)
        while True:
            connection.send(again)

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


def redirects(status: int, host: bytes) -> Play:
    """Points to another place, where a good balance waits: following it passes a gate, and gives away the key."""

    def play(connection: Connection) -> None:
        where = b"Location: http://%s:%d/elsewhere" % (host, connection.port)
        followed = connection.read_request().startswith(b"GET /elsewhere ")
        connection.send(answer() if followed else answer(b"", where, status=status))

    return play


def after_hello(then: Play) -> Play:
    """Waits for the client's first TLS message."""

    def play(connection: Connection) -> None:
        connection.link.recv(65_536)
        then(connection)

    return play


def hangs_up(connection: Connection) -> None:
    """Hangs up without a look at the request."""


says_nothing = stalls_after()
