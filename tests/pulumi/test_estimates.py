# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a job costs, as a program sees it, and as the minimum of a gate."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pulumi
import pytest

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall.sandbox import Sandbox

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("mocks_are_tidied"),
]

REQUEST = {"model": "gpt-image-1", "prompt": "a secret lighthouse"}


@pytest.fixture
def api(api: Sandbox) -> Sandbox:
    """The sandbox with a price."""
    api.prices = {"gpt-image-1": Decimal("0.08")}
    return api


def in_a_run(main: Callable[[], Any]) -> Any:
    """What a coroutine returns in a program with a root resource of its own."""

    def run() -> Any:
        pulumi.runtime.settings.set_root_resource(type("Root", (), {})())
        return asyncio.run(main())

    return contextvars.copy_context().run(run)


def test_both_forms_ask_once_for_the_same_request(api: Sandbox) -> None:
    """The price is exact text, and the one request is a dry run."""

    async def main() -> list[Any]:
        direct = lumenfall.estimate_cost(REQUEST, times=300, margin="20%")
        assert (direct.amount, direct.unit_amount, direct.model) == ("28.80", "0.08", "gpt-image-1")
        assert direct.provider == "sandbox"
        later = lumenfall.estimate_cost_output(
            {"model": pulumi.Output.from_input("gpt-image-1"), "prompt": "a secret lighthouse"},
            times=pulumi.Output.from_input(2),
        )
        return [await later.amount.future(), lumenfall.estimate_cost(REQUEST).amount]

    assert in_a_run(main) == ["0.16", "0.08"]
    assert [request.path for request in api.requests] == ["/openai/v1/images/generations?dryRun=true"]


def test_a_price_is_a_minimum(api: Sandbox) -> None:
    job = lumenfall.estimate_cost(REQUEST, times=200)
    with pytest.raises(pulumi.RunError, match=r"have 12\.50 usd, need 16\.00 usd"):
        lumenfall.require_balance(job.amount)
    assert lumenfall.require_balance(lumenfall.estimate_cost(REQUEST, times=100).amount).sufficient


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"request": [1]}, "request: it is not a JSON object"),
        ({"request": {"model": "none"}}, "check the model in the request: 'none'"),
        ({"endpoint": "audio"}, "endpoint: 'audio' cannot be priced"),
        ({"times": 0}, "times: 0 is not a whole number"),
        ({"margin": "-5%"}, "margin: '-5%' is not a percentage"),
        ({"api_key": "a b"}, "api_key: the API key"),
    ],
)
def test_what_cannot_be_priced(api: Sandbox, arguments: dict[str, Any], words: str) -> None:
    """One line in both forms, without the prompt."""
    arguments = {"request": REQUEST, **arguments}

    async def later() -> None:
        await lumenfall.estimate_cost_output(**arguments).future()

    for call in (lambda: lumenfall.estimate_cost(**arguments), lambda: in_a_run(later)):
        with pytest.raises(pulumi.RunError) as caught:
            call()
        assert words in str(caught.value)
        assert "lighthouse" not in str(caught.value)
        assert "\n" not in str(caught.value)
    assert all("dryRun=true" in request.path for request in api.requests)


class Mocks(pulumi.runtime.Mocks):
    """As a user writes them."""

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        assert args.token == "lumenfall:index:estimateCost"
        return {"amount": "28.80"} if args.args["times"] == 300 else {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, str]]:
        return args.name, args.inputs


def test_prices_under_mocks() -> None:
    """They come from the mocks; the error says what to return."""

    async def main() -> str:
        pulumi.runtime.set_mocks(Mocks())
        with pytest.raises(pulumi.RunError, match="the mocks of this test return no price"):
            await lumenfall.estimate_cost_output(REQUEST).future()
        return (await lumenfall.estimate_cost_output(REQUEST, times=300).future()).amount

    assert contextvars.Context().run(asyncio.run, main()) == "28.80"
