# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One attempt on the wire, within a deadline and within bounds.

The only file that imports requests. It uses requests' adapter without its session, since
a session follows redirects, reads ``~/.netrc`` and lets environment variables override
``verify``; and it puts the sockets of ``wire`` and the responses of ``framing`` below urllib3.

Knows nothing of balances, retries or what a status means.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
from typing import Any, NamedTuple

from ._version import __version__
from .diagnosis import explain, malformed_proxy
from .errors import ConfigurationError, ConnectionFailedError, LumenfallError, ProxyError
from .framing import StrictResponse, decode
from .settings import Settings
from .text import clean, describe
from .values import holds_authorities, refuse_ca_bundle
from .wire import (
    MAX_BODY_BYTES,
    BoundedTLSSocket,
    Cut,
    Deadline,
    TooLarge,
    Wire,
    current,
    current_wire,
    open_connection,
)

REQUIREMENT = "requests>=2.32.4"

try:
    from requests.adapters import HTTPAdapter
    from requests.models import PreparedRequest
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.util import parse_url

    # Older versions load certifi's authorities beside the ones that were asked for.
    HTTPAdapter.build_connection_pool_key_attributes  # noqa: B018
    REQUESTS_PROBLEM = None
except (ImportError, AttributeError) as problem:
    HTTPAdapter = HTTPConnection = HTTPSConnection = object  # type: ignore[misc, assignment]
    HTTPConnectionPool = HTTPSConnectionPool = object  # type: ignore[misc, assignment]
    REQUESTS_PROBLEM = "is too old" if isinstance(problem, AttributeError) else "is not installed"

_CHUNK_BYTES = 1 << 16
# The body of an error only adds words to a status that is known already.
_ERROR_BODY_SECONDS = 2.0


