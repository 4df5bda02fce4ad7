# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The test servers send what they say: the bytes on the wire, read with plain sockets."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from support import faults
from support.fault_server import Connection, FaultServer, unanswered_port
from support.faults import BALANCE, FAULTS, answer, family, in_turn, says
from support.marks import linux
from support.proxy import Connect, ConnectProxy

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = b"GET /v1/balance HTTP/1.1\r\nAuthorization: Bearer lmnfl_id.secret\r\n\r\n"


def connect(server: FaultServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def exchange(server: FaultServer, limit: int = 1 << 20) -> bytes:
    """Everything that the server sends, up to a limit."""
    received = b""
    with connect(server) as link:
        link.sendall(REQUEST)
        while len(received) < limit and (data := link.recv(65_536)):
            received += data
    return received


def fault(name: str) -> faults.Fault:
    return next(fault for fault in FAULTS if str(fault) == name)


def test_bytes_arrive_unaltered() -> None:
    """What a play sends is what a client gets, and what the client sent is recorded byte for byte."""
    data = bytes(range(256)) * 1000
    with FaultServer(says(data)) as server:
        assert exchange(server) == data
        assert (server.requests, server.connections) == ([REQUEST], 1)


def test_script_goes_by_connection() -> None:
    """Each connection has its play, the last one repeats; a fault can do the same by itself."""
    with FaultServer(says(b"1"), says(b"2")) as server:
        assert [exchange(server) for _ in range(3)] == [b"1", b"2", b"2"]
        assert server.connections == 3
    with FaultServer(in_turn(says(b"1"), says(b"2"))) as server:
        assert [exchange(server) for _ in range(3)] == [b"1", b"2", b"2"]


def test_close_ends_every_play_at_once() -> None:
    """Stalls, pauses and floods end with the server, and so do their clients."""
    flooding = faults.floods(b"", b"x" * 65_536)
    with FaultServer(Connection.stall, lambda connection: connection.drip(b"half", 3600), flooding) as server:
        links = [connect(server) for _ in range(3)]
        for link in links:
            link.sendall(REQUEST)
        assert links[1].recv(1)
        assert links[2].recv(1)
        start = time.monotonic()
        server.close()
        server.close()
        assert time.monotonic() - start < 30
        for link in links:
            link.close()


def test_a_stalled_connection_does_not_hold_up_the_next() -> None:
    """A client that leaves a connection open finds the server answering on another."""
    with FaultServer(Connection.stall, says(b"here")) as server, connect(server):
        assert exchange(server) == b"here"


def test_reset_is_a_reset() -> None:
    """A client sees RST, not an orderly end."""
    with FaultServer(faults.resets_after(b"half")) as server, connect(server) as link:
        link.sendall(REQUEST)
        # RST discards what was sent before it, or comes after it: up to two reads.
        with pytest.raises(ConnectionResetError):
            assert [link.recv(100), link.recv(100)] == [b"half", b"a reset"]


def test_a_broken_play_is_not_taken_for_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in a play surfaces as an exception of its thread, which pytest turns into a failure."""
    raised: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)

    def broken(connection: Connection) -> None:
        raise KeyError("oops")

    with FaultServer(broken) as server, connect(server) as link:
        assert link.recv(1) == b""
    assert [arguments.exc_type for arguments in raised] == [KeyError]


@pytest.mark.parametrize("tls", ["good", "other-host", "expired", "unknown-ca"])
def test_tls(tls: str) -> None:
    """The good certificate is good, and each other one is refused for its own reason."""
    reasons = {"other-host": "IP address mismatch", "expired": "expired", "unknown-ca": "unable to get local issuer"}
    with FaultServer(says(answer()), tls=tls) as server:
        context = ssl.create_default_context(cafile=str(server.ca_file))
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=10)
        if tls in reasons:
            with pytest.raises(ssl.SSLCertVerificationError, match=reasons[tls]):
                connection.request("GET", "/")
        else:
            connection.request("GET", "/")
            assert connection.getresponse().read() == BALANCE
        connection.close()
        assert server.connections == 1


@pytest.mark.parametrize("arguments", [{}, {"tls": "odd"}])
def test_bad_server_is_refused(arguments: dict[str, str]) -> None:
    """A server needs a play and a kind of TLS that exists."""
    plays = [says(b"")] if arguments else []
    with pytest.raises(ValueError, match=r"play|tls"):
        FaultServer(*plays, **arguments)


@linux
def test_unanswered_port_lets_nobody_in() -> None:
    """Connecting to it neither succeeds nor fails."""
    with unanswered_port() as port, pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", port), timeout=0.05)


def test_library_is_well_formed() -> None:
    """At least 80 faults, names unique, outcomes from the contract's words alone."""
    words = {"known", "postpaid", "unavailable"} | {
        f"{name}Error"
        for name in (
            *("Authentication", "PermissionDenied", "InsufficientBalance", "RateLimited", "Server", "API"),
            *("ConnectionFailed", "Proxy", "TLS", "DeadlineExceeded", "UnexpectedRedirect", "InvalidResponse"),
        )
    }
    assert len(FAULTS) >= 80
    assert len({str(fault) for fault in FAULTS}) == len(FAULTS)
    for fault in FAULTS:
        assert fault.outcomes, fault
        assert fault.outcomes <= words, fault
        assert fault.requests in (None, 1, 2, 3), fault
    assert {fault.family for fault in family("cuts", "tls")} == {"cuts", "tls"}
    with pytest.raises(ValueError, match="no such family: odd"):
        family("odd")


@pytest.mark.parametrize("fault", family("truncated"), ids=str)
def test_truncated_answers_are_framed_as_whole(fault: faults.Fault) -> None:
    """Each ends where its Content-Length says, so that only the JSON tells."""
    with FaultServer(fault.play) as server:
        head, _, body = exchange(server).partition(b"\r\n\r\n")
    assert b"Content-Length: %d\r\n" % len(body) in head + b"\r\n"


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("cuts/before-answer", lambda data: data == b""),
        ("cuts/in-status", lambda data: data == b"HTTP/1.1 20"),
        ("cuts/after-whole-value", lambda data: b"Length: 500\r\n\r\n" in data and data.endswith(BALANCE)),
        ("framing/lengths-differ", lambda data: data.count(b"Content-Length: ") == 2),
        ("framing/http-0.9", lambda data: data == BALANCE),
        ("framing/chunk-size-endless", lambda data: data.endswith(b"0" * 65_536)),
        ("statuses/099", lambda data: data.startswith(b"HTTP/1.1 099 ")),
        ("statuses/302-to-another-host", lambda data: b"Location: http://localhost:" in data),
        ("encodings/gzip", lambda data: zlib.decompress(data.partition(b"\r\n\r\n")[2], 31) == BALANCE),
        ("sizes/1-mib", lambda data: len(data.partition(b"\r\n\r\n")[2]) == 1 << 20),
        ("retry-after/429-date-future", lambda data: b"GMT\r\n" in data),
        ("hostile/request-id-c1-bytes", lambda data: b"Id: \x9b31m" in data),
        ("echo/message", lambda data: b"bad key lmnfl_id.secret!" in data),
    ],
)
def test_fault_on_the_wire(name: str, check: Callable[[bytes], bool]) -> None:
    """Samples of each family send what their names say."""
    with FaultServer(fault(name).play) as server:
        assert check(exchange(server, limit=3 << 19))


