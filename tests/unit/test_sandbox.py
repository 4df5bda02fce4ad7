# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The sandbox answers as the API does: tested with http.client over real sockets, never with our own client."""

from __future__ import annotations

import http.client
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pulumi_lumenfall.sandbox import Answer, Request, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


class Reply(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def code(self) -> str:
        """The error's code."""
        code: str = json.loads(self.text)["error"]["code"]
        return code


class Client:
    """One keep-alive connection."""

    def __init__(self, api: Sandbox) -> None:
        self._key = api.key
        self.connection = http.client.HTTPConnection(api.url.removeprefix("http://"), timeout=10)

    def ask(self, method: str = "GET", path: str = "/v1/balance", body: str | None = None, **headers: str) -> Reply:
        self.connection.request(method, path, body, headers or {"Authorization": f"Bearer {self._key}"})
        response = self.connection.getresponse()
        return Reply(response.status, response.headers, response.read().decode())


def raw(api: Sandbox) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2])), timeout=10)


@pytest.fixture
def client(api: Sandbox) -> Iterator[Client]:
    client = Client(api)
    yield client
    client.connection.close()


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
    assert re.fullmatch(r"req_[0-9a-f]{16}", reply.headers["X-Lumenfall-Request-Id"])


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
}


@pytest.mark.parametrize(("setting", "value"), [(name, value) for name, values in INVALID.items() for value in values])
def test_invalid_setting_is_refused(api: Sandbox, setting: str, value: object) -> None:
    """At the line that sets it, with an error that names it; the setting keeps its value."""
    before = getattr(api, setting)
    with pytest.raises(ValueError, match=f"^{setting}: .* is not "):
        setattr(api, setting, value)
    assert getattr(api, setting) == before


@pytest.mark.parametrize("argument", [{"amount": "x"}, {"key": ""}, {"key": "two words"}, {"port": 65_536}])
def test_invalid_argument_is_refused(argument: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(argument))}: "):
        Sandbox(**{"amount": 1, **argument})


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic {key}", "{key}", "Bearer {key}, Bearer {key}"])
def test_wrong_key_is_401(api: Sandbox, client: Client, authorization: str) -> None:
    reply = client.ask(Authorization=authorization.format(key=api.key))

    assert (reply.status, reply.code) == (401, "AUTHENTICATION_FAILED")
    assert client.ask(Accept="application/json").status == 401


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "INVALID_REQUEST"),
        (401, "AUTHENTICATION_FAILED"),
        (402, "INSUFFICIENT_BALANCE"),
        (403, "INVALID_REQUEST"),
        (418, "INVALID_REQUEST"),
        (429, "RATE_LIMITED"),
        (500, "INTERNAL_ERROR"),
        (502, "ALL_PROVIDERS_EXHAUSTED"),
        (503, "UPSTREAM_ERROR"),
        (599, "INTERNAL_ERROR"),
    ],
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


@pytest.mark.parametrize("step", [True, 302, "abc", 1.5, object()])
def test_invalid_script_is_refused_as_a_whole(api: Sandbox, client: Client, step: Any) -> None:
    with pytest.raises(ValueError, match="is not "):
        api.script(429, step)
    assert client.ask().status == 200


def test_other_paths_are_404(client: Client) -> None:
    """On a connection that can still be used."""
    for method, path in (("GET", "/openai/v1/balance"), ("POST", "/v1/balance"), ("GET", "/sandbox")):
        reply = client.ask(method, path, body="x" * 100)
        assert (reply.status, reply.code) == (404, "INVALID_REQUEST")
    assert client.ask(path="/v1/balance?a=b").status == 200


def test_requests_are_recorded_without_keys(api: Sandbox, client: Client) -> None:
    client.ask()
    reply = client.ask(path=f"/x?key={api.key}", authorization=f"Bearer {api.key}", user_agent=f"a {api.key}")
    client.ask(authorization="Bearer lmnfl_other.secret")

    first, second, third = api.requests
    assert (first.method, first.path, first.status, first.authorized) == ("GET", "/v1/balance", 200, True)
    assert (second.status, second.path, second.headers["user_agent"]) == (404, "/x?key=[key]", "a [key]")
    assert second.request_id == reply.headers["X-Lumenfall-Request-Id"]
    assert (third.status, third.authorized, third.note) == (401, False, "AUTHENTICATION_FAILED")
    assert first.time <= second.time <= third.time
    assert api.key not in repr(api.requests)
    assert "lmnfl_other" not in repr(api.requests)


