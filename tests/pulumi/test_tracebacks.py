# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a traceback shows of the key that a function, a hook or a resource was given."""

from __future__ import annotations

import asyncio
import functools
import traceback
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

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

# A password, or a key in a place that is for something else.
URL = f"https://user:{KEY}@example.invalid"
WRONG: dict[str, Any] = {"base_url": URL, "timeout": KEY, "postpaid": KEY, "unavailable": KEY, "opts": KEY}
TAKEN: dict[str, Callable[..., Any]] = {
    "get_balance": lumenfall.get_balance,
    "require_balance": functools.partial(lumenfall.require_balance, 5),
    "balance_hook": functools.partial(lumenfall.balance_hook, 5),
    "gate_stack": functools.partial(lumenfall.gate_stack, 5),
    "Balance": functools.partial(lumenfall.Balance, "funds", 5),
    "get_balance_output": lumenfall.get_balance_output,
}
# Those of a hook and of an Output are looked at when they are needed.
LATER = {
    *((name, "base_url") for name in ("balance_hook", "gate_stack")),
    *(("get_balance_output", name) for name in WRONG if name != "opts"),
}
CALLS |= {
    f"{call}, {name}": functools.partial(function, **{name: value})
    for call, function in TAKEN.items()
    for name, value in WRONG.items()
    if (call, name) not in LATER and not (name == "opts" and call in ("balance_hook", "gate_stack"))
}
CALLS |= {
    "get_balance, minimum": lambda: lumenfall.get_balance(minimum=KEY),
    "require_balance, minimum": lambda: lumenfall.require_balance(KEY),
    "balance_hook, minimum": lambda: lumenfall.balance_hook(KEY),
    "gate_stack, minimum": lambda: lumenfall.gate_stack(KEY),
    "Balance, minimum": lambda: lumenfall.Balance("funds", KEY),
    "Balance, api_key_from": lambda: lumenfall.Balance("funds", 5, api_key_from=f"lumenfall:{KEY}"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_traceback_with_variables_shows_no_key(api: Sandbox, call: Callable[[], object]) -> None:
    """Error reporters and ``pytest --showlocals`` show those of each frame that is ours."""
    api.amount = "3.20"
    with pytest.raises(pulumi.RunError) as caught:
        call()
    assert not leaked(shown(caught.value))


@pytest.mark.parametrize("wrong", [name for name in WRONG if name != "opts"])
def test_a_traceback_of_an_output_shows_no_key(wrong: str) -> None:
    async def fails() -> pulumi.RunError:
        with pytest.raises(pulumi.RunError) as caught:
            await lumenfall.get_balance_output(**{wrong: WRONG[wrong]}).future()
        return caught.value

    assert not leaked(shown(asyncio.run(fails())))


def test_a_traceback_of_a_hook_shows_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    # Made known to an engine nowhere: the test calls it.
    monkeypatch.setattr("pulumi.resource_hooks.register_resource_hook", lambda hook: None)

    async def fails() -> pulumi.RunError:
        hook: Any = lumenfall.balance_hook(5, base_url=URL)
        with pytest.raises(pulumi.RunError) as caught:
            await hook.callback(SimpleNamespace(name="gpu", type="test:index:Gpu"))
        return caught.value

    assert not leaked(shown(asyncio.run(fails())))


def shown(error: BaseException) -> str:
    """What a tool shows of an error with the local variables of each frame that is ours, and of what led to it."""
    assert error.__cause__ is None
    assert error.__context__ is None
    # The frames of this test hold the key, and those of Pulumi have what it was given.
    frames = [
        frame
        for frame in traceback.walk_tb(error.__traceback__)
        if Path(frame[0].f_code.co_filename).parent == Path(lumenfall.__file__).parent
    ]
    assert frames
    text = traceback.TracebackException(type(error), error, None)
    text.stack = traceback.StackSummary.extract(iter(frames), capture_locals=True)
    return "".join(text.format())