def test_bomb_is_one_gzip_stream_of_near_1_gib() -> None:
    """The bomb decodes as gzip without an error, a thousand times its size."""
    unpacker = zlib.decompressobj(31)
    sizes = [len(unpacker.decompress(faults.bomb(), 1 << 20))]
    while unpacker.unconsumed_tail and len(sizes) < 20:
        sizes.append(len(unpacker.decompress(unpacker.unconsumed_tail, 1 << 20)))
    assert sum(sizes) == 20 << 20
    # Below the limit on what is read, so that only a limit on what it unpacks to can stop it.
    assert 900_000 < len(faults.bomb()) < 1 << 20


def test_redirect_leads_to_a_balance() -> None:
    """Whoever follows the redirect finds a balance there: a wrong pass, and not only a failed request."""
    with FaultServer(fault("statuses/302-to-another-host").play) as server, connect(server) as link:
        link.sendall(REQUEST.replace(b"/v1/balance", b"/elsewhere"))
        with link.makefile("rb") as received:
            assert received.read().endswith(BALANCE)


def through(proxy: ConnectProxy, headers: dict[str, str] | None = None) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    connection.set_tunnel("api.lumenfall.ai", 443, headers)
    return connection


def test_proxy_forwards_to_its_target_alone() -> None:
    """A tunnel leads to the one loopback port, whatever host was asked for."""
    with FaultServer(says(answer())) as target, ConnectProxy(to=target.port) as proxy:
        connection = through(proxy)
        connection.request("GET", "/v1/balance")
        assert connection.getresponse().read() == BALANCE
        connection.close()
        assert target.requests[0].startswith(b"GET /v1/balance ")
        assert proxy.connects == [Connect("api.lumenfall.ai:443", authorized=None)]


