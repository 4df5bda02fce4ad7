# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Ctrl-C and SIGTERM while Pulumi asks for the balance: it ends as without us, and leaves nothing pending."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from support.gated_stack import GatedStack, gated_stack
from support.interruption import interrupt, moments

# The engine lets a step that is under way come to its end (a hook or a dynamic provider that sleeps for a minute holds
# it for that minute), and gives its plugins 5 s more. So what is ours has to end by its own deadline.
TIMEOUT_SECONDS = 3
# These two and what a busy machine takes. A run that waited for its answer would take an hour.
END_SECONDS = 30
PROGRAMS = {
    "function": "lumenfall.require_balance(5)\ncostly('gpu')\n",
    "hook": (
        "funded = lumenfall.balance_hook(5)\n"
        "costly('gpu', hooks=pulumi.ResourceHookBinding(before_create=[funded], before_update=[funded]))\n"
    ),
    "balance": "costly('gpu', depends_on=[lumenfall.Balance('funds', 5)])\n",
}
UP = ["pulumi", "--non-interactive", "--color=never", "up", "--yes", "--skip-preview"]


@pytest.fixture
def stack(tmp_path: Path, pulumi_bin: Path):
    with gated_stack(tmp_path, pulumi_bin, env={"LUMENFALL_TIMEOUT": str(TIMEOUT_SECONDS)}) as made:
        yield made


def up(stack: GatedStack, number: int, after: float, group: bool, ready=lambda: True):
    path = stack.project.environment["PATH"].partition(":")[0]
    command = [str(Path(path, UP[0])), *UP[1:]]
    return interrupt(
        command, number, after, env=stack.project.environment, cwd=stack.project.directory, group=group, ready=ready
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", PROGRAMS)
def test_stopped_while_it_asks(stack: GatedStack, name: str, number: int) -> None:
    """Nothing is created or pending, no traceback of ours, and the next run needs no repair."""
    stack.program(PROGRAMS[name])
    stack.api.delay = 3600
    ended = up(stack, number, 0.0, group=number == signal.SIGINT, ready=lambda: stack.api.requests)
    assert stack.api.requests, ended
    assert ended.status != 0, ended
    print(f"ended after {ended.seconds:.2f} s")
    assert ended.seconds < END_SECONDS, ended
    assert ended.frames_of_ours == [], ended
    state = stack.project.export()["deployment"]
    assert state.get("pending_operations", []) == []
    assert not any(resource["type"] == "pulumi:index:Stash" for resource in state.get("resources", []))
    stack.api.delay = 0
    stack.project.up().check()
    assert stack.resources()["gpu"] == "pulumi:index:Stash"


def test_stopped_at_any_moment(stack: GatedStack) -> None:
    """The state is whole whenever it is stopped, and each next run starts from it without a word about the last."""
    stack.program(
        PROGRAMS["function"]
        + PROGRAMS["hook"].replace("'gpu'", "'other'")
        + PROGRAMS["balance"].replace("gpu", "third")
    )
    started = time.monotonic()
    stack.project.up().check()
    life = time.monotonic() - started
    stack.project.destroy().check()
    for number, after in moments(life, 3):
        ended = up(stack, number, after, group=number == signal.SIGINT)
        assert ended.frames_of_ours == [], ended
        assert ended.seconds < END_SECONDS, ended
        state = stack.project.export()["deployment"]
        assert state.get("pending_operations", []) == [], ended
    stack.project.up().check()
    assert len([kind for kind in stack.resources().values() if kind == "pulumi:index:Stash"]) == 3
