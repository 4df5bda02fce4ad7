# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall:index:Balance`` over gRPC: asks in check, gates there, and never blocks a teardown."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2 as pb

from pulumi_lumenfall.sandbox import Sandbox
from support.fault_server import Connection, FaultServer
from support.faults import BALANCE, FRAMED
from support.leaks import KEY
from support.plugin import UNKNOWN, URN, Engine, Plugin, failures, secret, struct, values

ANSWER = {
    "billingType": "prepaid",
    "available": {"amount": 12.5, "currency": "usd"},
    "status": "known",
    "sufficient": True,
}


def test_check_asks(plugin: Plugin, api: Sandbox) -> None:
    """Each time: nothing that a preview saw is kept."""
    response = plugin.check(minimum=5)
    assert failures(response) == []
    assert values(response.inputs) == {"minimum": 5, **ANSWER}
    api.amount = "7"
    assert values(plugin.check(minimum=5).inputs)["available"]["amount"] == 7
    assert len(api.requests) == 2


def test_without_a_minimum_nothing_is_gated(plugin: Plugin, api: Sandbox) -> None:
    api.amount = "-1"
    response = plugin.check()
    assert failures(response) == []
    assert values(response.inputs)["sufficient"] is None


@pytest.mark.parametrize(
    ("billing_type", "amount", "inputs", "reason"),
    [
        (
            "prepaid",
            "3.20",
            {"minimum": 5},
            "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits",
        ),
        ("postpaid", None, {"minimum": 5, "postpaid": "deny"}, "balance too low: a postpaid account"),
        ("prepaid", None, {"minimum": 5}, "cannot tell whether the balance is enough"),
    ],
)
def test_not_enough_is_a_failure(
    plugin: Plugin, api: Sandbox, billing_type: str, amount: str | None, inputs: dict[str, Any], reason: str
) -> None:
    api.billing_type, api.amount = billing_type, amount
    response = plugin.check(**inputs)
    (said,) = failures(response)
    assert said.startswith(reason)
    assert not response.inputs.fields


@pytest.mark.parametrize("status", [401, 402, 403, 429, 500])
@pytest.mark.parametrize("inputs", [{}, {"minimum": 0}, {"minimum": 0, "unavailable": "allow", "postpaid": "allow"}])
def test_an_error_never_passes(plugin: Plugin, api: Sandbox, status: int, inputs: dict[str, Any]) -> None:
    api.status = status
    response = plugin.check(**inputs)
    (reason,) = failures(response)
    assert f"HTTP {status}" in reason
    assert not response.inputs.fields


@pytest.mark.parametrize("name", ["minimum", "postpaid", "unavailable"])
@pytest.mark.parametrize("value", ["?", -1, True, [], {}])
def test_bad_inputs_are_named(plugin: Plugin, api: Sandbox, name: str, value: Any) -> None:
    (reason,) = failures(plugin.check(**{name: value}))
    assert reason.startswith(f"{name}: ")
    assert api.requests == []


def test_an_unknown_input_is_named(plugin: Plugin) -> None:
    (reason,) = failures(plugin.check(minimum=1, minimun=5))
    assert reason == "minimun: there is no such argument; known are minimum, postpaid, unavailable"


def test_another_resource_is_refused(plugin: Plugin) -> None:
    urn = URN.replace("Balance", "Money")
    with pytest.raises(grpc.RpcError, match="there is no resource lumenfall:index:Money here"):
        plugin.stub.Check(pb.CheckRequest(urn=urn, news=struct({})))


def test_a_child_of_a_component(plugin: Plugin) -> None:
    urn = URN.replace("lumenfall:index:Balance", "my:index:Stage$lumenfall:index:Balance")
    assert failures(plugin.stub.Check(pb.CheckRequest(urn=urn, news=struct({})))) == []


def test_what_a_preview_does_not_know(plugin: Plugin, api: Sandbox, engine: Engine) -> None:
    """Neither is the answer known then; a bad policy is said already."""
    response = plugin.check(minimum=UNKNOWN)
    assert failures(response) == []
    checked = values(response.inputs)
    assert checked == dict.fromkeys(("minimum", *ANSWER), UNKNOWN)
    assert values(plugin.create(checked, preview=True).properties) == checked
    assert values(plugin.update(checked, preview=True).properties) == checked
    (reason,) = failures(plugin.check(minimum=UNKNOWN, postpaid="x"))
    assert reason.startswith("postpaid: 'x' is not a policy")
    assert api.requests == []
    assert engine.heard[-1] == ("INFO", "what it needs is not known in this preview; up will decide", URN)


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"minimum": 5},
        {"minimum": UNKNOWN, **dict.fromkeys(ANSWER, UNKNOWN)},
        {"minimum": 5, **ANSWER, "sufficient": UNKNOWN},
        {"minimum": 5, **ANSWER, "sufficient": False},
    ],
)
def test_nothing_is_created_without_a_good_answer(plugin: Plugin, properties: dict[str, Any]) -> None:
    """Whatever the engine made of a check that failed."""
    low = properties.get("sufficient") is False
    reason = "the balance was not enough" if low else "cannot tell whether the balance is enough"
    for apply in (plugin.create, plugin.update):
        with pytest.raises(grpc.RpcError, match=reason):
            apply(properties)


def test_an_answer_given_as_input_does_not_count(plugin: Plugin, api: Sandbox) -> None:
    """As it comes where a program ignores its changes."""
    api.amount = "3.20"
    (reason,) = failures(plugin.check(minimum=5, **ANSWER))
    assert reason.startswith("balance too low: have 3.20 usd")


