# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall:index:Balance`` over gRPC: it reads and gates in Check, and never blocks a destroy."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2 as pb

from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY
from support.plugin import UNKNOWN, URN, Engine, Hold, Plugin, failures, secret, struct, values

OUTPUTS = {
    "billingType": "prepaid",
    "available": {"amount": 12.5, "currency": "usd"},
    "status": "known",
    "sufficient": True,
}


def test_check_reads_the_balance(plugin: Plugin, api: Sandbox) -> None:
    """Each time: nothing that a preview saw is kept."""
    response = plugin.check(minimum=5)
    assert failures(response) == []
    assert values(response.inputs) == {"minimum": 5, **OUTPUTS}
    api.amount = "7"
    assert values(plugin.check(minimum=secret(5)).inputs)["available"]["amount"] == 7
    assert len(api.requests) == 2


def test_not_enough_and_an_error_are_failures(plugin: Plugin, api: Sandbox) -> None:
    """An error without a minimum, too; a low balance only with one. tests/contract has every verdict."""
    api.amount = "3.20"
    assert values(plugin.check().inputs)["sufficient"] is None
    # Outputs come back as inputs where a program ignores changes to them; they do not count.
    low = plugin.check(minimum=5, **OUTPUTS)
    assert failures(low) == [
        "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"
    ]
    api.status = 401
    refused, gated = plugin.check(), plugin.check(minimum=0)
    assert failures(refused)[0].startswith("the API key was not accepted (HTTP 401")
    assert failures(gated)[0].startswith("cannot tell whether the balance is enough: the API key was not accepted")
    assert not any(response.inputs.fields for response in (low, refused, gated))


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"minimum": "?"}, "minimum: '?' is not an amount"),
        ({"minimum": 5, "minimun": 5}, "minimun: there is no such argument; known are minimum, postpaid, unavailable"),
        ({"minimum": UNKNOWN, "postpaid": "x"}, "postpaid: 'x' is not valid"),
    ],
)
def test_bad_inputs_are_named(plugin: Plugin, api: Sandbox, inputs: dict[str, Any], reason: str) -> None:
    (failure,) = failures(plugin.check(**inputs))
    assert failure.startswith(reason)
    assert api.requests == []


def test_another_resource_is_refused(plugin: Plugin) -> None:
    with pytest.raises(grpc.RpcError, match="unknown resource lumenfall:index:Money; use lumenfall:index:Balance"):
        plugin.stub.Check(pb.CheckRequest(urn=URN, type="lumenfall:index:Money", news=struct({})))


def test_unknown_inputs_are_checked_during_up(plugin: Plugin, api: Sandbox, engine: Engine) -> None:
    """The outputs are unknown then, too."""
    response = plugin.check(minimum=UNKNOWN)
    assert failures(response) == []
    checked = values(response.inputs)
    assert checked == dict.fromkeys(("minimum", *OUTPUTS), UNKNOWN)
    assert values(plugin.create(checked, preview=True).properties) == checked
    assert values(plugin.update(checked, preview=True).properties) == checked
    assert api.requests == []
    assert engine.heard[-1] == ("INFO", "inputs are unknown during preview; checked during up", URN)


@pytest.mark.parametrize(
    "properties",
    [
        {"minimum": 5},
        {"minimum": UNKNOWN, **dict.fromkeys(OUTPUTS, UNKNOWN)},
        {"minimum": 5, **OUTPUTS, "sufficient": UNKNOWN},
        {"minimum": 5, **OUTPUTS, "sufficient": False},
    ],
)
def test_nothing_is_created_without_a_good_check(plugin: Plugin, properties: dict[str, Any]) -> None:
    """Whatever the engine made of a check that failed."""
    low = properties.get("sufficient") is False
    reason = "the balance was not enough" if low else "cannot tell whether the balance is enough"
    for apply in (plugin.create, plugin.update):
        with pytest.raises(grpc.RpcError, match=reason):
            apply(properties)


def test_create_and_update_keep_what_was_checked(plugin: Plugin) -> None:
    checked = values(plugin.check(minimum=5).inputs)
    created = plugin.create(checked)
    assert created.id == "balance"
    assert values(created.properties) == values(plugin.update(checked).properties) == checked
    assert plugin.create(checked, preview=True).id == ""


