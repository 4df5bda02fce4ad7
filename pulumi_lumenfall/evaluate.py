# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a ``Balance`` resource shows, or why it fails: for the dynamic resource and for the provider plugin.

Names are Pulumi's (``billingType``). Nothing here asks for a balance or imports pulumi.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .core import AccountBalance, Gate, LumenfallError, judge_error

#: The inputs that make the gate.
GATE_INPUTS = ("minimum", "postpaid", "unavailable")
#: What a balance becomes.
OUTPUTS = ("billingType", "available", "status", "sufficient")

UNKNOWN_IN_PREVIEW = "inputs are unknown during preview; checked during up"
UNKNOWN_IN_UP = "cannot tell whether the balance is enough: an input is still unknown during up"


class Evaluation(NamedTuple):
    """The four outputs, or none where there is no balance; and why the resource must not go on, or None."""

    outputs: dict[str, Any]
    failure: str | None


def make_gate(inputs: Mapping[str, Any]) -> Gate:
    """The gate of the inputs, to be made before anything is sent; without a minimum it only checks the policies."""
    minimum = inputs.get("minimum")
    return Gate(
        0 if minimum is None else minimum, postpaid=inputs.get("postpaid"), unavailable=inputs.get("unavailable")
    )


def evaluate(inputs: Mapping[str, Any], result: AccountBalance | LumenfallError) -> Evaluation:
    """Judge a balance, or the error in its place. Without a minimum only an error is a failure."""
    has_minimum = inputs.get("minimum") is not None
    try:
        gate = make_gate(inputs)
    except LumenfallError as error:
        result = error
    if isinstance(result, LumenfallError):
        return Evaluation({}, judge_error(result).message if has_minimum else result.full_message)
    verdict = gate.judge(result)
    facts = result.to_dict()
    outputs = {
        "billingType": facts["billing_type"],
        "available": facts["available"],
        "status": facts["status"],
        "sufficient": verdict.sufficient if has_minimum else None,
    }
    return Evaluation(outputs, verdict.message if has_minimum and not verdict.sufficient else None)
