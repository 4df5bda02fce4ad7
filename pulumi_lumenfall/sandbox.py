# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A local fake of the Lumenfall API, for trying things out and for tests of your own deployments.

It answers ``GET /v1/balance`` and cost estimates (``?dryRun=true``) as the API does, with exact amounts and the
documented errors. It generates nothing: a real generation request gets a 402. It listens on 127.0.0.1 and needs no
account, no network and nothing but the standard library. It shares no code with the client in this package, so a test
of one against the other means something.

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

From another process, ``PUT /sandbox`` changes the same settings (the real API has no such path)::

    curl -X PUT -d '{"amount": "3.20"}' $LUMENFALL_API_BASE/sandbox
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shlex
import signal
import socketserver
import string
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from http.server import BaseHTTPRequestHandler
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Amount", "Answer", "Request", "Sandbox", "Scripted", "serve"]

_GENERATION_PATHS = (
    "/openai/v1/images/generations",
    "/openai/v1/images/edits",
    "/openai/v1/videos",
    "/openai/v1/chat/completions",
)

# status -> code, type, message. https://docs.lumenfall.ai/api-reference/errors
_ERRORS = {
    400: ("INVALID_REQUEST", "invalid_request_error", "Invalid request"),
    401: ("AUTHENTICATION_FAILED", "authentication_error", "Invalid API key"),
    402: ("INSUFFICIENT_BALANCE", "insufficient_quota", "Insufficient balance"),
    403: ("INVALID_REQUEST", "permission_error", "This API key lacks the balance.read scope"),
    429: ("RATE_LIMITED", "rate_limit_error", "Too many requests"),
    500: ("INTERNAL_ERROR", "server_error", "Internal server error"),
    502: ("ALL_PROVIDERS_EXHAUSTED", "upstream_error", "All providers failed to handle the request"),
    503: ("UPSTREAM_ERROR", "upstream_error", "The service is temporarily unavailable"),
}

Amount: TypeAlias = "str | Decimal | int | float | None"
"""Dollars. A float counts as its shortest text, everything else is exact; None is JSON's null."""


@dataclass(frozen=True)
class Answer:
    """A complete response for ``Sandbox.script()``.

    Attributes:
        status: The HTTP status.
        body: A str is sent as UTF-8.
        headers: Added to, or in place of, ``Content-Type: application/json``, ``Content-Length`` and
            ``X-Lumenfall-Request-Id``.
    """

    status: int = 200
    body: str | bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Scripted: TypeAlias = "Answer | str | Decimal | int | None"
"""A scripted answer: an int is a status, a str or Decimal an amount, None a null amount, an Answer is itself."""


