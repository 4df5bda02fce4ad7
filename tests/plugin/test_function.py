# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall:index:getBalance`` over gRPC, on a plugin that was started as the engine starts it."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from pulumi_lumenfall.sandbox import Sandbox
from support.fault_server import Connection, FaultServer
from support.faults import BALANCE, FAULTS, FRAMED, Fault
from support.leaks import KEY, leaked
from support.plugin import Plugin, failures, returned, struct, values


def test_a_balance(plugin: Plugin) -> None:
    """Every fact, in Pulumi's names."""
    assert returned(plugin.get_balance()) == {
        "billingType": "prepaid",
        "available": {"amount": 12.5, "currency": "usd"},
        "status": "known",
        "sufficient": None,
    }


@pytest.mark.parametrize(
    ("billing_type", "amount", "arguments", "status", "sufficient"),
    [
        ("prepaid", "12.50", {"minimum": 12.5}, "known", True),
        ("prepaid", "12.50", {"minimum": 12.51}, "known", False),
        ("prepaid", "0.3", {"minimum": 0.1 + 0.2}, "known", False),
        ("prepaid", "0.3", {"minimum": 0.3}, "known", True),
        ("prepaid", "0.1", {"minimum": "0.1"}, "known", True),
        ("prepaid", "-3", {"minimum": 0}, "known", False),
        ("prepaid", "0", {"minimum": 0}, "known", True),
        ("postpaid", None, {"minimum": 5}, "postpaid", True),
        ("postpaid", None, {"minimum": 5, "postpaid": "deny"}, "postpaid", False),
        ("postpaid", "3.20", {"minimum": 5, "postpaid": "allow"}, "known", False),
        ("prepaid", None, {"minimum": 5}, "unavailable", False),
        ("prepaid", None, {"minimum": 5, "unavailable": "allow"}, "unavailable", True),
        ("prepaid", None, {"minimum": None}, "unavailable", None),
    ],
)
def test_enough_or_not(
    plugin: Plugin,
    api: Sandbox,
    billing_type: str,
    amount: str | None,
    arguments: dict[str, Any],
    status: str,
    sufficient: bool | None,
) -> None:
    api.billing_type, api.amount = billing_type, amount
    answer = returned(plugin.get_balance(**arguments))
    assert (answer["status"], answer["sufficient"]) == (status, sufficient)
    assert answer["available"]["amount"] == (None if amount is None else float(amount))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "the API key was not accepted (HTTP 401 AUTHENTICATION_FAILED"),
        (402, "the account has run out of funds (HTTP 402 INSUFFICIENT_BALANCE"),
        (403, "the API key may not read the balance (HTTP 403"),
        (429, "the API is asked too often (HTTP 429 RATE_LIMITED"),
        (503, "the API failed (HTTP 503"),
    ],
)
def test_no_balance_is_a_failure(plugin: Plugin, api: Sandbox, status: int, reason: str) -> None:
    """It is one line with a hint, and is not kept."""
    api.status = status
    (failure,) = failures(plugin.get_balance(minimum=0))
    assert failure.startswith(reason)
    assert "; " in failure
    assert "\n" not in failure
    api.status = 200
    assert returned(plugin.get_balance(minimum=0))["sufficient"] is True


# What the core makes of each fault is told elsewhere; here one of each family goes all the way, and all hostile text.
# Those that are called combined need several attempts.
_ONCE = [fault for fault in FAULTS if fault.requests in (None, 1) and not fault.tls and fault.family != "combined"]
_SOME = [*{fault.family: fault for fault in _ONCE}.values()]
_SOME += [fault for fault in _ONCE if fault.family in ("hostile", "echo") and fault not in _SOME]


