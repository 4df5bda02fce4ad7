# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The client against the sandbox: what is sent, what is retried, when it waits, and what it gives back."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import client as core_client
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import http as core_http
from pulumi_lumenfall import core
from pulumi_lumenfall.core import ConfigurationError, LumenfallClient, LumenfallError
from pulumi_lumenfall.sandbox import Answer, Sandbox
from support.fault_server import Connection, FaultServer
from support.leaks import KEY
from support.marks import linux
from support.plays import BALANCE, FRAMED, amount, answer, drips, in_turn, says, says_nothing

UNAVAILABLE = amount(b"null")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which take no time here; the jitter is always at its most."""
    waits: list[float] = []
    monkeypatch.setattr(core_client.time, "sleep", waits.append)
    monkeypatch.setattr(core_client.random, "uniform", lambda low, high: high)
    return waits


def client(api: Sandbox, **settings: Any) -> LumenfallClient:
    return LumenfallClient(api.key, base_url=api.url, **settings)


def error_of(api: Sandbox, **settings: Any) -> LumenfallError:
    with pytest.raises(LumenfallError) as caught:
        client(api, **settings).fetch_balance()
    return caught.value


# --- What is sent, and what comes back ---


def test_a_balance(api: Sandbox) -> None:
    with client(api) as lumenfall:
        balance = lumenfall.fetch_balance()
    assert (balance.amount, balance.billing_type, balance.currency) == (Decimal("12.50"), "prepaid", "usd")
    assert balance.request_id
    assert lumenfall.clock_skew_seconds is not None
    assert abs(lumenfall.clock_skew_seconds) < 60


def test_the_request(api: Sandbox) -> None:
    """One GET of the one path, with the key, asking for plain JSON."""
    client(api).fetch_balance()
    (request,) = api.requests
    assert (request.method, request.path, request.authorized) == ("GET", "/v1/balance", True)
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert headers["accept"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"].startswith("pulumi-lumenfall/")


@pytest.mark.parametrize(
    ("status", "kind", "requests", "code", "hint"),
    [
        (400, core.APIError, 1, "INVALID_REQUEST", "check the base URL"),
        (401, core.AuthenticationError, 1, "AUTHENTICATION_FAILED", "https://lumenfall.ai/app/api_keys"),
        (402, core.InsufficientBalanceError, 1, "INSUFFICIENT_BALANCE", "https://lumenfall.ai/app/credits"),
        (408, core.APIError, 3, "INVALID_REQUEST", "run it again later"),
        (429, core.RateLimitedError, 3, "RATE_LIMITED", "wait a little, then run it again"),
        (500, core.ServerError, 3, "INTERNAL_ERROR", "run it again later"),
        (502, core.ServerError, 3, "ALL_PROVIDERS_EXHAUSTED", "run it again later"),
    ],
)
def test_an_error_has_all_facts(
    api: Sandbox, waits: list[float], status: int, kind: type[LumenfallError], requests: int, code: str, hint: str
) -> None:
    api.status = status
    error = error_of(api)
    assert type(error) is kind
    assert (error.status, error.attempts, error.retryable) == (status, requests, requests > 1)
    assert (len(api.requests), len(waits)) == (requests, requests - 1)
    assert (error.code, error.request_id) == (code, api.requests[-1].request_id)
    assert hint in str(error.hint)
    assert f"HTTP {status}" in str(error)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_by_where_it_came_from(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """It is often another one than its user thinks of."""
    api.status = status
    assert str(error_of(api).hint).endswith("(the key came from api_key)")
    monkeypatch.setenv("LUMENFALL_API_KEY", api.key)
    with pytest.raises(LumenfallError) as caught:
        LumenfallClient(base_url=api.url).fetch_balance()
    assert str(caught.value.hint).endswith("(the key came from LUMENFALL_API_KEY)")


JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("body", "headers", "message", "hint"),
    [
        # The API's own words come first; advice about scopes only where they do not say otherwise.
        ('{"error": {"message": "No scope", "code": "C"}}', JSON, "denied (HTTP 403): C: No scope", "balance.read"),
        ("", JSON, "access was denied (HTTP 403)", "balance.read"),
        ('{"error": {"message": "Account locked"}}', JSON, "access was denied (HTTP 403): Account locked", "support"),
        ('{"error": {"code": "ACCOUNT_SUSPENDED"}}', JSON, "denied (HTTP 403): ACCOUNT_SUSPENDED", "support"),
        ('{"detail": "Your IP is not on the list"}', JSON, "(HTTP 403): Your IP is not on the list", "API's message"),
        ('{"message": "No scope"}', JSON, "access was denied (HTTP 403): No scope", "balance.read"),
        ("<html>Blocked", HTML, "a firewall or proxy answered, not the API (HTTP 403, text/html)", "firewall"),
    ],
)  # fmt: skip
def test_the_advice_for_a_403_fits(api: Sandbox, body: str, headers: dict[str, str], message: str, hint: str) -> None:
    api.script(Answer(403, body, headers))
    error = error_of(api)
    assert type(error) is core.PermissionDeniedError
    assert str(error).endswith(message)
    assert hint in str(error.hint)
    assert ("balance.read" in str(error.hint)) is (hint == "balance.read")


# --- Attempts and waits ---


def test_a_failure_that_passes(api: Sandbox, waits: list[float]) -> None:
    api.script(503, 429)
    assert client(api).fetch_balance().amount == Decimal("12.50")
    assert (len(api.requests), waits) == (3, [0.5, 1.0])


def test_the_backoff_has_full_jitter_and_a_limit(
    api: Sandbox, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.status = 500
    ranges: list[tuple[float, float]] = []
    monkeypatch.setattr(core_client.random, "uniform", lambda *ends: ranges.append(ends) or ends[0])
    assert error_of(api, max_attempts=10).attempts == 10
    assert ranges[:9] == [(0, 0.5), (0, 1), (0, 2), (0, 4), *[(0, 8)] * 5]
    assert waits == [0] * 9


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        *(("7", 7.0), ("  1.5 ", 1.5), ("0", 0.5), ("0.25", 0.5), ("-1", 0.5), ("", 0.5), ("soon", 0.5), ("nan", 0.5)),
        *(("120 seconds", 0.5), ("9" * 400, 0.5), ("86400000000", 0.5), ("Mon, 01 Jan 2001 00:00:00 GMT", 0.5)),
        *(("Mon, 99 Foo 2099 99:99:99 GMT", 0.5), ("Mon, 01 Jan 0001 00:00:00 GMT", 0.5)),
    ],
)
def test_retry_after_is_honoured_where_it_makes_sense(
    api: Sandbox, waits: list[float], value: str, wait: float
) -> None:
    api.retry_after = value
    api.script(429)
    client(api).fetch_balance()
    assert waits == [wait]


def test_retry_after_as_a_date(api: Sandbox, waits: list[float]) -> None:
    api.retry_after = formatdate(time.time() + 1000, usegmt=True)
    api.script(503)
    client(api, timeout=3600).fetch_balance()
    assert 900 < waits[0] <= 1000


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_beyond_the_deadline_ends_the_call(api: Sandbox, waits: list[float], status: int) -> None:
    """At once, with how long the server asked for."""
    api.status, api.retry_after = status, "120"
    error = error_of(api, timeout=20)
    assert (len(api.requests), waits) == (1, [])
    assert str(error).endswith("; the server asks to wait 120 s, longer than the timeout of 20 s allows")
    assert (error.status, error.attempts, error.retryable, error.retry_after_seconds) == (status, 1, True, 120)
    assert error.hint == "run it again in 120 s"
    api.retry_after = "1.2"
    assert str(error_of(api, max_attempts=1)).endswith("; the server asks to wait 2 s")


def test_retry_after_is_no_advice_where_waiting_does_not_help(api: Sandbox) -> None:
    api.status, api.retry_after = 402, "60"
    assert "add funds" in (error_of(api).hint or "")


def test_a_backoff_beyond_the_deadline_ends_with_the_last_error(
    api: Sandbox, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_client.random, "uniform", lambda low, high: 60.0)
    api.status = 500
    error = error_of(api, timeout=50)
    assert (type(error), error.attempts, waits) == (core.ServerError, 1, [])


def test_unavailable_is_asked_again_before_it_is_returned(api: Sandbox, waits: list[float]) -> None:
    api.amount = None
    assert client(api).fetch_balance().status == "unavailable"
    assert len(api.requests) == 3
    api.script(Answer(200, UNAVAILABLE))
    api.amount = "1"
    assert client(api).fetch_balance().amount == 1


def test_postpaid_is_asked_once(api: Sandbox) -> None:
    api.amount, api.billing_type = None, "postpaid"
    assert client(api).fetch_balance().status == "postpaid"
    assert len(api.requests) == 1


def test_a_deadline_says_what_went_before(waits: list[float]) -> None:
    """The second attempt stalls: only the deadline ends it, and its message has the first one's error."""
    with FaultServer(in_turn(says(answer(b"", status=503)), says_nothing)) as server:
        lumenfall = LumenfallClient(KEY, base_url=server.url, timeout=2)
        with pytest.raises(core.DeadlineExceededError) as caught:
            lumenfall.fetch_balance()
    error = caught.value
    assert "within 2 s" in str(error)
    assert "the attempt before failed: the API failed (HTTP 503)" in str(error)
    assert (error.attempts, error.retryable) == (2, False)
    assert "raise timeout" in str(error.hint)


