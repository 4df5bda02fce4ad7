# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Names, addresses, TLS and proxies: what lies between the client and the API."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import client as core_client
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import http as core_http
from pulumi_lumenfall import core
from pulumi_lumenfall.core import LumenfallClient, LumenfallError
from support.fault_server import Connection, FaultServer, refused_port, unanswered_port
from support.leaks import KEY, MARKER, leaked
from support.marks import linux
from support.plays import after_hello, answer, error, says
from support.proxy import ConnectProxy, socks_proxy

good = says(answer())


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_client.time, "sleep", lambda seconds: None)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def fetch(server: FaultServer, host: str = "localhost", **settings: Any) -> str:
    if server.url.startswith("https"):
        settings.setdefault("ca_bundle", str(server.ca_file))
    url = server.url.replace("127.0.0.1", host)
    with LumenfallClient(KEY, base_url=url, **settings) as client:
        return str(client.fetch_balance().amount)


def error_of(server: FaultServer, **settings: Any) -> LumenfallError:
    with pytest.raises(LumenfallError) as caught:
        fetch(server, **settings)
    assert not leaked(f"{caught.value.full_message}{caught.value.__dict__}")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


# --- TLS ---


@pytest.mark.parametrize(
    ("certificate", "reason", "hint"),
    [
        ("other-host", "mismatch", "check the host in the base URL; the certificate is for another name"),
        ("expired", "expired", "check the clock of this machine; if it is right, the server's certificate has to be"),
        ("not-yet", "not yet valid", "check the clock of this machine"),
        ("unknown-ca", "certificate", "behind a TLS-inspecting proxy, set ca_bundle to its CA certificate"),
    ],
)
def test_a_bad_certificate_ends_it_at_once(certificate: str, reason: str, hint: str) -> None:
    """The key is never sent; verify=False, for tests, lets each of them pass, without a warning."""
    with FaultServer(good, tls=certificate) as server:
        failure = error_of(server)
        assert type(failure) is core.TLSError
        assert (failure.attempts, failure.retryable, server.requests) == (1, False, [])
        assert reason in str(failure)
        assert str(failure.hint).startswith(hint)
        assert ("renewed" in str(failure.hint)) is (certificate == "expired")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert fetch(server, verify=False, ca_bundle=None) == "12.50"


def test_only_the_named_authorities_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """requests would add certifi's, and environment variables would beat the argument."""
    with FaultServer(good, tls="good") as server, FaultServer(good, tls="good") as other:
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(server.ca_file))
        assert type(error_of(server, ca_bundle=str(other.ca_file))) is core.TLSError
        assert type(error_of(server, ca_bundle=None)) is core.TLSError
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.ca_file))
        assert fetch(server) == "12.50"


