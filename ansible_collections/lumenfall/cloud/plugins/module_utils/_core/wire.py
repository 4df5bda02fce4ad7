# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The bounds of one attempt on the wire: a deadline for all of it, and a number of bytes.

Sockets below urllib3 that keep to them, since the timeouts of requests and urllib3 are per
read: a server that sends a byte now and then would hold them for ever. The standard library
alone; what an answer means is not its business.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any, List

MAX_BODY_BYTES = 1 << 20
# Status line, headers and framing come on top of the body; a server gets no more than this.
_MAX_WIRE_BYTES = 2 * MAX_BODY_BYTES


class Deadline:
    """A point in time that everything has to come before.

    Args:
        seconds: How far away it is.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining_seconds(self) -> float:
        """Seconds left; 0 when it has passed."""
        return max(0.0, self._end - time.monotonic())


class Expired(socket.timeout):
    """The deadline passed."""


class TooLarge(OSError):
    """The server sent more than it may."""


class Cut(OSError):
    """The connection ended before the answer did."""


class Wire:
    """One attempt: its bounds, and how far it came."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.received_bytes = 0
        self.connected = False
        self.tunnelled = False
        self.encrypted = False
        self.status: int | None = None
        self.headers: Any = None
        self.length: int | None = None
        self.encoding = ""
        self.framing_problem: str | None = None

    def remaining_seconds(self) -> float:
        """Seconds left for the next operation on a socket.

        Raises:
            Expired: There are none.
        """
        remaining = self.deadline.remaining_seconds()
        if not remaining:
            raise Expired
        return remaining

    def count(self, received: int) -> None:
        """Note bytes that came in.

        Raises:
            TooLarge: They are too many.
        """
        self.received_bytes += received
        if self.received_bytes > _MAX_WIRE_BYTES:
            raise TooLarge


class _Thread(threading.local):
    """The attempt that this thread makes: urllib3 has no way to hand one to its sockets."""

    wire: Wire | None = None


current = _Thread()


def current_wire() -> Wire:
    wire = current.wire
    if wire is None:
        raise AssertionError("no attempt is under way in this thread")
    return wire


class BoundedSocket(socket.socket):
    """Socket operations that end by the attempt's deadline, and count what comes in."""

    def recv_into(self, *args: Any) -> int:
        self.settimeout(current_wire().remaining_seconds())
        received = super().recv_into(*args)
        current_wire().count(received)
        return received

    def recv(self, *args: Any) -> bytes:
        self.settimeout(current_wire().remaining_seconds())
        data = super().recv(*args)
        current_wire().count(len(data))
        return data

    def send(self, *args: Any) -> int:
        self.settimeout(current_wire().remaining_seconds())
        return super().send(*args)

    def sendall(self, *args: Any) -> None:
        self.settimeout(current_wire().remaining_seconds())
        super().sendall(*args)


class BoundedTLSSocket(BoundedSocket, ssl.SSLSocket):
    """The same over TLS."""

    def do_handshake(self, *args: Any) -> None:
        # One operation. The timeout that it inherits may be older: a proxy's answer took its time since.
        self.settimeout(current_wire().remaining_seconds())
        super().do_handshake(*args)


def open_connection(host: str, port: int) -> socket.socket:
    """Open a TCP connection to the first address of a host that takes it."""
    wire = current_wire()
    addresses = _resolve(host, port, wire)
    problem: OSError = Cut("no address")
    for position, (family, kind, protocol, _name, address) in enumerate(addresses):
        connection = None
        try:
            connection = BoundedSocket(family, kind, protocol)
            # An address that swallows packets leaves the others their share of the time.
            connection.settimeout(wire.remaining_seconds() / (len(addresses) - position))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.connected = True
            return connection
        except OSError as error:
            problem = error
            if connection is not None:
                connection.close()
    raise problem


def _resolve(host: str, port: int, wire: Wire) -> List[Any]:
    """Look a name up in a thread of its own: getaddrinfo has no timeout and cannot be stopped."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    answers: SimpleQueue[Any] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, name="lumenfall-dns", daemon=True).start()
    try:
        answer = answers.get(timeout=wire.remaining_seconds())
    except Empty:
        raise Expired from None
    if isinstance(answer, Exception):
        raise answer
    return list(answer)
