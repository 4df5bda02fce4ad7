# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The functions as a program sees them: results, errors, settings. No engine, but real requests to the sandbox."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pulumi
import pytest

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall import functions
from pulumi_lumenfall.core import wait_until_enough
from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY, leaked


def resolve(make: Callable[[], pulumi.Output[Any]]) -> Any:
    """The value of an Output that is made and awaited in an event loop of its own."""

    async def main() -> Any:
        return await make().future()

    return asyncio.run(main())


def with_config(config: dict[str, str], call: Callable[[], Any], secret: tuple[str, ...] = ()) -> Any:
    """The result of a call in a program with this stack config."""

    def run() -> Any:
        pulumi.runtime.set_all_config(config, list(secret))
        return call()

    return contextvars.copy_context().run(run)


# Results


def test_a_result_reads_without_await(api: Sandbox) -> None:
    """Every field of the contract is there at once; awaiting gives the plain class, which cannot be awaited again."""
    balance = lumenfall.get_balance(minimum="12.50")
    assert (balance.billing_type, balance.status, balance.sufficient) == ("prepaid", "known", True)
    assert (balance.available.amount, balance.available.currency) == (12.5, "usd")
    assert type(balance.available.amount) is float
    assert lumenfall.get_balance().sufficient is None

    async def main() -> lumenfall.GetBalanceResult:
        return await lumenfall.get_balance(minimum=5)

    awaited = asyncio.run(main())
    assert type(awaited) is lumenfall.GetBalanceResult
    assert (awaited.billing_type, awaited.sufficient, awaited.available.amount) == ("prepaid", True, 12.5)


@pytest.mark.parametrize(
    ("billing_type", "amount", "policies", "status", "sufficient"),
    [
        ("prepaid", "5.00", {}, "known", True),
        ("prepaid", "4.999999", {}, "known", False),
        ("prepaid", "-1", {}, "known", False),
        ("postpaid", None, {}, "postpaid", True),
        ("postpaid", None, {"postpaid": "deny"}, "postpaid", False),
        ("postpaid", "4", {"postpaid": "allow"}, "known", False),
        ("prepaid", None, {}, "unavailable", False),
        ("prepaid", None, {"unavailable": "allow"}, "unavailable", True),
    ],
)
def test_what_is_enough(
    api: Sandbox, billing_type: str, amount: str | None, policies: dict[str, str], status: str, sufficient: bool
) -> None:
    """get_balance says so, require_balance acts on it, and get_balance_output agrees."""
    api.billing_type = billing_type
    api.amount = None if amount is None else Decimal(amount)
    balance = lumenfall.get_balance(minimum=5, **policies)  # type: ignore[arg-type]
    assert (balance.status, balance.sufficient) == (status, sufficient)
    assert balance.available.amount == (None if amount is None else float(amount))
    output = resolve(lambda: lumenfall.get_balance_output(minimum=5, **policies))  # type: ignore[arg-type]
    assert (output.status, output.sufficient) == (status, sufficient)
    if sufficient:
        assert lumenfall.require_balance(5, **policies).sufficient is True  # type: ignore[arg-type]
    else:
        with pytest.raises(pulumi.RunError, match=r"balance too low|cannot tell"):
            lumenfall.require_balance(5, **policies)  # type: ignore[arg-type]


# Outputs


def test_outputs_combine(api: Sandbox) -> None:
    """Fields lift, and all, apply, concat, format and json_dumps work on both forms."""

    def make() -> pulumi.Output[Any]:
        direct, output = lumenfall.get_balance(minimum=5), lumenfall.get_balance_output(minimum=5)
        return pulumi.Output.all(
            output.available.amount,
            pulumi.Output.format("{0} of {1}", output.available.amount, direct.available.currency),
            pulumi.Output.all(direct, output).apply(lambda both: [one.sufficient for one in both]),
            output.apply(lambda balance: balance.billing_type),
            pulumi.Output.json_dumps([direct.available, output.available]),
        )

    assert type(resolve(lambda: lumenfall.get_balance_output())) is lumenfall.GetBalanceResult
    available = '{"amount": 12.5, "currency": "usd"}'
    assert resolve(make) == [12.5, "12.5 of usd", [True, True], "prepaid", f"[{available}, {available}]"]


