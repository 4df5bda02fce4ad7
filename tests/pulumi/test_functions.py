# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The functions as a program sees them: results, errors, settings. No engine, but real requests to the sandbox."""

from __future__ import annotations

import contextlib
import functools
import itertools
from decimal import Decimal
from typing import Any

import pulumi
import pytest

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall import functions
from pulumi_lumenfall.core import wait_until_enough
from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY, leaked
from support.programs import in_program

REQUEST = {"model": "gpt-image-1", "prompt": "a secret lighthouse"}
PRICES = {"gpt-image-1": Decimal("0.08")}


def test_a_result_reads_without_await(api: Sandbox) -> None:
    """Every field of the contract is there at once; awaiting gives the plain class, which cannot be awaited again."""
    balance = lumenfall.get_balance(minimum="12.50")
    assert type(balance) is lumenfall.AwaitableGetBalanceResult
    assert type(balance.available.amount) is float
    assert lumenfall.get_balance().sufficient is None

    awaited = in_program(lambda: lumenfall.get_balance(minimum=5))
    assert type(awaited) is lumenfall.GetBalanceResult
    for result in (balance, awaited):
        assert (result.billing_type, result.status, result.sufficient) == ("prepaid", "known", True)
        assert (result.available.amount, result.available.currency) == (12.5, "usd")


@pytest.mark.parametrize(
    ("account", "policies", "status", "sufficient"),
    [
        (("prepaid", "4.999999"), {}, "known", False),
        (("postpaid", None), {"postpaid": "deny"}, "postpaid", False),
        (("prepaid", None), {"unavailable": "allow"}, "unavailable", True),
    ],
)
def test_what_is_enough(
    api: Sandbox, account: tuple[str, str | None], policies: dict[str, Any], status: str, sufficient: bool
) -> None:
    """get_balance says so, require_balance acts on it, and get_balance_output agrees; the rest is in tests/contract."""
    api.billing_type, api.amount = account
    for form in (lumenfall.get_balance, lumenfall.get_balance_output):
        result = in_program(functools.partial(form, minimum=5, **policies))  # type: ignore[operator]
        assert (result.status, result.sufficient) == (status, sufficient)
        assert result.available.amount == (None if api.amount is None else float(api.amount))
    with contextlib.nullcontext() if sufficient else pytest.raises(pulumi.RunError, match="balance too low"):
        assert lumenfall.require_balance(5, **policies).sufficient is True


def test_a_secret_key_makes_no_secret_result(api: Sandbox) -> None:
    """But a secret minimum does, since the result tells something of it."""

    async def main() -> list[bool]:
        key, minimum = pulumi.Output.secret(KEY), pulumi.Output.secret(5)
        outputs = [lumenfall.get_balance_output(api_key=key), lumenfall.get_balance_output(minimum=minimum)]
        return [await output.is_secret() for output in outputs]

    assert in_program(main) == [False, True]
    assert all(request.authorized for request in api.requests)


def errors_of_every_function(**arguments: Any) -> list[pulumi.RunError]:
    """What each of the three functions raises for these arguments."""
    errors = []
    for call in (
        lambda: lumenfall.get_balance(**{"minimum": 5, **arguments}),
        lambda: in_program(lambda: lumenfall.get_balance_output(**{"minimum": 5, **arguments})),
        lambda: lumenfall.require_balance(**{"minimum": 5, **arguments}),
    ):
        with pytest.raises(pulumi.RunError) as caught:
            call()
        errors.append(caught.value)
    return errors