def hashed(ca_file: Path, folder: Path) -> None:
    """Put a certificate into a folder as OpenSSL looks for it: by a hash of its subject."""
    command = ["openssl", "x509", "-noout", "-hash", "-in", str(ca_file)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    folder.mkdir(exist_ok=True)
    shutil.copy(ca_file, folder / f"{name}.0")


needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to name the file")


@needs_openssl
def test_a_folder_of_authorities(tmp_path: Path) -> None:
    with FaultServer(good, tls="good") as server, FaultServer(good, tls="good") as other:
        hashed(server.ca_file, tmp_path)
        assert fetch(server, ca_bundle=str(tmp_path)) == "12.50"
        assert type(error_of(other, ca_bundle=str(tmp_path))) is core.TLSError


@needs_openssl
def test_ssl_cert_file_and_ssl_cert_dir_work_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As OpenSSL defines them: what either names is trusted."""
    with FaultServer(good, tls="good") as one, FaultServer(good, tls="good") as other:
        hashed(other.ca_file, tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(one.ca_file))
        assert fetch(one, ca_bundle=None) == "12.50"
        assert type(error_of(other, ca_bundle=None)) is core.TLSError
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
        assert fetch(one, ca_bundle=None) == "12.50"
        assert fetch(other, ca_bundle=None) == "12.50"


def test_where_openssl_has_no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform's store on macOS and Windows, else those that come with requests."""
    nothing = SimpleNamespace(cafile=None, capath=None)
    monkeypatch.setattr(core_http.ssl, "get_default_verify_paths", lambda: nothing)
    with FaultServer(good, tls="good") as server:
        monkeypatch.setattr("certifi.contents", server.ca_file.read_text)
        assert fetch(server, ca_bundle=None) == "12.50"
        monkeypatch.setattr("certifi.contents", lambda: "nothing")
        context = core_http.ssl.create_default_context(cafile=str(server.ca_file))
        monkeypatch.setattr(core_http, "sys", SimpleNamespace(platform="darwin"))
        monkeypatch.setitem(sys.modules, "truststore", SimpleNamespace(SSLContext=lambda _protocol: context))
        assert fetch(server, ca_bundle=None) == "12.50"


@pytest.mark.parametrize("text", ["not a certificate", "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n"])
def test_a_bundle_without_certificates(tmp_path: Path, text: str) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text(text)
    with pytest.raises(core.ConfigurationError, match=r"^ca_bundle: the CA bundle ") as caught:
        LumenfallClient(KEY, ca_bundle=str(bundle)).fetch_balance()
    assert str(bundle) in str(caught.value)


# --- Names and addresses ---


def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(core.ConnectionFailedError, match=r": its name cannot be resolved$") as caught:
        LumenfallClient(KEY, base_url="https://x.example").fetch_balance()
    assert (caught.value.attempts, caught.value.retryable) == (3, True)


def test_a_resolver_that_hangs_does_not_keep_the_program() -> None:
    """Nothing can stop it, so nothing waits for the thread that waits for it."""
    program = (
        "import socket, threading\n"
        "from pulumi_lumenfall.core import DeadlineExceededError, LumenfallClient\n"
        "socket.getaddrinfo = lambda *_, **__: threading.Event().wait(3600)\n"
        "try: LumenfallClient('key', base_url='https://x.example', timeout=0.5).fetch_balance()\n"
        "except DeadlineExceededError: print('at the deadline')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "at the deadline\n"


def test_a_refused_connection() -> None:
    with refused_port() as port, pytest.raises(core.ConnectionFailedError, match="connection refused") as caught:
        LumenfallClient(KEY, base_url=f"http://127.0.0.1:{port}").fetch_balance()
    assert caught.value.attempts == 3


@linux
def test_a_dead_address_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """IPv6 first where only IPv4 listens, an address that refuses, and one that swallows packets."""
    monkeypatch.setattr(core_http, "CONNECT_SECONDS", 0.5)
    with unanswered_port() as silent, refused_port() as refused, FaultServer(good) as server:
        ipv4 = [("127.0.0.1", port) for port in (refused, silent, server.port)]
        found = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", server.port, 0, 0))]
        found += [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in ipv4]
        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", lambda *_, **__: found)
            assert fetch(server, max_attempts=1) == "12.50"


@linux
def test_no_connection_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the deadline is not over, it is a failed connection, and tried again; so is a handshake that stalls."""
    monkeypatch.setattr(core_http, "CONNECT_SECONDS", 0.2)
    with unanswered_port() as port, FaultServer(after_hello(Connection.stall), tls="raw") as server:
        for url in (f"http://127.0.0.1:{port}", server.url):
            with pytest.raises(core.ConnectionFailedError, match="it did not accept a connection in time") as caught:
                LumenfallClient(KEY, base_url=url, timeout=60).fetch_balance()
            assert caught.value.attempts == 3


def test_plain_http_goes_direct_and_netrc_is_never_used(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clean_environment / ".netrc").write_text("machine 127.0.0.1 login user password secret\n")
    with FaultServer(good) as server, ConnectProxy(to=server.port) as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(variable, proxy.url)
        assert fetch(server, "127.0.0.1") == "12.50"
        assert not proxy.connects
    assert b"Bearer " + KEY.encode() in server.requests[0]
    assert b"Basic" not in server.requests[0]


@pytest.mark.parametrize("tls", [None, "good"])
def test_debug_output_of_the_libraries_does_not_show_the_key(
    tls: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither http.client's debuglevel nor any logger, also where a malformed header line echoes the key."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 5)
    caplog.set_level(1)
    with FaultServer(says(answer(b"", KEY.encode(), status=401)), tls=tls) as server:
        assert type(error_of(server)) is core.AuthenticationError
    output = capfd.readouterr()
    assert not leaked(output.out, output.err, caplog.text)
    assert caplog.text, "urllib3 was expected to log at DEBUG"


# --- Proxies ---


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[FaultServer]:
    with FaultServer(good, tls="good", authority=authority) as server:
        yield server


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy(tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str) -> None:
    """It sees CONNECT, its own password, and nothing of the request."""
    with ConnectProxy(to=tls_server.port, auth="user:p@ss") as proxy:
        monkeypatch.setenv(variable, f"{scheme}user:p%40ss@127.0.0.1:{proxy.port}")
        assert fetch(tls_server) == "12.50"
        assert proxy.connects == [(f"localhost:{tls_server.port}", True)]
        assert not leaked(*proxy.requests)


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("localhost", "localhost", True),
        ("*", "localhost", True),
        (".example , LOCALHOST", "localhost", True),
        ("localhost:{port}", "localhost", True),
        ("localhost:1", "localhost", False),
        ("10.0.0.0/8,127.0.0.0/8", "127.0.0.1", True),
        ("1.2.3.4,::1,127.0.0.0/99,[", "127.0.0.1", False),
    ],
)
def test_no_proxy(
    tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch, no_proxy: str, host: str, direct: bool
) -> None:
    with ConnectProxy(to=tls_server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", no_proxy.format(port=tls_server.port))
        assert fetch(tls_server, host) == "12.50"
        assert bool(proxy.connects) is not direct


@pytest.mark.parametrize(
    ("fault", "kind", "words", "hint"),
    [
        (407, core.ProxyError, "the proxy in HTTPS_PROXY refused to connect (HTTP 407)", "user and password"),
        (502, core.ProxyError, "the proxy in HTTPS_PROXY refused to connect (HTTP 502)", "check HTTPS_PROXY"),
        ("cut", core.ConnectionFailedError, "through the proxy in HTTPS_PROXY", "the proxy settings"),
        ("garbage", core.ConnectionFailedError, "through the proxy in HTTPS_PROXY", "the proxy settings"),
        ("login-page", core.TLSError, "TLS with ", ""),
        ("cut-in-tunnel", (core.TLSError, core.ConnectionFailedError), "", ""),
    ],
)
def test_a_failing_proxy(
    tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch, fault: Any, kind: Any, words: str, hint: str
) -> None:
    """Never a pass; the proxy is named by its variable, and its password is not shown."""
    with ConnectProxy(fault=fault) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{MARKER}@127.0.0.1:{proxy.port}")
        failure = error_of(tls_server)
    assert isinstance(failure, kind)
    assert words in str(failure)
    assert hint in str(failure.hint)
    assert failure.status == (fault if isinstance(fault, int) else None)
    assert failure.attempts == (1 if kind is core.ProxyError else failure.attempts)
    assert not tls_server.requests


def test_a_proxy_that_stalls_ends_at_the_deadline(tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with ConnectProxy(fault="stall") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        failure = error_of(tls_server, timeout=0.5)
    assert type(failure) is core.DeadlineExceededError
    assert str(failure).endswith(" through the proxy in HTTPS_PROXY within 0.5 s")


def test_an_unreachable_proxy(tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with refused_port() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{MARKER}@127.0.0.1:{port}")
        failure = error_of(tls_server)
    assert (type(failure), failure.attempts, failure.retryable) == (core.ProxyError, 1, False)
    assert "the proxy in HTTPS_PROXY cannot be reached" in str(failure)


@pytest.mark.parametrize(
    "proxy",
    [f"{KEY}://h", "ftp://h", "http://", "http://h:99999", "http://[::1", "http://a..b", f"http://h:\u20ac{MARKER}@h"],
)
def test_a_malformed_proxy(tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    failure = error_of(tls_server)
    assert (type(failure), failure.retryable, tls_server.connections) == (core.ProxyError, False, 0)
    assert "ALL_PROXY" in str(failure)


def test_a_proxy_over_tls(tls_server: FaultServer, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS within TLS, and the proxy sees nothing of the request."""
    with ConnectProxy(to=tls_server.port, authority=authority) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert fetch(tls_server) == "12.50"
        assert len(proxy.connects) == 1
        assert not leaked(*proxy.requests)


def test_a_proxy_over_tls_is_verified(tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with ConnectProxy(to=tls_server.port, authority=trustme.CA()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        failure = error_of(tls_server)
        assert type(failure) is core.ProxyError
        assert "TLS with the proxy in HTTPS_PROXY failed" in str(failure)
        assert failure.hint == "try http:// instead of https:// in HTTPS_PROXY"
        assert not proxy.requests


@pytest.mark.parametrize(
    ("user_info", "sent"), [("u%40x:p%40ssW0rd%21xyz", "p@ssW0rd!xyz"), ("user:plain", "plain"), ("token:", "token")]
)
def test_a_proxys_password_that_comes_back_is_not_shown(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, user_info: str, sent: str
) -> None:
    """Neither as it was sent, nor as it is written in the URL: a proxy that looks into TLS may echo it."""
    url_part = user_info.strip(":").rpartition(":")[2]

    def echo(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(error(f"I saw {sent} and {url_part}"), status=403))

    with FaultServer(echo, tls="good", authority=authority) as server, ConnectProxy(to=server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{user_info}@127.0.0.1:{proxy.port}")
        assert "I saw *** and ***" in str(error_of(server))


def test_a_socks_proxy(tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("socks")
    with FaultServer(socks_proxy(tls_server.port)) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{proxy.port}")
        assert fetch(tls_server) == "12.50"
        assert proxy.connections == 1


def test_a_socks_proxy_without_pysocks(tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that names what is missing."""
    for name in ("socks", "urllib3.contrib.socks"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", _no_pysocks)
    monkeypatch.setenv("ALL_PROXY", f"socks5h://user:{MARKER}@127.0.0.1:1080")
    failure = error_of(tls_server)
    assert (type(failure), failure.attempts, failure.retryable) == (core.ProxyError, 1, False)
    assert "the SOCKS proxy in ALL_PROXY needs the Python library PySocks" in str(failure)
    assert re.fullmatch(r"run: .* -m pip install 'requests\[socks\]'", str(failure.hint))


def _no_pysocks(*_: object, **__: object) -> None:
    """What requests has in place of the manager where PySocks is missing."""
    from requests.exceptions import InvalidSchema

    raise InvalidSchema("Missing dependencies for SOCKS support.")
