# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The functions over gRPC, on a plugin that was started as the engine starts it."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from pulumi_lumenfall.sandbox import Answer, Sandbox
from support.leaks import KEY, leaked
from support.plugin import Hold, Plugin, failures, returned, struct

PROMPT = "the prompt of the tests"
REQUEST = {"model": "gpt-image-1", "prompt": PROMPT, "n": 2}


def test_a_balance(plugin: Plugin) -> None:
    """With a verdict where there is a minimum: tests/contract has every row."""
    facts = {"billingType": "prepaid", "available": {"amount": 12.5, "currency": "usd"}, "status": "known"}
    assert returned(plugin.get_balance()) == returned(plugin.get_balance(minimum=None)) == {**facts, "sufficient": None}
    assert returned(plugin.get_balance(minimum=12.5)) == {**facts, "sufficient": True}
    assert returned(plugin.get_balance(minimum="12.51")) == {**facts, "sufficient": False}


def test_an_error_is_a_clean_failure(plugin: Plugin, api: Sandbox) -> None:
    """One line without control characters, CI commands or the key that the server echoes; and it is not kept."""
    text = f"Bearer {KEY}\x1b[31m\n::error::x \N{RIGHT-TO-LEFT OVERRIDE}"
    api.script(Answer(status=500, body=json.dumps({"error": {"message": text}}).encode()))
    (failure,) = failures(plugin.get_balance(minimum=0))
    assert "HTTP 500" in failure
    assert "Bearer" in failure
    assert failure.isprintable()
    assert "::error" not in failure
    assert not leaked(failure)
    assert returned(plugin.get_balance(minimum=0))["sufficient"] is True


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"minimum": -5}, "minimum: -5 is not an amount of dollars"),
        ({"minimum": True}, "minimum: True is not an amount of dollars"),
        ({"minimum": [5]}, "minimum: "),
        ({"minimum": math.nan}, "minimum: nan is not an amount of dollars"),
        ({"minimum": 5, "unavailable": ["deny"]}, "unavailable: "),
        ({"minimun": 5}, "minimun: there is no such argument; known are minimum, postpaid, unavailable"),
        ({"apiKey": KEY}, "apiKey: there is no such argument"),
    ],
)
def test_bad_arguments_are_named(plugin: Plugin, api: Sandbox, arguments: dict[str, Any], reason: str) -> None:
    """Before anything is sent."""
    response = plugin.get_balance(**arguments)
    (failure,) = failures(response)
    assert failure.startswith(reason)
    assert response.failures[0].property in arguments
    assert not leaked(failure)
    assert api.requests == []


def test_an_unknown_function_fails(plugin: Plugin) -> None:
    with pytest.raises(grpc.RpcError, match="unknown function lumenfall:index:getMoney; use lumenfall:") as error:
        plugin.stub.Invoke(pb.InvokeRequest(tok="lumenfall:index:getMoney", args=struct({})))
    assert error.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_a_run_asks_once(plugin: Plugin, api: Sandbox) -> None:
    """Calls at once and later share a balance, whatever their minimum."""
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda minimum: returned(plugin.get_balance(minimum=minimum)), range(20)))
    assert [result["sufficient"] for result in results] == [minimum <= 12 for minimum in range(20)]
    assert len(api.requests) == 1


def test_a_run_never_sees_the_balance_of_another(process: Plugin) -> None:
    """An up after a preview asks again, in the same process and even while the preview's request is under way."""
    hold = Hold()
    with Sandbox(amount="12.50", key=KEY, on_request=hold) as api:
        process.configure(apiKey=KEY, baseUrl=api.url)
        early = process.begin("Invoke", minimum=5)
        hold.wait()
        api.amount = "3.20"
        process.configure(apiKey=KEY, baseUrl=api.url)
        late = process.begin("Invoke", minimum=5)
        hold.release()
        assert returned(late.result())["sufficient"] is False
        assert returned(early.result())["sufficient"] is True


def test_a_slow_server_ends_with_the_timeout(process: Plugin) -> None:
    hold = Hold()
    with Sandbox(amount="12.50", key=KEY, on_request=hold) as api:
        process.configure(apiKey=KEY, baseUrl=api.url, timeout=0.3)
        (reason,) = failures(process.get_balance())
        assert "within 0.3 s" in reason
        hold.release()


def test_what_a_job_costs(plugin: Plugin, api: Sandbox) -> None:
    """Exact text, of a dry run; the same request is priced once in a run."""
    facts = {"unitAmount": "0.16", "model": "gpt-image-1", "provider": "sandbox"}
    assert returned(plugin.estimate_cost(request=REQUEST)) == {"amount": "0.16", **facts}
    assert returned(plugin.estimate_cost(request=REQUEST, times=300, margin="20%")) == {"amount": "57.60", **facts}
    film = plugin.estimate_cost(request=REQUEST, endpoint="videos", margin="0.001%")
    assert returned(film) == {"amount": "0.160002", **facts}
    asked = [(request.method, request.path) for request in api.requests]
    assert asked == [("POST", f"/openai/v1/{endpoint}?dryRun=true") for endpoint in ("images/generations", "videos")]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"request": [PROMPT]}, "request: it is not a JSON object"),
        ({"request": REQUEST, "endpoint": "models"}, "endpoint: 'models' cannot be priced"),
        ({"request": REQUEST, "times": 0}, "times: 0 is not a whole number that is 1 or more"),
        ({"request": REQUEST, "margin": "-5%"}, "margin: '-5%' is not a percentage that is 0 or more"),
        ({"request": REQUEST, "minimum": 5}, "minimum: there is no such argument; known are request, endpoint, times"),
    ],
)
def test_bad_requests_are_named(plugin: Plugin, api: Sandbox, arguments: dict[str, Any], reason: str) -> None:
    """Before anything is sent, and without the prompt."""
    (failure,) = failures(plugin.estimate_cost(**arguments))
    assert failure.startswith(reason)
    assert PROMPT not in failure
    assert api.requests == []


def test_an_unknown_model_is_named(plugin: Plugin) -> None:
    (failure,) = failures(plugin.estimate_cost(request={"model": "dall-e-9", "prompt": PROMPT}))
    assert "(HTTP 404" in failure
    assert "'dall-e-9'" in failure
    assert PROMPT not in failure
