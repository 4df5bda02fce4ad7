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


def test_what_a_job_costs(plugin: Plugin, api: Sandbox) -> None:
    """Exact text, of a dry run; the same request is priced once in a run."""
    facts = {"unitAmount": "0.16", "model": "gpt-image-1", "provider": "sandbox"}
    assert returned(plugin.estimate_cost(request=REQUEST)) == {"amount": "0.16", **facts}
    assert returned(plugin.estimate_cost(request=REQUEST, times=300, margin="20%")) == {"amount": "57.60", **facts}
    film = plugin.estimate_cost(request=REQUEST, endpoint="videos", margin="0.001%")
    assert returned(film) == {"amount": "0.160002", **facts}
    asked = [(request.method, request.path) for request in api.requests]
    assert asked == [("POST", f"/openai/v1/{endpoint}?dryRun=true") for endpoint in ("images/generations", "videos")]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
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
