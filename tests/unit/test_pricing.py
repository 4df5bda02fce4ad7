# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a job costs: the estimate of one request, times, margin, and what is never sent or shown."""

from __future__ import annotations

import decimal
import json
import sys
from decimal import Decimal
from typing import Any

import pytest

from pulumi_lumenfall import core
from pulumi_lumenfall.core import ConfigurationError, CostEstimate, LumenfallClient, LumenfallError, parse_job
from pulumi_lumenfall.sandbox import Answer, Sandbox
from support.leaks import KEY

REQUEST = {"model": "gpt-image-1", "prompt": "a cat\nin a   hat", "n": 4}
ESTIMATE = {"estimated": True, "model": "gpt-image-1", "total_cost_micros": 80_000, "currency": "USD"}


def error_of(api: Sandbox, request: Any = REQUEST, **more: Any) -> LumenfallError:
    with pytest.raises(LumenfallError) as caught:
        LumenfallClient(api.key, base_url=api.url, max_attempts=1).estimate_cost(request, **more)
    assert "a cat" not in caught.value.full_message
    return caught.value


@pytest.mark.parametrize("endpoint", ["images/generations", "images/edits", "videos", "chat/completions"])
def test_an_estimate(api: Sandbox, endpoint: str) -> None:
    """A dry run of the request, as it is."""
    api.prices = {"gpt-image-1": "0.0816"}
    with LumenfallClient(api.key, base_url=api.url) as client:
        for request in (REQUEST, json.dumps(REQUEST), json.dumps(REQUEST).encode()):
            estimate = client.estimate_cost(request, endpoint=endpoint)
            assert (estimate.amount, estimate.model) == (Decimal("0.3264"), "gpt-image-1")
            assert estimate.request_id
    sent = {(seen.method, seen.path, seen.headers["content-type"]) for seen in api.requests}
    assert sent == {("POST", f"/openai/v1/{endpoint}?dryRun=true", "application/json")}


@pytest.mark.parametrize(
    "request_",
    [None, [], "x", "[]", b"\xff", {"n": float("nan")}, {"n": object()}, {"prompt": "x" * (1 << 20)}, "x" * (2 << 20)],
    ids=range(9),
)
def test_a_request_that_is_none_is_not_sent(api: Sandbox, request_: Any) -> None:
    error = error_of(api, request_)
    assert type(error) is ConfigurationError
    assert str(error).startswith("request: it is ")
    assert not api.requests


def test_a_request_that_is_nested_too_deeply(api: Sandbox) -> None:
    """It is refused or sent, whatever the depth: nothing on the way gives up later."""
    limit = sys.getrecursionlimit()
    for depth in (*range(limit - 150, limit), 100_000):
        error = error_of(api, '{"a":' * depth + "1" + "}" * depth)
        assert str(error) == "request: it is nested too deeply" or error.status is not None
    assert type(error) is ConfigurationError


@pytest.mark.parametrize("endpoint", ["audio/speech", "", None, 5, KEY])
def test_another_endpoint_is_not_asked(api: Sandbox, endpoint: Any) -> None:
    error = error_of(api, endpoint=endpoint)
    assert str(error).startswith("endpoint: ")
    assert KEY not in error.full_message
    assert not api.requests


def test_a_model_that_is_unknown_is_named(api: Sandbox) -> None:
    error = error_of(api)
    assert (type(error), error.status, error.code) == (core.APIError, 404, "MODEL_NOT_FOUND")
    assert "'gpt-image-1'" in str(error.hint)


@pytest.mark.parametrize(
    "answer",
    [
        *(Answer(200, json.dumps({**ESTIMATE, "estimated": value})) for value in (None, False, "true", 1)),
        *(Answer(200, body) for body in ("", "[]", "<html>", '{"estimated": true, ', '{"error": {"message": "no"}}')),
        Answer(200, json.dumps(ESTIMATE), {"Content-Length": "1000"}),
        Answer(202, json.dumps(ESTIMATE)),
    ],
    ids=range(11),
)
def test_a_request_that_may_have_been_run_says_so_loudly(api: Sandbox, answer: Answer) -> None:
    """It is not sent again, since that may be charged too."""
    api.script(answer)
    error = error_of(api)
    assert str(error).endswith("; THE REQUEST MAY HAVE BEEN RUN AND CHARGED")
    assert (error.attempts, error.retryable, len(api.requests)) == (1, False, 1)


@pytest.mark.parametrize(
    "change",
    [
        *({"total_cost_micros": micros} for micros in (None, -1, 1.5, "80000", True, 10**16)),
        *({"currency": currency} for currency in (None, "eur", 5)),
        *({"model": model} for model in (None, "", 5)),
    ],
    ids=str,
)
def test_what_is_not_an_estimate(api: Sandbox, change: dict[str, Any]) -> None:
    api.script(Answer(200, json.dumps({**ESTIMATE, **change})))
    error = error_of(api)
    assert type(error) is core.InvalidResponseError
    assert "CHARGED" not in str(error)


def test_the_whole_prompt_is_redacted(api: Sandbox) -> None:
    """Also one of several lines, and one that is longer than what is shown."""
    for prompt in (REQUEST["prompt"], "a cat, " * 2000):
        api.script(Answer(400, json.dumps({"error": {"message": f"refused: {prompt}!", "code": "POLICY"}})))
        assert "refused: ***!" in str(error_of(api, {**REQUEST, "prompt": prompt})).replace(" !", "!")


# --- Times and margin ---


@pytest.mark.parametrize(
    ("times", "margin", "cost", "formula"),
    [
        (None, None, "0.08", ""),
        (1, "0%", "0.08", ""),
        (300, "20%", "28.80", "300 x 0.08 + 20%"),
        ("300", 20, "28.80", "300 x 0.08 + 20%"),
        (300, None, "24.00", "300 x 0.08"),
        (None, " 7.5 % ", "0.086", "0.08 + 7.5%"),
        (10**9, None, "80000000", "1000000000 x 0.08"),
        # Rounded up to the micro.
        (1, "0.001%", "0.080001", "0.08 + 0.001%"),
    ],
)
def test_a_job(times: Any, margin: Any, cost: str, formula: str) -> None:
    estimate = CostEstimate(Decimal("0.08"), "m")
    with decimal.localcontext() as context:
        context.prec = 2
        context.traps[decimal.Inexact] = True
        job = parse_job(times, margin)
        assert job.cost(estimate) == Decimal(cost)
        assert job.formula(estimate) == formula


@pytest.mark.parametrize("times", [0, -1, 1.5, "1e3", "x", "", True, [], 10**9 + 1, 10**5000], ids=range(10))
def test_bad_times(times: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^--times: (.* is not a whole number that is 1 or more|it is empty)$"
    ):
        parse_job(times, None, ("--times", "--margin"))


@pytest.mark.parametrize("margin", ["-5%", -5, "x", "%", "20%%", True, [], "nan", "", 10_001, 10**5000], ids=range(11))
def test_bad_margin(margin: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^--margin: (.* is not a percentage that is 0 or more|it is empty)$"):
        parse_job(1, margin, ("--times", "--margin"))
