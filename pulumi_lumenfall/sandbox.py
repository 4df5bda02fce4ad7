# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A local stand-in for the Lumenfall API, for trying things out and for tests of your own deployments.

It answers ``GET /v1/balance`` as the API does: both billing types, amounts with their exact digits, the documented
errors. It needs no account and no network, listens on the loopback interface alone, and uses nothing but the standard
library. It shares no code with the client in this package on purpose: a test of one against the other would otherwise
prove nothing.

A test of a deployment that must stop when funds run low::

    import os, subprocess
    from pulumi_lumenfall.sandbox import Sandbox

    def test_the_deployment_stops_when_funds_are_low():
        with Sandbox(amount="12.50") as api:
            environment = {**os.environ, **api.environ}
            assert subprocess.run(["./deploy.sh"], env=environment).returncode == 0
            api.amount = "3.20"
            assert subprocess.run(["./deploy.sh"], env=environment).returncode != 0
            assert [request.status for request in api.requests] == [200, 200]

What a test may want to play:

* ``api.amount = None``: a balance that is temporarily unavailable (prepaid), or a postpaid account's;
* ``api.billing_type = "postpaid"``;
* ``api.status = 503`` until set back to 200, with ``api.retry_after = 2`` to ask for a pause;
* ``api.script(429, 503, "12.50")``: these three answers, in order, then back to normal;
* ``api.delay = 0.05``: a server 50 ms away;
* ``api.close()``: a server that is gone (``api.url`` keeps naming the place where it was).

Out of process, the same settings are reached with ``PUT /sandbox`` (the real API has no such path)::

    curl -X PUT -d '{"amount": "3.20"}' $LUMENFALL_API_BASE/sandbox
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import signal
import socket
import socketserver
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

__all__ = ["Amount", "Answer", "Request", "Sandbox", "Scripted", "serve"]

_HOST = "127.0.0.1"
_BALANCE_PATH = "/v1/balance"
_CONTROL_PATH = "/sandbox"
_METHODS = {_BALANCE_PATH: "GET", _CONTROL_PATH: "PUT"}
_MAX_REQUEST_BODY_BYTES = 65_536
_NO_BODY = (204, 304)  # RFC 9110 section 6.4.1

# status -> code, type, message. https://docs.lumenfall.ai/api-reference/errors
_ERRORS = {
    400: ("INVALID_REQUEST", "invalid_request_error", "Invalid request"),
    401: ("AUTHENTICATION_FAILED", "authentication_error", "Invalid API key"),
    402: ("INSUFFICIENT_BALANCE", "insufficient_quota", "Insufficient balance"),
    403: ("INVALID_REQUEST", "permission_error", "This API key lacks the balance.read scope"),
    404: ("INVALID_REQUEST", "invalid_request_error", "No such path"),
    405: ("INVALID_REQUEST", "invalid_request_error", "This method is not allowed here"),
    429: ("RATE_LIMITED", "rate_limit_error", "Too many requests"),
    502: ("ALL_PROVIDERS_EXHAUSTED", "upstream_error", "All providers failed to handle the request"),
    503: ("UPSTREAM_ERROR", "upstream_error", "The service is temporarily unavailable"),
    504: ("UPSTREAM_ERROR", "upstream_error", "The service did not answer in time"),
}
# Statuses without a code of their own in the documentation (403, 404 and 405 above as well) get their family's.
_OTHER_4XX = _ERRORS[400]
_OTHER_5XX = ("INTERNAL_ERROR", "server_error", "Internal server error")

Amount: TypeAlias = "str | Decimal | int | float | None"
"""Dollars. A str, Decimal or int keeps its digits, a float counts as its shortest text; None is JSON's null."""


@dataclass(frozen=True)
class Answer:
    """One whole answer, for :meth:`Sandbox.script`, sent as it stands.

    Attributes:
        status: 200 to 599.
        body: A str is sent as UTF-8. Statuses 204 and 304 have none.
        headers: Added to, or in place of, ``Content-Type: application/json`` and the request id. The framing
            (``Content-Length``, ``Transfer-Encoding``) is the sandbox's own.

    Raises:
        ValueError: The answer could not be sent as a well-formed one.
    """

    status: int = 200
    body: str | bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.status, bool) or not 200 <= self.status <= 599:
            raise ValueError(f"status: {self.status!r} is not within 200 to 599")
        if self.body and self.status in _NO_BODY:
            raise ValueError(f"body: an answer with status {self.status} has none")
        for name, value in self.headers.items():
            if name.lower() in ("content-length", "transfer-encoding"):
                raise ValueError(f"headers: {name} is written by the sandbox")
            if not name.isascii() or not value.isascii() or not (name + value).isprintable():
                raise ValueError(f"headers: {name!r} is not printable ASCII")


