# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One attempt on the wire, within a deadline and within bounds.

The only file that imports requests. It uses requests' adapter without its session, since
a session follows redirects, reads ``~/.netrc`` and lets environment variables override
``verify``; and it puts its own sockets below urllib3, since the timeouts of both are per
read: a server that sends a byte now and then would hold them for ever.

Knows nothing of balances, retries or what a status means.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import sys
import threading
import time
import zlib
from queue import Empty, SimpleQueue
from typing import Any, Dict, Iterator, List, NamedTuple

from ._version import __version__
from .errors import (
    ConfigurationError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidResponseError,
    LumenfallError,
    ProxyError,
    TLSError,
)
from .settings import Settings, refuse_ca_bundle
from .text import clean

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

MAX_BODY_BYTES = 1 << 20
# Status line, headers and framing come on top of the body; a server gets no more than this.
_MAX_WIRE_BYTES = 2 * MAX_BODY_BYTES
_CHUNK_BYTES = 1 << 16
# The body of an error only adds words to a status that is known already.
_ERROR_BODY_SECONDS = 2.0


class Deadline:
    """A point in time that everything has to come before.

    Args:
        seconds: How far away it is.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining_seconds(self) -> float:
        """Seconds left; 0 when it has passed."""
        return max(0.0, self._end - time.monotonic())


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
        ConfigurationError: The CA bundle holds no usable certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _BoundedTLSSocket
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif settings.ca_bundle is None:
        context.load_default_certs()
        if not _has_platform_authorities():
            # A Python without any (some builds for macOS, minimal images) would trust nobody.
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


def _has_platform_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or paths.capath) or sys.platform == "win32"


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
    wire = _thread.wire = _Wire(deadline)
    adapter = _Adapter(tls)
    body, problem = b"", None
    try:
        body = _read_body(adapter.send(_request(settings), stream=True, timeout=None, proxies=proxies))
    except Exception as error:  # noqa: BLE001
        # requests and what lies below it raise much that is not a RequestException
        # (urllib3's, http.client's, UnicodeError, ...), and each may hold the request.
        problem = _explain(error, wire, settings, bool(proxies))
    except BaseException as interruption:  # noqa: BLE001 - it is raised again
        # Ctrl-C and the like go on, without the frames that hold the request.
        del proxies
        raise interruption.with_traceback(None) from None
    finally:
        _thread.wire = None
        adapter.close()
    if wire.status is None:
        return problem or ConnectionFailedError("there was no answer", retryable=True)
    return Answer(wire.status, wire.headers, body, problem)


def _request(settings: Settings) -> PreparedRequest:
    # Its whole prepare() would also look for cookies, and for a user and a password in the URL.
    request = PreparedRequest()
    request.prepare_method("GET")
    request.prepare_url(settings.balance_url, None)
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
    if not usable:
        return _malformed_proxy(variable)
    if url.scheme not in ("http", "https"):
        return ProxyError(
            f"{variable}: proxies of the kind {clean(url.scheme, settings.secrets, limit=20)!r} are not supported",
            hint=f"set {variable} to an http:// or https:// proxy",
        )
    return {"https": value}


def _malformed_proxy(variable: str) -> ProxyError:
    return ProxyError(f"{variable}: the proxy URL is malformed", hint=f"set {variable} to http://host:port")


class _Expired(socket.timeout):
    """The deadline passed."""


class _TooLarge(OSError):
    """The server sent more than it may."""


class _Cut(OSError):
    """The connection ended before the answer did."""


class _Wire:
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
            _Expired: There are none.
        """
        remaining = self.deadline.remaining_seconds()
        if not remaining:
            raise _Expired
        return remaining

    def count(self, received: int) -> None:
        """Note bytes that came in.

        Raises:
            _TooLarge: They are too many.
        """
        self.received_bytes += received
        if self.received_bytes > _MAX_WIRE_BYTES:
            raise _TooLarge


class _Thread(threading.local):
    """The attempt that this thread makes: urllib3 has no way to hand one to its sockets."""

    wire: _Wire | None = None


_thread = _Thread()


def _wire() -> _Wire:
    wire = _thread.wire
    if wire is None:
        raise AssertionError("no attempt is under way in this thread")
    return wire


class _Bounded(socket.socket):
    """Socket operations that end by the attempt's deadline, and count what comes in."""

    def recv_into(self, *args: Any) -> int:
        self.settimeout(_wire().remaining_seconds())
        received = super().recv_into(*args)
        _wire().count(received)
        return received

    def recv(self, *args: Any) -> bytes:
        self.settimeout(_wire().remaining_seconds())
        data = super().recv(*args)
        _wire().count(len(data))
        return data

    def send(self, *args: Any) -> int:
        self.settimeout(_wire().remaining_seconds())
        return super().send(*args)

    def sendall(self, *args: Any) -> None:
        self.settimeout(_wire().remaining_seconds())
        super().sendall(*args)


