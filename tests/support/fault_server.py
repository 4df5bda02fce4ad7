# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
r"""A raw-socket server on loopback that plays any answer, broken ones above all.

It knows sockets and TLS and nothing of HTTP beyond where a request's head ends, so nothing stands between a test and
the bytes on the wire. What to play is a function from a :class:`Connection`; :mod:`support.faults` has a library of
them::

    def half_an_answer(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{")

    with FaultServer(half_an_answer) as server:
        ...  # talk to server.url
    assert server.connections == 1

Each connection is played in a thread of its own: a client that leaves a stalled connection behind and tries again must
find the server answering, or a test would blame the client for the server's waiting.
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
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Connection", "FaultServer", "Play", "refused_port", "unanswered_port"]

_HOST = "127.0.0.1"
_MAX_HEAD_BYTES = 1 << 20
_TLS = ("good", "other-host", "expired", "unknown-ca", "old", "raw")

Play: TypeAlias = "Callable[[Connection], None]"
"""What the server does with one connection. When it returns, the connection is closed."""


class Connection:
    """One accepted connection: the verbs that a play is written in.

    A verb raises OSError once the client has hung up or the server is closed; the server takes that as the end of the
    play, so a play needs no clean-up of its own.

    Attributes:
        number: 1 for the server's first connection, 2 for the second, and so on.
        port: The server's port.
        link: The socket itself, for what the verbs do not cover.
    """

    def __init__(self, server: FaultServer, link: socket.socket, number: int) -> None:
        self.number = number
        self.port = server.port
        self._server = server
        self.link = link

    def read_request(self) -> bytes:
        """The next request's head, to the empty line, as it came; also kept in ``server.requests``.

        Returns:
            The bytes, or fewer than a whole head where the client stopped sending.
        """
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _MAX_HEAD_BYTES:
            data = self.link.recv(65_536)
            if not data:
                break
            head += data
        if head:
            self._server._record(head)
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
        """Wait, or until the server is closed.

        Raises:
            ConnectionAbortedError: The server is closed.
        """
        if self._server._closing.wait(seconds):
            raise ConnectionAbortedError

    def stall(self) -> None:
        """Say nothing more until the client hangs up or the server is closed."""
        while self.link.recv(65_536):
            pass

    def reset(self) -> None:
        """End the connection with RST rather than FIN."""
        # SO_LINGER with a time of 0: socket(7).
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.link.close()


class FaultServer:
    """Plays its script, one play for each connection in the order they come; the last one repeats.

    Attributes:
        port: The port it listens on, from the moment it is made.
        url: ``http://127.0.0.1:PORT``, or ``https://`` with ``tls``.
        ca_file: With ``tls``, the PEM file of an authority to trust: the one that signed, except with ``unknown-ca``.
    """

    def __init__(
        self, *plays: Play, tls: str | Sequence[str] | None = None, authority: trustme.CA | None = None
    ) -> None:
        """Start to listen; connections are accepted from ``with`` on.

        Args:
            *plays: At least one.
            tls: None for plain TCP, or which certificate to show: ``good``, ``other-host`` (for example.invalid),
                ``expired``, ``unknown-ca`` or ``old`` (TLS 1.0 at the most); with ``raw`` the URL says https, and the
                play answers the ClientHello. Several: one for each connection in turn; the last one repeats.
            authority: Who signs; by default somebody new. For servers that one client is to trust.

        Raises:
            ValueError: No play, or no such ``tls``.
        """
        if not plays:
            raise ValueError("a server needs at least one play")
        kinds = [tls] if isinstance(tls, str) else list(tls or ())
        for kind in kinds:
            if kind not in _TLS:
                raise ValueError(f"tls: {kind!r} is not one of {', '.join(_TLS)}")
        self._plays = plays
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._links: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._requests: list[bytes] = []
        self._connections = 0
        self._began = self._ended = 0.0
        self._folder = tempfile.TemporaryDirectory(prefix="fault-server-")
        self._authority = authority or (trustme.CA() if kinds else None)
        if self._authority:
            self._authority.cert_pem.write_to_path(self.ca_file)
        self._tls = [self._tls_context(kind) for kind in kinds]
        self._listener = _listener()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'http' if not kinds else 'https'}://{_HOST}:{self.port}"
        self._acceptor = threading.Thread(target=self._accept, name="fault-server", daemon=True)

    @property
    def ca_file(self) -> Path:
        return Path(self._folder.name, "ca.pem")

    @property
    def connections(self) -> int:
        """How many connections were accepted so far (a failed TLS handshake counts)."""
        with self._lock:
            return self._connections

    @property
    def seconds(self) -> float:
        """From the first connection to the end of the last one: how long it held the client, or the client it."""
        with self._lock:
            return self._ended - self._began if self._connections else 0.0

    @property
    def requests(self) -> list[bytes]:
        """The raw head of each request read so far, the key included: never print it."""
        with self._lock:
            return list(self._requests)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all connections at once and stop. Closing again does nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        with contextlib.suppress(OSError):
            # The one portable way to wake a thread in accept().
            socket.create_connection((_HOST, self.port)).close()
        if self._acceptor.is_alive():
            self._acceptor.join()
        self._listener.close()
        with self._lock:
            for link in self._links:
                with contextlib.suppress(OSError):
                    link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._folder.cleanup()

    def _accept(self) -> None:
        while True:
            link, _ = self._listener.accept()
            if self._closing.is_set():
                link.close()
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._ended = time.monotonic()
                self._began = self._began or self._ended
                self._connections += 1
                self._links.add(link)
            thread = threading.Thread(target=self._play, args=(link, self._connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _play(self, link: socket.socket, number: int) -> None:
        play = self._plays[min(number, len(self._plays)) - 1]
        raw = link
        try:
            tls = self._tls[min(number, len(self._tls)) - 1] if self._tls else None
            if tls is not None:
                link = tls.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
                with self._lock:  # wrapping moves the descriptor to the new object
                    self._links.discard(raw)
                    self._links.add(link)
                if self._closing.is_set():  # close() may have missed the new object
                    return
                link.do_handshake()
            play(Connection(self, link, number))
            link.shutdown(socket.SHUT_WR)
        except OSError:
            # The client hung up, the handshake failed, or close() was called: each ends the play. Anything else is a
            # mistake in the play itself; pytest fails a test whose threads raise.
            pass
        finally:
            with self._lock:
                self._links.discard(link)
                self._ended = time.monotonic()
            link.close()

    def _record(self, head: bytes) -> None:
        with self._lock:
            self._requests.append(head)

    def _tls_context(self, kind: str) -> ssl.SSLContext | None:
        if kind == "raw":
            return None
        signer = trustme.CA() if kind == "unknown-ca" else self._authority
        assert signer is not None
        # With a proxy in between, the server plays the real host.
        names = (
            ("example.invalid",) if kind == "other-host" else (_HOST, "localhost", "api.lumenfall.ai", "*.faults.test")
        )
        now = datetime.datetime.now(datetime.timezone.utc)
        expiry = now - datetime.timedelta(days=1) if kind == "expired" else None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        signer.issue_cert(*names, not_after=expiry).configure_cert(context)
        if kind == "old":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
            # OpenSSL offers no such thing at its usual level of security.
            context.set_ciphers("ALL:@SECLEVEL=0")
        return context


def _listener() -> socket.socket:
    """A listener on a free port below those that systems give away.

    A port from among those may have been somebody's a moment ago, whose clients, of another test, still try it: each
    would count here as one connection more.
    """
    for _ in range(100):
        with contextlib.suppress(OSError):
            return socket.create_server((_HOST, random.randrange(10_000, 32_000)), backlog=128)
    return socket.create_server((_HOST, 0), backlog=128)


@contextlib.contextmanager
def refused_port() -> Iterator[int]:
    """A loopback port that nothing listens on, and that nobody else gets meanwhile.

    Yields:
        The port.
    """
    with socket.socket() as bound:
        bound.bind((_HOST, 0))
        yield bound.getsockname()[1]


@contextlib.contextmanager
def unanswered_port() -> Iterator[int]:
    """A loopback port where connecting hangs: its queue is full and nobody accepts (Linux).

    Yields:
        The port.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((_HOST, 0), backlog=0))
        port: int = listener.getsockname()[1]
        # Linux keeps one more than the backlog says; the rest covers systems that keep a few more.
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((_HOST, port))
        yield port
