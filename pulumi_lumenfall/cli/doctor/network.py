# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The doctor's look at the way to the server, step by step, and at what it answers.

The steps are made with the standard library alone and without the key, so that they tell where
the way breaks; the last word has the core's own request.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from ...core import (
    ConfigurationError,
    Gate,
    InsufficientBalanceError,
    InvalidResponseError,
    LumenfallClient,
    LumenfallError,
    Settings,
    certificate_hint,
    clean,
    describe_balance,
    tls_context,
)
from .finding import FAIL, LOW, NOTE, OK, WARN, Finding
from .settings import Found

_STEPS_SECONDS = 10.0
_MAX_HEAD_BYTES = 65_536
# Certificates and Retry-After dates suffer from a clock that is further off than this.
_MAX_SKEW_SECONDS = 120


class _Broken(Exception):
    """A step failed; the ones after it make no sense."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding)
        self.finding = finding


def examine_network(found: Found, gate: Gate | None) -> Iterator[Finding]:
    """Go to the server step by step, then ask it for the balance."""
    settings = found.reachable
    if settings is None:
        yield Finding("network", NOTE, "not examined, because of the settings above")
        return
    started = time.monotonic()
    if settings.proxy is not None and settings.is_https:
        yield Finding("network", NOTE, "not examined step by step, because of the proxy; the request below tells")
    else:
        try:
            yield from _examine_steps(settings)
        except _Broken as broken:
            yield broken.finding
    if found.settings is None:
        yield Finding("request", NOTE, "not sent, because of the settings above")
    else:
        # All within one timeout; the steps take half of it at the most.
        left = found.settings.timeout - (time.monotonic() - started)
        yield from _ask(replace(found.settings, timeout=max(found.settings.timeout / 2, round(left, 1))), gate)


def _examine_steps(settings: Settings) -> Iterator[Finding]:
    end = time.monotonic() + min(settings.timeout / 2, _STEPS_SECONDS)

    def left() -> float:
        return max(0.01, end - time.monotonic())

    url = urlsplit(settings.base_url)
    host, port = url.hostname or "", url.port or (443 if settings.is_https else 80)
    addresses = _resolve(host, port, left())
    shown = ", ".join(sorted({str(address[4][0]) for address in addresses})[:4])
    yield Finding("DNS", OK, f"{host} is {clean(shown)}")
    connection = _connect(host, port, addresses, left())
    yield Finding("connection", OK, f"port {port} answers")
    with connection:
        if settings.is_https:
            connection.settimeout(left())
            secured, finding = _handshake(connection, host, settings)
            yield finding
            with secured:
                yield _examine_clock(secured, host, left())
        else:
            yield Finding("TLS", NOTE, "not used: the base URL is plain http")
            yield _examine_clock(connection, host, left())


def _resolve(
    host: str, port: int, seconds: float
) -> list[tuple[socket.AddressFamily, int, int, str, tuple[object, ...]]]:
    answers: queue.SimpleQueue[object] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    # getaddrinfo has no timeout and cannot be stopped.
    threading.Thread(target=look_up, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise _Broken(
            Finding("DNS", FAIL, f"no answer for {host} within {seconds:g} s", "check the name servers of this machine")
        ) from None
    if isinstance(answer, list):
        return answer
    reason = clean(getattr(answer, "strerror", None) or "the name is malformed").lower()
    raise _Broken(
        Finding(
            "DNS",
            FAIL,
            f"{host} cannot be resolved: {reason}",
            "check the base URL and the name servers of this machine",
        )
    )


def _connect(
    host: str,
    port: int,
    addresses: list[tuple[socket.AddressFamily, int, int, str, tuple[object, ...]]],
    seconds: float,
) -> socket.socket:
    problem = "no address"
    for family, kind, protocol, _name, address in addresses:
        connection = None
        try:
            # Where there is no IPv6, even making the socket fails.
            connection = socket.socket(family, kind, protocol)
            connection.settimeout(seconds / len(addresses))
            connection.connect(address)
        except OSError as error:
            if connection is not None:
                connection.close()
            problem = "it does not answer" if isinstance(error, TimeoutError) else str(error.strerror or error).lower()
        else:
            return connection
    raise _Broken(
        Finding(
            "connection",
            FAIL,
            f"cannot connect to {host}, port {port}: {clean(problem)}",
            "check the base URL and the firewall; where only a proxy leads out, set HTTPS_PROXY",
        )
    )


def _handshake(connection: socket.socket, host: str, settings: Settings) -> tuple[ssl.SSLSocket, Finding]:
    try:
        # What the request trusts, without the bounds that only a request has.
        context = tls_context(settings)
        context.sslsocket_class = ssl.SSLSocket
        secured = context.wrap_socket(connection, server_hostname=host)
    except ConfigurationError as error:
        raise _Broken(Finding("TLS", FAIL, str(error), error.hint)) from None
    except ssl.SSLCertVerificationError as error:
        reason = clean(error.verify_message or "it was not accepted")
        advice = (
            certificate_hint(error)
            or "behind a TLS-inspecting proxy, name its CA with --ca-bundle or REQUESTS_CA_BUNDLE"
        )
        raise _Broken(Finding("TLS", FAIL, f"the certificate of {host}: {reason}", advice)) from None
    except (OSError, ValueError) as error:
        reason = (
            "it does not answer"
            if isinstance(error, TimeoutError)
            else clean(getattr(error, "reason", None) or getattr(error, "strerror", None) or "it failed")
        )
        advice = "check that the base URL's port speaks TLS, and what stands in between"
        raise _Broken(
            Finding("TLS", FAIL, f"the handshake with {host}: {reason.replace('_', ' ').lower()}", advice)
        ) from None
    expiry = (secured.getpeercert() or {}).get("notAfter")
    until = f", certificate valid until {expiry}" if isinstance(expiry, str) else ""
    return secured, Finding("TLS", OK, f"{secured.version()}{clean(until)}")


def _examine_clock(connection: socket.socket, host: str, seconds: float) -> Finding:
    """Compare the server's date with ours; asks without the key."""
    end = time.monotonic() + seconds
    head = b""
    try:
        connection.sendall(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii", "replace"))
        while b"\r\n\r\n" not in head and len(head) < _MAX_HEAD_BYTES:
            connection.settimeout(max(0.01, end - time.monotonic()))
            data = connection.recv(4096)
            if not data:
                break
            head += data
    except OSError:
        pass
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"date":
            try:
                skew = time.time() - parsedate_to_datetime(value.decode("latin-1").strip()).timestamp()
            except (ValueError, TypeError, OverflowError):
                break
            if abs(skew) <= _MAX_SKEW_SECONDS:
                return Finding("clock", OK, "agrees with the server's")
            way = "ahead of" if skew > 0 else "behind"
            return Finding(
                "clock", WARN, f"{abs(skew) / 60:.0f} minutes {way} the server's", "set the clock of this machine (NTP)"
            )
    return Finding("clock", NOTE, "not compared: the server told no date")


def _ask(settings: Settings, gate: Gate | None) -> Iterator[Finding]:
    started = time.monotonic()
    try:
        with LumenfallClient.from_settings(settings) as client:
            balance = client.fetch_balance()
    except LumenfallError as error:
        level = LOW if isinstance(error, InsufficientBalanceError) else FAIL
        name = "answer" if isinstance(error, InvalidResponseError) else "request"
        facts = [f"{error.attempts} attempt{'' if error.attempts == 1 else 's'}"]
        if error.request_id:
            facts.append(f"request id {error.request_id}")
        yield Finding(name, level, f"{error} ({', '.join(facts)})", error.hint)
        return
    yield Finding("request", OK, f"HTTP 200 after {time.monotonic() - started:.2f} s")
    if gate is not None:
        verdict = gate.judge(balance)
        level = {"enough": OK, "too low": LOW, "cannot tell": FAIL}[verdict.outcome]
        yield Finding("balance", level, verdict.message)
    else:
        known = balance.status != "unavailable"
        yield Finding(
            "balance", OK if known else WARN, describe_balance(balance), None if known else "run it again later"
        )
