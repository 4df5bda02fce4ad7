# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A small HTTP proxy on loopback that forwards ``CONNECT`` to one port, or fails in the ways that proxies do."""

from __future__ import annotations

import base64
import contextlib
import selectors
import socket
import ssl

import trustme

from support.fault_server import Connection, FaultServer, Play

# RFC 9110 section 9.3.6: a 2xx to CONNECT has no Content-Length.
_ESTABLISHED = b"HTTP/1.1 200 Connection Established\r\n\r\n"


def _sends(*parts: bytes) -> Play:
    return lambda connection: connection.send(b"".join(parts))


_FAULTS: dict[str, Play] = {
    "login-page": _sends(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Sign in</title>"),
    "stall": Connection.stall,
    "cut": lambda connection: None,
    "garbage": _sends(b"HTTP/1.1 OK 200\r\n\r\n"),
    "cut-in-tunnel": _sends(_ESTABLISHED),
}


class ConnectProxy(FaultServer):
    """A proxy that forwards, refuses, shows a login page, stalls or hangs up.

    Args:
        to: The loopback port that every tunnel leads to; where nothing listens there, the response is a 502.
        fault: A status (such as 407) to answer with instead, or one of ``_FAULTS``.
        auth: ``user:password`` that a client must send (Basic), else it gets a 407.
        authority: Speak TLS, with a certificate that this one signs.

    Attributes:
        url: For ``HTTPS_PROXY``.
        connects: The requests seen so far: the target (``host:port`` of a ``CONNECT``), and whether the right user
            and password came along, or None where none were asked for.
    """

    def __init__(
        self,
        *,
        to: int = 0,
        fault: int | str | None = None,
        auth: str | None = None,
        authority: trustme.CA | None = None,
    ) -> None:
        super().__init__(self._serve, tls="good" if authority else None, authority=authority)
        self.connects: list[tuple[str, bool | None]] = []
        self._to = to
        self._fault = fault
        self._auth = auth
        self.url = f"http{'s' if authority else ''}://{f'{auth}@' if auth else ''}127.0.0.1:{self.port}"

    def _serve(self, connection: Connection) -> None:
        head = connection.read_request()
        if not head:
            return
        method, target = head.split(b" ", 2)[:2]
        authorized = None
        if self._auth is not None:
            authorized = b"\r\nProxy-Authorization: Basic " + base64.b64encode(self._auth.encode()) in head
        self.connects.append((target.decode("latin-1"), authorized))
        if method != b"CONNECT":
            connection.send(_status(405))
        elif authorized is False:
            connection.send(_status(407, b'Proxy-Authenticate: Basic realm="test"\r\n'))
        elif isinstance(self._fault, int):
            connection.send(_status(self._fault))
        elif self._fault is not None:
            _FAULTS[self._fault](connection)
        else:
            tunnel(connection, self._to, _ESTABLISHED)


def socks_proxy(to: int) -> Play:
    """A SOCKS5 proxy (RFC 1928) without authentication, whose every tunnel leads to one loopback port."""

    def play(connection: Connection) -> None:
        connection.link.recv(256)
        connection.send(b"\x05\x00")
        connection.link.recv(512)
        tunnel(connection, to, b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")

    return play


def tunnel(connection: Connection, port: int, welcome: bytes) -> None:
    """Send the welcome and forward to a loopback port; where nothing listens there, answer with a 502."""
    try:
        upstream = socket.create_connection(("127.0.0.1", port))
    except OSError:
        connection.send(_status(502))
        return
    with upstream, selectors.DefaultSelector() as selector:
        connection.send(welcome)
        selector.register(connection.link, selectors.EVENT_READ, upstream)
        selector.register(upstream, selectors.EVENT_READ, connection.link)
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