def test_a_secret_key_makes_no_secret_result(api: Sandbox) -> None:
    """But a secret minimum does, since the result tells something of it."""

    async def secrecy(**arguments: Any) -> bool:
        output = lumenfall.get_balance_output(**arguments)
        assert (await output.future()) is not None
        return await output.is_secret()

    async def main() -> list[bool]:
        key, minimum = pulumi.Output.secret(KEY), pulumi.Output.secret(5)
        return [await secrecy(api_key=key), await secrecy(api_key=key, minimum=5), await secrecy(minimum=minimum)]

    assert asyncio.run(main()) == [False, False, True]
    assert [request.authorized for request in api.requests] == [True] * 3


# Errors


def errors_of_every_function(**arguments: Any) -> list[pulumi.RunError]:
    """What each of the three functions raises for these arguments."""
    errors = []
    for call in (
        lambda: lumenfall.get_balance(**{"minimum": 5, **arguments}),
        lambda: resolve(lambda: lumenfall.get_balance_output(**{"minimum": 5, **arguments})),
        lambda: lumenfall.require_balance(**{"minimum": 5, **arguments}),
    ):
        with pytest.raises(pulumi.RunError) as caught:
            call()
        errors.append(caught.value)
    return errors


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "the API key was not accepted"),
        (402, "add funds at https://lumenfall.ai/app/credits"),
        (403, "balance.read"),
        (503, "run it again later"),
    ],
)
def test_an_error_is_one_clean_line(api: Sandbox, status: int, words: str) -> None:
    """A RunError with a hint, no cause and no key, whatever the family."""
    api.status = status
    for error in errors_of_every_function():
        text = str(error)
        assert words in text
        assert "\n" not in text
        assert not leaked(text)
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
    assert ("balance too low" if status == 402 else "cannot tell") in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"minimum": -1}, "minimum: -1 is not"),
        ({"minimum": float("nan")}, "minimum: nan is not"),
        ({"postpaid": "maybe"}, "postpaid: 'maybe' is not valid"),
        ({"unavailable": "Allow"}, "unavailable: 'Allow' is not valid"),
        ({"api_key": "two words"}, "api_key: the API key contains white space"),
        ({"api_key": 7}, "api_key: the API key must be text"),
        ({"base_url": "http://example.com"}, "base_url: "),
        ({"timeout": 0}, "timeout: it must be above 0"),
        ({"timeout": "soon"}, "timeout: 'soon' is not a duration"),
    ],
)
def test_bad_input_names_its_argument(api: Sandbox, arguments: dict[str, Any], words: str) -> None:
    """And nothing is sent."""
    for error in errors_of_every_function(**arguments):
        assert words in str(error)
        assert "\n" not in str(error)
    assert api.requests == []


