# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One request within a deadline. The only file that imports requests.

The timeout of requests bounds each read, but neither DNS nor a server that sends a byte now and then. So each request
runs in a daemon thread, and the caller waits for it no longer than the deadline allows.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import ssl
import sys
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any, Dict, List

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
from .parsing import Response
from .settings import Settings, ca_bundle_error
from .text import clean, describe_path, os_reason

try:
    import requests
    import urllib3.exceptions
    from requests.adapters import HTTPAdapter
    from requests.utils import should_bypass_proxies
except ImportError:
    requests = None  # type: ignore[assignment]
    HTTPAdapter = object  # type: ignore[assignment, misc]

MAX_BODY_BYTES = 1 << 20
# Per address, so that a dead IPv6 address does not use up the deadline.
CONNECT_SECONDS = 5.0
# The body of an error only adds words to a status that is known.
ERROR_BODY_SECONDS = 2.0

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"pulumi-lumenfall/{__version__}",
}
_THREAD_NAME = "lumenfall-request"
_REFUSED_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")
# urllib3's warnings show header lines, and a server may echo the key in one.
for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).addFilter(lambda log: log.threadName != _THREAD_NAME or log.levelno < logging.WARNING)
# By OpenSSL's codes (x509_vfy.h): not yet valid, expired, another host name, another address.
_CERTIFICATE_HINTS = {
    9: "check the clock of this machine",
    10: "check the clock of this machine; if it is right, the server's certificate has to be renewed",
    **dict.fromkeys((62, 64), "check the host in the base URL; the certificate is for another name"),
}