def test_the_deadline_covers_all_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request may take what is left, and not the whole timeout again."""
    left: list[float] = []
    real = core_http.Transport.send

    def send(self: Any, method: str, path: str, document: Any, end: float) -> Any:
        left.append(end - now[0])
        return real(self, method, path, document, end)

    now = [0.0]
    clock = SimpleNamespace(
        monotonic=lambda: now[0], time=time.time, sleep=lambda seconds: now.__setitem__(0, now[0] + seconds)
    )
    monkeypatch.setattr(core_http, "time", clock)
    monkeypatch.setattr(core_client, "time", clock)
    monkeypatch.setattr(core_http.Transport, "send", send)
    busy = says(answer(b"", b"Retry-After: 20", status=503))
    with FaultServer(busy) as server, pytest.raises(core.ServerError) as caught:
        LumenfallClient(KEY, base_url=server.url, timeout=50, max_attempts=10).fetch_balance()
    assert left == [50, 30, 10]
    assert caught.value.attempts == 3


# --- Connections, threads, processes ---


def keeps(connection: Connection) -> None:
    """A server that keeps its connections."""
    while connection.read_request():
        connection.send(FRAMED.replace(b"Connection: close\r\n", b"") + BALANCE)


@pytest.mark.parametrize("tls", [None, "good"])
def test_the_connection_is_kept(tls: str | None) -> None:
    with FaultServer(keeps, tls=tls) as server:
        ca_bundle = str(server.ca_file) if tls else None
        with LumenfallClient(KEY, base_url=server.url, ca_bundle=ca_bundle) as lumenfall:
            for _ in range(3):
                assert lumenfall.fetch_balance().amount == Decimal("12.50")
        assert (len(server.requests), server.connections) == (3, 1)


def test_threads(api: Sandbox) -> None:
    """One client serves many threads at once."""
    with client(api) as lumenfall, ThreadPoolExecutor(8) as pool:
        amounts = list(pool.map(lambda _: lumenfall.fetch_balance().amount, range(64)))
    assert amounts == [Decimal("12.50")] * 64


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork() -> None:
    """A client that was used before a fork works after it, on a connection of its own."""
    with FaultServer(keeps) as server:
        lumenfall = LumenfallClient(KEY, base_url=server.url)
        lumenfall.fetch_balance()
        child = os.fork()
        if not child:
            try:
                os._exit(0 if lumenfall.fetch_balance().amount == Decimal("12.50") else 1)
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert server.connections == 2


def test_a_closed_client_says_so(api: Sandbox) -> None:
    with client(api) as lumenfall:
        lumenfall.fetch_balance()
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="closed") as caught:
            lumenfall.fetch_balance()
        assert caught.value.hint == "make a new LumenfallClient"
        lumenfall.close()
    assert len(api.requests) == 1


@linux
def test_no_socket_or_thread_stays_behind(api: Sandbox, waits: list[float]) -> None:
    """Neither after success nor after failure."""

    def count() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    lumenfall = client(api)
    lumenfall.fetch_balance()
    before = count()
    for _ in range(20):
        api.script(500, 401)
        with pytest.raises(LumenfallError):
            lumenfall.fetch_balance()
        lumenfall.fetch_balance()
    lumenfall.close()
    overdue = time.monotonic() + 30
    while (now := count()) > before:
        assert time.monotonic() < overdue, (before, now)


def test_no_thread_stays_with_a_server_that_drips() -> None:
    """Each look of a long wait would leave one, with its connection."""
    with FaultServer(drips(b" " * 200, after=FRAMED)) as server:
        with pytest.raises(core.DeadlineExceededError):
            LumenfallClient(KEY, base_url=server.url, timeout=0.5).fetch_balance()
        overdue = time.monotonic() + 8
        while any(thread.name == core_http._THREAD_NAME for thread in threading.enumerate()):
            assert time.monotonic() < overdue
            time.sleep(0.05)


def test_ctrl_c_gets_through_a_stalled_request() -> None:
    """And no thread keeps the process from ending."""
    program = (
        "import os, sys\n"
        "from pulumi_lumenfall.core import LumenfallClient\n"
        "try: LumenfallClient('key', base_url=sys.argv[1], timeout=3600).fetch_balance()\n"
        "except KeyboardInterrupt: print('interrupted')"
    )
    asked = threading.Event()

    def stalls(connection: Connection) -> None:
        connection.read_request()
        asked.set()
        connection.stall()

    with FaultServer(stalls) as server:
        command = [sys.executable, "-c", program, server.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert asked.wait(60)
            process.send_signal(2)
            assert process.communicate(timeout=60)[0] == "interrupted\n"


def test_the_client_is_not_pickled(api: Sandbox) -> None:
    for move in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            move(client(api))
    assert repr(client(api)) == f"LumenfallClient(base_url='{api.url}')"


# --- The package ---


def test_importing_the_core_is_cheap() -> None:
    """It imports neither Pulumi nor Ansible, nor requests, which takes most of the time of a command."""
    program = (
        "import sys, pulumi_lumenfall.core; print(sorted({'pulumi', 'ansible', 'requests', 'ssl'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exact command that helps, for the Python that runs."""
    monkeypatch.setattr(core_http, "requests", None)
    with pytest.raises(ConfigurationError, match=r"the Python library requests is not installed for ") as caught:
        LumenfallClient(KEY).fetch_balance()
    assert caught.value.hint == f"run: {sys.executable} -m pip install 'requests>=2.32.4'"
    assert caught.value.attempts == 0
