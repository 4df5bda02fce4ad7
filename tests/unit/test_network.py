# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Names, addresses, TLS and proxies: what lies between the client and the API."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import shutil
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings
import zlib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import client as core_client

# Loaded here: on a busy machine it takes seconds, which are none of the first fetch's.
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import transport
from pulumi_lumenfall import core
from pulumi_lumenfall.core import LumenfallClient, LumenfallError
from support.fault_server import Connection, FaultServer, refused_port, unanswered_port
from support.faults import BALANCE, answer, says
from support.faults.wire import error as fault
from support.leaks import KEY, MARKER, leaked
from support.marks import linux
from support.proxy import ConnectProxy, tunnel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

good = says(answer())


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_client.time, "sleep", lambda seconds: None)


def fetch(server: FaultServer, host: str = "localhost", **settings: Any) -> core.AccountBalance:
    if server.url.startswith("https"):
        settings.setdefault("ca_bundle", server.ca_file)
        url = f"https://{host}:{server.port}"
    else:
        url = server.url
    return LumenfallClient(KEY, base_url=url, **{"timeout": 5, **settings}).fetch_balance()


def error_of(server: FaultServer, **settings: Any) -> LumenfallError:
    with pytest.raises(LumenfallError) as caught:
        fetch(server, **settings)
    assert not leaked(f"{caught.value}{caught.value.__dict__}")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


def test_tls() -> None:
    with FaultServer(good, tls="good") as server:
        assert str(fetch(server).amount) == "12.50"


@pytest.mark.parametrize(
    ("certificate", "reason", "hint"),
    [
        ("other-host", "mismatch", "check the host in the base URL"),
        ("expired", "expired", "check the clock of this machine"),
        ("unknown-ca", "certificate", "behind a TLS-inspecting proxy, name its CA"),
    ],
)
def test_a_bad_certificate_ends_it_at_once(certificate: str, reason: str, hint: str) -> None:
    """The key is never sent; verify=False, for tests, lets each of them pass."""
    with FaultServer(good, tls=certificate) as server:
        error = error_of(server)
        assert type(error) is core.TLSError
        assert (error.attempts, error.retryable, server.requests) == (1, False, [])
        assert reason in str(error)
        assert str(error.hint).startswith(hint)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert str(fetch(server, verify=False).amount) == "12.50"


def test_only_the_named_authorities_are_trusted() -> None:
    """requests would add certifi's, and environment variables would beat the argument."""
    with FaultServer(good, tls="good") as server, FaultServer(good, tls="good") as other:
        assert type(error_of(server, ca_bundle=other.ca_file)) is core.TLSError
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REQUESTS_CA_BUNDLE", str(other.ca_file))
            assert str(fetch(server).amount) == "12.50"


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to name the file")
def test_a_folder_of_authorities(tmp_path: Path) -> None:
    """As OpenSSL wants it: each file is named by a hash of its subject, and read when it is needed."""
    with FaultServer(good, tls="good") as server, FaultServer(good, tls="good") as other:
        command = ["openssl", "x509", "-noout", "-hash", "-in", str(server.ca_file)]
        name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        shutil.copy(server.ca_file, tmp_path / f"{name}.0")
        assert str(fetch(server, ca_bundle=tmp_path).amount) == "12.50"
        assert type(error_of(other, ca_bundle=tmp_path)) is core.TLSError


def test_the_platforms_authorities_are_the_default() -> None:
    with FaultServer(good, tls="good") as server:
        assert type(error_of(server, ca_bundle="")) is core.TLSError


def test_http_where_tls_is_expected() -> None:
    with FaultServer(lambda connection: connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        client = LumenfallClient(KEY, base_url=f"https://localhost:{server.port}")
        problem = r"handshake .* failed: (wrong version number|record layer failure)$"
        with pytest.raises(core.TLSError, match=problem) as caught:
            client.fetch_balance()
        assert caught.value.hint == "that port does not seem to speak TLS: check the base URL"
        assert server.connections == 1


LENGTH = b"Content-Length: %d" % len(BALANCE)
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BALANCE), BALANCE)


