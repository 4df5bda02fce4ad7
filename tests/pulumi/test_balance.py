# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``Balance`` and its provider, called as the engine calls it, with real requests to the sandbox."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pulumi
import pytest
from pulumi import UNKNOWN, dynamic

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall.resource import BalanceProvider
from pulumi_lumenfall.sandbox import Sandbox
from pulumi_lumenfall.sharing import Run
from support.leaks import KEY, OTHER_KEY, leaked
from support.programs import Mocks, in_program


def provider(**config: str) -> BalanceProvider:
    """A provider in a stack with this config: ``apiKey`` is ``lumenfall:apiKey``."""
    made = BalanceProvider()
    raw = {f"lumenfall:{name}": value for name, value in config.items()}
    made.configure(dynamic.ConfigureRequest(dynamic.Config(raw, "project")))
    return made


def check(news: dict[str, Any], **config: str) -> dict[str, Any] | str:
    """The checked inputs without those that are None, or the one failure's reason."""
    result = provider(**config).check({}, news)
    if not result.failures:
        return {name: value for name, value in result.inputs.items() if value is not None}
    [failure] = result.failures
    assert "\n" not in failure.reason
    assert not leaked(failure.reason)
    return failure.reason


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"minimum": -1}, "minimum: -1 is not an amount"),
        ({"base_url": f"https://user:{KEY}@example.invalid"}, "base_url: the base URL contains what looks like an API"),
        ({"api_key": KEY}, "api_key: not accepted by Balance, because Pulumi would keep it in the state; set"),
        ({"api_key_from": KEY}, "api_key_from: expected a config key or"),
        ({"api_key_from": f"lumenfall:{KEY}"}, "api_key_from: expected a config key or"),
        ({"api_key_from": "lower_case"}, "api_key_from: expected a config key or"),
        ({"opts": pulumi.ResourceOptions(id="balance")}, "opts: with id the balance would be read but not gated"),
        ({"opts": pulumi.ResourceOptions(import_="balance")}, "opts: with import_ the balance would be read but not"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], words: str) -> None:
    """Before anything is registered, so that a key that is given by mistake gets nowhere."""
    mocks = Mocks()
    with pytest.raises(pulumi.RunError, match=f"^{words}") as caught:
        in_program(lambda: lumenfall.Balance("funds", **arguments), mocks=mocks)
    assert not leaked(str(caught.value))
    assert mocks.resources == []


KNOWN = {"billingType": "prepaid", "available": {"amount": 12.5, "currency": "usd"}, "status": "known"}


def test_a_check_returns_the_answer(api: Sandbox) -> None:
    """As inputs, in place of what was there; each asks again: one process serves a preview and the up after it."""
    asked = {"minimum": "5.00", "available": {"amount": 1}, "sufficient": False}
    assert check(asked) == {**KNOWN, "minimum": "5.00", "sufficient": True}
    assert check({}) == KNOWN
    api.amount = "3.20"
    assert check({}) == {**KNOWN, "available": {"amount": 3.2, "currency": "usd"}}
    assert len(api.requests) == 3
    # An error fails without a minimum, too; tests/contract has the verdicts.
    api.status = 503
    assert "HTTP 503" in check({})


