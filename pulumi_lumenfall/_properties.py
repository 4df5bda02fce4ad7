# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The balance as Pulumi properties, as both resources named Balance and the provider plugin's function have it.

And the words that more than one of them has. Names here are Pulumi's (``billingType``). Knows nothing of where settings
or an answer come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .core import AccountBalance, Gate, LumenfallError, judge_error, with_hint

__all__ = [
    "ANSWERS",
    "CONFIG_KEYS",
    "GATE_INPUTS",
    "NEVER_KNOWN",
    "NOT_KNOWN_YET",
    "answer_properties",
    "error_reason",
    "gate_of",
    "has_minimum",
    "refusal",
    "stale",
]

#: Setting -> full config key.
CONFIG_KEYS = {
    "api_key": "lumenfall:apiKey",
    "base_url": "lumenfall:baseUrl",
    "timeout": "lumenfall:timeout",
    "max_attempts": "lumenfall:maxAttempts",
    "ca_bundle": "lumenfall:caBundle",
}
#: What makes the gate.
GATE_INPUTS = ("minimum", "postpaid", "unavailable")
#: What a balance gives.
ANSWERS = ("billingType", "available", "status", "sufficient")

#: What a preview says of one that depends on an argument which it does not know.
NOT_KNOWN_YET = "needs is not known in this preview; up will decide"
#: Why a resource stops that was never judged.
NEVER_KNOWN = "cannot tell whether the balance is enough: an argument is not known, in up either"


def has_minimum(inputs: Mapping[str, Any]) -> bool:
    """Whether anything is to be gated."""
    return inputs.get("minimum") is not None


def gate_of(inputs: Mapping[str, Any]) -> Gate:
    """The gate that the inputs ask for; without a minimum one that checks their policies all the same.

    Raises:
        ConfigurationError: One is malformed.
    """
    minimum = inputs["minimum"] if has_minimum(inputs) else 0
    return Gate(minimum, postpaid=inputs.get("postpaid"), unavailable=inputs.get("unavailable"))


def answer_properties(balance: AccountBalance, gate: Gate, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The answer; ``sufficient`` is None where no minimum was given."""
    facts = balance.to_dict()
    return {
        "billingType": facts["billing_type"],
        "available": facts["available"],
        "status": facts["status"],
        "sufficient": gate.judge(balance).sufficient if has_minimum(inputs) else None,
    }


def refusal(balance: AccountBalance, gate: Gate, inputs: Mapping[str, Any]) -> str | None:
    """Why a resource with these inputs must not go on, one line, or None where it may."""
    verdict = gate.judge(balance)
    return verdict.message if has_minimum(inputs) and not verdict.sufficient else None


def stale(error: LumenfallError) -> str:
    """What a refresh says that could not have the balance, one line."""
    return f"the balance stays as it was in the state: {with_hint(error)}"


def error_reason(error: LumenfallError, inputs: Mapping[str, Any]) -> str:
    """Why it must not go on where there is no balance, one line."""
    return judge_error(error).message if has_minimum(inputs) else with_hint(error)
