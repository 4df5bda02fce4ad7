# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The messages that docs/troubleshooting.md explains are those that people see: each one is caused here."""

from __future__ import annotations

import asyncio
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import client as core_client
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import transport
from pulumi_lumenfall import _shared, core
from pulumi_lumenfall.config import need_event_loop
from pulumi_lumenfall.core import Gate, LumenfallClient, LumenfallError
from pulumi_lumenfall.provider.protocol import provider_pb2
from pulumi_lumenfall.provider.server import ProviderServer
from pulumi_lumenfall.sandbox import Sandbox
from support.fault_server import FaultServer, refused_port
from support.proxy import ConnectProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.fault_server import Connection

PAGE = Path(__file__).parents[2] / "docs/troubleshooting.md"
HEADINGS = re.findall(r"^### `(.+)`$", PAGE.read_text(), re.MULTILINE)


def verdict(policy: dict[str, str], **account: Any) -> str:
    with Sandbox(**account) as api:
        return Gate("5", **policy).judge(LumenfallClient(api.key, base_url=api.url).fetch_balance()).message


def setting(name: str, value: str) -> LumenfallError:
    """The error of a variable of the environment."""
    with Sandbox(amount=5) as api, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LUMENFALL_API_KEY", api.key)
        patch.setenv("LUMENFALL_API_BASE", "https://api.example")
        patch.setenv(name, value)
        return error_of(LumenfallClient)


def answer(status: int, **settings: Any) -> LumenfallError:
    """The error of an API that answers so."""
    with Sandbox(amount=5, status=status, **settings) as api:
        return error_of(LumenfallClient(api.key, base_url=api.url).fetch_balance)


def raw(text: bytes) -> LumenfallError:
    """The error of a server that writes this, and hangs up."""

    def play(connection: Connection) -> None:
        connection.read_request()
        connection.send(text)

    with FaultServer(play) as server:
        return error_of(LumenfallClient("key", base_url=server.url).fetch_balance)


def tls(kind: str | None, **environ: str) -> LumenfallError:
    """The error of an https server with such a certificate, or with none."""
    with FaultServer(lambda connection: connection.stall(), tls=kind) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        url = f"https://localhost:{server.port}"
        ca_bundle = str(server.ca_file) if kind else None
        return error_of(LumenfallClient("key", base_url=url, ca_bundle=ca_bundle, timeout=5).fetch_balance)


def proxied(refuse: int | None) -> LumenfallError:
    """The error of a proxy that is not there, or that refuses."""
    if refuse is None:
        with refused_port() as port:
            return tls("good", HTTPS_PROXY=f"http://127.0.0.1:{port}")
    with ConnectProxy(to=1, refuse=refuse) as proxy:
        return tls("good", HTTPS_PROXY=proxy.url)


def unresolved() -> LumenfallError:
    def no_name(*_address: Any, **_hints: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", no_name)
        return error_of(LumenfallClient("key", base_url="https://nowhere.example").fetch_balance)


def refused() -> LumenfallError:
    with refused_port() as port:
        return error_of(LumenfallClient("key", base_url=f"http://127.0.0.1:{port}").fetch_balance)


def slow() -> LumenfallError:
    with Sandbox(amount=5, delay=5) as api:
        return error_of(LumenfallClient(api.key, base_url=api.url, timeout=0.2).fetch_balance)


def without_requests() -> LumenfallError:
    with Sandbox(amount=5) as api, pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "REQUESTS_PROBLEM", "is missing")
        return error_of(LumenfallClient(api.key, base_url=api.url).fetch_balance)


def error_of(call: Callable[[], object]) -> LumenfallError:
    with pytest.raises(LumenfallError) as caught:
        call()
    return caught.value


def not_tls() -> LumenfallError:
    def play(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with FaultServer(play) as server:
        return error_of(LumenfallClient("key", base_url=f"https://localhost:{server.port}").fetch_balance)


def without_context() -> LumenfallError:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_shared, "_inline_programs_run", lambda: True)
        return error_of(_shared.this_run)


def without_event_loop() -> LumenfallError:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(error_of, need_event_loop).result()


def configured_twice() -> LumenfallError:
    async def configure() -> None:
        server = ProviderServer(Mock())
        for timeout in (5, 6):
            request = provider_pb2.ConfigureRequest()
            request.args.update({"timeout": timeout})
            await server.configure(request)

    return error_of(lambda: asyncio.run(configure()))