def test_an_error_is_one_clean_line(api: Sandbox) -> None:
    """A RunError with a hint, no cause and no key."""
    api.status = 401
    for error in errors_of_every_function():
        text = str(error)
        assert "HTTP 401" in text
        assert "https://lumenfall.ai/app/" in text
        assert "\n" not in text
        assert not leaked(text)
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
    assert text.startswith("cannot tell whether the balance is enough: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"minimum": -1}, ["minimum: -1 is not"]),
        ({"postpaid": "maybe"}, ["postpaid: 'maybe' is not valid"]),
        ({"api_key": ""}, ["api_key", "lumenfall:apiKey", "LUMENFALL_API_KEY", "credentials.json", "/app/api_keys"]),
        ({"base_url": "http://example.com"}, ["base_url: "]),
        ({"timeout": "soon"}, ["timeout: 'soon' is not a duration"]),
    ],
)
def test_bad_input_names_its_argument(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], words: list[str]
) -> None:
    """And nothing is sent; without a key, all places where it may be are named."""
    monkeypatch.delenv("LUMENFALL_API_KEY")
    for error in errors_of_every_function(**{"api_key": KEY, **arguments}):
        assert [word for word in words if word not in str(error)] == []
        assert "\n" not in str(error)
    assert api.requests == []


def test_an_output_where_a_plain_value_is_needed(api: Sandbox) -> None:
    """The error says what to use instead."""

    async def main() -> None:
        for name in ("minimum", "postpaid", "api_key"):
            argument: Any = {"minimum": 5, name: pulumi.Output.from_input("5")}
            for call in (lumenfall.get_balance, lumenfall.require_balance):
                with pytest.raises(pulumi.RunError, match=f"{name}: an Output .*_output form"):
                    call(**argument)

    in_program(main)
    assert api.requests == []


class Provider(pulumi.ProviderResource):
    """One that is not registered."""

    def __init__(self) -> None:
        pass


class Parent(pulumi.Resource):
    """A resource whose children have a provider."""

    def __init__(self) -> None:
        pass

    def get_provider(self, module_member: str) -> pulumi.ProviderResource:
        return Provider()


@pytest.mark.parametrize(
    "call",
    [
        *(lumenfall.get_balance, lumenfall.get_balance_output),
        *(functools.partial(lumenfall.require_balance, 5), functools.partial(lumenfall.Balance, "funds")),
    ],
)
def test_options_that_are_refused(api: Sandbox, call: Any) -> None:
    """Those of another kind, and a provider, whose key would not be the one that is used."""
    is_resource = getattr(call, "func", None) is lumenfall.Balance
    kinds: list[Any] = [pulumi.InvokeOptions, pulumi.ResourceOptions]
    right, wrong = kinds[is_resource], kinds[not is_resource]
    for opts in (right(provider=Provider()), right(parent=Parent())):
        with pytest.raises(pulumi.RunError, match=r"opts: .*pass api_key"):
            call(opts=opts)
    for opts in (5, wrong()):
        with pytest.raises(pulumi.RunError, match=f"opts: expected pulumi.{right.__name__}, not "):
            call(opts=opts)
    assert api.requests == []


@pytest.mark.parametrize(
    ("call", "name"),
    [(lumenfall.Balance, 7), (lumenfall.Balance, ""), (functools.partial(lumenfall.balance_hook, 5), 7)],
)
def test_a_name_is_text(api: Sandbox, call: Any, name: Any) -> None:
    with pytest.raises(pulumi.RunError, match=r"^name: .*; set name to text such as"):
        in_program(functools.partial(call, name=name))


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
    """Each look asks again, and what is waited for is said once. The last look decides."""
    api.script("3.20", "3.20", "12.50")
    assert lumenfall.require_balance(5, wait="15m", poll="20s").available.amount == 12.5
    assert pauses == [20, 20]
    assert len(api.requests) == 3
    said = capsys.readouterr().err
    assert said.count("waiting up to 900 s for funds: balance too low: have 3.20 usd") == 1
    api.amount = "3.20"
    with pytest.raises(pulumi.RunError, match=r"balance too low: have 3\.20 usd"):
        lumenfall.require_balance(5, wait=45, poll=30)
    assert sum(pauses) == pytest.approx(20 + 20 + 45, abs=0.1)


