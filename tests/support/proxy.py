# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A small HTTP proxy on loopback that can forward ``CONNECT``, or fail in the ways that proxies do.

It is a play for :class:`support.fault_server.FaultServer`. It never leaves the machine: whatever host a client asks
for, the tunnel leads to the one loopback port it was given::

    with FaultServer(play, tls="good") as target, ConnectProxy(to=target.port) as proxy:
        ...  # HTTPS_PROXY=proxy.url, then ask for https://localhost/
    assert proxy.connects == [Connect("localhost:443", authorized=None)]
"""

from __future__ import annotations

import base64
import contextlib
import selectors
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.fault_server import Connection, FaultServer, Play

if TYPE_CHECKING:
    import trustme

__all__ = ["ESTABLISHED", "LOGIN_PAGE", "PROXY_PLAYS", "Connect", "ConnectProxy", "sends", "tunnel"]

LOGIN_PAGE = b"<!DOCTYPE html><title>Sign in</title><form action=/login><input name=user></form>"
# RFC 9110 section 9.3.6: a 2xx to CONNECT has no Content-Length.
ESTABLISHED = b"HTTP/1.1 200 Connection Established\r\n\r\n"


def sends(*parts: bytes) -> Play:
    """Sends the bytes; the request has been read."""
    return lambda connection: connection.send(b"".join(parts))


def _stalls_in_tunnel(connection: Connection) -> None:
    connection.send(ESTABLISHED)
    connection.stall()


def _floods(connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.send(b"x" * 60_000 + b"\r\nX: ")


#: What a proxy does with a connection whose CONNECT has been read, instead of a tunnel.
PROXY_PLAYS: dict[str, Play] = {
    "login": sends(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", LOGIN_PAGE),
    "stall": Connection.stall,
    "cut": lambda connection: None,
    "flood": _floods,
    "garbage": sends(b"\x16\x03\x01 not a proxy\r\n\r\n"),
    "stall-in-tunnel": _stalls_in_tunnel,
    "cut-in-tunnel": sends(ESTABLISHED),
}


@dataclass(frozen=True)
class Connect:
    """A request that the proxy saw.

    Attributes:
        target: ``host:port`` of a ``CONNECT``, or the whole target of any other request (which means that a client
            sent its request, key included, in the clear).
        authorized: Whether the right user and password came along; None where none were asked for.
    """

    target: str
    authorized: bool | None


class ConnectProxy(FaultServer):
    """A proxy that forwards, refuses, shows a login page, stalls or hangs up.

    Attributes:
        url: ``http://[user:password@]127.0.0.1:PORT``, for ``HTTPS_PROXY``; with ``authority`` it is https.
    """

    def __init__(
        self,
        *,
        to: int = 0,
        refuse: int | None = None,
        fault: str | None = None,
        auth: str | None = None,
        authority: trustme.CA | None = None,
    ) -> None:
        """Start to listen; connections are accepted from ``with`` on.

        Args:
            to: The loopback port that every tunnel leads to; where nothing listens there, the answer is a 502.
            refuse: A status (such as 403, 407 or 502) to answer instead.
            fault: One of ``PROXY_PLAYS`` instead.
            auth: ``user:password`` that a client must send (Basic), else it gets a 407.
            authority: Speak TLS, with a certificate that this one signs.

        Raises:
            ValueError: No such fault.
        """
        if fault is not None and fault not in PROXY_PLAYS:
            raise ValueError(f"fault: {fault!r} is not one of {', '.join(PROXY_PLAYS)}")
        super().__init__(self._serve, tls="good" if authority else None, authority=authority)
        self._to = to
        self._refuse = refuse
        self._fault = None if fault is None else PROXY_PLAYS[fault]
        self._auth = auth
        self._connects: list[Connect] = []
        self.url = f"http{'s' if authority else ''}://{f'{auth}@' if auth else ''}127.0.0.1:{self.port}"

    @property
    def connects(self) -> list[Connect]:
        """The requests seen so far, oldest first."""
        return list(self._connects)

    def _serve(self, connection: Connection) -> None:
        head = connection.read_request()
        if not head:
            return
        method, _, rest = head.partition(b" ")
        target = rest.partition(b" ")[0].decode("latin-1")
        authorized = None if self._auth is None else self._allows(head)
        self._connects.append(Connect(target, authorized))
        if method != b"CONNECT":
            connection.send(_status(405))
        elif authorized is False:
            connection.send(_status(407, b'Proxy-Authenticate: Basic realm="test"\r\n'))
        elif self._refuse is not None:
            connection.send(_status(self._refuse))
        elif self._fault is not None:
            self._fault(connection)
        else:
            self._tunnel(connection)

    def _allows(self, head: bytes) -> bool:
        wanted = base64.b64encode((self._auth or "").encode())
        return any(
            line.lower().startswith(b"proxy-authorization: basic ") and line.split()[-1] == wanted
            for line in head.split(b"\r\n")
        )

    def _tunnel(self, connection: Connection) -> None:
        tunnel(connection, self._to)


def tunnel(connection: Connection, port: int) -> None:
    """Answer a ``CONNECT`` with 200 and forward to a loopback port, or with 502 where nothing listens there."""
    try:
        upstream = socket.create_connection(("127.0.0.1", port))
    except OSError:
        connection.send(_status(502))
        return
    with upstream, selectors.DefaultSelector() as selector:
        connection.send(ESTABLISHED)
        client = connection.link
        selector.register(client, selectors.EVENT_READ, upstream)
        selector.register(upstream, selectors.EVENT_READ, client)
        while True:
            for key, _ in selector.select():
                source, sink = key.fileobj, key.data
                assert isinstance(source, socket.socket)
                data = source.recv(65_536)
                while isinstance(source, ssl.SSLSocket) and source.pending():
                    data += source.recv(source.pending())
                if not data:
                    with contextlib.suppress(OSError):
                        upstream.shutdown(socket.SHUT_RDWR)
                    return
                sink.sendall(data)


def _status(status: int, headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d Proxy Says So\r\n%sContent-Length: 0\r\n\r\n" % (status, headers)
