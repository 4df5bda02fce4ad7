# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a job costs: the API's estimate of one request, how many times it runs, and a margin."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any, Dict, List, Tuple

from .errors import ConfigurationError, bad_value
from .models import EXACT, parse_number
from .text import Secret, format_amount, number_text

ENDPOINTS = ("images/generations", "images/edits", "videos", "chat/completions")
MAX_REQUEST_BYTES = 1 << 20
_MICRO = Decimal("0.000001")
_PROMPT_KEYS = ("prompt", "negative_prompt", "content", "text", "input")


@dataclass(frozen=True)
class CostEstimate:
    """What one request would cost, as the API estimated it without running it.

    Attributes:
        amount: Dollars, exact.
        model: The model that the price is for.
        provider: The provider that would run it, or None.
        request_id: The response's ``X-Lumenfall-Request-Id``, or None.
    """

    amount: Decimal
    model: str
    provider: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Job:
    """How often a request runs, and a margin, since an estimate is approximate; made by :func:`parse_job`."""

    times: int = 1
    margin: Decimal = Decimal(0)  #: percent on top

    def cost(self, estimate: CostEstimate) -> Decimal:
        """Dollars for the whole job, rounded up to the micro."""
        percent = EXACT.add(100, self.margin)
        cost = EXACT.multiply(EXACT.multiply(estimate.amount, self.times), percent)
        return EXACT.divide(cost, Decimal(100)).quantize(_MICRO, rounding=ROUND_CEILING, context=EXACT)

    def formula(self, estimate: CostEstimate) -> str:
        """How the cost came about: ``300 x 0.08 + 20%``; empty where it is the estimate itself."""
        price = format_amount(estimate.amount)
        times = f"{self.times} x {price}" if self.times > 1 else ""
        return f"{times or price} + {self.margin.normalize(EXACT):f}%" if self.margin else times


def parse_job(times: object = None, margin: object = None, names: Tuple[str, str] = ("times", "margin")) -> Job:
    """Check how often a request runs, by default once, and the margin: percent, such as ``"20%"`` or ``7.5``.

    Empty text is an error: a variable without a value would price one request instead of 300.
    """
    count = "1" if times is None else number_text(times)
    if not re.fullmatch("[0-9]{1,10}", count) or not 1 <= int(count) <= 10**9:
        problem = "is not a whole number that is 1 or more"
        raise bad_value(names[0], times, problem, "the number of requests, such as 300")
    percent = parse_number("0" if margin is None else re.sub(r"\s*%$", "", number_text(margin)))
    if percent is None or not 0 <= percent <= 10_000:
        raise bad_value(names[1], margin, "is not a percentage that is 0 or more", "a percentage such as 20%")
    return Job(int(count), percent)


def find_prompts(document: Dict[str, Any]) -> Tuple[Secret, ...]:
    """The prompts in a request, which no message may show."""
    prompts = []
    pending: List[Tuple[str, Any]] = list(document.items())
    while pending:
        key, value = pending.pop()
        if isinstance(value, dict):
            pending += value.items()
        elif isinstance(value, list):
            pending += [(key, item) for item in value]
        elif isinstance(value, str) and len(value) > 3 and key in _PROMPT_KEYS:
            prompts.append(Secret(value))
    return tuple(prompts)


def check_endpoint(endpoint: object, name: str = "endpoint") -> str:
    """The endpoint, if it can be priced."""
    if endpoint not in ENDPOINTS:
        raise bad_value(name, endpoint, "cannot be priced", f"one of: {', '.join(ENDPOINTS)}")
    return str(endpoint)


def check_request(request: object, name: str = "request") -> Dict[str, Any]:
    """The body of a request: a mapping, or the text of a JSON object. An error never shows it: it contains a prompt."""
    problem = "it is not a JSON object"
    try:
        text = request if isinstance(request, (str, bytes)) else json.dumps(request)
        if len(text) > MAX_REQUEST_BYTES:
            problem = "it is larger than 1 MiB"
        else:
            document = json.loads(text)
            json.dumps(document, allow_nan=False)  # Python also reads NaN and 1e999, which cannot be sent
            if isinstance(document, dict):
                return document
    except RecursionError:
        problem = "it is nested too deeply"
    except (TypeError, ValueError):
        pass
    raise ConfigurationError(f"{name}: {problem}", hint=f"set {name} to the JSON body of the real request")