@pytest.mark.parametrize(
    ("head", "body", "problem"),
    [
        *(
            (b"Content-Length: " + length, BALANCE, "its Content-Length makes no sense")
            for length in (b"-1", b"+%d" % len(BALANCE), b"1_0", b"0x67", b"abc", b"1 0", b"9" * 19)
        ),
        (LENGTH + b"\r\nTransfer-Encoding: chunked", CHUNKED, "both Content-Length and Transfer-Encoding"),
        *(
            (line, body, "its Transfer-Encoding makes no sense")
            for line, body in (
                (b"Transfer-Encoding: xchunked", BALANCE),
                (b"Transfer-Encoding: identity", BALANCE),
                (b"Transfer-Encoding: chunked, chunked", CHUNKED),
                (b"Transfer-Encoding: gzip, chunked", CHUNKED),
                (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", CHUNKED),
                (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", CHUNKED),
            )
        ),
        # The lines after it would not count, and so neither would a length that shows a cut.
        (b"no colon here\r\nContent-Length: 500", BALANCE, "its header lines are malformed"),
        (b": no name\r\n" + LENGTH, BALANCE, "its header lines are malformed"),
        (LENGTH + b"\r\nFrom nobody", BALANCE, "its header lines are malformed"),
    ],
)
def test_a_balance_in_a_frame_that_cannot_be_trusted_is_none(head: bytes, body: bytes, problem: str) -> None:
    """Nobody can tell whether it was cut, or where it ends."""

    def play(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n%s\r\n\r\n%s" % (head, body))

    with FaultServer(play) as server:
        error = error_of(server)
        assert (type(error), error.attempts) == (core.InvalidResponseError, 1)
        assert str(error).endswith(problem)


SIZE = b"%x" % len(BALANCE)


@pytest.mark.parametrize(
    "body",
    [
        b"0x%s\r\n%s\r\n0\r\n\r\n" % (SIZE, BALANCE),
        b"+%s\r\n%s\r\n0\r\n\r\n" % (SIZE, BALANCE),
        b"%s_%s\r\n%s\r\n0\r\n\r\n" % (SIZE[:1], SIZE[1:], BALANCE),
        b" %s\r\n%s\r\n0\r\n\r\n" % (SIZE, BALANCE),
        b"%s\r\n%sxx0\r\n\r\n" % (SIZE, BALANCE),
        b"%s\r\n%s\n\n0\r\n\r\n" % (SIZE, BALANCE),
        b"%s\r\n%s\r\n0x0\r\n\r\n" % (SIZE, BALANCE),
    ],
)
def test_chunks_that_are_none_are_a_cut(body: bytes) -> None:
    """As http.client has it of sizes that int() refuses: what follows is not what it is taken for."""

    def play(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)

    with FaultServer(play) as server:
        error = error_of(server)
        assert (type(error), error.attempts) == (core.ConnectionFailedError, 3)
        assert str(error).endswith("the answer was cut")


@pytest.mark.parametrize(
    "body",
    [
        b'%s;a=b;c="d e"\r\n%s\r\n0;last\r\nTrailer: x\r\n\r\n' % (SIZE, BALANCE),
        b"000%s \t;a\r\n%s\r\n000\r\n\r\n" % (SIZE.upper(), BALANCE),
        b"1\r\n%s\r\n2\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (BALANCE[:1], BALANCE[1:3], len(BALANCE) - 3, BALANCE[3:]),
    ],
)
def test_chunks_of_all_kinds(body: bytes) -> None:
    def play(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n" + body)

    with FaultServer(play) as server:
        assert fetch(server).amount == Decimal("12.50")


@pytest.mark.parametrize("between", [b", ", b"\r\nContent-Length: "])
def test_a_length_may_be_said_twice(between: bytes) -> None:
    """RFC 9110, section 8.6; a cut is seen by it all the same."""
    lengths = b"Content-Length: %d%s%d" % (len(BALANCE), between, len(BALANCE))
    with FaultServer(
        says(answer(BALANCE[:-1], lengths, framed=False)), says(answer(BALANCE, lengths, framed=False))
    ) as server:
        assert fetch(server).amount == Decimal("12.50")
        assert server.connections == 2


@pytest.mark.parametrize(
    ("body", "attempts", "problem"),
    [
        # The whole balance can be unpacked from each of these.
        (gzip.compress(BALANCE)[:-8], 3, "its compressed data ends early"),
        (gzip.compress(BALANCE) + b"more", 1, "there is more after its compressed data"),
        (gzip.compress(BALANCE) + b"\0\0more", 1, "there is more after its compressed data"),
        (gzip.compress(BALANCE) + gzip.compress(b"  ")[:-2], 3, "its compressed data ends early"),
        (gzip.compress(BALANCE) + gzip.compress(b"  ")[:9] + b"x" * 9, 1, "its compressed data is corrupt"),
        (gzip.compress(BALANCE) + zlib.compress(b"  "), 1, "there is more after its compressed data"),
        (zlib.compress(BALANCE) + gzip.compress(b"  "), 1, "there is more after its compressed data"),
        (zlib.compress(BALANCE) + b"\0", 1, "there is more after its compressed data"),
        (gzip.compress(BALANCE) + gzip.compress(b"") * 40_000, 1, "there is more after its compressed data"),
    ],
    ids=[
        "cut",
        "more",
        "padded and more",
        "second cut",
        "corrupt",
        "zlib behind",
        "behind zlib",
        "padded zlib",
        "many",
    ],
)
def test_a_packed_balance_counts_only_as_a_whole(body: bytes, attempts: int, problem: str) -> None:
    def play(connection: Connection) -> None:
        connection.read_request()
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )

    with FaultServer(play) as server:
        error = error_of(server)
        assert (type(error), error.attempts) == (core.InvalidResponseError, attempts)
        assert str(error).endswith(problem)


@pytest.mark.parametrize("name", ["identity", "gzip", "x-gzip", "deflate"])
def test_a_compression_that_was_not_asked_for_is_undone(name: str) -> None:
    """A proxy in between may have put it there; the balance is a good one all the same."""
    pack = {"identity": bytes, "deflate": zlib.compress}.get(name, gzip.compress)
    with FaultServer(says(answer(pack(BALANCE), b"Content-Encoding: " + name.encode()))) as server:
        assert fetch(server).amount == Decimal("12.50")


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(BALANCE[:20]) + gzip.compress(BALANCE[20:]),
        gzip.compress(b"") + gzip.compress(BALANCE) + bytes(512),
        gzip.compress(BALANCE[:20]) + bytes(3) + gzip.compress(BALANCE[20:]),
    ],
    ids=["two members", "padded", "padded between"],
)
def test_gzip_in_pieces(body: bytes) -> None:
    """As the common tools take it."""
    with FaultServer(says(answer(body, b"Content-Encoding: gzip"))) as server:
        assert fetch(server).amount == Decimal("12.50")


def test_gzip_in_pieces_is_bounded() -> None:
    """All together, not each."""
    body = gzip.compress(b" " * 600_000) * 2 + gzip.compress(BALANCE)
    with FaultServer(says(answer(body, b"Content-Encoding: gzip"))) as server:
        assert "larger than any balance" in str(error_of(server))


def test_a_header_line_without_end_is_asked_for_once() -> None:
    def play(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nX: %s\r\n\r\n" % (b"x" * 70_000))
        connection.stall()

    with FaultServer(play) as server:
        error = error_of(server)
        assert (type(error), error.attempts) == (core.InvalidResponseError, 1)


def ends_never(head: bytes) -> Callable[[Connection], None]:
    """An answer whose body stops after its first byte."""

    def play(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 %s\r\nContent-Length: 90\r\n\r\n{" % head)
        connection.stall()

    return play


def test_an_error_whose_body_never_ends_leaves_time_for_the_next_attempt() -> None:
    """Its status is known; what is missing are words."""
    with FaultServer(ends_never(b"503 Service Unavailable"), good) as server:
        assert fetch(server, timeout=10).amount == Decimal("12.5")
        assert server.connections == 2


def test_the_body_of_a_redirect_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where that of an error would be, for a while that no busy machine needs."""
    monkeypatch.setattr(transport, "_ERROR_BODY_SECONDS", 8.0)
    with FaultServer(ends_never(b"302 Found\r\nLocation: http://localhost/")) as server:
        started = time.monotonic()
        assert isinstance(error_of(server, timeout=10), core.UnexpectedRedirectError)
        assert time.monotonic() - started < 8


def test_a_carriage_return_alone_ends_no_header_line() -> None:
    """It counts as a space (RFC 9112, section 2.2): what follows it is no header, and many of them cost no memory."""

    def play(connection: Connection) -> None:
        connection.read_request()
        if connection.number == 1:
            connection.send(b"HTTP/1.1 200 OK\r\nX: a\rContent-Length: 5\r\n%s\r\n\r\n%s" % (LENGTH, BALANCE))
        else:
            connection.send(b"HTTP/1.1 401 No\r\n" + (b"X: " + b"\r:" * 32_000 + b"\r\n") * 20 + b"\r\n")

    with FaultServer(play) as server:
        client = LumenfallClient(KEY, base_url=server.url)
        assert client.fetch_balance().amount == Decimal("12.50")
        tracemalloc.start()
        try:
            with pytest.raises(core.AuthenticationError):
                client.fetch_balance()
            assert tracemalloc.get_traced_memory()[1] < 32 << 20
        finally:
            tracemalloc.stop()


def test_refused_is_retried() -> None:
    with refused_port() as port, pytest.raises(core.ConnectionFailedError) as caught:
        LumenfallClient(KEY, base_url=f"http://127.0.0.1:{port}").fetch_balance()
    assert (caught.value.attempts, caught.value.retryable) == (3, True)
    assert str(caught.value) == f"cannot read from http://127.0.0.1:{port}: connection refused"


def names(answers: Callable[[], Any]) -> Callable[..., Any]:
    """A getaddrinfo that knows numeric addresses, and answers any name so."""
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any, flags: int = 0, **more: Any) -> Any:
        if flags & socket.AI_NUMERICHOST:
            return real(host, port, *rest, flags=flags, **more)
        return answers()

    return look_up


def address(host: str, port: int, family: int = socket.AF_INET) -> Any:
    return (family, socket.SOCK_STREAM, 6, "", (host, port))


def test_a_name_that_does_not_resolve_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = []

    def unknown() -> Any:
        looked_up.append(1)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", names(unknown))
    with pytest.raises(core.ConnectionFailedError, match="its name cannot be resolved"):
        LumenfallClient(KEY, base_url="https://nowhere.example").fetch_balance()
    assert len(looked_up) == 3


def test_a_resolver_that_hangs_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """getaddrinfo knows no timeout."""
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", names(lambda: release.wait(30) and []))
    start = time.monotonic()
    with pytest.raises(core.DeadlineExceededError, match=r"within 0\.3 s"):
        LumenfallClient(KEY, base_url="https://slow.example", timeout=0.3).fetch_balance()
    assert time.monotonic() - start < 10
    release.set()


def test_a_resolver_that_hangs_does_not_keep_the_program() -> None:
    """Nobody can stop it, so the thread that waits for it must not be waited for."""
    code = (
        "import socket, threading\n"
        "from pulumi_lumenfall.core import DeadlineExceededError, LumenfallClient\n"
        "def hang(*_, flags=0, **__):\n"
        "    if flags: raise socket.gaierror\n"
        "    threading.Event().wait(3600)\n"
        "socket.getaddrinfo = hang\n"
        "try: LumenfallClient('key', base_url='https://x.example', timeout=1).fetch_balance()\n"
        "except DeadlineExceededError: print('at the deadline')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "at the deadline\n"


def test_the_next_address_is_tried() -> None:
    """A name with IPv6 first where only IPv4 listens, and with a dead address."""
    with FaultServer(good, tls="good") as server, refused_port() as dead, pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            socket,
            "getaddrinfo",
            names(
                lambda: [
                    (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", server.port, 0, 0)),
                    address("127.0.0.1", dead),
                    address("127.0.0.1", server.port),
                ]
            ),
        )
        assert str(fetch(server, max_attempts=1).amount) == "12.50"


@linux
def test_an_address_that_swallows_packets_leaves_time_for_the_next() -> None:
    with unanswered_port() as deaf, FaultServer(good, tls="good") as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            socket, "getaddrinfo", names(lambda: [address("127.0.0.1", deaf), address("127.0.0.1", server.port)])
        )
        assert str(fetch(server, timeout=4, max_attempts=1).amount) == "12.50"
        assert server.connections == 1


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_proxy(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """The proxy sees CONNECT, its own password, and nothing of the request."""
    with FaultServer(good, tls="good") as server, ConnectProxy(to=server.port, auth="user:p@ss") as proxy:
        monkeypatch.setenv(variable, f"http://user:p%40ss@127.0.0.1:{proxy.port}")
        assert str(fetch(server).amount) == "12.50"
        assert [(connect.target, connect.authorized) for connect in proxy.connects] == [
            (f"localhost:{server.port}", True)
        ]
        assert not leaked(*proxy.requests)


def test_no_warning_without_verification() -> None:
    """It was asked for; and a warning would be an error in a program that makes them errors."""
    with FaultServer(good, tls="unknown-ca") as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert str(fetch(server, verify=False, ca_bundle=None).amount) == "12.50"


def test_a_client_that_is_closed_while_it_asks() -> None:
    """The fetch that is under way ends as it would have; its next attempt trusts the same authorities."""

    def play(connection: Connection) -> None:
        if connection.number == 1:
            connection.read_request()
            client.close()
            connection.send(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
        else:
            good(connection)

    with FaultServer(play, tls="good") as server:
        client = LumenfallClient(KEY, base_url=f"https://localhost:{server.port}", ca_bundle=str(server.ca_file))
        assert str(client.fetch_balance().amount) == "12.50"
        with pytest.raises(core.ConfigurationError, match="closed"):
            client.fetch_balance()


@pytest.mark.parametrize(
    ("user_info", "sent", "shown"),
    [
        ("u%40x:p%40ssW0rd%21xyz", "u@x:p@ssW0rd!xyz", "u@x:***"),
        ("u%40x:p%40%21", "u@x:p@!", "u@x:***"),
        ("user:plain", "user:plain", "user:***"),
        ("t%40ken-in-its-place:", "t@ken-in-its-place:", "***:"),
        # What is no escape is none for requests either.
        ("%:p%zzssW0rd", "%:p%zzssW0rd", "%:***"),
    ],
)
def test_a_proxys_password_that_comes_back_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, user_info: str, sent: str, shown: str
) -> None:
    """As it was sent: undone from the URL, and with its user in base64. A proxy that looks into it may do so."""
    token = base64.b64encode(sent.encode()).decode()
    heads = []

    def proxied(connection: Connection) -> None:
        heads.append(connection.read_request())
        tunnel(connection, server.port)

    def echo(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(fault(f"I saw {sent}, Basic {token}"), status=403))

    with FaultServer(echo, tls="good") as server, FaultServer(proxied) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{user_info}@127.0.0.1:{proxy.port}")
        error = error_of(server)
    assert f"Basic {token}\r\n" in heads[0].decode()
    assert f": I saw {shown}, Basic ***)" in str(error)


def test_proxy_url_without_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(good, tls="good") as server, ConnectProxy(to=server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
        assert str(fetch(server).amount) == "12.50"
        assert len(proxy.connects) == 1


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("localhost", "localhost", True),
        ("*", "localhost", True),
        (" .example , LOCALHOST", "localhost", True),
        ("localhost:{port}", "localhost", True),
        ("localhost:1", "localhost", False),
        ("host", "localhost", False),
        (",..,", "localhost", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("10.0.0.0/8,127.0.0.0/8", "127.0.0.1", True),
        ("0.0.1,::1,127.0.0.0/99,[", "127.0.0.1", False),
    ],
)
def test_no_proxy(monkeypatch: pytest.MonkeyPatch, no_proxy: str, host: str, direct: bool) -> None:
    """A host, a domain above it, an address, a network or a star; what makes no sense is no exception."""
    with FaultServer(good, tls="good") as server, ConnectProxy(to=server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", no_proxy.format(port=server.port))
        assert str(fetch(server, host).amount) == "12.50"
        assert bool(proxy.connects) is not direct


@pytest.mark.parametrize("no_proxy", ["a\0b", "\ud800"])
def test_no_proxy_is_only_read(no_proxy: str) -> None:
    """It was put into the environment for a moment: that of other threads, where some of them tripped over it."""
    with refused_port() as port:
        environ = {"LUMENFALL_API_KEY": KEY, "HTTPS_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": no_proxy}
        settings = core.resolve_settings(environ=environ)
        with pytest.raises(core.ProxyError, match="cannot be reached"):
            LumenfallClient.from_settings(settings).fetch_balance()


def test_plain_http_goes_past_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(good) as server, ConnectProxy(to=server.port) as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(variable, proxy.url)
        assert str(fetch(server).amount) == "12.50"
        assert not proxy.connects


@pytest.mark.parametrize(
    ("fault", "kinds", "attempts"),
    [
        ({"refuse": 407}, (core.ProxyError,), 1),
        ({"refuse": 403}, (core.ProxyError,), 1),
        ({"refuse": 502}, (core.ProxyError,), 1),
        ({"fault": "cut"}, (core.ProxyError,), 1),
        ({"fault": "garbage"}, (core.ProxyError,), 1),
        ({"fault": "flood"}, (core.ProxyError,), 1),
        ({"fault": "login"}, (core.TLSError,), 1),
        ({"fault": "stall"}, (core.DeadlineExceededError,), 1),
        ({"fault": "stall-in-tunnel"}, (core.DeadlineExceededError,), 1),
        ({"fault": "cut-in-tunnel"}, (core.TLSError, core.ConnectionFailedError), None),
    ],
    ids=lambda value: repr(value) if isinstance(value, dict) else "",
)
def test_a_failing_proxy(
    monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], kinds: tuple[type, ...], attempts: int | None
) -> None:
    """Never a pass, never a wait beyond the deadline, and the proxy is named by its variable."""
    with FaultServer(good, tls="good") as server, ConnectProxy(**fault) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{MARKER}@127.0.0.1:{proxy.port}")
        # A proxy that stalls does so until it is hung up on.
        error = error_of(server, timeout=0.5 if core.DeadlineExceededError in kinds else 10)
        assert type(error) in kinds
        assert error.attempts == (attempts or error.attempts)
        assert not server.requests
        if type(error) is core.ProxyError:
            assert "HTTPS_PROXY" in str(error)
            assert error.status == fault.get("refuse")
            assert ("user and password" in str(error.hint)) is (error.status == 407)
        stalled = fault == {"fault": "stall"}
        assert str(error).endswith("within 0.5 s: the proxy set in HTTPS_PROXY has not led there") is stalled


def test_a_late_proxy_leaves_the_handshake_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The handshake inherited the timeout of the read before it, and so went on to nearly twice the deadline."""

    def late(connection: Connection) -> None:
        connection.read_request()
        connection.pause(3.5)
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.stall()

    with FaultServer(late) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        start = time.monotonic()
        with pytest.raises(core.DeadlineExceededError):
            LumenfallClient(KEY, base_url="https://api.test", timeout=4).fetch_balance()
        assert time.monotonic() - start < 6.5


def test_an_unreachable_proxy_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(good, tls="good") as server, refused_port() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{MARKER}@127.0.0.1:{port}")
        error = error_of(server)
    assert (type(error), error.attempts, error.retryable) == (core.ProxyError, 3, True)


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://127.0.0.1:1080",
        f"{KEY}://h",
        f"{MARKER}://h",
        f"socks5h://u:{MARKER}@h",
        "ftp://h",
        "http://",
        "http://h:99999",
        "http://[::1",
        "http://h:x",
        f"http://:{MARKER}@",
        "://",
        "http://h h",
        "http://h:0",
        "http://a..b",
        f"http://{'a' * 64}",
        f"http://user:\u20ac{MARKER}@127.0.0.1:9",
    ],
)
def test_a_malformed_proxy_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    with FaultServer(good, tls="good") as server:
        monkeypatch.setenv("ALL_PROXY", proxy)
        error = error_of(server)
        assert (type(error), error.retryable, server.connections) == (core.ProxyError, False, 0)
        assert str(error).startswith("ALL_PROXY: ")
        assert str(error.hint).startswith("set ALL_PROXY to ")


@contextlib.contextmanager
def behind_a_tls_proxy(play: Callable[[Connection], None]) -> Iterator[tuple[FaultServer, ConnectProxy]]:
    """A server and the proxy to it, both over TLS and by one authority; the environment names the proxy."""
    authority = trustme.CA()
    with (
        FaultServer(play, tls="good", authority=authority) as server,
        ConnectProxy(to=server.port, authority=authority) as proxy,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("HTTPS_PROXY", proxy.url)
        yield server, proxy


def test_a_proxy_over_tls() -> None:
    """TLS within TLS, and the proxy sees nothing of the request."""
    with behind_a_tls_proxy(good) as (server, proxy):
        assert fetch(server).amount == Decimal("12.50")
        assert len(proxy.connects) == 1
        assert not leaked(*proxy.requests)


@pytest.mark.parametrize("play", [Connection.stall, lambda connection: connection.drip(b" " * 600)])
def test_a_proxy_over_tls_is_bounded(play: Callable[[Connection], None]) -> None:
    """Each read of the inner TLS is one of the outer, which keep to one deadline together."""

    def serve(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
        play(connection)

    with behind_a_tls_proxy(serve) as (server, _proxy):
        started = time.monotonic()
        assert type(error_of(server, timeout=2)) is core.DeadlineExceededError
        assert time.monotonic() - started < 30


def test_a_proxy_over_tls_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(good, tls="good") as server, FaultServer(good, tls="unknown-ca") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://localhost:{proxy.port}")
        error = error_of(server)
        assert type(error) is core.ProxyError
        assert "TLS handshake with the proxy" in str(error)
        assert not proxy.requests


def test_tls_to_a_proxy_that_speaks_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(lambda connection: connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{proxy.port}")
        with pytest.raises(core.ProxyError, match="TLS handshake with the proxy") as caught:
            LumenfallClient(KEY).fetch_balance()
    assert caught.value.hint == "that port does not seem to speak TLS: set HTTPS_PROXY to http://host:port"


def test_nothing_compressed_is_asked_for() -> None:
    """It would save nothing, and can be a bomb."""
    with FaultServer(good) as server:
        fetch(server)
    assert b"\r\nAccept-Encoding: identity\r\n" in server.requests[0]


def test_netrc_is_never_used(clean_environment: Path) -> None:
    (clean_environment / ".netrc").write_text("machine 127.0.0.1 login user password secret\n")
    with FaultServer(good) as server:
        fetch(server)
    assert b"Bearer " + KEY.encode() in server.requests[0]
    assert b"Basic" not in server.requests[0]


def test_debug_output_of_the_libraries_does_not_show_the_key(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither http.client's debuglevel nor any logger at DEBUG."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 5)
    caplog.set_level(1)
    with FaultServer(good) as server:
        fetch(server)
    with FaultServer(good, tls="good") as server:
        fetch(server)
    output = capfd.readouterr()
    assert not leaked(output.out, output.err, caplog.text)
    assert caplog.text, "urllib3 was expected to log at DEBUG"
