# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The sandbox answers as the API does: tested with http.client over real sockets, never with our own client."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
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


def test_balance_is_the_documented_body(client: Client) -> None:
    """A request with the key gets the documented JSON, typed as such, with a request id."""
    reply = client.ask()

    assert reply.status == 200
    assert json.loads(reply.text) == {
        "object": "balance",
        "billing_type": "prepaid",
        "available": {"amount": 12.5, "currency": "usd"},
    }
    assert reply.headers["Content-Type"] == "application/json"
    assert re.fullmatch(r"req_[0-9a-f]{16}", reply.headers["X-Lumenfall-Request-Id"])


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("12.50", "12.50"),
        ("0.000001", "0.000001"),
        ("-3", "-3"),
        (" 7 ", "7"),
        (0, "0"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-7"), "0.0000001"),
        (0.1, "0.1"),
        (None, "null"),
    ],
)
def test_amount_is_written_with_its_digits(api: Sandbox, client: Client, amount: Any, text: str) -> None:
    """Amounts are sent in plain notation with exactly the digits given; a float counts as its shortest text."""
    api.amount = amount

    assert f'"amount": {text}, ' in client.ask().text
    assert api.amount == (None if amount is None else Decimal(text))


@pytest.mark.parametrize("amount", ["", "abc", "NaN", "inf", float("nan"), "1e999999", True, [1], "12,50"])
def test_bad_amount_is_refused(api: Sandbox, amount: Any) -> None:
    """What is not a plain number is refused in the test that sets it, and changes nothing."""
    with pytest.raises(ValueError, match="amount: "):
        api.amount = amount
    with pytest.raises(ValueError, match="amount: "):
        Sandbox(amount=amount)
    assert api.amount == Decimal("12.50")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("billing_type", "credit"),
        ("status", 302),
        ("status", 204),
        ("status", 600),
        ("status", True),
        ("status", "401"),
        ("retry_after", "1\r\nX: y"),
        ("delay", -1),
        ("delay", float("inf")),
        ("delay", True),
        ("key", "two words"),
        ("key", ""),
        ("key", "caf\u00e9"),
        ("port", 65_536),
        ("port", -1),
    ],
)
def test_bad_setting_is_refused(setting: str, value: object) -> None:
    """A setting out of its range is a ValueError that names it."""
    arguments: dict[str, Any] = {"amount": 1, setting: value}
    with pytest.raises(ValueError, match=f"{setting}: "):
        Sandbox(**arguments)


def test_postpaid_account(api: Sandbox, client: Client) -> None:
    """A postpaid account has its billing type, and null where the amount would be."""
    api.billing_type = "postpaid"
    api.amount = None

    assert json.loads(client.ask().text) == {
        "object": "balance",
        "billing_type": "postpaid",
        "available": {"amount": None, "currency": "usd"},
    }


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic {key}", "{key}", "Bearer {key}x"])
def test_wrong_key_is_401(api: Sandbox, client: Client, authorization: str) -> None:
    """Without the key, in the documented form, there is an AUTHENTICATION_FAILED and no balance."""
    reply = client.ask(Authorization=authorization.format(key=api.key))

    assert (reply.status, reply.code) == (401, "AUTHENTICATION_FAILED")


def test_missing_key_is_401(client: Client) -> None:
    """No Authorization at all is a 401 as well."""
    assert client.ask(Accept="application/json").status == 401


def test_two_keys_are_401(api: Sandbox, client: Client) -> None:
    """Two Authorization headers are no key, even if each is right."""
    client.connection.putrequest("GET", "/v1/balance")
    for _ in range(2):
        client.connection.putheader("Authorization", f"Bearer {api.key}")
    client.connection.endheaders()

    assert client.connection.getresponse().status == 401


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "INVALID_REQUEST"),
        (401, "AUTHENTICATION_FAILED"),
        (402, "INSUFFICIENT_BALANCE"),
        (403, "INVALID_REQUEST"),
        (429, "RATE_LIMITED"),
        (500, "INTERNAL_ERROR"),
        (502, "ALL_PROVIDERS_EXHAUSTED"),
        (503, "UPSTREAM_ERROR"),
    ],
)
def test_status_has_its_error(api: Sandbox, client: Client, status: int, code: str) -> None:
    """Each error status comes with the documented body and code, until the status is 200 again."""
    api.status = status
    reply = client.ask()
    assert (reply.status, reply.code) == (status, code)
    assert json.loads(reply.text)["error"].keys() == {"message", "type", "code"}

    api.status = 200
    assert client.ask().status == 200