@pytest.mark.parametrize("fault", _SOME, ids=str)
def test_fault(process: Plugin, fault: Fault) -> None:
    """Whatever a server sends, the plugin answers as the core does, in clean text and without the key."""
    with FaultServer(fault.play) as server:
        process.configure(apiKey=KEY, baseUrl=server.url, maxAttempts=1, timeout=0.4 if fault.slow else 5)
        response = process.get_balance(minimum=5)
    if failures(response):
        assert not fault.outcomes <= {"known", "postpaid", "unavailable"}
        (reason,) = failures(response)
        assert not leaked(reason)
        assert reason.isprintable()
    else:
        assert returned(response)["status"] in fault.outcomes


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"minimum": -5}, "minimum: -5 is not an amount of dollars"),
        ({"minimum": True}, "minimum: True is not an amount of dollars"),
        ({"minimum": "much"}, "minimum: 'much' is not an amount of dollars"),
        ({"minimum": ""}, "minimum: it is empty"),
        ({"minimum": [5]}, "minimum: a list is not an amount of dollars"),
        ({"minimum": {"amount": 5}}, "minimum: a dict is not an amount of dollars"),
        ({"minimum": math.nan}, "minimum: nan is not an amount of dollars"),
        ({"minimum": math.inf}, "minimum: inf is not an amount of dollars"),
        ({"postpaid": "maybe"}, "postpaid: 'maybe' is not a policy"),
        ({"postpaid": 1}, "postpaid: 1 is not a policy"),
        ({"minimum": 5, "unavailable": ["deny"]}, "unavailable: a list is not a policy"),
        ({"minimun": 5}, "minimun: there is no such argument"),
        ({"apiKey": KEY}, "apiKey: there is no such argument"),
    ],
)
def test_bad_arguments_are_named(plugin: Plugin, api: Sandbox, arguments: dict[str, Any], reason: str) -> None:
    """Before anything is asked."""
    (failure,) = failures(plugin.get_balance(**arguments))
    assert failure.startswith(reason)
    assert not leaked(failure)
    assert api.requests == []


def test_all_bad_arguments_are_named(plugin: Plugin) -> None:
    response = plugin.get_balance(minimum=-1, postpaid="x", unavailable="y", other=1)
    assert {failure.property for failure in response.failures} == {"minimum", "postpaid", "unavailable", "other"}
    named = {reason.partition(":")[0] for reason in failures(response)}
    assert named == {"minimum", "postpaid", "unavailable", "other"}


def test_an_unknown_function_fails(plugin: Plugin) -> None:
    with pytest.raises(grpc.RpcError, match="there is no function lumenfall:index:getMoney here") as error:
        plugin.stub.Invoke(pb.InvokeRequest(tok="lumenfall:index:getMoney"))
    assert error.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_a_run_asks_once(plugin: Plugin, api: Sandbox) -> None:
    """Calls at once and later share an answer, whatever their minimum."""
    api.delay = 0.2
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda minimum: returned(plugin.get_balance(minimum=minimum)), range(20)))
    assert [answer["sufficient"] for answer in answers] == [minimum <= 12 for minimum in range(20)]
    returned(plugin.get_balance())
    assert len(api.requests) == 1


def test_no_run_sees_the_answer_of_another(plugin: Plugin, api: Sandbox) -> None:
    """An up after a preview asks anew, also in the same process and while the preview's question is under way."""
    assert returned(plugin.get_balance(minimum=5))["sufficient"] is True
    api.amount = "3.20"
    plugin.configure(apiKey=KEY, baseUrl=api.url, maxAttempts="1")
    assert returned(plugin.get_balance(minimum=5))["sufficient"] is False


def test_a_question_under_way_is_not_for_the_next_run(process: Plugin) -> None:
    asked, release = threading.Event(), threading.Event()

    def first(connection: Connection) -> None:
        connection.read_request()
        asked.set()
        release.wait()
        connection.send(FRAMED + BALANCE)

    def second(connection: Connection) -> None:
        connection.read_request()
        connection.send(FRAMED + BALANCE.replace(b"12.50", b" 3.20"))

    with FaultServer(first, second) as server:
        process.configure(apiKey=KEY, baseUrl=server.url)
        early = process.begin_get_balance(minimum=5)
        assert asked.wait(10)
        process.configure(apiKey=KEY, baseUrl=server.url)
        assert returned(process.get_balance(minimum=5))["sufficient"] is False
        release.set()
        assert returned(early.result())["sufficient"] is True


def test_no_cache_where_none_is_wanted(api: Sandbox) -> None:
    with Plugin(env={"LUMENFALL_CACHE_SECONDS": "0"}) as plugin:
        plugin.configure(apiKey=KEY, baseUrl=api.url)
        for _ in range(3):
            returned(plugin.get_balance())
    assert len(api.requests) == 3


def test_a_bad_cache_setting_is_a_failure(api: Sandbox) -> None:
    with Plugin(env={"LUMENFALL_CACHE_SECONDS": "long"}) as plugin:
        plugin.configure(apiKey=KEY, baseUrl=api.url)
        assert failures(plugin.get_balance())[0].startswith("LUMENFALL_CACHE_SECONDS is not a number")


def test_a_preview_is_asked_as_well(plugin: Plugin) -> None:
    request = pb.InvokeRequest(tok="lumenfall:index:getBalance", args=struct({}), preview=True)
    assert values(getattr(plugin.stub.Invoke(request), "return"))["status"] == "known"