class _BoundedTLSSocket(_Bounded, ssl.SSLSocket):
    """The same over TLS."""

    def do_handshake(self, *args: Any) -> None:
        # One operation. The timeout that it inherits may be older: a proxy's answer took its time since.
        self.settimeout(_wire().remaining_seconds())
        super().do_handshake(*args)


def _connect(host: str, port: int) -> socket.socket:
    """Open a TCP connection to the first address of a host that takes it."""
    wire = _wire()
    addresses = _resolve(host, port, wire)
    problem: OSError = _Cut("no address")
    for position, (family, kind, protocol, _name, address) in enumerate(addresses):
        connection = None
        try:
            connection = _Bounded(family, kind, protocol)
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


def _resolve(host: str, port: int, wire: _Wire) -> List[Any]:
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
        raise _Expired from None
    if isinstance(answer, Exception):
        raise answer
    return list(answer)


class _WholeLines:
    """The stream of an answer, where http.client takes the end of the stream for the end of a line.

    A status line, header, chunk size or trailer that stops before its newline was cut, and so
    were headers or trailers that stop before the blank line.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.last_line = b""

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._stream.readline(limit)
        if not line.endswith(b"\n") and len(line) != limit:
            raise _Cut
        self.last_line = line
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


# Three digits (RFC 9112, section 4): http.client takes whatever int() does, such as "+200" and "2_0_0".
_STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] +[0-9]{3}(\s.*)?", re.DOTALL)


class _Response(http.client.HTTPResponse):
    """Notes the status and the framing of an answer, strictly, before urllib3 sees it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fp: Any = _WholeLines(self.fp)

    def _read_status(self) -> Any:
        found = super()._read_status()  # type: ignore[misc]
        if not _STATUS_LINE.fullmatch(self.fp.last_line):
            raise http.client.BadStatusLine("not three digits")
        return found

    def begin(self) -> None:
        super().begin()
        wire = _wire()
        fields = self.msg
        lengths = {length.strip() for field in fields.get_all("Content-Length", []) for length in str(field).split(",")}
        if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,18}", length) for length in lengths):
            wire.framing_problem = "its Content-Length makes no sense"
        elif lengths and "Transfer-Encoding" in fields:
            wire.framing_problem = "it has both Content-Length and Transfer-Encoding"
        elif fields.defects or fields.get_payload():
            wire.framing_problem = "its header lines are malformed"
        elif lengths:
            wire.length = int(lengths.pop())
        wire.encoding = ",".join(map(str, fields.get_all("Content-Encoding", [])))
        # What urllib3 would act on, or log at length, has been dealt with.
        del fields["Content-Length"], fields["Content-Encoding"]
        fields.defects.clear()
        fields.set_payload("")
        wire.headers = fields
        wire.status = self.status


class _Connection:
    """What the two kinds of connection do in another way than urllib3's."""

    # A program that turns http.client's debug output on would see the key in it.
    debuglevel = 0
    response_class = _Response
    host: str
    port: int

    def _new_conn(self) -> socket.socket:
        return _connect(self.host.strip("[]"), self.port)

    def _tunnel(self) -> None:
        super()._tunnel()  # type: ignore[misc]
        _wire().tunnelled = True

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        # urllib3 would warn of verify=False, which was asked for; and fail where warnings are errors.
        self.is_verified = True
        _wire().encrypted = True


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
    wire = _wire()
    try:
        if wire.status != 200:
            if wire.status is None or not 400 <= wire.status <= 599:
                return b""
            wire.deadline = Deadline(min(_ERROR_BODY_SECONDS, wire.deadline.remaining_seconds()))
        if wire.framing_problem:
            raise _Cut
        raw = b""
        while True:
            chunk = response.read(_CHUNK_BYTES, decode_content=False)
            if not chunk:
                break
            raw += chunk
            if len(raw) > MAX_BODY_BYTES:
                raise _TooLarge
        if wire.length is not None and len(raw) < wire.length:
            raise _Cut
        return _decode(raw, wire.encoding)
    finally:
        response.close()


