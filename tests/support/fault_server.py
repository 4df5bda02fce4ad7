# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A raw-socket server on loopback that answers with any bytes, broken ones above all.

What to send is a function of a :class:`Connection`; :mod:`support.faults` has a table of them.
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
from collections.abc import Callable, Iterator
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

    def drip(self, data: bytes) -> None:
        """Send a byte every 0.2 s, until the server is closed."""
        for byte in data:
            self.send(bytes([byte]))
            if self._server.closing.wait(0.2):
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
    """Plays the same for each connection.

    Args:
        play: What to do.
        tls: None for plain TCP, or which certificate to show: ``good``, ``other-host``, ``expired``, ``not-yet``,
            ``unknown-ca``, or ``raw`` for a play that answers the ClientHello itself.
        authority: Who signs; by default a new one.

    Attributes:
        port: The port it listens on.
        url: ``http://127.0.0.1:PORT``, or ``https://`` with ``tls``.
        ca_file: With ``tls``, the PEM file of the authority.
        connections: How many connections were accepted (a failed TLS handshake counts).
        requests: The raw head of each request, the key included.
        closing: Set when the server is closed.
    """

    def __init__(self, play: Play, tls: str | None = None, authority: trustme.CA | None = None) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.closing = threading.Event()
        self._play = play
        self._links: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._folder = tempfile.TemporaryDirectory(prefix="fault-server-")
        self.ca_file = Path(self._folder.name, "ca.pem")
        self._tls = None
        if tls is not None:
            authority = authority or trustme.CA()
            authority.cert_pem.write_to_path(self.ca_file)
            self._tls = None if tls == "raw" else _tls_context(tls, authority)
        self._listener = _listener()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{_HOST}:{self.port}"
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
            thread = threading.Thread(target=self._serve_one, args=(link, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve_one(self, raw: socket.socket, number: int) -> None:
        link = raw
        try:
            if self._tls is not None:
                link = self._tls.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
                # Wrapping moves the descriptor to the new object, which close() may have missed.
                self._links.add(link)
                if self.closing.is_set():
                    return
                link.do_handshake()
            self._play(Connection(self, link, number))
            link.shutdown(socket.SHUT_WR)
        except OSError:
            # The client hung up, the handshake failed, or close() was called: each ends the play.
            pass
        finally:
            self._links -= {raw, link}
            link.close()


def _tls_context(kind: str, authority: trustme.CA) -> ssl.SSLContext:
    signer = trustme.CA() if kind == "unknown-ca" else authority
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    certificate = signer.issue_cert(
        *(["example.invalid"] if kind == "other-host" else _NAMES),
        not_before=now + day if kind == "not-yet" else None,
        not_after={"expired": now - day, "not-yet": now + 2 * day}.get(kind),
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
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