class Answer(NamedTuple):
    """What came back.

    Attributes:
        status: HTTP status.
        headers: Header fields as they came, decoded as Latin-1: untrusted.
        body: Decoded body, at most 1 MiB; empty for an answer that is not 200 nor an error.
        problem: What was wrong with the body of this answer, or None.
    """

    status: int
    headers: Any
    body: bytes
    problem: LumenfallError | None


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Make the TLS context for these settings; costs some 10 ms, so keep it.

    Raises:
        ConfigurationError: The CA bundle holds no usable certificate, or OpenSSL's own
            configuration does not let it start.
    """
    context = _new_context()
    context.sslsocket_class = BoundedTLSSocket
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif settings.ca_bundle is None:
        context.load_default_certs()
        # A Python without any (some builds for macOS, minimal images) would trust nobody.
        if not _has_authorities(context) and not REQUESTS_PROBLEM:
            from requests.utils import DEFAULT_CA_BUNDLE_PATH

            context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    else:
        path = settings.ca_bundle
        problem = None
        try:
            if os.path.isdir(path):
                context.load_verify_locations(capath=path)
            else:
                context.load_verify_locations(cafile=path)
                if not context.cert_store_stats()["x509"]:
                    problem = "holds no certificate"
        except (OSError, ValueError):
            problem = "is not a PEM file of certificates"
        if problem:
            raise refuse_ca_bundle(settings.sources["ca_bundle"], path, problem)
    return context


def _new_context() -> ssl.SSLContext:
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context
    except (ssl.SSLError, ValueError):
        pass
    raise ConfigurationError(
        "OpenSSL cannot make a TLS context with the configuration that it was given",
        hint="mend or unset OPENSSL_CONF"
        if os.environ.get("OPENSSL_CONF")
        else "mend the system's openssl.cnf, or name another one in OPENSSL_CONF",
    )


def _has_authorities(context: ssl.SSLContext) -> bool:
    if context.cert_store_stats()["x509_ca"]:
        return True
    # What is in a folder is loaded when it is needed.
    folder = ssl.get_default_verify_paths().capath
    try:
        return bool(folder) and holds_authorities(folder)
    except OSError:
        return False


def exchange(settings: Settings, tls: ssl.SSLContext | None, deadline: Deadline) -> Answer | LumenfallError:
    """Ask once.

    Args:
        settings: Where to ask, and with which key.
        tls: The context of :func:`tls_context`; None for plain http.
        deadline: When to stop.

    Returns:
        The answer; or the error that there is instead. It is returned, not raised, so
        that it never has the library's exception, which holds the key, as its context.
    """
    if REQUESTS_PROBLEM:
        return ConfigurationError(
            f"the Python library requests {REQUESTS_PROBLEM} for {sys.executable}",
            hint=f"run: {sys.executable} -m pip install '{REQUIREMENT}'",
        )
    proxies = _proxies(settings)
    if isinstance(proxies, ProxyError):
        return proxies
    wire = current.wire = Wire(deadline)
    adapter = _Adapter(tls)
    request, body, problem = None, b"", None
    try:
        request = _request(settings)
        if request is None:
            source = settings.sources["base_url"]
            return ConfigurationError(f"{source}: the base URL is malformed: check its host", hint=f"set {source} anew")
        body = _read_body(adapter.send(request, stream=True, timeout=None, proxies=proxies))
    except Exception as error:  # noqa: BLE001
        # requests and what lies below it raise much that is not a RequestException
        # (urllib3's, http.client's, UnicodeError, ...), and each may hold the request.
        problem = explain(error, wire, settings, bool(proxies))
    except BaseException as interruption:  # noqa: BLE001 - it is raised again
        # Ctrl-C and the like go on, without the frames that hold the request.
        del request, proxies
        raise interruption.with_traceback(None) from None
    finally:
        current.wire = None
        adapter.close()
    if wire.status is None:
        return problem or ConnectionFailedError("there was no answer", retryable=True)
    return Answer(wire.status, wire.headers, body, problem)


def _request(settings: Settings) -> PreparedRequest | None:
    """The request, or None where requests refuses its host."""
    # Its whole prepare() would also look for cookies, and for a user and a password in the URL.
    request = PreparedRequest()
    request.prepare_method("GET")
    try:
        request.prepare_url(settings.balance_url, None)
    except ValueError:
        # Its InvalidURL is one, and so is UnicodeError: IDNA 2008, which it uses, knows less than Python's own.
        return None
    request.prepare_headers(
        {
            "Accept": "application/json",
            # Nothing compressed is asked for: it would save nothing and can be a bomb.
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {settings.api_key.reveal()}",
            # One request, one connection: a balance is read rarely, and an answer can never be
            # that of an earlier request, nor a connection be shared after a fork.
            "Connection": "close",
            "User-Agent": f"pulumi-lumenfall/{__version__}",
        }
    )
    return request


def _proxies(settings: Settings) -> dict[str, str] | ProxyError:
    """The proxies mapping for requests, empty to go direct."""
    if settings.proxy is None:
        return {}
    # Imported here: few have a proxy.
    from .proxy import goes_direct

    if goes_direct(settings.balance_url, settings.no_proxy):
        return {}
    variable, secret = settings.proxy
    value = secret.reveal()
    if "://" not in value:
        value = f"http://{value}"
    try:
        url = parse_url(value)
        # Before 2.8, urllib3 lets a space in a host through.
        usable = bool(url.host) and " " not in str(url.host) and url.port != 0 and (url.port or 1) <= 65535
    except Exception:  # noqa: BLE001 - LocationParseError, but ValueError and UnicodeError too
        usable = False
    # Without a kind that is one, it may be a key in the wrong place.
    if not usable or not url.scheme:
        return malformed_proxy(variable)
    if url.scheme not in ("http", "https"):
        return ProxyError(
            f"{variable}: proxies of the kind {describe(clean(url.scheme, settings.secrets))} are not supported",
            hint=f"set {variable} to an http:// or https:// proxy",
        )
    return {"https": value}


class _Connection:
    """What the two kinds of connection do in another way than urllib3's."""

    # A program that turns http.client's debug output on would see the key in it.
    debuglevel = 0
    response_class = StrictResponse
    host: str
    port: int

    def _new_conn(self) -> socket.socket:
        return open_connection(self.host.strip("[]"), self.port)

    def _tunnel(self) -> None:
        super()._tunnel()  # type: ignore[misc]
        current_wire().tunnelled = True

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        # urllib3 would warn of verify=False, which was asked for; and fail where warnings are errors.
        self.is_verified = True
        current_wire().encrypted = True


class _HTTPConnection(_Connection, HTTPConnection):  # type: ignore[misc]
    pass


class _HTTPSConnection(_Connection, HTTPSConnection):  # type: ignore[misc]
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class _Adapter(HTTPAdapter):
    """requests' adapter over our connections and with our TLS context alone."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        # One request needs no more; urllib3 fills the places of a pool when it makes it.
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, proxy_ssl_context=self._tls, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, _tls = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._tls} if self._tls else {}

    def cert_verify(self, *args: Any) -> None:
        """Nothing: it would add certifi's authorities to the ones of our context."""

    def build_response(self, _request: Any, resp: Any) -> Any:
        """urllib3's response as it is: requests' would hold the request, and read cookies."""
        return resp


def _read_body(response: Any) -> bytes:
    """Read and decode what may matter of an answer's body."""
    wire = current_wire()
    try:
        if wire.status != 200:
            if wire.status is None or not 400 <= wire.status <= 599:
                return b""
            wire.deadline = Deadline(min(_ERROR_BODY_SECONDS, wire.deadline.remaining_seconds()))
        if wire.framing_problem:
            raise Cut
        raw = b""
        while True:
            chunk = response.read(_CHUNK_BYTES, decode_content=False)
            if not chunk:
                break
            raw += chunk
            if len(raw) > MAX_BODY_BYTES:
                raise TooLarge
        if wire.length is not None and len(raw) < wire.length:
            raise Cut
        return decode(raw, wire.encoding)
    finally:
        response.close()