@pytest.mark.parametrize("arguments", [{"wait": "soon"}, {"wait": 5, "poll": 0.5}], ids=str)
def test_a_bad_wait_is_named(api: Sandbox, arguments: dict[str, Any]) -> None:
    with pytest.raises(pulumi.RunError, match=f"{[*arguments][-1]}: .* (is not a duration|is out of range)"):
        lumenfall.require_balance(5, **arguments)
    assert api.requests == []


def test_config_comes_before_the_environment(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """And an argument before both; the error names the place it came from."""
    monkeypatch.setenv("LUMENFALL_API_KEY", "wrong")
    config = {"lumenfall:apiKey": KEY}
    assert in_program(lumenfall.get_balance, config=config, secret=("lumenfall:apiKey",)).status == "known"
    with pytest.raises(pulumi.RunError, match="not accepted"):
        in_program(lambda: lumenfall.get_balance(api_key="wrong"), config=config, secret=("lumenfall:apiKey",))


@pytest.mark.parametrize("key", ["lumenfall:apikey", "lumenfall:api_key", "lumenfall:minimum"])
def test_unknown_config_is_refused(api: Sandbox, key: str) -> None:
    """A misspelt key would let another account's key from the environment through."""
    for call in (lumenfall.get_balance, functools.partial(lumenfall.Balance, "funds")):
        with pytest.raises(pulumi.RunError) as caught:
            in_program(call, config={key: KEY})
        assert str(caught.value) == (
            f"{key}: there is no such setting; known are apiKey, baseUrl, timeout, maxAttempts, caBundle; "
            f"run: pulumi config rm {key}, and set the right one"
        )
    assert api.requests == []


def test_config_of_others_is_theirs(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of other packages, and of a project with this name; but even there a misspelt setting is refused."""
    assert in_program(lumenfall.get_balance, config={"accounts:apikey": "x", "project:minimum": "5"}).status == "known"
    monkeypatch.setattr(pulumi, "get_project", lambda: "lumenfall")
    assert in_program(lumenfall.get_balance, config={"lumenfall:minimum": "5"}).status == "known"
    with pytest.raises(pulumi.RunError, match="there is no such setting"):
        in_program(lumenfall.get_balance, config={"lumenfall:apikey": KEY})


def test_both_forms_ask_once_for_the_same_request(api: Sandbox) -> None:
    """The price is exact text, and the one request is a dry run."""
    api.prices = PRICES

    async def main() -> list[Any]:
        direct = lumenfall.estimate_cost(REQUEST, times=300, margin="20%")
        assert (direct.amount, direct.unit_amount, direct.model) == ("28.80", "0.08", "gpt-image-1")
        assert direct.provider == "sandbox"
        later = lumenfall.estimate_cost_output(
            {"model": pulumi.Output.from_input("gpt-image-1"), "prompt": "a secret lighthouse"},
            times=pulumi.Output.from_input(2),
        )
        return [await later.amount.future(), lumenfall.estimate_cost(REQUEST).amount]

    assert in_program(main) == ["0.16", "0.08"]
    assert [request.path for request in api.requests] == ["/openai/v1/images/generations?dryRun=true"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"request": [1]}, "request: it is not a JSON object"),
        ({"request": {"model": "none"}}, "check the model in the request: 'none'"),
        ({"margin": "-5%"}, "margin: '-5%' is not a percentage"),
        ({"api_key": "a b"}, "api_key: the API key"),
    ],
)
def test_what_cannot_be_priced(api: Sandbox, arguments: dict[str, Any], words: str) -> None:
    """One line in both forms, without the prompt."""
    api.prices = PRICES
    arguments = {"request": REQUEST, **arguments}

    async def later() -> None:
        await lumenfall.estimate_cost_output(**arguments).future()

    for call in (lambda: lumenfall.estimate_cost(**arguments), lambda: in_program(later)):
        with pytest.raises(pulumi.RunError) as caught:
            call()
        assert words in str(caught.value)
        assert "lighthouse" not in str(caught.value)
    assert all("dryRun=true" in request.path for request in api.requests)