Scripted: TypeAlias = "Answer | str | Decimal | int | None"
"""A scripted answer: an int is a status, a str or Decimal an amount, None a null amount, an Answer is itself."""


@dataclass(frozen=True)
class Request:
    """A request that the sandbox saw, and what it answered. Never holds the key.

    Attributes:
        method: As sent, percent-encoded where it is not plain.
        path: With the query, percent-encoded where it is not plain.
        headers: By lower-case name. ``authorization`` says only whether the key was the right one.
        authorized: Whether the request carried the right key.
        status: The status answered.
        note: The answer in two words: ``12.50 usd``, an error's code, or empty for a scripted :class:`Answer`.
        request_id: The answer's ``X-Lumenfall-Request-Id``.
        time: When it was answered (before any delay), with the local time zone.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    authorized: bool
    status: int
    note: str
    request_id: str
    time: datetime

    def __str__(self) -> str:
        """One line for a log: ``12:01:33 GET /v1/balance 200 12.50 usd``."""
        return f"{self.time:%H:%M:%S} {self.method} {self.path} {self.status} {self.note}".rstrip()


@dataclass(frozen=True)
class _Settings:
    """What the sandbox answers at a moment; replaced as a whole, so that no answer sees half a change."""

    amount: Decimal | None
    billing_type: str
    status: int
    retry_after: int | str | None
    delay: float

    def __post_init__(self) -> None:
        if self.billing_type not in ("prepaid", "postpaid"):
            raise ValueError(f"billing_type: {self.billing_type!r} is neither 'prepaid' nor 'postpaid'")
        if type(self.status) is not int or not (self.status == 200 or 400 <= self.status <= 599):
            raise ValueError(f"status: {self.status!r} is neither 200 nor within 400 to 599")
        header = str(self.retry_after)
        if not header.isascii() or not header.isprintable():
            raise ValueError(f"retry_after: {self.retry_after!r} is not a header's value")
        if isinstance(self.delay, bool) or not isinstance(self.delay, (int, float)) or not 0 <= self.delay <= 3600:
            raise ValueError(f"delay: {self.delay!r} is not a number of seconds from 0 to 3600")


_SETTINGS = frozenset(setting.name for setting in fields(_Settings))
_Changes: TypeAlias = "dict[str, Any]"  # some of them, with new values


@final
class Sandbox:
    """A fake Lumenfall API on a loopback port; see the module's page for an example.

    Settings are read and written as attributes, at any time and from any thread; each takes effect with the next
    request. The key is checked first: a request without it gets 401 whatever the settings say, and uses up no
    scripted answer.

    Attributes:
        key: The one key it accepts.
        url: ``http://127.0.0.1:PORT``, once started; kept after :meth:`close`.
    """

    def __init__(
        self,
        *,
        amount: Amount,
        billing_type: str = "prepaid",
        status: int = 200,
        retry_after: int | str | None = None,
        delay: float = 0.0,
        key: str | None = None,
        port: int = 0,
        on_request: Callable[[Request], None] | None = None,
    ) -> None:
        """Prepare a sandbox; it listens from :meth:`start`, or from ``with``, on.

        Args:
            amount: Dollars available, or None for null (unavailable, or a postpaid account).
            billing_type: ``prepaid`` or ``postpaid``.
            status: 200, or an error's status (400 to 599) to answer every request with.
            retry_after: A ``Retry-After`` header for error answers (seconds, or an HTTP date); None sends none.
            delay: Seconds to wait before each answer, 0 to 3600.
            key: Printable ASCII without spaces; by default a new random one of the documented shape.
            port: 0 to 65535; 0 takes a free one.
            on_request: Called with each request just before its answer is sent, in the connection's thread.

        Raises:
            ValueError: An argument is out of its range.
        """
        settings = _Settings(_exact(amount), billing_type, status, retry_after, delay)
        if key is None:
            key = f"lmnfl_{secrets.token_hex(8)}.{secrets.token_hex(16)}"
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("key: it must be printable ASCII without spaces, and not empty")
        if isinstance(port, bool) or not 0 <= port <= 65535:
            raise ValueError(f"port: {port!r} is not within 0 to 65535")
        self.key = key
        self._port = port
        self._on_request = on_request
        self._lock = threading.Lock()
        self._initial = self._settings = settings
        self._script: deque[Answer | _Changes] = deque()
        self._requests: list[Request] = []
        self._server: _Server | None = None
        self._address: tuple[str, int] | None = None
        self._closed = threading.Event()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url if self._address else 'not started'}>"

    def start(self) -> Sandbox:
        """Listen, and return at once, ready for requests. Does nothing while already listening.

        Returns:
            This sandbox.

        Raises:
            OSError: The port cannot be had; the message says which and what to do.
            RuntimeError: The sandbox was closed before; a new one costs nothing.
        """
        with self._lock:
            if self._closed.is_set():
                raise RuntimeError("this sandbox was closed; make a new one")
            if self._server is None:
                try:
                    self._server = _Server(self._port, self)
                except OSError as error:
                    raise OSError(
                        f"cannot listen on {_HOST}, port {self._port}: {error.strerror}; "
                        "choose another port, or 0 to take a free one"
                    ) from None
                self._address = self._server.socket.getsockname()
                # The poll bounds how long close() takes; connections themselves are never polled.
                serve_forever, poll_seconds = self._server.serve_forever, 0.02
                threading.Thread(
                    target=serve_forever, args=(poll_seconds,), name="lumenfall-sandbox", daemon=True
                ).start()
        return self

    def close(self) -> None:
        """Stop at once, open connections included. Closing again does nothing."""
        with self._lock:
            self._closed.set()
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The base URL. Raises RuntimeError before the sandbox has started."""
        if self._address is None:
            raise RuntimeError("the sandbox has no address before it starts; use it in 'with', or call start()")
        return f"http://{self._address[0]}:{self._address[1]}"

    @property
    def environ(self) -> dict[str, str]:
        """The two environment variables that lead every Lumenfall tool to this sandbox."""
        return {"LUMENFALL_API_KEY": self.key, "LUMENFALL_API_BASE": self.url}

    @property
    def requests(self) -> list[Request]:
        """The requests seen so far, oldest first: a copy, so it does not grow."""
        with self._lock:
            return list(self._requests)

    @property
    def amount(self) -> Decimal | None:
        """Dollars available; None is null. Takes any :data:`Amount`; raises ValueError for what is not one."""
        return self._settings.amount

    @amount.setter
    def amount(self, value: Amount) -> None:
        self._change(amount=_exact(value))

    @property
    def billing_type(self) -> str:
        """``prepaid`` or ``postpaid``."""
        return self._settings.billing_type

    @billing_type.setter
    def billing_type(self, value: str) -> None:
        self._change(billing_type=value)

    @property
    def status(self) -> int:
        """200, or the error (400 to 599) that every request gets."""
        return self._settings.status

    @status.setter
    def status(self, value: int) -> None:
        self._change(status=value)

    @property
    def retry_after(self) -> int | str | None:
        """The ``Retry-After`` header of error answers; None sends none."""
        return self._settings.retry_after

    @retry_after.setter
    def retry_after(self, value: int | str | None) -> None:
        self._change(retry_after=value)

    @property
    def delay(self) -> float:
        """Seconds to wait before each answer, 0 to 3600."""
        return self._settings.delay

    @delay.setter
    def delay(self, value: float) -> None:
        self._change(delay=value)

    def script(self, *answers: Scripted) -> None:
        """Answer the next requests with these, in order, after any that still wait; then go on as set.

        Args:
            *answers: Each a status (``429``; ``200`` is the balance as set), an amount (``"3.20"``), None (a null
                amount), or a whole :class:`Answer`.

        Raises:
            ValueError: One of them is none of these; nothing is scripted then.
        """
        steps = [self._step(answer) for answer in answers]
        with self._lock:
            self._script.extend(steps)

    def reset(self) -> None:
        """Go back to the start for the next test: first settings, no script, no requests seen."""
        with self._lock:
            self._settings = self._initial
            self._script.clear()
            self._requests.clear()

    def _step(self, answer: Scripted) -> Answer | _Changes:
        if isinstance(answer, Answer):
            return answer
        if isinstance(answer, int):
            changes: _Changes = {"status": answer}
        elif answer is None or isinstance(answer, (str, Decimal)):
            changes = {"status": 200, "amount": _exact(answer)}
        else:
            raise ValueError(f"{answer!r} is not a status (int), an amount (str, Decimal or None) or an Answer")
        replace(self._settings, **changes)  # refuses a bad one now, rather than in the middle of a test
        return changes

    def _change(self, **changes: Any) -> None:
        with self._lock:
            self._settings = replace(self._settings, **changes)

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[Answer, float]:
        """Decide on a request and record it.

        Args:
            method: As sent.
            path: As sent, with the query.
            headers: By lower-case name.
            body: The request's body; None where it could not be read.

        Returns:
            The answer, and how many seconds to wait before sending it.
        """
        authorized = self._holds_key(headers.get("authorization", ""))
        answer, note = self._route(method, path.partition("?")[0], authorized, body)
        delay = self._settings.delay
        request_id = f"req_{secrets.token_hex(8)}"
        sent = {"Content-Type": "application/json", "X-Lumenfall-Request-Id": request_id}
        sent.update({name.title(): value for name, value in answer.headers.items()})
        seen = {name: value.replace(self.key, "[key]") for name, value in headers.items()}
        if "authorization" in seen:
            seen["authorization"] = "[the right key]" if authorized else "[a wrong key]"
        request = Request(
            method=_plain(method),
            path=_plain(path.replace(self.key, "[key]")),
            headers=MappingProxyType(seen),
            authorized=authorized,
            status=answer.status,
            note=note,
            request_id=sent["X-Lumenfall-Request-Id"],
            time=datetime.now().astimezone(),
        )
        with self._lock:
            self._requests.append(request)
        if self._on_request is not None:
            self._on_request(request)
        return replace(answer, headers=sent), delay

    def _holds_key(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and token.strip() == self.key

    def _route(self, method: str, path: str, authorized: bool, body: bytes | None) -> tuple[Answer, str]:
        if path not in _METHODS:
            return _error(404)
        if method != _METHODS[path]:
            return _error(405, headers={"Allow": _METHODS[path]})
        if body is None:
            return _error(400, f"A body must have a Content-Length of at most {_MAX_REQUEST_BODY_BYTES} bytes")
        if path == _CONTROL_PATH:
            return self._control(body)
        if not authorized:
            return _error(401)
        with self._lock:
            step = self._script.popleft() if self._script else {}
            return (step, "") if isinstance(step, Answer) else _balance(replace(self._settings, **step))

    def _control(self, body: bytes) -> tuple[Answer, str]:
        """Change settings from outside the process. Needs no key: it can do no more than fake a balance."""
        try:
            changes = json.loads(body)
            if not isinstance(changes, dict) or not changes.keys() <= _SETTINGS:
                raise ValueError(f"expected a JSON object with any of {', '.join(sorted(_SETTINGS))}")
            if "amount" in changes:
                changes["amount"] = _exact(changes["amount"])
            self._change(**changes)
        except (ValueError, RecursionError) as error:
            return _error(400, str(error))
        return _balance(replace(self._settings, status=200))


def _exact(amount: Amount) -> Decimal | None:
    """The amount with its digits.

    Raises:
        ValueError: It is not a finite number, or not one of a size that anyone writes out.
    """
    if amount is None:
        return None
    try:
        if isinstance(amount, bool):
            raise TypeError
        exact = Decimal(repr(amount) if isinstance(amount, float) else amount)
        if exact.is_finite() and abs(exact.adjusted()) <= 30:
            return exact
    except (ArithmeticError, TypeError, ValueError):
        pass
    raise ValueError(f"amount: {amount!r} is not a plain number such as '12.50', nor None")


def _balance(settings: _Settings) -> tuple[Answer, str]:
    """What ``GET /v1/balance`` answers under these settings, and a note for the log."""
    if settings.status != 200:
        wait = settings.retry_after
        return _error(settings.status, headers={} if wait is None else {"Retry-After": str(wait)})
    # Written by hand: json.dumps would send an amount through a float, and 12.50 must stay 12.50.
    amount = "null" if settings.amount is None else format(settings.amount, "f")
    body = (
        f'{{"object": "balance", "billing_type": "{settings.billing_type}", '
        f'"available": {{"amount": {amount}, "currency": "usd"}}}}'
    )
    return Answer(body=body), f"{amount} usd"


def _error(status: int, message: str | None = None, headers: Mapping[str, str] | None = None) -> tuple[Answer, str]:
    """The documented error for a status, with its code as the note for the log."""
    code, kind, text = _ERRORS.get(status, _OTHER_5XX if status >= 500 else _OTHER_4XX)
    body = json.dumps({"error": {"message": message or text, "type": kind, "code": code}})
    return Answer(status, body, headers or {}), code


def _plain(text: str) -> str:
    """Text from a request line without anything that a terminal or a log would act upon."""
    return quote(text[:300], safe="/?&=%:@!$'()*+,;~[]", encoding="latin-1", errors="replace")


class _Server(socketserver.ThreadingTCPServer):
    """The listening socket, a thread for each connection, and the means to end all of them at once."""

    daemon_threads = True
    request_queue_size = 128
    # Elsewhere it lets a port be taken again at once; on Windows it would let two servers share one.
    allow_reuse_address = os.name != "nt"

    def __init__(self, port: int, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        super().__init__((_HOST, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up is its own business; anything else is a bug of ours, or of the caller's on_request.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)  # wakes its thread, which then closes it


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, lets the sandbox decide, sends each answer in one piece."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _handle(self) -> None:
        sandbox = self.server.sandbox
        # A header that came twice is joined, as RFC 9110 section 5.3 reads it; two keys are no key.
        headers: dict[str, str] = {}
        for name in map(str.lower, self.headers):
            headers[name] = ", ".join(self.headers.get_all(name, []))
        answer, delay = sandbox._answer(self.command, self.path, headers, self._read_body())
        if delay and sandbox._closed.wait(delay):
            self.close_connection = True  # closed meanwhile: the answer is never sent
        else:
            self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        plain = "Transfer-Encoding" not in self.headers and length.isascii() and length.isdigit() and len(length) < 10
        if plain and int(length) <= _MAX_REQUEST_BODY_BYTES:
            return self.rfile.read(int(length))
        self.close_connection = True  # where the next request would begin is not known
        return None

    def _send(self, answer: Answer) -> None:
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in _NO_BODY:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection and "Connection" not in answer.headers:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server refuses itself: a method it has never heard of, or something that is not HTTP."""
        del message, explain  # in HTML; the API answers in JSON
        if code == 501:
            self._handle()
        else:
            self.close_connection = True
            self._send(_error(code)[0])

    def version_string(self) -> str:
        return "lumenfall-sandbox"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: requests are reported by ``on_request``, after the key has been taken out."""


def serve(
    *,
    amount: Amount,
    billing_type: str = "prepaid",
    port: int = 0,
    status: int = 200,
    retry_after: int | str | None = None,
    delay: float = 0.0,
    key: str | None = None,
) -> None:
    """Run a sandbox in the foreground until Ctrl-C or SIGTERM: what ``lumenfall-balance sandbox`` does.

    Prints two ``export`` lines for a shell on stdout once it is ready, and each request as a line on stderr. Call it
    from the main thread, since signals go nowhere else.

    Args:
        amount: See :class:`Sandbox`, here and below.
        billing_type: As there.
        port: As there.
        status: As there.
        retry_after: As there.
        delay: As there.
        key: As there.

    Raises:
        OSError: The port cannot be had; the message is fit to be shown.
        ValueError: An argument is out of its range; the message is fit to be shown.
    """

    def log(request: Request) -> None:
        with contextlib.suppress(OSError, ValueError):  # whoever read our stderr has gone: answer all the same
            print(request, file=sys.stderr, flush=True)

    sandbox = Sandbox(
        amount=amount,
        billing_type=billing_type,
        status=status,
        retry_after=retry_after,
        delay=delay,
        key=key,
        port=port,
        on_request=log,
    )
    # SIGTERM then ends the wait below as Ctrl-C does.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with sandbox:
            exports = [f"export {name}={shlex.quote(value)}\n" for name, value in sandbox.environ.items()]
            print(*exports, sep="", end="", flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