def test_create_and_update_keep_the_answer(plugin: Plugin) -> None:
    checked = values(plugin.check(minimum=5).inputs)
    created = plugin.create(checked)
    assert created.id == "balance"
    assert values(created.properties) == checked
    assert plugin.create(checked, preview=True).id == ""
    assert values(plugin.update(checked).properties) == checked


def test_diff(plugin: Plugin) -> None:
    """A moved balance is an update, an equal one is none, and nothing is ever replaced."""
    kinds = pb.DiffResponse
    olds = {"minimum": 5, **ANSWER}
    assert plugin.diff(olds, olds).changes == kinds.DIFF_NONE
    moved = plugin.diff(olds, {**olds, "available": {"amount": 11, "currency": "usd"}})
    assert (moved.changes, list(moved.diffs), list(moved.replaces)) == (kinds.DIFF_SOME, ["available"], [])
    assert list(plugin.diff(olds, ANSWER).diffs) == ["minimum"]
    assert plugin.diff(olds, {**olds, "available": UNKNOWN}).changes == kinds.DIFF_SOME


def test_a_null_that_got_lost_is_no_change(plugin: Plugin, api: Sandbox) -> None:
    api.billing_type, api.amount = "postpaid", None
    checked = values(plugin.check(minimum=5).inputs)
    kept = {**checked, "available": {"currency": "usd"}}
    assert checked["available"] == {"amount": None, "currency": "usd"}
    assert plugin.diff(kept, checked).changes == pb.DiffResponse.DIFF_NONE


def test_refresh_brings_the_state_up_to_date(plugin: Plugin, api: Sandbox) -> None:
    """Also where it shows that funds are low: that is no failure there."""
    api.amount = "3.20"
    response = plugin.read({"minimum": 5, **ANSWER})
    assert response.id == "balance"
    assert values(response.properties)["available"]["amount"] == 3.2
    assert values(response.properties)["sufficient"] is False
    assert values(response.inputs) == values(response.properties)


@pytest.mark.parametrize("config", [{}, {"apiKey": KEY, "timeout": "10s"}, {"apiKey": KEY, "baseUrl": "ftp://x"}])
def test_a_teardown_needs_no_settings(process: Plugin, engine: Engine, config: dict[str, Any]) -> None:
    """Nor an API: what was in the state stays there, and goes."""
    process.configure(**config)
    state = {"minimum": 5, **ANSWER}
    response = process.read(state)
    assert values(response.properties) == state
    assert process.delete(state) == Empty()
    severity, text, urn = engine.heard[-1]
    assert (severity, urn) == ("WARNING", URN)
    assert text.startswith("the balance stays as it was in the state: ")


@pytest.mark.parametrize(("minimum", "requests"), [(5, 1), ("bad in an old version", 0)])
def test_a_teardown_goes_on_while_the_api_is_down(plugin: Plugin, api: Sandbox, minimum: Any, requests: int) -> None:
    state = {"minimum": minimum, **ANSWER}
    api.status = 500
    assert values(plugin.read(state).properties) == state
    assert plugin.delete(state) == Empty()
    assert len(api.requests) == requests


def test_an_import_needs_a_balance(plugin: Plugin, api: Sandbox) -> None:
    """There is no state that could stay as it was."""
    assert values(plugin.read({}).properties) == {**ANSWER, "sufficient": None}
    api.status = 401
    with pytest.raises(grpc.RpcError, match="the API key was not accepted"):
        plugin.read({})


def test_what_is_only_read_is_gated_too(plugin: Plugin, api: Sandbox) -> None:
    """``get`` in YAML: the engine goes on with whatever depends on it, and calls no other method."""
    assert values(plugin.read({"minimum": 12.5}).properties) == {**ANSWER, "minimum": 12.5, "sufficient": True}
    for status in (200, 402):
        api.status = status
        with pytest.raises(grpc.RpcError, match="balance too low"):
            plugin.read({"minimum": 12.6})
    # A refresh has a state.
    api.status = 200
    assert values(plugin.read({**ANSWER, "minimum": 12.6}).properties)["sufficient"] is False
    asked = len(api.requests)
    with pytest.raises(grpc.RpcError, match="minimum: 'five' is not an amount"):
        plugin.read({"minimum": "five"})
    assert len(api.requests) == asked


def test_at_the_same_moment_one_question(process: Plugin) -> None:
    """Resources that are checked in parallel share it; one that comes later asks anew."""
    asked, release = threading.Event(), threading.Event()

    def held(connection: Connection) -> None:
        connection.read_request()
        asked.set()
        release.wait()
        connection.send(FRAMED + BALANCE)

    with FaultServer(held) as server, ThreadPoolExecutor(1) as pool:
        process.configure(apiKey=KEY, baseUrl=server.url)
        checks = [process.begin_check(minimum=minimum) for minimum in range(50)]
        assert asked.wait(10)
        # Answered only once the last one has come in: it is the loop's turn before this one's.
        assert failures(process.check(minimum="?"))
        release.set()
        outcomes = [failures(check.result()) == [] for check in checks]
        assert outcomes == [minimum <= 12 for minimum in range(50)]
        assert server.connections == 1
        pool.submit(process.check).result()
        assert server.connections == 2


def test_a_secret_input_is_a_value(plugin: Plugin) -> None:
    """The engine does not send the mark to a plugin that does not ask for it; where it came, it would do no harm."""
    assert values(plugin.check(minimum=secret(5)).inputs)["minimum"] == 5