# What stands in the page -> what causes it.
CAUSES: dict[str, Callable[[], LumenfallError | str]] = {
    "balance too low: have … usd, need … usd, … short; add funds at https://lumenfall.ai/app/credits": lambda: verdict(
        {}, amount="3.20"
    ),
    "balance too low: a postpaid account holds no prepaid funds, and postpaid is set to 'deny' …": lambda: verdict(
        {"postpaid": "deny"}, billing_type="postpaid", amount=None
    ),
    "cannot tell whether the balance is enough (need … usd): … is temporarily unavailable; …": lambda: verdict(
        {}, amount=None
    ),
    "no API key: looked at …": lambda: error_of(LumenfallClient),
    "LUMENFALL_API_KEY: the API key starts with 'Bearer ', which is not part of the key": lambda: setting(
        "LUMENFALL_API_KEY", "Bearer lmnfl_1.2"
    ),
    "LUMENFALL_API_KEY: the API key holds white space or a character that is not printable ASCII": lambda: setting(
        "LUMENFALL_API_KEY", "<your key>"
    ),
    "LUMENFALL_API_BASE: the base URL must start with https://: plain http to …": lambda: setting(
        "LUMENFALL_API_BASE", "http://api.example"
    ),
    "REQUESTS_CA_BUNDLE: the CA bundle … cannot be read (…)": lambda: setting("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem"),
    "minimum: … is not an amount of dollars": lambda: error_of(lambda: Gate("$5")),
    "LUMENFALL_TIMEOUT: … is not a number of seconds": lambda: setting("LUMENFALL_TIMEOUT", "30s"),
    "this thread has no context, and programs run inline in this process: …": without_context,
    "this thread has no event loop, and Pulumi makes Outputs, hooks and resources only where there is one": (
        without_event_loop
    ),
    "this process serves one provider, and was configured with other settings before": configured_twice,
    "the Python library requests … for …": without_requests,
    "the API key was not accepted (HTTP 401…)": lambda: answer(401),
    "the API key may not read the balance (HTTP 403…)": lambda: answer(403),
    "the account has run out of funds (HTTP 402…)": lambda: answer(402),
    "the API is asked too often (HTTP 429…)": lambda: answer(429),
    "…; the server asks to wait … s, which is past the deadline of … s": lambda: answer(429, retry_after=3600),
    "the API failed (HTTP 503…)": lambda: answer(503),
    "the API refused the request (HTTP 404…)": lambda: answer(404),
    "the API answered with an error (HTTP 200…)": lambda: raw(
        b'HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n{"error": {"message": "no way"} }'
    ),
    "the server answered with a redirect (HTTP 302…), which is never followed": lambda: raw(
        b"HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\nContent-Length: 0\r\n\r\n"
    ),
    "the answer is not a Lumenfall balance: …": lambda: raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n<html>Sign in</html>\r\n"
    ),
    "cannot read from …: its name cannot be resolved": unresolved,
    "cannot read from …: connection refused": refused,
    "cannot read from …: the answer was cut": lambda: raw(b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"object"'),
    "the certificate of … was not accepted: …": lambda: tls("expired"),
    "the TLS handshake with … failed: …": not_tls,
    "the proxy set in HTTPS_PROXY cannot be reached": lambda: proxied(None),
    "the proxy set in HTTPS_PROXY refused the connection (HTTP 407)": lambda: proxied(407),
    "no complete answer from … within … s": slow,
}


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_client.time, "sleep", lambda seconds: None)


def test_the_page_and_the_causes_above_are_the_same() -> None:
    assert list(CAUSES) == HEADINGS


@pytest.mark.parametrize("heading", CAUSES)
def test_the_message_is_the_one_that_people_see(heading: str) -> None:
    pattern = ".+".join(re.escape(part) for part in heading.split("…"))
    message = str(CAUSES[heading]())
    assert re.fullmatch(pattern, message), message


def test_every_kind_of_error_is_explained() -> None:
    names = [getattr(core, name) for name in core.__all__]
    kinds = {value for value in names if isinstance(value, type) and issubclass(value, LumenfallError)}
    assert kinds - {type(cause()) for cause in CAUSES.values()} == {LumenfallError}
