# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The sandbox answers as the API does: tested with http.client over real sockets, never with our own client."""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pulumi_lumenfall.sandbox import Answer, Request, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reply(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def code(self) -> str:
        """The error's code."""
        code: str = json.loads(self.text)["error"]["code"]
        return code


class Client(http.client.HTTPConnection):
    """One keep-alive connection."""

    def __init__(self, api: Sandbox) -> None:
        super().__init__(api.url.removeprefix("http://"), timeout=10)
        self.key = api.key

    def ask(self, method: str = "GET", path: str = "/v1/balance", body: str | None = None, **headers: str) -> Reply:
        self.request(method, path, body, headers or {"Authorization": f"Bearer {self.key}"})
        response = self.getresponse()
        return Reply(response.status, response.headers, response.read().decode())


def raw(api: Sandbox) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2])), timeout=10)


@pytest.fixture
def client(api: Sandbox) -> Iterator[Client]:
    with contextlib.closing(Client(api)) as client:
        yield client


@pytest.mark.parametrize(("billing_type", "amount", "sent"), [("prepaid", "12.50", 12.5), ("postpaid", None, None)])
def test_balance_is_the_documented_body(
    api: Sandbox, client: Client, billing_type: str, amount: str | None, sent: float | None
) -> None:
    api.billing_type, api.amount = billing_type, amount
    reply = client.ask()

    assert reply.status == 200
    assert json.loads(reply.text) == {
        "object": "balance",
        "billing_type": billing_type,
        "available": {"amount": sent, "currency": "usd"},
    }
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["X-Lumenfall-Request-Id"] == api.requests[0].request_id


@pytest.mark.parametrize(
    ("amount", "text"), [("12.50", "12.50"), ("-3", "-3"), (Decimal("1E+3"), "1000"), (0.1, "0.1"), (None, "null")]
)
def test_amount_is_sent_exactly(api: Sandbox, client: Client, amount: Any, text: str) -> None:
    """In plain notation and with the digits given; a float counts as its shortest text."""
    api.amount = amount

    assert f'"amount": {text}, ' in client.ask().text
    assert api.amount == (None if amount is None else Decimal(text))


INVALID = {
    "amount": ["12,50", "NaN", "1e999999", True],
    "billing_type": ["credit"],
    "status": [302, True, "401"],
    "retry_after": ["1\r\nX: y"],
    "delay": [-1, "1"],
    "prices": ["0.08", {"m": None}, {"m": -1}, {"m": "0.0000001"}, {"m": "x"}],
}


@pytest.mark.parametrize(("setting", "value"), [(name, value) for name, values in INVALID.items() for value in values])
def test_invalid_setting_is_refused(api: Sandbox, setting: str, value: Any) -> None:
    """At the line that sets it, with an error that names it; the setting keeps its value."""
    before = getattr(api, setting)
    with pytest.raises(ValueError, match=f"^{setting}: .* is not "):
        setattr(api, setting, value)
    with pytest.raises(ValueError, match=f"^{setting}: "):
        Sandbox(**{"amount": 1, setting: value})
    assert getattr(api, setting) == before


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "{key}", "Bearer {key}x"])
def test_wrong_key_is_401(api: Sandbox, client: Client, authorization: str) -> None:
    reply = client.ask(Authorization=authorization.format(key=api.key))

    assert (reply.status, reply.code) == (401, "AUTHENTICATION_FAILED")
    assert client.ask(X="no key").status == 401


@pytest.mark.parametrize(
    ("status", "code"),
    [(402, "INSUFFICIENT_BALANCE"), (418, "INVALID_REQUEST"), (429, "RATE_LIMITED"), (599, "INTERNAL_ERROR")],
)
def test_status_has_its_error(api: Sandbox, client: Client, status: int, code: str) -> None:
    """The documented body and code, and Retry-After if there is one, until the status is 200 again."""
    api.status, api.retry_after = status, 7
    reply = client.ask()
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (status, code, "7")
    assert json.loads(reply.text)["error"].keys() == {"message", "type", "code"}

    api.status = 200
    reply = client.ask()
    assert (reply.status, reply.headers["Retry-After"]) == (200, None)