def test_retry_after(api: Sandbox, client: Client) -> None:
    """Retry-After comes with errors while it is set, and never with a balance."""
    api.retry_after = 7
    assert client.ask().headers["Retry-After"] is None
    api.status = 429
    assert client.ask().headers["Retry-After"] == "7"
    api.retry_after = None
    assert client.ask().headers["Retry-After"] is None


def test_script_is_played_in_order(api: Sandbox, client: Client) -> None:
    """Scripted answers come once each, in order, and then the sandbox is as it was set."""
    api.script(429, "3.20", None)
    api.script(Answer(302, b"", {"location": "/there", "X-Lumenfall-Request-Id": "req_mine"}), 200)

    assert client.ask().code == "RATE_LIMITED"
    assert '"amount": 3.20,' in client.ask().text
    assert '"amount": null,' in client.ask().text
    reply = client.ask()
    assert (reply.status, reply.headers["Location"]) == (302, "/there")
    assert reply.headers.get_all("X-Lumenfall-Request-Id") == ["req_mine"]
    assert '"amount": 12.50,' in client.ask().text
    assert '"amount": 12.50,' in client.ask().text


def test_script_beats_status_and_waits_for_the_key(api: Sandbox, client: Client) -> None:
    """A scripted amount is a 200 whatever the status is; a request without the key uses nothing up."""
    api.status = 503
    api.script("1")

    assert client.ask(Authorization="Bearer wrong").status == 401
    assert client.ask().status == 200
    assert client.ask().status == 503


@pytest.mark.parametrize("step", [True, 302, "abc", 1.5, object()])
def test_bad_script_is_refused_as_a_whole(api: Sandbox, client: Client, step: Any) -> None:
    """A step that could not be played is refused at once, along with those around it."""
    with pytest.raises(ValueError, match="is n"):
        api.script(429, step)
    assert client.ask().status == 200


@pytest.mark.parametrize(
    "arguments",
    [
        {"status": 199},
        {"status": 600},
        {"status": 204, "body": "x"},
        {"headers": {"Content-Length": "3"}},
        {"headers": {"X": "a\r\nY: b"}},
        {"headers": {"X": "caf\u00e9"}},
    ],
)
def test_bad_answer_is_refused(arguments: dict[str, Any]) -> None:
    """An Answer that would break the framing or the header is refused where it is made."""
    with pytest.raises(ValueError, match=r"^(status|body|headers): "):
        Answer(**arguments)


def test_answer_without_a_body(api: Sandbox, client: Client) -> None:
    """A scripted 204 leaves the connection fit for the next request."""
    api.script(Answer(204), Answer(body="caf\u00e9"))

    assert client.ask()[::2] == (204, "")
    assert client.ask().text == "caf\u00e9"


def test_unknown_path_and_method(client: Client) -> None:
    """Other paths are a JSON 404, other methods a JSON 405 that names the right one, on a connection that lives on."""
    assert client.ask(path="/openai/v1/balance").code == "INVALID_REQUEST"
    for method in ("POST", "DELETE", "BREW"):
        reply = client.ask(method, body="x" * 100)
        assert (reply.status, reply.code, reply.headers["Allow"]) == (405, "INVALID_REQUEST", "GET")
    assert client.ask("HEAD")[::2] == (405, "")
    assert client.ask(path="/v1/balance?dryRun=true").status == 200


