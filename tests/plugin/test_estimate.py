# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall:index:estimateCost`` over gRPC."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.plugin import Plugin, failures, returned

PROMPT = "the prompt of the tests"
REQUEST = {"model": "gpt-image-1", "prompt": PROMPT, "n": 2}


@pytest.mark.parametrize(
    ("arguments", "amount"),
    [
        ({}, "0.16"),
        ({"times": 300, "margin": "20%"}, "57.60"),
        ({"endpoint": "videos", "margin": "0.001%"}, "0.160002"),
    ],
)
def test_what_a_job_costs(plugin: Plugin, api: Sandbox, arguments: dict[str, Any], amount: str) -> None:
    """Exact text, of a dry run: the request itself is never sent."""
    estimate = returned(plugin.estimate_cost(request=REQUEST, **arguments))
    assert estimate == {"amount": amount, "unitAmount": "0.16", "model": "gpt-image-1", "provider": "sandbox"}
    (sent,) = api.requests
    assert (sent.method, sent.path) == (
        "POST",
        f"/openai/v1/{arguments.get('endpoint', 'images/generations')}?dryRun=true",
    )


def test_an_estimate_is_a_minimum(plugin: Plugin) -> None:
    minimum = returned(plugin.estimate_cost(request=REQUEST, times=300))["amount"]
    (failure,) = failures(plugin.check(minimum=minimum))
    assert failure.startswith("balance too low: have 12.50 usd, need 48.00 usd, 35.50 short")


def test_the_same_request_is_sent_once_in_a_run(plugin: Plugin, api: Sandbox) -> None:
    for times in (1, 2):
        returned(plugin.estimate_cost(request=REQUEST, times=times))
    returned(plugin.estimate_cost(request={**REQUEST, "n": 1}))
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "request: it is not a JSON object"),
        ({"request": [PROMPT]}, "request: it is not a JSON object"),
        ({"request": REQUEST, "endpoint": "models"}, "endpoint: 'models' cannot be priced"),
        ({"request": REQUEST, "times": 0}, "times: 0 is not a whole number that is 1 or more"),
        ({"request": REQUEST, "margin": "-5%"}, "margin: '-5%' is not a percentage that is 0 or more"),
        ({"request": REQUEST, "minimum": 5}, "minimum: there is no such argument; known are request, endpoint, times"),
    ],
)
def test_bad_arguments_are_named(plugin: Plugin, api: Sandbox, arguments: dict[str, Any], reason: str) -> None:
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
