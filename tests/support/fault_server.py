# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
r"""A raw-socket server on loopback that answers with any bytes, broken ones above all.

What to send is a function of a :class:`Connection`; :mod:`support.faults` has a table of them::

    def half_a_response(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{")

    with FaultServer(half_a_response) as server:
        ...  # ask server.url
    assert server.connections == 1
"""

from __future__ import annotations

import contextlib
import datetime
import random
import socket
import ssl
import struct
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import trustme
from typing_extensions import Self

_HOST = "127.0.0.1"
_NAMES = (_HOST, "localhost", "api.lumenfall.ai", "*.faults.test")

Play: TypeAlias = "Callable[[Connection], None]"
"""What the server does with one connection. When it returns, the connection is closed."""


class Connection:
    """One accepted connection. A method raises OSError once the client has hung up, which ends the play.

    Attributes:
        number: 1 for the server's first connection, 2 for the second, and so on.
        port: The server's port.
        link: The socket.
    """

    def __init__(self, server: FaultServer, link: socket.socket, number: int) -> None:
        self.number = number
        self.port = server.port
        self.link = link
        self._server = server

    def read_request(self) -> bytes:
        """The next request's head, or what came of it; also kept in ``server.requests``."""
        head = b""
        while b"\r\n\r\n" not in head and (data := self.link.recv(65_536)):
            head += data
        if head:
            self._server.requests.append(head)
        return head

    def send(self, data: bytes) -> None:
        """Send the bytes, now and unaltered."""
        self.link.sendall(data)

    def drip(self, data: bytes, seconds: float = 0.2) -> None:
        """Send one byte at a time, that many seconds apart."""
        for index in range(len(data)):
            self.send(data[index : index + 1])
            self.pause(seconds)

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the server is closed."""
        if self._server.closing.wait(seconds):
            raise ConnectionAbortedError

    def stall(self) -> None:
        """Say nothing more until the client hangs up or the server is closed."""
        while self.link.recv(65_536):
            pass

    def reset(self) -> None:
        """End the connection with RST rather than FIN (SO_LINGER with a time of 0: socket(7))."""
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.link.close()


class FaultServer:
    """Plays one play for each connection, in the order they come; the last one repeats.

    Args:
        *plays: At least one.
        tls: None for plain TCP, or which certificate to show: ``good``, ``other-host``, ``expired``, ``not-yet``,
            ``unknown-ca``, ``old`` (TLS 1.0 at most), or ``raw`` for a play that answers the ClientHello itself.
            Several: one for each connection in turn; the last one repeats.
        authority: Who signs; by default a new one.

    Attributes:
        port: The port it listens on.
        url: ``http://127.0.0.1:PORT``, or ``https://`` with ``tls``.
        ca_file: With ``tls``, the PEM file of the authority.
        connections: How many connections were accepted (a failed TLS handshake counts).
        requests: The raw head of each request, the key included.
        closing: Set when the server is closed.
    """

    def __init__(
        self, *plays: Play, tls: str | Sequence[str] | None = None, authority: trustme.CA | None = None
    ) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.closing = threading.Event()
        self._plays = plays
        self._links: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        kinds = [tls] if isinstance(tls, str) else list(tls or ())
        self._folder = tempfile.TemporaryDirectory(prefix="fault-server-")
        self.ca_file = Path(self._folder.name, "ca.pem")
        authority = authority or (trustme.CA() if kinds else None)
        if authority:
            authority.cert_pem.write_to_path(self.ca_file)
        self._tls = [_tls_context(kind, authority) for kind in kinds]
        self._listener = _listener()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if kinds else 'http'}://{_HOST}:{self.port}"
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections at once and stop. Closing again does nothing."""
        if self.closing.is_set():
            return
        self.closing.set()
        with contextlib.suppress(OSError):
            # Wakes the thread in accept().
            socket.create_connection((_HOST, self.port)).close()
        self._acceptor.join()
        self._listener.close()
        for link in list(self._links):
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._folder.cleanup()

    def _accept(self) -> None:
        while True:
            link, _ = self._listener.accept()
            if self.closing.is_set():
                link.close()
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._links.add(link)
            thread = threading.Thread(target=self._play, args=(link, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _play(self, raw: socket.socket, number: int) -> None:
        play = self._plays[min(number, len(self._plays)) - 1]
        link = raw
        try:
            context = self._tls[min(number, len(self._tls)) - 1] if self._tls else None
            if context is not None:
                link = context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
                # Wrapping moves the descriptor to the new object, which close() may have missed.
                self._links.add(link)
                if self.closing.is_set():
                    return
                link.do_handshake()
            play(Connection(self, link, number))
            link.shutdown(socket.SHUT_WR)
        except OSError:
            # The client hung up, the handshake failed, or close() was called: each ends the play.
            pass
        finally:
            self._links -= {raw, link}
            link.close()


def _tls_context(kind: str, authority: trustme.CA | None) -> ssl.SSLContext | None:
    if kind == "raw":
        return None
    signer = trustme.CA() if kind == "unknown-ca" else authority
    assert signer is not None
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    certificate = signer.issue_cert(
        *(["example.invalid"] if kind == "other-host" else _NAMES),
        not_before=now + day if kind == "not-yet" else None,
        not_after={"expired": now - day, "not-yet": now + 2 * day}.get(kind),
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    if kind == "old":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
        # OpenSSL offers no such thing at its usual level of security.
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _listener() -> socket.socket:
    """A listener on a free port below those that the system hands out.

    A port from among those may have belonged to another test a moment ago, whose clients still try it.
    """
    for _ in range(100):
        with contextlib.suppress(OSError):
            return socket.create_server((_HOST, random.randrange(10_000, 32_000)), backlog=128)
    return socket.create_server((_HOST, 0), backlog=128)


@contextlib.contextmanager
def refused_port() -> Iterator[int]:
    """A loopback port that nothing listens on, and that nobody else gets meanwhile."""
    with socket.socket() as bound:
        bound.bind((_HOST, 0))
        yield bound.getsockname()[1]


@contextlib.contextmanager
def unanswered_port() -> Iterator[int]:
    """A loopback port where connecting hangs: its queue is full and nobody accepts (Linux)."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((_HOST, 0), backlog=0))
        port: int = listener.getsockname()[1]
        # Linux keeps one more than the backlog says; the rest is for systems that keep a few more.
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((_HOST, port))
        yield port