def test_requests_are_recorded_without_the_key(api: Sandbox, client: Client) -> None:
    """Each request is kept, frozen, with what it was answered; the key is nowhere in it."""
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
    with pytest.raises(AttributeError):
        first.status = 500  # type: ignore[misc]
    with pytest.raises(TypeError):
        first.headers["a"] = "b"  # type: ignore[index]


def test_log_line_is_plain(api: Sandbox) -> None:
    """A request prints as one short line, and nothing a client sends reaches the terminal as such."""
    with raw(api) as link:
        link.sendall(b"GET /\x1b[31m\x9b\x07%0a HTTP/1.1\r\n\r\n")
        link.recv(1000)
    assert re.fullmatch(r"\d\d:\d\d:\d\d GET /%1B\[31m%9B%07%0a 404 INVALID_REQUEST", str(api.requests[0]))


def test_on_request_is_called_before_the_answer() -> None:
    """The callback sees each request by the time its answer arrives."""
    seen: list[Request] = []
    with Sandbox(amount="12.50", on_request=seen.append) as api:
        client = Client(api)
        client.ask()
        assert [request.note for request in seen] == ["12.50 usd"]
        client.connection.close()


def test_key_shape_and_environ(api: Sandbox) -> None:
    """The key has the documented shape, is new for each sandbox, can be given, and is not in the repr."""
    assert re.fullmatch(r"lmnfl_\w+\.\w+", api.key)
    assert api.key != Sandbox(amount=1).key
    assert Sandbox(amount=1, key="mine").key == "mine"
    assert api.environ == {"LUMENFALL_API_KEY": api.key, "LUMENFALL_API_BASE": api.url}
    assert repr(api) == f"<Sandbox {api.url}>"


def test_control_path(api: Sandbox, client: Client) -> None:
    """PUT /sandbox changes any of the settings from outside, all of them or none."""
    changes = {"amount": "3.20", "billing_type": "postpaid", "retry_after": 2, "delay": 0}
    assert '"amount": 3.20,' in client.ask("PUT", "/sandbox", json.dumps(changes), X="y").text
    assert (api.amount, api.billing_type, api.retry_after) == (Decimal("3.20"), "postpaid", 2)

    assert client.ask("PUT", "/sandbox", '{"status": 429}').status == 200
    assert client.ask().headers["Retry-After"] == "2"
    for bad in ('{"status": 200, "amount": "x"}', '{"status": 200, "key": "x"}', "[]", "{", "", "[" * 60_000):
        reply = client.ask("PUT", "/sandbox", bad)
        assert (reply.status, reply.code) == (400, "INVALID_REQUEST"), bad[:20]
    assert api.status == 429
    assert client.ask("GET", "/sandbox").headers["Allow"] == "PUT"


@pytest.mark.parametrize("framing", ["Content-Length: 65537", "Content-Length: x", "Transfer-Encoding: chunked"])
def test_body_that_cannot_be_read_ends_the_connection(api: Sandbox, framing: str) -> None:
    """A body of unknown or absurd length is refused, and what follows it is not taken for a request."""
    with raw(api) as link:
        link.sendall(f"PUT /sandbox HTTP/1.1\r\n{framing}\r\n\r\n".encode())
        with link.makefile("rb") as answer:
            assert answer.read().startswith(b"HTTP/1.1 400 ")


def test_not_http(api: Sandbox) -> None:
    """Garbage gets an error and no traceback, and the next client is served."""
    with raw(api) as link:
        link.sendall(b"\x16\x03\x01 what is this\r\n\r\n")
        assert b"INVALID_REQUEST" in link.recv(1000)
    client = Client(api)
    assert client.ask().status == 200
    client.connection.close()


def test_reset(api: Sandbox, client: Client) -> None:
    """After reset() the sandbox is as it was made."""
    api.amount, api.status, api.delay = 1, 503, 0.01
    api.script(429)
    client.ask()
    api.reset()

    assert (api.requests, api.status, api.delay) == ([], 200, 0.0)
    assert '"amount": 12.50,' in client.ask().text