def test_proxy_asks_for_a_password() -> None:
    """With auth, a tunnel needs the right user and password; they are in the proxy's URL."""
    right = {"Proxy-Authorization": f"Basic {base64.b64encode(b'user:pass').decode()}"}
    with FaultServer(says(answer())) as target, ConnectProxy(to=target.port, auth="user:pass") as proxy:
        for headers, expected in (({}, False), ({"Proxy-Authorization": "Basic eDp5"}, False), (right, True)):
            connection = through(proxy, headers)
            if expected:
                connection.request("GET", "/")
            else:
                with pytest.raises(OSError, match="407"):
                    connection.request("GET", "/")
            connection.close()
            assert proxy.connects[-1].authorized is expected
        assert proxy.url == f"http://user:pass@127.0.0.1:{proxy.port}"


@pytest.mark.parametrize("status", [403, 407, 502])
def test_proxy_refuses(status: int) -> None:
    """A refusal is the status asked for, and nothing reaches a target."""
    with ConnectProxy(refuse=status) as proxy, pytest.raises(OSError, match=str(status)):
        through(proxy).connect()


def test_proxy_without_a_target_is_502() -> None:
    """Where nothing listens, the proxy says so."""
    with ConnectProxy() as proxy, pytest.raises(OSError, match="502"):
        through(proxy).connect()


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("login", b"HTTP/1.1 200 OK\r\nContent-Type: text/html"),
        ("cut", b""),
        ("garbage", b"\x16\x03\x01"),
        ("cut-in-tunnel", b"HTTP/1.1 200 "),
    ],
)
def test_proxy_faults(kind: str, start: bytes) -> None:
    """Each fault sends what its name says."""
    with ConnectProxy(fault=kind) as proxy, connect(proxy) as link:
        link.sendall(b"CONNECT a:443 HTTP/1.1\r\n\r\n")
        with link.makefile("rb") as received:
            data = received.read()
    assert data.startswith(start) if start else data == b""


@pytest.mark.parametrize(("kind", "size"), [("stall", 0), ("stall-in-tunnel", 1)])
def test_proxy_stalls(kind: str, size: int) -> None:
    """A stalled proxy neither answers nor hangs up, before or after its answer to CONNECT."""
    with ConnectProxy(fault=kind) as proxy, connect(proxy) as link:
        link.sendall(b"CONNECT a:443 HTTP/1.1\r\n\r\n")
        if size:
            assert link.recv(100).startswith(b"HTTP/1.1 200 ")
        link.settimeout(0.05)
        with pytest.raises(TimeoutError):
            link.recv(1)


def test_proxy_shows_a_request_in_the_clear() -> None:
    """A plain request through the proxy is refused and recorded with its whole URL."""
    with ConnectProxy() as proxy, connect(proxy) as link:
        link.sendall(b"GET http://127.0.0.1:1/v1/balance HTTP/1.1\r\n\r\n")
        assert b" 405 " in link.recv(100)
        assert proxy.connects == [Connect("http://127.0.0.1:1/v1/balance", authorized=None)]
    with pytest.raises(ValueError, match="fault"):
        ConnectProxy(fault="odd")