def test_scripted_answers_come_in_order(api: Sandbox, client: Client) -> None:
    """Once each, whatever the status is, and never to a request without the key."""
    api.status = 503
    api.script(429, "3.20", None)
    api.script(Answer(302, headers={"Location": "/there", "X-Lumenfall-Request-Id": "req_mine"}), Answer(204))
    api.script(Answer(body="caf\u00e9"), 200)

    assert client.ask(Authorization="Bearer wrong").status == 401
    assert client.ask().code == "RATE_LIMITED"
    assert '"amount": 3.20,' in client.ask().text
    assert '"amount": null,' in client.ask().text
    reply = client.ask()
    assert (reply.status, reply.headers["Location"]) == (302, "/there")
    assert reply.headers.get_all("X-Lumenfall-Request-Id") == ["req_mine"]
    assert client.ask()[::2] == (204, "")
    assert client.ask().text == "caf\u00e9"
    assert '"amount": 12.50,' in client.ask().text
    assert client.ask().status == 503


def test_invalid_script_is_refused_as_a_whole(api: Sandbox, client: Client) -> None:
    for step in (True, 302, "abc", 1.5, object()):
        with pytest.raises(ValueError, match="is not "):
            api.script(429, step)  # type: ignore[arg-type]
    assert client.ask().status == 200


def test_other_paths_are_404(client: Client) -> None:
    """On a connection that can still be used."""
    for method, path in (("GET", "/openai/v1/balance"), ("POST", "/v1/balance"), ("GET", "/sandbox")):
        reply = client.ask(method, path, body="x" * 100)
        assert (reply.status, reply.code) == (404, "INVALID_REQUEST")
    assert client.ask(path="/v1/balance?a=b").status == 200


def test_requests_are_recorded_without_keys(api: Sandbox, client: Client) -> None:
    client.ask()
    client.ask(path=f"/x?key={api.key}", authorization=f"Bearer {api.key}", user_agent=f"a {api.key}")
    client.ask(authorization="Bearer lmnfl_other.secret")

    first, second, third = api.requests
    assert re.fullmatch(r"\d\d:\d\d:\d\d GET /v1/balance 200 12.50 usd", str(first))
    assert (first.method, first.path, first.status, first.authorized) == ("GET", "/v1/balance", 200, True)
    assert (second.status, second.path, second.headers["user_agent"]) == (404, "/x?key=[key]", "a [key]")
    assert (third.status, third.authorized, third.note) == (401, False, "AUTHENTICATION_FAILED")
    assert first.time <= second.time <= third.time
    assert api.key not in repr(api.requests)
    assert "lmnfl_other" not in repr(api.requests)


ENDPOINTS = ["images/generations", "images/edits", "videos", "chat/completions"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(("n", "micros"), [({}, 80_001), ({"n": 3}, 240_003)])
def test_dry_run_is_priced(api: Sandbox, client: Client, endpoint: str, n: dict[str, int], micros: int) -> None:
    """In exact micros; the prompt is in no record."""
    api.prices = {"gpt-image-1": "0.080001"}
    body = json.dumps({"model": "gpt-image-1", "prompt": "a red fox", **n})
    reply = client.ask("POST", f"/openai/v1/{endpoint}?dryRun=true", body)

    assert reply.status == 200
    assert json.loads(reply.text) == {
        "estimated": True,
        "model": "gpt-image-1",
        "provider": "sandbox",
        "total_cost_micros": micros,
        "currency": "USD",
        "components": [],
    }
    assert str(api.requests[0]).endswith(f" POST /openai/v1/{endpoint}?dryRun=true 200 {micros} micros")
    assert "fox" not in repr(api.requests)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('{"model": "another"}', 404, "MODEL_NOT_FOUND"),
        ('{"prompt": "a red fox"}', 400, "INVALID_REQUEST"),
        ('{"model": "gpt-image-1", "n": 0}', 400, "INVALID_REQUEST"),
        ('["gpt-image-1"]', 400, "INVALID_REQUEST"),
        ("a red fox", 400, "INVALID_REQUEST"),
    ],
)
def test_dry_run_of_a_bad_request(api: Sandbox, client: Client, body: str, status: int, code: str) -> None:
    api.prices = {"gpt-image-1": 0}
    reply = client.ask("POST", "/openai/v1/videos?dryRun=true", body)

    assert (reply.status, reply.code) == (status, code)
    assert "fox" not in reply.text


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("query", ["", "?dryRun=false", "?dryrun=true"])
def test_real_generation_is_refused_and_recorded(api: Sandbox, client: Client, endpoint: str, query: str) -> None:
    """So that a test of something that forgets dryRun sees it; a scripted answer is kept for another request."""
    api.prices = {"gpt-image-1": "0.08"}
    api.script(503)
    reply = client.ask("POST", f"/openai/v1/{endpoint}{query}", '{"model": "gpt-image-1"}')

    assert (reply.status, reply.code) == (402, "INSUFFICIENT_BALANCE")
    assert [request.note for request in api.requests] == ["generation refused"]
    assert client.ask("POST", f"/openai/v1/{endpoint}?dryRun=true", "{}").code == "UPSTREAM_ERROR"
    assert client.ask("POST", f"/openai/v1/{endpoint}?dryRun=true", "{}", X="no key").status == 401


