# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The client's side of the fault matrix: what runs in processes of its own, beside the servers'.

``python -m support.fault_players`` plays the core; Pulumi programs import the other players. Each reads its plays from
the JSON file that ``PLAYS`` names, and appends one JSON line for each to the file that ``PLAYED`` names.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

GATE = ("minimum", "postpaid", "unavailable")


def plays() -> list[dict[str, Any]]:
    """The plays: ``name``, ``arguments``, ``environ``, ``config``."""
    with open(os.environ["PLAYS"], encoding="utf-8") as file:
        found: list[dict[str, Any]] = json.load(file)
    return found


def played(**facts: Any) -> None:
    """Note how a play went."""
    with open(os.environ["PLAYED"], "a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")


@contextlib.contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Have these variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def stack_config(values: dict[str, str]) -> Iterator[None]:
    """Have this Pulumi config for a while."""
    from pulumi.runtime.config import CONFIG

    CONFIG.get().update(values)
    try:
        yield
    finally:
        for key in values:
            del CONFIG.get()[key]


class Memory:
    """How far this process grows (Linux); None elsewhere."""

    def __init__(self) -> None:
        self._before: int | None = None
        with contextlib.suppress(OSError):
            # Sets the peak back to what is in use: proc(5).
            with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
                file.write("5")
            self._before = memory_of("self", "VmRSS")

    def growth(self) -> int | None:
        """Bytes from then to the peak since."""
        return None if self._before is None else max(0, memory_of("self", "VmHWM") - self._before)


def memory_of(process: int | str, what: str) -> int:
    """``VmRSS`` or ``VmHWM`` of a process, bytes."""
    with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith(f"{what}:"))


def play_all(ask: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Play each, and measure; one without a name only loads what all need."""
    for play in plays():
        with environment(play["environ"]):
            memory = Memory()
            start = time.monotonic()
            try:
                facts = ask(play)
            except Exception:  # noqa: BLE001 - what no surface may let out
                facts = {"verdict": "traceback", "message": traceback.format_exc()}
            seconds = time.monotonic() - start
        if play["name"]:
            played(name=play["name"], seconds=seconds, memory=memory.growth(), **facts)


def core(play: dict[str, Any]) -> dict[str, Any]:
    """The client, and a gate beside it."""
    from pulumi_lumenfall.core import Gate, LumenfallClient, LumenfallError, judge_error

    settings = dict(play["arguments"])
    gate = {name: settings.pop(name) for name in GATE if name in settings}
    try:
        checked = Gate(**gate)
        with LumenfallClient(**settings) as client:
            balance = client.fetch_balance()
        verdict, outcome = checked.judge(balance), balance.status
    except LumenfallError as error:
        verdict, outcome = judge_error(error), type(error).__name__
        # As a logger shows it that prints all variables; but for this frame, which has the settings themselves.
        frames = error.__traceback__ and error.__traceback__.tb_next
        shown = "".join(traceback.TracebackException(type(error), error, frames, capture_locals=True).format())
        return {
            "verdict": verdict.outcome,
            "outcome": outcome,
            "message": verdict.message,
            "facts": json.dumps([error.code, error.request_id, error.hint, repr(error)]),
            "shown": shown.replace("Traceback (most recent call last)", ""),
        }
    return {"verdict": verdict.outcome, "outcome": outcome, "message": verdict.message}


def program(function: str) -> None:
    """``get_balance`` or ``require_balance`` in a Pulumi program, one call after the other."""
    import pulumi

    import pulumi_lumenfall

    def ask(play: dict[str, Any]) -> dict[str, Any]:
        try:
            with stack_config(play["config"]):
                result = getattr(pulumi_lumenfall, function)(**play["arguments"])
        except pulumi.RunError as error:
            return {"verdict": verdict_of(str(error)), "message": str(error)}
        verdict = "enough" if result.sufficient is True else refused(result.status)
        return {"verdict": verdict, "outcome": result.status, "message": ""}

    play_all(ask)


def hooks(is_serial: bool) -> None:
    """A costly resource for each play, with a hook of its own; serial where the environment is the play."""
    import asyncio

    import pulumi

    from pulumi_lumenfall import balance_hook

    turn = asyncio.Lock()

    def timed(play: dict[str, Any], hook: pulumi.ResourceHook) -> Callable[[pulumi.ResourceHookArgs], Any]:
        ask: Any = hook.callback

        async def run(args: pulumi.ResourceHookArgs) -> None:
            async with turn if is_serial else contextlib.AsyncExitStack():
                with environment(play["environ"]), stack_config(play["config"]):
                    start, message = time.monotonic(), None
                    try:
                        await ask(args)
                    except pulumi.RunError as error:
                        message = str(error)
                        raise
                    except Exception:
                        message = traceback.format_exc()
                        raise
                    finally:
                        played(name=play["name"], seconds=time.monotonic() - start, message=message)

        return run

    for play in plays():
        try:
            hook = balance_hook(**play["arguments"])
        except pulumi.RunError as error:
            played(name=play["name"], seconds=0, message=str(error))
            continue
        hook.callback = timed(play, hook)
        opts = pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook]))
        pulumi.CustomResource("pulumi:index:Stash", play["name"], {"input": "a100", "output": None}, opts)


def verdict_of(message: str) -> str:
    """The verdict that a message tells; one without a gate tells it by the status."""
    if message.startswith("cannot tell"):
        return "cannot tell"
    return "too low" if message.startswith("balance too low") or "(HTTP 402" in message else "cannot tell"


def refused(status: str) -> str:
    """The verdict where ``sufficient`` is false."""
    return "cannot tell" if status == "unavailable" else "too low"


if __name__ == "__main__":
    play_all(core)
