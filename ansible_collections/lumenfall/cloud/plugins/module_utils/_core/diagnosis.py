# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What went wrong on the wire, in our words.

From the facts alone: what the libraries say themselves may hold secrets.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from typing import Any, Dict, Iterator, List

from .errors import (
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidResponseError,
    LumenfallError,
    ProxyError,
    TLSError,
)
from .framing import Undecodable
from .settings import Settings
from .text import clean
from .wire import Expired, TooLarge, Wire

_REFUSED_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")
# What OpenSSL, in one version or another, says of bytes that are not TLS.
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST",
)


# OpenSSL's codes: not yet valid, expired; the name, or the address, is another one.
_WRONG_TIME = (9, 10)
_WRONG_NAME = (62, 64)


def explain(error: Exception, wire: Wire, settings: Settings, proxied: bool) -> LumenfallError:
    """Put what went wrong below into our words, from the facts alone: its own text may hold secrets."""
    causes = list(_causes(error))

    def find(*kinds: type) -> Any:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    server = settings.base_url
    at_proxy = proxied and not wire.tunnelled
    if wire.framing_problem:
        return InvalidResponseError(f"the answer of {server} cannot be trusted: {wire.framing_problem}")
    if find(TooLarge) and not at_proxy:
        return InvalidResponseError(f"the answer of {server} is larger than any balance (over 1 MiB)")
    undecodable = find(Undecodable)
    if undecodable:
        return InvalidResponseError(
            f"the answer of {server} is not a Lumenfall balance: {undecodable.reason}", retryable=undecodable.cut
        )
    # A timeout that fires a little early is still the deadline's: nothing else sets one.
    if find(Expired) or (find(socket.timeout) and wire.deadline.remaining_seconds() < 0.05):
        where = f": the proxy set in {settings.sources['proxy']} has not led there" if at_proxy else ""
        return DeadlineExceededError(f"no complete answer from {server} within {settings.timeout:g} s{where}")
    if at_proxy:
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


def _explain_proxy(causes: List[BaseException], wire: Wire, settings: Settings) -> ProxyError:
    variable = settings.sources["proxy"]
    if any(isinstance(cause, UnicodeError) for cause in causes):
        # A host that is no name, or a user or password beyond what a header can carry.
        return malformed_proxy(variable)
    if not wire.connected:
        return ProxyError(f"the proxy set in {variable} cannot be reached", retryable=True)
    tls_error = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls_error:
        return ProxyError(
            f"the TLS handshake with the proxy set in {variable} failed: {_tls_reason(tls_error)}",
            hint=f"that port does not seem to speak TLS: set {variable} to http://host:port"
            if tls_error.reason in _NOT_TLS
            else None,
        )
    refused = next((match for cause in causes for match in [_REFUSED_TUNNEL.match(str(cause))] if match), None)
    if refused is None:
        return ProxyError(f"the proxy set in {variable} gave no usable answer to CONNECT")
    status = int(refused.group(1))
    hint = f"put the proxy's user and password into {variable}" if status == 407 else None
    return ProxyError(f"the proxy set in {variable} refused the connection (HTTP {status})", status=status, hint=hint)


def _explain_tls(error: ssl.SSLError, server: str, where: str) -> TLSError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return TLSError(
            f"the certificate of {server} was not accepted: {_tls_reason(error)}", hint=certificate_hint(error)
        )
    hint = "that port does not seem to speak TLS: check the base URL" if error.reason in _NOT_TLS else None
    return TLSError(f"the TLS {where} with {server} failed: {_tls_reason(error)}", hint=hint)


def certificate_hint(error: ssl.SSLCertVerificationError) -> str | None:
    """What to do about a certificate that was not accepted; None where an unknown authority is likely."""
    if error.verify_code in _WRONG_TIME:
        return "check the clock of this machine; if it is right, the server has to renew its certificate"
    if error.verify_code in _WRONG_NAME:
        return "check the host in the base URL: the server answers under another name"
    return None


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


def malformed_proxy(variable: str) -> ProxyError:
    return ProxyError(f"{variable}: the proxy URL is malformed", hint=f"set {variable} to http://host:port")