def test_put_sandbox_changes_settings(api: Sandbox, client: Client) -> None:
    """All that are given, or none; without a key, at once whatever the delay, and on any status."""
    api.delay = 3600
    changes = {"amount": "3.20", "billing_type": "postpaid", "prices": {"m": 0.08}, "status": 429, "retry_after": 2}
    changes["delay"] = 0
    assert '"amount": 3.20,' in client.ask("PUT", "/sandbox", json.dumps(changes), X="y").text
    assert (api.amount, api.billing_type, api.prices) == (Decimal("3.20"), "postpaid", {"m": Decimal("0.08")})
    assert client.ask().headers["Retry-After"] == "2"

    for bad in ('{"status": 200, "amount": "x"}', '{"status": 200, "key": "x"}', "[]", "{", "", "[" * 60_000):
        reply = client.ask("PUT", "/sandbox", bad)
        assert (reply.status, reply.code) == (400, "INVALID_REQUEST"), bad[:20]
    assert api.status == 429


@pytest.mark.parametrize(
    "start",
    ["PUT /sandbox HTTP/1.1\r\nTransfer-Encoding: chunked", "PUT /sandbox HTTP/1.1\r\nContent-Length: x", "\x16"],
)
def test_malformed_request_ends_the_connection(
    api: Sandbox, client: Client, capfd: pytest.CaptureFixture[str], start: str
) -> None:
    """With an error, without a traceback, and without taking what follows for another request."""
    with raw(api) as link, link.makefile("rb") as answer:
        link.sendall(f"{start}\r\n\r\n".encode())
        assert b"400" in answer.read()
    assert client.ask().status == 200
    assert capfd.readouterr().err == ""


def test_reset_restores_the_first_settings(api: Sandbox, client: Client) -> None:
    api.amount = 1
    api.script(429)
    client.ask(X="no key")
    api.reset()

    assert api.requests == []
    assert '"amount": 12.50,' in client.ask().text


def test_close_does_not_wait_for_a_delay() -> None:
    """The delayed request is recorded, reported by on_request, and never answered."""
    arrived: queue.Queue[Request] = queue.Queue()
    with Sandbox(amount=1, delay=3600, on_request=arrived.put) as api, ThreadPoolExecutor() as pool:
        answer = pool.submit(Client(api).ask)
        assert [arrived.get(timeout=30)] == api.requests
        api.close()
        assert isinstance(answer.exception(30), (OSError, http.client.HTTPException))


def test_close_ends_connections_and_refuses_new_ones(api: Sandbox, client: Client) -> None:
    client.ask()
    api.close()
    api.close()
    with pytest.raises((OSError, http.client.HTTPException)):
        client.ask()
    with pytest.raises(ConnectionRefusedError):
        raw(api)


def test_port_in_use(api: Sandbox) -> None:
    port = int(api.url.rpartition(":")[2])
    with pytest.raises(OSError, match=rf"^cannot listen on 127\.0\.0\.1, port {port}: .*choose another"):
        Sandbox(amount=1, port=port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_until_a_signal(number: signal.Signals) -> None:
    """Two exports on stdout, a line for each request on stderr, and exit status 0."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from pulumi_lumenfall.sandbox import serve; serve(amount='12.50', delay=0)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    key = process.stdout.readline().strip().removeprefix("export LUMENFALL_API_KEY=")
    url = process.stdout.readline().strip().removeprefix("export LUMENFALL_API_BASE=")
    balance = urllib.request.Request(f"{url}/v1/balance", headers={"Authorization": f"Bearer {key}"})
    change = urllib.request.Request(f"{url}/sandbox", b'{"amount": "3.20"}', method="PUT")
    for request in (balance, change):
        urllib.request.urlopen(request, timeout=10).close()
    process.send_signal(number)
    output, log = process.communicate(timeout=30)

    assert (process.returncode, output) == (0, "")
    lines = [line.partition(" ")[2] for line in log.splitlines()]
    assert lines == ["GET /v1/balance 200 12.50 usd", "PUT /sandbox 200 3.20 usd"]