class Transport:
    """Sends requests to one server, and keeps the connection for the next one."""

    def __init__(self, settings: Settings) -> None:
        if requests is None:
            raise ConfigurationError(
                f"the Python library requests is not installed for {sys.executable}",
                hint=f"run: {sys.executable} -m pip install 'requests>=2.32.4'",
            )
        self._settings = settings
        self._proxies: Dict[str, str] = {}
        if settings.proxy is not None and not should_bypass_proxies(settings.base_url, settings.no_proxy):
            self._proxies["https"] = settings.proxy.reveal()
        self._via = f" through the proxy in {settings.sources['proxy']}" if self._proxies else ""
        self._tls = _tls_context(settings) if settings.base_url.startswith("https:") else None
        self._session: Any = None
        self._process_id = 0

    def send(self, method: str, path: str, body: bytes | None, end: float) -> Response:
        """Send one request, with JSON unless ``body`` is None, and read its response until ``end``."""
        steps: SimpleQueue[Any] = SimpleQueue()
        arguments = (self._current_session(), method, path, body, seconds_until(end) + 1.0, steps)
        threading.Thread(target=self._run, args=arguments, name=_THREAD_NAME, daemon=True).start()
        head = self._next_step(steps, seconds_until(end))
        if isinstance(head, LumenfallError):
            raise head
        seconds = seconds_until(end)
        content = self._next_step(steps, seconds if head.status_code == 200 else min(seconds, ERROR_BODY_SECONDS))
        if isinstance(content, LumenfallError):
            # Ends the thread if it still reads: a byte now and then would keep it. urllib3 before 2.3 cannot.
            with contextlib.suppress(AttributeError, OSError, RuntimeError, ValueError):
                head.raw.shutdown()
            return Response(head.status_code, head.headers, b"", problem=content)
        return Response(head.status_code, head.headers, content)

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            self._session.close()

    def _current_session(self) -> Any:
        # A forked process must not share the connection.
        if self._process_id != os.getpid():
            session: Any = requests.Session()
            session.trust_env = False
            session.verify = self._settings.verify
            session.headers.update(_HEADERS)
            # Else requests reads a redirect's body, without a limit, although it does not follow it.
            session.get_redirect_target = lambda _response: None
            for prefix in ("http://", "https://"):
                session.mount(prefix, _Adapter(self._tls))
            self._session, self._process_id = session, os.getpid()
        return self._session

    def _run(self, session: Any, method: str, path: str, body: bytes | None, seconds: float, steps: Any) -> None:
        """Put the response and then its body into ``steps``, or the error there is instead."""
        headers = {"Authorization": f"Bearer {self._settings.api_key.reveal()}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        has_status = False
        try:
            with session.request(
                method,
                f"{self._settings.base_url}{path}",
                data=body,
                headers=headers,
                proxies=self._proxies,
                # The caller gives up first; this ends the thread.
                timeout=(CONNECT_SECONDS, seconds),
                stream=True,
                allow_redirects=False,
            ) as response:
                has_status = True
                steps.put(response)
                steps.put(_read_body(response))
        except LumenfallError as error:
            steps.put(error)
        except Exception as error:  # noqa: BLE001 - requests lets some exceptions of lower layers through
            steps.put(self._explain(error, has_status))

    def _next_step(self, steps: Any, seconds: float) -> Any:
        try:
            return steps.get(timeout=seconds)
        except Empty:
            settings = self._settings
            return DeadlineExceededError(
                f"no complete response from {settings.base_url}{self._via} within {settings.timeout:g} s",
                hint=f"run it again, or raise {settings.names['timeout']} if the network is slow",
            )

    def _explain(self, error: Exception, has_status: bool) -> LumenfallError:
        """Our error for an exception of the libraries, whose own text may contain secrets."""
        settings, server = self._settings, self._settings.base_url
        causes = _causes(error)
        if _find(causes, urllib3.exceptions.DecodeError):
            return InvalidResponseError(f"the response of {server} cannot be decompressed")
        if has_status:
            return ConnectionFailedError(f"the response of {server} was cut off", retryable=True)
        proxy_error = _explain_proxy(causes, settings.sources["proxy"]) if self._proxies else None
        if proxy_error:
            return proxy_error
        tls_error = _find(causes, ssl.SSLError)
        if tls_error:
            return _explain_tls(tls_error, server, settings.names["ca_bundle"])
        os_errors = [cause for cause in causes if isinstance(cause, OSError) and cause.errno and cause.strerror]
        if _find(causes, socket.gaierror):
            reason = "its name cannot be resolved"
        elif os_errors:
            reason = os_reason(os_errors[0])
        elif _find(causes, urllib3.exceptions.TimeoutError):
            reason = "it did not accept a connection in time"
        else:
            reason = "it closed the connection or did not speak HTTP"
        return ConnectionFailedError(f"cannot reach {server}{self._via}: {reason}", retryable=True)


class _Adapter(HTTPAdapter):
    """requests' adapter with our TLS context, and without http.client's debug output, which shows the key."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        if "debuglevel" not in vars(pool.ConnectionCls):
            pool.ConnectionCls = type("Connection", (pool.ConnectionCls,), {"debuglevel": 0})
        return pool

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if not proxy.lower().startswith("socks"):
            kwargs["proxy_ssl_context"] = self._tls
        return super().proxy_manager_for(proxy, ssl_context=self._tls, **kwargs)

    def cert_verify(self, *args: Any) -> None:
        """Do nothing: requests would add certifi's authorities to our context."""


def seconds_until(end: float) -> float:
    """Seconds left; 0 when the time has passed."""
    return max(0.0, end - time.monotonic())


def _read_body(response: Any) -> bytes:
    body: bytes = response.raw.read(MAX_BODY_BYTES + 1, decode_content=True)
    if len(body) > MAX_BODY_BYTES:
        raise InvalidResponseError("the response is larger than 1 MiB")
    return body


def _tls_context(settings: Settings) -> ssl.SSLContext:
    path = settings.ca_bundle
    try:
        if path is None:
            context = _system_context()
        elif os.path.isdir(path):
            context = ssl.create_default_context(capath=path)
        else:
            context = ssl.create_default_context(cafile=path)
    except (ImportError, OSError, ValueError):
        if path is not None:
            problem = f"'{describe_path(path)}' is not a PEM file of certificates"
            raise ca_bundle_error(settings.sources["ca_bundle"], problem) from None
        raise ConfigurationError(
            "OpenSSL cannot load its configuration or certificates",
            hint="fix or unset OPENSSL_CONF, SSL_CERT_FILE and SSL_CERT_DIR",
        ) from None
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return context


def _system_context() -> ssl.SSLContext:
    """What OpenSSL trusts by default; where it has nothing, the platform's store, or the one that requests brings."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile or (paths.capath and os.listdir(paths.capath)):
        return ssl.create_default_context()
    if sys.platform in ("darwin", "win32"):
        with contextlib.suppress(ImportError):
            import truststore

            return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    from certifi import contents

    return ssl.create_default_context(cadata=contents())


def _explain_proxy(causes: Any, source: str) -> ProxyError | None:
    """The error if it was the proxy that failed."""
    refused = _REFUSED_TUNNEL.search(" ".join(map(str, causes)))
    if refused:
        status = int(refused[1])
        hint = f"set the proxy's user and password in {source}" if status == 407 else None
        return ProxyError(f"the proxy in {source} refused to connect (HTTP {status})", status=status, hint=hint)
    if _find(causes, requests.exceptions.InvalidSchema):
        hint = f"run: {sys.executable} -m pip install 'requests[socks]'"
        return ProxyError(f"the SOCKS proxy in {source} needs the Python library PySocks", hint=hint)
    if _find(causes, requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError, UnicodeError):
        return ProxyError(f"the proxy URL in {source} is malformed", hint=f"set {source} to http://host:port")
    if not _find(causes, urllib3.exceptions.ProxyError):
        return None
    if _find(causes, ssl.SSLError):
        return ProxyError(f"TLS with the proxy in {source} failed", hint=f"try http:// instead of https:// in {source}")
    return ProxyError(f"the proxy in {source} cannot be reached")


def _explain_tls(error: ssl.SSLError, server: str, ca_setting: str) -> TLSError:
    if not isinstance(error, ssl.SSLCertVerificationError):
        reason = clean(error.reason or "the connection was closed").replace("_", " ").lower()
        return TLSError(f"TLS with {server} failed: {reason}", hint="check that the port in the base URL speaks TLS")
    hint = _CERTIFICATE_HINTS.get(error.verify_code)
    if hint is None:
        hint = f"behind a TLS-inspecting proxy, set {ca_setting} to its CA certificate"
        if sys.platform == "darwin":
            hint += f"; root certificates are looked for in {ssl.get_default_verify_paths().openssl_cafile}"
    return TLSError(f"the certificate of {server} was not accepted: {clean(error.verify_message)}", hint=hint)


def _causes(error: BaseException) -> List[BaseException]:
    """An exception and everything that it wraps, the outermost first."""
    causes = [error]
    for cause in causes:
        wrapped = (getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args)
        causes += [other for other in wrapped if isinstance(other, BaseException) and other not in causes]
    return causes


def _find(causes: List[BaseException], *kinds: type) -> Any:
    return next((cause for cause in causes if isinstance(cause, kinds)), None)