def test_checks_at_the_same_moment_ask_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is held back until all four wait for one."""
    everyone = threading.Barrier(1 + 4, timeout=30)
    ask = Run.ask

    def joining(run: Run, settings: Any, **options: Any) -> Any:
        fetch = ask(run, settings, **options)
        everyone.wait()
        return fetch

    monkeypatch.setattr(Run, "ask", joining)
    with Sandbox(amount="12.50", key=KEY, on_request=lambda _request: everyone.wait()) as api:
        asked = provider(apiKey=KEY, baseUrl=api.url)
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda _: asked.check({}, {}).inputs["status"], range(4)))
    assert results == ["known"] * 4
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"postpaid": "no"}, "postpaid: 'no' is not valid"),
        ({"baseUrl": "ftp://x"}, "base_url: the base URL must start with https://"),
        ({"apiKeyFrom": "NO_SUCH_KEY"}, "api_key_from: NO_SUCH_KEY is not set; set the environment variable"),
        ({"apiKeyFrom": "a:b"}, "api_key_from: a:b is not set; run: pulumi config set --secret a:b"),
    ],
)
def test_bad_input_fails_a_check(api: Sandbox, inputs: dict[str, Any], words: str) -> None:
    assert words in check(inputs)
    assert api.requests == []


def test_a_second_account(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its key is looked up by name, and where there is none the first account's is not asked with."""
    with Sandbox(amount="1", key=OTHER_KEY) as second:
        inputs = {"baseUrl": second.url, "apiKeyFrom": "SECOND_KEY"}
        monkeypatch.setenv("SECOND_KEY", " ")
        assert "SECOND_KEY is not set" in check(inputs)
        monkeypatch.setenv("SECOND_KEY", second.key)
        answer = check(inputs)
        assert isinstance(answer, dict)
        assert answer["available"]["amount"] == 1
        assert answer == check({**inputs, "apiKeyFrom": "lumenfall:second"}, second=second.key) | {
            "apiKeyFrom": "SECOND_KEY"
        }
        assert not leaked(str(answer))
    assert api.requests == []


def test_an_unknown_input(api: Sandbox) -> None:
    """Nothing is asked, the answer is unknown, and it is an update; nothing unknown is ever created."""
    asked = provider()
    result = asked.check({}, {"minimum": "5.00", "baseUrl": UNKNOWN})
    assert result.failures == []
    for answer in ("billingType", "available", "status", "sufficient"):
        assert result.inputs[answer] is UNKNOWN
    assert asked.diff("balance", KNOWN, result.inputs).changes is True
    # The engine leaves out what is unknown when it creates or updates.
    with pytest.raises(Exception, match="cannot tell"):
        asked.create({"minimum": "5.00"})
    with pytest.raises(Exception, match="cannot tell"):
        asked.update("balance", KNOWN, {"minimum": "5.00"})
    assert api.requests == []


def test_a_difference_is_a_difference_of_values() -> None:
    """Neither another provider in the state nor an input that is None is one."""
    asked = provider()
    state = {**KNOWN, "minimum": "5.00", "sufficient": True, "__provider": "old"}
    same = {**state, "postpaid": None, "__provider": "new"}
    assert asked.diff("balance", state, same).changes is False
    assert asked.diff("balance", {**state, "of-a-later-version": 1}, same).changes is False
    for name, value in {"available": {"amount": 12.6, "currency": "usd"}, "minimum": "6.00"}.items():
        assert asked.diff("balance", state, {**same, name: value}).changes is True


def test_create_and_update_keep_what_was_checked(api: Sandbox) -> None:
    """They ask nothing: the state holds what the gate decided on."""
    asked = provider()
    inputs = asked.check({}, {"minimum": "5.00"}).inputs
    api.status = 503
    expected = {**KNOWN, "minimum": "5.00", "sufficient": True}
    for outs in (asked.create(inputs).outs, asked.update("balance", {}, inputs).outs):
        assert outs is not None
        assert {name: value for name, value in outs.items() if value is not None} == expected
    assert len(api.requests) == 1


def test_a_refresh_never_fails(api: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Not for a lack of funds, nor for an error, which it tells of; and it brings what it can up to date."""
    asked = provider()
    state = {**KNOWN, "minimum": "5.00", "sufficient": True, "__provider": "pickle"}
    api.amount = Decimal("3.20")
    result = asked.read("balance", state)
    fresh = {**KNOWN, "minimum": "5.00", "sufficient": False, "available": {"amount": 3.2, "currency": "usd"}}
    assert (result.id, result.outs, result.inputs) == ("balance", fresh, fresh)
    assert result.outs is not result.inputs
    api.status = 401
    result = asked.read("balance", {**state, "minimum": "bad"})
    assert result.outs == {**KNOWN, "minimum": "bad", "sufficient": True}
    assert "the balance in the state is kept: " in capsys.readouterr().err
    asked.delete("balance", state)