@dataclass(frozen=True)
class Request:
    """A request that the sandbox received, and how it was answered. Never holds a key.

    Attributes:
        method: The HTTP method.
        path: The path with its query; characters that are not plain ASCII are percent-encoded.
        headers: By lower-case name, without ``authorization``.
        authorized: Whether the request carried the right key.
        status: The answer's status.
        note: The answer in short: ``12.50 usd``, ``80000 micros``, ``generation refused`` for a request without
            ``dryRun=true``, an error's code, or empty for a scripted ``Answer``.
        request_id: The answer's ``X-Lumenfall-Request-Id``.
        time: When it was answered, before any delay, in local time.
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


_MICRO = Decimal("0.000001")  # the smallest amount that the API knows


def _exact(value: Amount) -> Decimal | None:
    """The amount as a Decimal; a ValueError if it is not a number of a reasonable size."""
    if value is None:
        return None
    with contextlib.suppress(InvalidOperation):
        exact = Decimal(str(value))
        if exact.is_finite() and abs(exact.adjusted()) <= 30:
            return exact
    raise ValueError(f"amount: {value!r} is not a plain number such as '12.50', nor None")


def _exact_prices(value: Any) -> Mapping[str, Decimal | None]:
    """The prices as Decimals; a ValueError if one of them is not valid."""
    with contextlib.suppress(AttributeError, ValueError):
        prices = {str(model): _exact(price) for model, price in value.items()}
        if all(price is not None and 0 <= price < 10**9 and price % _MICRO == 0 for price in prices.values()):
            return MappingProxyType(prices)
    raise ValueError(f"prices: {value!r} is not a mapping from models to dollars with at most 6 decimals")


_SETTINGS = ("amount", "billing_type", "status", "retry_after", "delay", "prices")


def _check(name: str, value: Any) -> Any:
    """The value for a setting; a ValueError if it is not valid."""
    if name == "amount":
        return _exact(value)
    if name == "prices":
        return _exact_prices(value)
    is_valid, expected = {
        "billing_type": (value in ("prepaid", "postpaid"), "'prepaid' or 'postpaid'"),
        "status": (isinstance(value, int) and value in (200, *range(400, 600)), "200 or an error from 400 to 599"),
        "retry_after": (str(value).isascii() and str(value).isprintable(), "a number of seconds or an HTTP date"),
        "delay": (isinstance(value, (int, float)) and 0 <= value <= 3600, "a number of seconds from 0 to 3600"),
    }[name]
    if not is_valid:
        raise ValueError(f"{name}: {value!r} is not {expected}")
    return value


class Sandbox:
    """A fake Lumenfall API on 127.0.0.1. It listens from its creation until ``close()`` or the end of ``with``.

    The first six arguments are also attributes, which can be set at any time and from any thread; a change takes
    effect with the next request. A request without the right key gets a 401 and uses up no scripted answer.

    Attributes:
        key: The API key that it accepts.
        url: The base URL, ``http://127.0.0.1:PORT``.
    """

    def __init__(
        self,
        *,
        amount: Amount,
        billing_type: str = "prepaid",
        status: int = 200,
        retry_after: int | str | None = None,
        delay: float = 0.0,
        prices: Mapping[str, Amount] = MappingProxyType({}),
        key: str | None = None,
        port: int = 0,
        on_request: Callable[[Request], None] | None = None,
    ) -> None:
        """Start listening.

        Args:
            amount: Dollars available, read as a Decimal; None is null (unavailable, or a postpaid account).
            billing_type: ``prepaid`` or ``postpaid``.
            status: 200, or the error (400 to 599) that every request gets.
            retry_after: The ``Retry-After`` header of errors, in seconds or as an HTTP date; None sends none.
            delay: Seconds to wait before each answer, 0 to 3600.
            prices: What one unit of a model costs in dollars, for cost estimates: ``{"gpt-image-1": "0.08"}``.
            key: Printable ASCII without spaces; by default a random key of the documented form.
            port: 0 to 65535; 0 takes a free one.
            on_request: Called with each request just before its answer is sent, in the connection's thread.

        Raises:
            OSError: The port is not available.
            ValueError: An argument is out of range; the message starts with its name.
        """
        self.amount, self.billing_type, self.status = amount, billing_type, status
        self.retry_after, self.delay, self.prices = retry_after, delay, prices
        self.key = f"lmnfl_{secrets.token_hex(8)}.{secrets.token_hex(16)}" if key is None else key
        if not self.key or not self.key.isascii() or not self.key.isprintable() or " " in self.key:
            raise ValueError("key: it is not printable ASCII without spaces")
        if not 0 <= port <= 65535:
            raise ValueError(f"port: {port!r} is not within 0 to 65535")
        self._lock = threading.Lock()
        self._initial = {name: getattr(self, name) for name in _SETTINGS}
        self._on_request = on_request
        self._script: deque[Answer | dict[str, Any]] = deque()
        self._requests: list[Request] = []
        self._closed = threading.Event()
        try:
            self._server = _Server(port, self)
        except OSError as error:
            message = f"cannot listen on 127.0.0.1, port {port}: {error.strerror}; choose another port, or 0 for any"
            raise OSError(message) from None
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        # It checks every 0.02 s whether to stop, which is how long close() may take.
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop listening and answering. Closing again does nothing."""
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that point every Lumenfall tool at this sandbox."""
        return {"LUMENFALL_API_KEY": self.key, "LUMENFALL_API_BASE": self.url}

    @property
    def requests(self) -> list[Request]:
        """A copy of the list of requests received so far, oldest first."""
        return list(self._requests)

    def script(self, *answers: Scripted) -> None:
        """Answer the next requests with these, in order and after earlier ones; then go back to normal.

        Args:
            *answers: Each a status (``429``; ``200`` is the balance as set), an amount (``"3.20"``), None (a null
                amount), or a complete ``Answer``.

        Raises:
            ValueError: One of them is not valid; nothing is scripted then.
        """
        self._script.extend([self._scripted(answer) for answer in answers])

    def reset(self) -> None:
        """Restore the first settings and forget all scripted answers and requests, for the next test."""
        with self._lock:
            vars(self).update(self._initial)
            self._script.clear()
            self._requests.clear()

    def _scripted(self, answer: Scripted) -> Answer | dict[str, Any]:
        if isinstance(answer, Answer):
            return answer
        if isinstance(answer, int):
            return {"status": _check("status", answer)}
        if answer is None or isinstance(answer, (str, Decimal)):
            return {"status": 200, "amount": _exact(answer)}
        raise ValueError(f"{answer!r} is not a status (int), an amount (str, Decimal or None) or an Answer")

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, _check(name, value) if name in _SETTINGS else value)

    def _respond(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[Answer, Request]:
        """Decide on the answer to a request, and record both."""
        authorized = headers.pop("authorization", "") == f"Bearer {self.key}"
        try:
            answer, note = self._route(method, target, authorized, body)
        except ValueError as error:
            answer, note = _error(400, str(error))
        request = Request(
            method=method,
            path=quote(target.replace(self.key, "[key]"), safe=string.punctuation, encoding="latin-1"),
            headers={name: text.replace(self.key, "[key]") for name, text in headers.items()},
            authorized=authorized,
            status=answer.status,
            note=note,
            request_id=answer.headers.get("X-Lumenfall-Request-Id") or f"req_{secrets.token_hex(8)}",
            time=datetime.now().astimezone(),
        )
        self._requests.append(request)
        if self._on_request is not None:
            self._on_request(request)
        return answer, request

    def _route(self, method: str, target: str, authorized: bool, body: bytes) -> tuple[Answer, str]:
        path, _, query = target.partition("?")
        if (method, path) == ("PUT", "/sandbox"):  # without a key: all it can do is fake a balance
            return self._control(_object(body))
        is_generation = method == "POST" and path in _GENERATION_PATHS
        if not is_generation and (method, path) != ("GET", "/v1/balance"):
            return _error(404, f"{method} {path} does not exist")
        if not authorized:
            return _error(401)
        if is_generation and parse_qs(query).get("dryRun") != ["true"]:
            answer, _ = _error(402, "The sandbox generates nothing; add ?dryRun=true to get the price")
            return answer, "generation refused"
        with self._lock:
            step = self._script.popleft() if self._script else {}
            if isinstance(step, Answer):
                return step, ""
            settings = vars(self) | step
        if settings["status"] != 200:
            wait = settings["retry_after"]
            return _error(settings["status"], headers={} if wait is None else {"Retry-After": str(wait)})
        return _estimate(settings["prices"], _object(body)) if is_generation else _balance(settings)

    def _control(self, changes: dict[str, Any]) -> tuple[Answer, str]:
        """Change all of the given settings, or none if one of them is not valid."""
        if not changes.keys() <= set(_SETTINGS):
            raise ValueError(f"expected any of {', '.join(_SETTINGS)}")
        checked = {name: _check(name, value) for name, value in changes.items()}
        with self._lock:
            vars(self).update(checked)
            return _balance(vars(self))


def _object(body: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError, RecursionError):
        document = json.loads(body)
        if isinstance(document, dict):
            return document
    raise ValueError("the body is not a JSON object")


def _balance(settings: dict[str, Any]) -> tuple[Answer, str]:
    """The answer to ``GET /v1/balance`` under these settings, and the note for the log."""
    # Not json.dumps: it would turn the amount into a float, and 12.50 must stay 12.50.
    amount = "null" if settings["amount"] is None else format(settings["amount"], "f")
    body = (
        f'{{"object": "balance", "billing_type": "{settings["billing_type"]}", '
        f'"available": {{"amount": {amount}, "currency": "usd"}}}}'
    )
    return Answer(body=body), f"{amount} usd"


def _estimate(prices: Mapping[str, Decimal], request: dict[str, Any]) -> tuple[Answer, str]:
    """The answer to a dry run of this request, and the note for the log."""
    model, count = request.get("model"), request.get("n", 1)
    if not isinstance(model, str) or not isinstance(count, int) or count < 1:
        raise ValueError("expected a model, and for n a whole number of at least 1")
    if model not in prices:
        return _error(404, f"Model not found: {model}", code="MODEL_NOT_FOUND")
    micros = int(prices[model] / _MICRO) * count
    estimate = {"estimated": True, "model": model, "provider": "sandbox", "total_cost_micros": micros}
    return Answer(body=json.dumps({**estimate, "currency": "USD", "components": []})), f"{micros} micros"


def _error(
    status: int, message: str | None = None, *, code: str | None = None, headers: Mapping[str, str] | None = None
) -> tuple[Answer, str]:
    """The documented error for a status, with its code as the note for the log."""
    usual_code, kind, text = _ERRORS.get(status, _ERRORS[500 if status >= 500 else 400])
    code = code or usual_code
    body = json.dumps({"error": {"message": message or text, "type": kind, "code": code}})
    return Answer(status, body, headers or {}), code


class _Server(socketserver.ThreadingTCPServer):
    """Serves each connection in a thread. Unlike HTTPServer it never looks up a host name, which can take seconds."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, port: int, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up is normal; anything else is a bug, here or in on_request.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection with its requests."""

    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # send head and body together: in two pieces, each answer could take 40 ms longer

    def _handle(self) -> None:
        sandbox = self.server.sandbox
        delay = 0.0 if self.command == "PUT" else sandbox.delay
        sent = {name.lower(): text for name, text in self.headers.items()}
        answer, request = sandbox._respond(self.command, self.path, sent, self._read_body())
        if sandbox._closed.wait(delay):
            self.close_connection = True
            return
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "X-Lumenfall-Request-Id": request.request_id,
            **answer.headers,
        }
        self.send_response(answer.status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.close_connection = True  # where the next request starts is unknown
            return b""
        return self.rfile.read(int(length))

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing; ``on_request`` reports requests, without keys."""


def serve(**settings: Any) -> None:
    """Run a sandbox in the foreground until Ctrl-C or SIGTERM, as ``lumenfall-balance sandbox`` does.

    Prints two ``export`` lines for a shell on stdout once it is ready, and a line for each request on stderr. Call it
    from the main thread, the only one that receives signals.

    Args:
        **settings: The arguments of ``Sandbox``, except ``on_request``; it raises the same errors.
    """

    def log(request: Request) -> None:
        with contextlib.suppress(OSError, ValueError):  # stderr may be closed by now
            print(request, file=sys.stderr, flush=True)

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Sandbox(**settings, on_request=log) as sandbox:
            for name, value in sandbox.environ.items():
                print(f"export {name}={shlex.quote(value)}", flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
