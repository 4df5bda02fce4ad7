# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The client against the sandbox: what is asked, what is retried, what it gives back."""

from __future__ import annotations

import copy
import os
import pickle
import signal
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import requests

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import client as core_client
from pulumi_lumenfall import core
from pulumi_lumenfall.core import ConfigurationError, LumenfallClient, LumenfallError
from pulumi_lumenfall.sandbox import Answer, Sandbox
from support.leaks import KEY, MARKER, OTHER_KEY, leaked
from support.marks import linux


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which take no time here."""
    waits: list[float] = []
    monkeypatch.setattr(core_client.time, "sleep", waits.append)
    return waits


def client(api: Sandbox, **settings: Any) -> LumenfallClient:
    return LumenfallClient(api.key, base_url=api.url, **settings)


def error_of(api: Sandbox, **settings: Any) -> LumenfallError:
    with pytest.raises(LumenfallError) as caught:
        client(api, **settings).fetch_balance()
    return caught.value


def test_balance(api: Sandbox) -> None:
    with client(api) as lumenfall:
        balance = lumenfall.fetch_balance()
    assert balance.amount == Decimal("12.50")
    assert (balance.billing_type, balance.currency, balance.status) == ("prepaid", "usd", "known")
    assert balance.request_id


def test_the_request(api: Sandbox) -> None:
    """One GET of the one path, with the key, asking for plain JSON, on a connection of its own."""
    client(api).fetch_balance()
    (request,) = api.requests
    assert (request.method, request.path, request.status) == ("GET", "/v1/balance", 200)
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert headers["accept"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert headers["connection"] == "close"
    assert headers["user-agent"].startswith("pulumi-lumenfall/")


@pytest.mark.parametrize(
    ("status", "kind", "requests", "code"),
    [
        (400, core.APIError, 1, "INVALID_REQUEST"),
        (401, core.AuthenticationError, 1, "AUTHENTICATION_FAILED"),
        (402, core.InsufficientBalanceError, 1, "INSUFFICIENT_BALANCE"),
        (403, core.PermissionDeniedError, 1, None),
        (429, core.RateLimitedError, 3, "RATE_LIMITED"),
        (500, core.ServerError, 3, None),
        (502, core.ServerError, 3, None),
        (503, core.ServerError, 3, None),
    ],
)
def test_errors(
    api: Sandbox, waits: list[float], status: int, kind: type[LumenfallError], requests: int, code: str | None
) -> None:
    """Each status is one class, retried or not, and carries its facts and nothing else."""
    api.status = status
    error = error_of(api)
    assert type(error) is kind
    assert (error.status, error.attempts, error.retryable) == (status, requests, requests > 1)
    assert len(api.requests) == requests
    assert len(waits) == requests - 1
    if code:
        assert error.code == code
    assert error.request_id
    assert error.hint
    assert str(status) in str(error)


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("value", ["7", "7.5", "true", "null", '["CODE"]', '{"a": "CODE"}'])
def test_a_code_or_message_that_is_no_text_is_left_out(api: Sandbox, status: int, value: str) -> None:
    api.script(Answer(status, f'{{"error": {{"message": {value}, "code": {value}}}}}'))
    error = error_of(api)
    assert (type(error), error.code) == (core.APIError, None)
    assert str(error).endswith(f"(HTTP {status})")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_by_where_it_came_from(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """It is often another one than its user thinks of."""
    api.status = status
    assert str(error_of(api).hint).endswith(" https://lumenfall.ai/app/api_keys (the key came from api_key)")
    monkeypatch.setenv("LUMENFALL_API_KEY", api.key)
    with pytest.raises(LumenfallError) as caught:
        LumenfallClient(base_url=api.url).fetch_balance()
    assert str(caught.value.hint).endswith("/app/api_keys (the key came from LUMENFALL_API_KEY)")
    assert api.key not in str(caught.value.__dict__)


@pytest.mark.parametrize("status", [408, 425])
def test_the_hint_of_what_passes_by_itself(api: Sandbox, waits: list[float], status: int) -> None:
    """Nothing is wrong with the settings, so they are not what to look at."""
    api.status = status
    error = error_of(api)
    assert (type(error), error.attempts, error.retryable) == (core.APIError, 3, True)
    assert "run it again later" in str(error.hint)


def test_a_passing_failure_passes(api: Sandbox, waits: list[float]) -> None:
    api.script(503, 429)
    assert client(api).fetch_balance().amount == Decimal("12.50")
    assert len(api.requests) == 3
    assert 0 <= waits[0] <= 0.5
    assert 0 <= waits[1] <= 1.0


def test_max_attempts(api: Sandbox, waits: list[float]) -> None:
    api.status = 500
    assert error_of(api, max_attempts=1).attempts == 1
    assert error_of(api, max_attempts=10).attempts == 10
    assert len(api.requests) == 11


def test_unavailable_is_asked_again_before_it_is_returned(api: Sandbox, waits: list[float]) -> None:
    """prepaid + null may pass; it is a result only when it stays."""
    api.amount = None
    balance = client(api).fetch_balance()
    assert (balance.status, len(api.requests)) == ("unavailable", 3)
    api.script(
        Answer(
            200, '{"object": "balance", "billing_type": "prepaid", "available": {"amount": null, "currency": "usd"}}'
        )
    )
    api.amount = "1"
    assert client(api).fetch_balance().amount == 1


def test_unavailable_is_returned_where_no_time_is_left_to_ask_again(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_client, "backoff_seconds", lambda retry: 10.0)
    api.amount = None
    assert client(api, timeout=5).fetch_balance().status == "unavailable"
    assert len(api.requests) == 1


def test_unavailable_is_returned_where_the_server_asks_for_a_long_wait(api: Sandbox, waits: list[float]) -> None:
    """How long it asks to be left alone is told with an error, and this is none."""
    body = '{"object": "balance", "billing_type": "prepaid", "available": {"amount": null, "currency": "usd"}}'
    api.script(Answer(200, body, {"Retry-After": "120"}))
    assert client(api, timeout=20).fetch_balance().status == "unavailable"
    assert (len(api.requests), waits) == (1, [])


def test_the_backoff_grows_from_the_first_retry_on(
    api: Sandbox, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_client, "backoff_seconds", lambda retry: 0.25 * (retry + 1))
    api.script(503, 503)
    client(api).fetch_balance()
    assert waits == [0.25, 0.5]


def test_postpaid_is_asked_once(api: Sandbox) -> None:
    api.amount, api.billing_type = None, "postpaid"
    assert client(api).fetch_balance().status == "postpaid"
    assert len(api.requests) == 1


def test_retry_after_is_honoured(api: Sandbox, waits: list[float]) -> None:
    api.retry_after = "2"
    api.script(429)
    client(api).fetch_balance()
    assert waits == [2.0]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_beyond_the_deadline_stops_at_once(api: Sandbox, waits: list[float], status: int) -> None:
    """With how long the server asked for, and without a wait."""
    api.status, api.retry_after = status, "120"
    error = error_of(api, timeout=20)
    assert (len(api.requests), waits) == (1, [])
    assert "asks to wait 120 s, which is past the deadline of 20 s" in str(error)
    assert (error.status, error.attempts, error.retryable) == (status, 1, True)
    assert error.hint == "run it again in 120 s"


@pytest.mark.parametrize(
    ("asked", "timeout", "words", "hint"),
    [
        ("120", 20, "asks to wait 120 s, which is past the deadline of 20 s", "run it again in 120 s"),
        ("1.2", 20, "asks to wait 2 s", "run it again in 2 s"),
        ("0", 20, None, "wait a little, then run it again"),
    ],
)
def test_the_last_attempt_too_says_how_long_the_server_asked_for(
    api: Sandbox, asked: str, timeout: float, words: str | None, hint: str
) -> None:
    api.status, api.retry_after = 429, asked
    error = error_of(api, timeout=timeout, max_attempts=1)
    assert str(error).partition("; the server ")[2] == (words or "")
    assert error.hint == hint
    assert error.attempts == 1


def test_backoff_beyond_the_deadline_stops_with_the_last_error(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_client, "backoff_seconds", lambda retry: 10.0)
    api.status = 500
    error = error_of(api, timeout=5)
    assert (type(error), error.attempts) == (core.ServerError, 1)


def test_deadline_says_what_went_before(api: Sandbox, waits: list[float]) -> None:
    """A stall after a failure tells of both."""
    api.script(503)
    lumenfall = client(api, timeout=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core_client, "backoff_seconds", lambda retry: 0.0)
        patch.setattr(core_client.time, "sleep", lambda seconds: setattr(api, "delay", 5))
        with pytest.raises(core.DeadlineExceededError) as caught:
            lumenfall.fetch_balance()
    assert "within 1 s; the attempt before it: the API failed (HTTP 503" in str(caught.value)
    assert caught.value.attempts == 2
    assert not caught.value.retryable


def test_a_wrong_key(api: Sandbox) -> None:
    with pytest.raises(core.AuthenticationError):
        LumenfallClient(OTHER_KEY, base_url=api.url).fetch_balance()


def test_a_closed_client_says_so(api: Sandbox) -> None:
    with client(api) as lumenfall:
        pass
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="closed") as caught:
            lumenfall.fetch_balance()
        assert caught.value.hint == "make a new LumenfallClient"
        lumenfall.close()
    assert not api.requests


def test_an_interrupted_fetch_leaves_no_key_in_its_traceback() -> None:
    """Ctrl-C comes while the request is under way, and goes on without the frames that hold it."""

    class Interrupted(BaseException):
        pass

    def interrupt(_number: int, _frame: object) -> None:
        raise Interrupted

    def asked(_request: object) -> None:
        signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Sandbox(amount="12.50", key=KEY, delay=3600, on_request=asked) as api:
            lumenfall = client(api)
            with pytest.raises(Interrupted) as caught:
                lumenfall.fetch_balance()
    finally:
        signal.signal(signal.SIGALRM, before)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "fetch_balance" in shown
    assert not leaked(shown)
    frames = [frame.f_locals for frame, _line in traceback.walk_tb(caught.value.__traceback__)]
    assert not any(isinstance(value, requests.PreparedRequest) for values in frames for value in values.values())


def test_threads(api: Sandbox) -> None:
    """One client serves many threads at once."""
    lumenfall = client(api)
    with ThreadPoolExecutor(8) as pool:
        amounts = list(pool.map(lambda _: lumenfall.fetch_balance().amount, range(64)))
    assert amounts == [Decimal("12.50")] * 64


def test_fork(api: Sandbox) -> None:
    """A client made before a fork works after it, even if other threads were using it."""
    lumenfall = client(api)
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            lumenfall.fetch_balance()

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        for _ in range(5):
            child = os.fork()
            if not child:
                try:
                    os._exit(0 if lumenfall.fetch_balance().amount == Decimal("12.50") else 1)
                finally:
                    os._exit(2)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        thread.join()


def test_the_client_is_not_copied_or_pickled(api: Sandbox) -> None:
    for move in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="holds a key"):
            move(client(api))


def test_errors_are_plain_values(api: Sandbox) -> None:
    """An error survives pickling with all its facts, and its dict is what surfaces show."""
    api.status = 402
    error = error_of(api)
    twin = pickle.loads(pickle.dumps(error))
    assert (type(twin), str(twin), twin.to_dict()) == (type(error), str(error), error.to_dict())
    assert error.to_dict() == {
        "type": "InsufficientBalanceError",
        "status": 402,
        "code": "INSUFFICIENT_BALANCE",
        "request_id": error.request_id,
        "attempts": 1,
        "retryable": False,
        "hint": "add funds at https://lumenfall.ai/app/credits",
    }


@pytest.mark.parametrize("bad", [{"api_key": f"{KEY} b"}, {"timeout": "soon"}, {"base_url": f"https://a:{MARKER}@b"}])
def test_a_refused_setting_shows_no_other(bad: dict[str, str]) -> None:
    """Neither does a traceback with all variables, as loggers and error services make it, and it can be made."""
    arguments: dict[str, Any] = {"api_key": KEY, **bad}
    with pytest.raises(ConfigurationError) as caught:
        LumenfallClient(**arguments)
    frames = caught.value.__traceback__.tb_next  # this one has the key
    shown = "".join(
        traceback.TracebackException(type(caught.value), caught.value, frames, capture_locals=True).format()
    )
    assert "LumenfallClient(not configured)" in shown
    assert not leaked(shown)


@linux
def test_no_socket_or_thread_stays_behind(api: Sandbox, waits: list[float]) -> None:
    """Neither after success nor after failure."""
    lumenfall = client(api)
    lumenfall.fetch_balance()
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(20):
        api.script(500, 401)
        with pytest.raises(LumenfallError):
            lumenfall.fetch_balance()
        lumenfall.fetch_balance()
    api.close()
    with pytest.raises(core.ConnectionFailedError):
        lumenfall.fetch_balance()
    deadline = time.monotonic() + 5
    while (now := (len(os.listdir("/proc/self/fd")), threading.active_count())) > before:
        assert time.monotonic() < deadline, (before, now)


def test_exported_names_are_all_there() -> None:
    assert all(hasattr(core, name) for name in core.__all__)
    assert len(set(core.__all__)) == len(core.__all__)
