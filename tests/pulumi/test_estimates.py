# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a job costs, as a program sees it, and as the minimum of a gate."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pulumi
import pytest

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall.sandbox import Sandbox
from support.programs import Mocks, in_program

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
    arguments = {"request": REQUEST, **arguments}

    async def later() -> None:
        await lumenfall.estimate_cost_output(**arguments).future()

    for call in (lambda: lumenfall.estimate_cost(**arguments), lambda: in_program(later)):
        with pytest.raises(pulumi.RunError) as caught:
            call()
        assert words in str(caught.value)
        assert "lighthouse" not in str(caught.value)
    assert all("dryRun=true" in request.path for request in api.requests)


def test_prices_under_mocks() -> None:
    """They come from the mocks; the error says what to return."""
    mocks = Mocks({"amount": "28.80"})
    assert in_program(lambda: lumenfall.estimate_cost_output(REQUEST, times=300), mocks=mocks).amount == "28.80"
    [asked] = mocks.calls
    assert (asked.token, asked.args["times"]) == ("lumenfall:index:estimateCost", 300)
    with pytest.raises(pulumi.RunError, match="the mocks of this test return no price"):
        in_program(lambda: lumenfall.estimate_cost(REQUEST), mocks=Mocks({}))