def test_delay_ends_with_close() -> None:
    """A delayed answer is recorded on arrival, and close() does not wait for it."""
    arrived = threading.Event()
    with Sandbox(amount=1, delay=3600, on_request=lambda request: arrived.set()) as api, ThreadPoolExecutor() as pool:
        client = Client(api)
        answer = pool.submit(client.ask)
        assert arrived.wait(10)
        assert len(api.requests) == 1
        api.close()
        assert isinstance(answer.exception(10), (OSError, http.client.HTTPException))
        client.connection.close()


def test_delay_holds_the_answer_back(api: Sandbox, client: Client) -> None:
    """The answer takes at least as long as the delay."""
    api.delay = 0.05
    start = time.monotonic()
    client.ask()
    assert time.monotonic() - start >= 0.05


def test_close_is_at_once_with_open_connections(api: Sandbox, client: Client) -> None:
    """Idle keep-alive connections do not hold close() up; it can be called again; the port is free."""
    client.ask()
    start = time.monotonic()
    api.close()
    api.close()
    assert time.monotonic() - start < 30
    with pytest.raises((OSError, http.client.HTTPException)):
        client.ask()
    with pytest.raises(ConnectionRefusedError):
        raw(api)


def test_explicit_start() -> None:
    """start() is ready on return and may be repeated; there is no URL before it, and no way back after close()."""
    api = Sandbox(amount=1)
    with pytest.raises(RuntimeError, match="start"):
        _ = api.url
    assert "not started" in repr(api)
    assert api.start() is api
    url = api.url
    assert api.start().url == url
    api.close()
    assert api.url == url
    with pytest.raises(RuntimeError, match="closed"):
        api.start()


def test_port_that_is_taken(api: Sandbox) -> None:
    """A taken port is one clear error that names it."""
    port = int(api.url.rpartition(":")[2])
    with pytest.raises(OSError, match=rf"^cannot listen on 127\.0\.0\.1, port {port}: .*choose another"):
        Sandbox(amount=1, port=port).start()


def test_many_threads(api: Sandbox) -> None:
    """Requests and changes from many threads at once are all served and all recorded."""

    def work(number: int) -> set[int]:
        client = Client(api)
        statuses = set()
        for _ in range(20):
            api.amount = number
            statuses.add(client.ask().status)
        client.connection.close()
        return statuses

    with ThreadPoolExecutor(8) as pool:
        assert set.union(*pool.map(work, range(8))) == {200}
    assert len(api.requests) == 160


def test_answers_promptly(client: Client) -> None:
    """No Nagle delay (40 ms and more on Linux) and no name lookup slows an answer down."""
    client.ask()
    seconds = []
    for _ in range(50):
        start = time.monotonic()
        client.ask()
        seconds.append(time.monotonic() - start)
    # A busy machine makes some of them slow, never all.
    assert sorted(seconds)[10] < 0.04


def test_no_answer_leaves_in_pieces(api: Sandbox) -> None:
    """Head and body come in one packet, so that a test that reads once reads all."""
    with raw(api) as link:
        link.sendall(f"GET /v1/balance HTTP/1.1\r\nAuthorization: Bearer {api.key}\r\n\r\n".encode())
        assert link.recv(65_536).endswith(b"}}")


def test_head_has_no_body(api: Sandbox) -> None:
    """The answer to HEAD ends with its headers, or a client would read the body as the next answer."""
    with raw(api) as link:
        link.sendall(b"HEAD /v1/balance HTTP/1.1\r\nConnection: close\r\n\r\n")
        with link.makefile("rb") as answer:
            assert answer.read().endswith(b"\r\n\r\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve(number: signal.Signals) -> None:
    """In the foreground it prints two exports and logs each request; a signal ends it with status 0, no traceback."""
    program = "from pulumi_lumenfall.sandbox import serve; serve(amount='12.50', delay=0)"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
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
        output, log = process.communicate(timeout=10)
        connection.close()

    assert (process.returncode, output) == (0, "")
    lines = [line.partition(" ")[2] for line in log.splitlines()]
    assert lines == ["GET /v1/balance 200 12.50 usd", "PUT /sandbox 200 3.20 usd"]