class _Undecodable(Exception):
    def __init__(self, reason: str, cut: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cut = cut


def _decode(raw: bytes, encoding: str) -> bytes:
    """Undo a compression that was not asked for, within bounds whatever it unpacks to."""
    name = encoding.strip().lower()
    if not raw or name in ("", "identity"):
        return raw
    if name not in ("gzip", "x-gzip", "deflate"):
        raise _Undecodable("it has a Content-Encoding that was not asked for")
    # Adding 32 lets zlib tell gzip from its own format by the header.
    unpacker = zlib.decompressobj(zlib.MAX_WBITS + 32)
    try:
        body = unpacker.decompress(raw, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise _Undecodable("its compressed data is corrupt") from None
    if len(body) > MAX_BODY_BYTES:
        raise _TooLarge
    if not unpacker.eof:
        raise _Undecodable("its compressed data ends early", cut=True)
    if unpacker.unused_data:
        raise _Undecodable("there is more after its compressed data")
    return body


_REFUSED_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")


def _explain(error: Exception, wire: _Wire, settings: Settings, proxied: bool) -> LumenfallError:
    """Put what went wrong below into our words, from the facts alone: its own text may hold secrets."""
    causes = list(_causes(error))

    def find(*kinds: type) -> Any:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    server = settings.base_url
    if wire.framing_problem:
        return InvalidResponseError(f"the answer of {server} cannot be trusted: {wire.framing_problem}")
    if find(_TooLarge):
        return InvalidResponseError(f"the answer of {server} is larger than any balance (over 1 MiB)")
    undecodable = find(_Undecodable)
    if undecodable:
        return InvalidResponseError(
            f"the answer of {server} is not a Lumenfall balance: {undecodable.reason}", retryable=undecodable.cut
        )
    # A timeout that fires a little early is still the deadline's: nothing else sets one.
    if find(_Expired) or (find(socket.timeout) and wire.deadline.remaining_seconds() < 0.05):
        return DeadlineExceededError(f"no complete answer from {server} within the deadline")
    if proxied and not wire.tunnelled:
        return _explain_proxy(causes, wire, settings)
    tls_error = find(ssl.SSLError)
    if tls_error and not (wire.encrypted and isinstance(tls_error, ssl.SSLEOFError)):
        return _explain_tls(tls_error, server, "connection" if wire.encrypted else "handshake")
    if find(http.client.LineTooLong) or any(cause.__class__ is http.client.HTTPException for cause in causes):
        return InvalidResponseError(f"the answer of {server} has more header lines than any balance")
    if find(socket.gaierror):
        what = "its name cannot be resolved"
    elif not wire.connected:
        what = _os_reason(causes, "no connection could be made")
    elif wire.status is None:
        what = _os_reason(causes, "it closed the connection or did not speak HTTP")
    else:
        what = "the answer was cut"
    return ConnectionFailedError(f"cannot read from {server}: {what}", retryable=True)


def _explain_proxy(causes: List[BaseException], wire: _Wire, settings: Settings) -> ProxyError:
    variable = settings.sources["proxy"]
    if any(isinstance(cause, UnicodeError) for cause in causes):
        # A host that is no name, or a user or password beyond what a header can carry.
        return _malformed_proxy(variable)
    if not wire.connected:
        return ProxyError(f"the proxy set in {variable} cannot be reached", retryable=True)
    tls_error = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls_error:
        return ProxyError(f"the TLS handshake with the proxy set in {variable} failed: {_tls_reason(tls_error)}")
    refused = next((match for cause in causes for match in [_REFUSED_TUNNEL.match(str(cause))] if match), None)
    if refused is None:
        return ProxyError(f"the proxy set in {variable} gave no usable answer to CONNECT")
    status = int(refused.group(1))
    hint = f"put the proxy's user and password into {variable}" if status == 407 else None
    return ProxyError(f"the proxy set in {variable} refused the connection (HTTP {status})", status=status, hint=hint)


def _explain_tls(error: ssl.SSLError, server: str, where: str) -> TLSError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return TLSError(f"the certificate of {server} was not accepted: {_tls_reason(error)}")
    return TLSError(f"the TLS {where} with {server} failed: {_tls_reason(error)}")


def _tls_reason(error: ssl.SSLError) -> str:
    reason = (
        getattr(error, "verify_message", None) or (error.reason or "the connection ended").replace("_", " ").lower()
    )
    return clean(reason)


def _os_reason(causes: List[BaseException], default: str) -> str:
    """The operating system's own words, which are its own and safe."""
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno is not None and cause.strerror:
            return clean(cause.strerror).lower()
    return default


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it wraps, however it does so; each once."""
    seen: Dict[int, BaseException] = {}
    pending: List[Any] = [error]
    while pending:
        cause = pending.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen[id(cause)] = cause
            yield cause
            pending += [getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args]