def test_diff(plugin: Plugin, api: Sandbox) -> None:
    """A balance that moved is an update, an equal one is not, and nothing is ever replaced."""
    kinds = pb.DiffResponse
    olds = {"minimum": 5, **OUTPUTS}
    assert plugin.diff(olds, olds).changes == kinds.DIFF_NONE
    moved = plugin.diff(olds, {**olds, "available": {"amount": 11, "currency": "usd"}})
    assert (moved.changes, list(moved.diffs), list(moved.replaces)) == (kinds.DIFF_SOME, ["available"], [])
    assert list(plugin.diff(olds, OUTPUTS).diffs) == ["minimum"]
    assert plugin.diff(olds, {**olds, "available": UNKNOWN}).changes == kinds.DIFF_SOME
    # Pulumi may drop a null from the state.
    api.billing_type, api.amount = "postpaid", None
    checked = values(plugin.check(minimum=5).inputs)
    assert checked["available"] == {"amount": None, "currency": "usd"}
    assert plugin.diff({**checked, "available": {"currency": "usd"}}, checked).changes == kinds.DIFF_NONE


def test_refresh_updates_the_state(plugin: Plugin, api: Sandbox) -> None:
    """A low balance does not fail there."""
    api.amount = "3.20"
    response = plugin.read({"minimum": 5, **OUTPUTS})
    assert response.id == "balance"
    low = {"available": {"amount": 3.2, "currency": "usd"}, "sufficient": False}
    assert values(response.inputs) == values(response.properties) == {"minimum": 5, **OUTPUTS, **low}


@pytest.mark.parametrize(
    ("config", "minimum"),
    [
        ({"apiKey": KEY, "timeout": "soon"}, 5),
        ({"apiKey": KEY, "baseUrl": "http://127.0.0.1:1", "maxAttempts": 1}, 5),
        ({"apiKey": KEY, "baseUrl": "http://127.0.0.1:1"}, "bad in an old version"),
    ],
    ids=["bad timeout", "API down", "bad minimum"],
)
def test_a_destroy_needs_nothing(process: Plugin, engine: Engine, config: dict[str, Any], minimum: Any) -> None:
    """Neither settings nor an API: the state stays as it is, and can be deleted."""
    process.configure(**config)
    state = {"minimum": minimum, **OUTPUTS}
    assert values(process.read(state).properties) == state
    assert process.delete(state) == Empty()
    severity, text, urn = engine.heard[-1]
    assert (severity, urn) == ("WARNING", URN)
    assert text.startswith("the balance in the state is kept: ")


def test_a_read_without_a_state_is_gated(plugin: Plugin, api: Sandbox) -> None:
    """``get`` in YAML and imports: the engine goes on with what depends on it, and calls no other method."""
    assert values(plugin.read({}).properties) == {**OUTPUTS, "sufficient": None}
    assert values(plugin.read({"minimum": 12.5}).properties) == {**OUTPUTS, "minimum": 12.5}
    asked = len(api.requests)
    for inputs, reason in (({"minimum": 12.6}, "balance too low"), ({"minimum": "five"}, "minimum: 'five' is not an")):
        with pytest.raises(grpc.RpcError, match=reason):
            plugin.read(inputs)
    assert len(api.requests) == asked + 1
    api.status = 401
    with pytest.raises(grpc.RpcError, match="HTTP 401"):
        plugin.read({})


def test_resources_that_are_checked_at_once_share_a_request(process: Plugin) -> None:
    """One that comes later asks again."""
    hold = Hold()
    with Sandbox(amount="12.50", key=KEY, on_request=hold) as api:
        process.configure(apiKey=KEY, baseUrl=api.url)
        checks = [process.begin("Check", minimum=minimum) for minimum in range(50)]
        hold.wait()
        # The plugin has taken up the others once it has answered this one.
        assert failures(process.check(minimum="?"))
        hold.release()
        assert [failures(check.result()) == [] for check in checks] == [minimum <= 12 for minimum in range(50)]
        assert len(api.requests) == 1
        process.check()
        assert len(api.requests) == 2