def test_log_line_has_no_control_characters(api: Sandbox) -> None:
    with raw(api) as link:
        link.sendall(b"GET /\x1b[31m\x9b\x07%0a HTTP/1.1\r\n\r\n")
        link.recv(1000)
    assert re.fullmatch(r"\d\d:\d\d:\d\d GET /%1B\[31m%9B%07%0a 404 INVALID_REQUEST", str(api.requests[0]))


def test_key_and_environ(api: Sandbox) -> None:
    assert re.fullmatch(r"lmnfl_\w+\.\w+", api.key)
    assert api.environ == {"LUMENFALL_API_KEY": api.key, "LUMENFALL_API_BASE": api.url}
    with Sandbox(amount=1, key="mine") as mine:
        assert mine.environ["LUMENFALL_API_KEY"] == "mine"


def test_put_sandbox_changes_settings(api: Sandbox, client: Client) -> None:
    """All that are given, or none; without a key, at once whatever the delay, and on any status."""
    api.delay = 3600
    changes = {"amount": "3.20", "billing_type": "postpaid", "status": 429, "retry_after": 2, "delay": 0}
    assert '"amount": 3.20,' in client.ask("PUT", "/sandbox", json.dumps(changes), X="y").text
    assert (api.amount, api.billing_type) == (Decimal("3.20"), "postpaid")
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
    api.amount, api.status, api.delay = 1, 503, 0.01
    api.script(429)
    client.ask()
    api.reset()

    assert (api.requests, api.status, api.delay) == ([], 200, 0.0)
    assert '"amount": 12.50,' in client.ask().text


def test_close_does_not_wait_for_a_delay() -> None:
    """The delayed request is recorded, reported by on_request, and never answered."""
    arrived: queue.Queue[Request] = queue.Queue()
    with Sandbox(amount=1, delay=3600, on_request=arrived.put) as api, ThreadPoolExecutor() as pool:
        client = Client(api)
        answer = pool.submit(client.ask)
        assert [arrived.get(timeout=30)] == api.requests
        api.close()
        assert isinstance(answer.exception(30), (OSError, http.client.HTTPException))
        client.connection.close()


def test_close_cuts_connections_and_refuses_new_ones(api: Sandbox, client: Client) -> None:
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


def test_many_threads(api: Sandbox) -> None:
    """Requests and changes at the same time are all served and recorded."""

    def work(number: int) -> set[int]:
        client = Client(api)
        api.amount = number
        statuses = {client.ask().status for _ in range(20)}
        client.connection.close()
        return statuses

    with ThreadPoolExecutor(8) as pool:
        assert set.union(*pool.map(work, range(8))) == {200}
    assert len(api.requests) == 160


def test_head_and_body_are_sent_together(api: Sandbox) -> None:
    """In two packets, Nagle's algorithm would add 40 ms to each answer."""
    with raw(api) as link:
        link.sendall(f"GET /v1/balance HTTP/1.1\r\nAuthorization: Bearer {api.key}\r\n\r\n".encode())
        assert link.recv(65_536).endswith(b"}}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_until_a_signal(number: signal.Signals) -> None:
    """Two exports on stdout, a line for each request on stderr, and exit status 0."""
    program = "from pulumi_lumenfall.sandbox import serve; serve(amount='12.50', delay=0)"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        key = process.stdout.readline().strip().removeprefix("export LUMENFALL_API_KEY=")
        url = process.stdout.readline().strip().removeprefix("export LUMENFALL_API_BASE=")
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        connection.request("GET", "/v1/balance", headers={"Authorization": f"Bearer {key}"})
        assert connection.getresponse().read()
        connection.request("PUT", "/sandbox", '{"amount": "3.20"}')
        assert connection.getresponse().read()
        process.send_signal(number)
        output, log = process.communicate(timeout=30)
        connection.close()

    assert (process.returncode, output) == (0, "")
    lines = [line.partition(" ")[2] for line in log.splitlines()]
    assert lines == ["GET /v1/balance 200 12.50 usd", "PUT /sandbox 200 3.20 usd"]
