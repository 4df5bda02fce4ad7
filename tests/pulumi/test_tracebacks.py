# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a traceback shows of the key that a function, a hook or a resource was given."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pulumi
import pytest

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY, leaked

CALLS: dict[str, Callable[[], object]] = {
    "require_balance": lambda: lumenfall.require_balance(5, api_key=KEY),
    "require_balance, bad minimum": lambda: lumenfall.require_balance(-5, api_key=KEY),
    "get_balance": lambda: lumenfall.get_balance(api_key=KEY, timeout=0),
    "balance_hook": lambda: lumenfall.balance_hook(-1, api_key=KEY),
    "gate_stack": lambda: lumenfall.gate_stack(5, types=[], api_key=KEY),
    "gate_stack, bad minimum": lambda: lumenfall.gate_stack(-5, api_key=KEY),
    "Balance": lambda: lumenfall.Balance("b", api_key=KEY),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_traceback_with_variables_shows_no_key(api: Sandbox, call: Callable[[], object]) -> None:
    """Error reporters and ``pytest --showlocals`` show those of each frame that is ours."""
    api.amount = "3.20"
    with pytest.raises(pulumi.RunError) as caught:
        call()
    error = caught.value
    # The frames of this test hold the key.
    frames = [frame for frame in traceback.walk_tb(error.__traceback__) if frame[0].f_code.co_filename != __file__]
    assert frames
    shown = traceback.TracebackException(type(error), error, None)
    shown.stack = traceback.StackSummary.extract(iter(frames), capture_locals=True)
    assert not leaked("".join(shown.format()))