def test_a_missing_key_says_where_it_was_looked_for(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LUMENFALL_API_KEY")
    for error in errors_of_every_function():
        for place in ("api_key", "lumenfall:apiKey", "LUMENFALL_API_KEY", "credentials.json", "/app/api_keys"):
            assert place in str(error)
    assert api.requests == []


@pytest.mark.parametrize("name", ["minimum", "postpaid", "unavailable", "api_key", "base_url", "timeout"])
def test_an_output_where_a_plain_value_is_needed(api: Sandbox, name: str) -> None:
    """The error says what to use instead."""

    async def main() -> None:
        argument: Any = {name: pulumi.Output.from_input("5")}
        for call in (lumenfall.get_balance, lumenfall.require_balance):
            with pytest.raises(pulumi.RunError, match=f"{name}: an Output .*_output form"):
                call(**{"minimum": 5, **argument})

    asyncio.run(main())
    assert api.requests == []


class Provider(pulumi.ProviderResource):
    """One that is not registered."""

    def __init__(self) -> None:
        pass


@pytest.mark.parametrize(
    ("opts", "words"),
    [
        # Its key would not be the one that is used: another account would open the gate.
        (pulumi.InvokeOptions(provider=Provider()), r"opts: .*pass api_key"),
        (pulumi.ResourceOptions(provider=Provider()), r"opts: .*pass api_key"),
    ],
    ids=["invoke", "resource"],
)
def test_options_that_are_refused(api: Sandbox, opts: Any, words: str) -> None:
    for call in (lumenfall.get_balance, lumenfall.get_balance_output, lumenfall.require_balance):
        with pytest.raises(pulumi.RunError, match=words):
            call(minimum=5, opts=opts)  # type: ignore[operator]
    with pytest.raises(pulumi.RunError, match=words):
        lumenfall.Balance("funds", opts=opts)
    assert api.requests == []


# Waiting


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of a wait, in which no time passes."""
    made: list[float] = []
    clock = itertools.count(0, 0.001)
    monkeypatch.setattr(
        functions,
        "wait_until_enough",
        functools.partial(wait_until_enough, now=lambda: sum(made) + next(clock), sleep=made.append),
    )
    return made


def test_a_wait_ends_with_the_funds(api: Sandbox, pauses: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """Each look asks again, and what is waited for is said once."""
    api.script("3.20", "3.20", "12.50")
    assert lumenfall.require_balance(5, wait="15m", poll="20s").available.amount == 12.5
    assert pauses == [20, 20]
    assert len(api.requests) == 3
    said = capsys.readouterr().err
    assert said.count("waiting up to 900 s for funds: balance too low: have 3.20 usd") == 1


def test_a_wait_that_is_over(api: Sandbox, pauses: list[float]) -> None:
    """The whole time is used, and the last look decides. What waiting cannot change ends it at once."""
    api.amount = Decimal("3.20")
    with pytest.raises(pulumi.RunError, match=r"balance too low: have 3\.20 usd"):
        lumenfall.require_balance(5, wait=45, poll=30)
    assert sum(pauses) == pytest.approx(45, abs=0.1)
    api.status = 401
    pauses.clear()
    with pytest.raises(pulumi.RunError, match=r"cannot tell .*HTTP 401"):
        lumenfall.require_balance(5, wait="1h")
    assert pauses == []


@pytest.mark.parametrize(
    "arguments", [{"wait": "soon"}, {"wait": -1}, {"wait": 5, "poll": 0.5}, {"poll": True}], ids=str
)
def test_a_bad_wait_is_named(api: Sandbox, arguments: dict[str, Any]) -> None:
    with pytest.raises(pulumi.RunError, match=f"{[*arguments][-1]}: .* (is not a duration|is out of range)"):
        lumenfall.require_balance(5, **arguments)
    assert api.requests == []


# Settings


def test_config_comes_before_the_environment(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """And an argument before both; the error names the place it came from."""
    monkeypatch.setenv("LUMENFALL_API_KEY", "wrong")
    config = {"lumenfall:apiKey": KEY}
    assert with_config(config, lambda: lumenfall.get_balance(), secret=("lumenfall:apiKey",)).status == "known"
    with pytest.raises(pulumi.RunError, match="not accepted"):
        with_config(config, lambda: lumenfall.get_balance(api_key="wrong"), secret=("lumenfall:apiKey",))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("apiKey", "'quoted'", "wrapped in quotes"),
        ("timeout", "soon", "'soon' is not a duration"),
        ("caBundle", "/no/such/file", "cannot be read"),
    ],
)
def test_bad_config_is_named(api: Sandbox, key: str, value: str, words: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        with_config({f"lumenfall:{key}": value}, lambda: lumenfall.get_balance())
    assert str(caught.value).startswith(f"lumenfall:{key}: ")
    assert words in str(caught.value)
    assert api.requests == []


@pytest.mark.parametrize("key", ["lumenfall:apikey", "lumenfall:api_key", "lumenfall:minimum"])
def test_unknown_config_is_refused(api: Sandbox, key: str) -> None:
    """A misspelt key would let another account's key from the environment through."""
    for call in (lumenfall.get_balance, functools.partial(lumenfall.Balance, "funds")):
        with pytest.raises(pulumi.RunError) as caught:
            with_config({key: KEY}, call)
        assert str(caught.value) == (
            f"{key}: there is no such setting; known are apiKey, baseUrl, timeout, maxAttempts, caBundle; "
            f"run: pulumi config rm {key}, and set the right one"
        )
    assert api.requests == []


def test_config_of_others_is_theirs(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of other packages, and of a project with this name; but even there a misspelt setting is refused."""
    assert with_config({"accounts:apikey": "x", "project:minimum": "5"}, lumenfall.get_balance).status == "known"
    monkeypatch.setattr(pulumi, "get_project", lambda: "lumenfall")
    assert with_config({"lumenfall:minimum": "5"}, lumenfall.get_balance).status == "known"
    with pytest.raises(pulumi.RunError, match="there is no such setting"):
        with_config({"lumenfall:apikey": KEY}, lumenfall.get_balance)


def test_a_key_in_plain_config_gets_a_warning(api: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the command that cures it; a secret key gets none."""
    with_config({"lumenfall:apiKey": KEY}, lambda: lumenfall.get_balance())
    warning = capsys.readouterr().err
    assert "pulumi config set --secret lumenfall:apiKey" in warning
    assert not leaked(warning)
    with_config({"lumenfall:apiKey": KEY}, lambda: lumenfall.get_balance(), secret=("lumenfall:apiKey",))
    assert capsys.readouterr().err == ""
