# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One run of a program asks once; never with a stale answer, never with a failure, never with another run's."""

from __future__ import annotations

import contextvars
import gc
import os
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall import program, sharing
from pulumi_lumenfall.core import LumenfallClient
from pulumi_lumenfall.sandbox import Sandbox
from support.gated_stack import GatedStack
from support.leaks import KEY, OTHER_KEY, leaked
from support.programs import in_program


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The clock of the shared answers, to be turned by hand."""
    hands = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(sharing, "time", SimpleNamespace(monotonic=lambda: hands.now))
    return hands


def test_calls_at_the_same_moment_ask_once(api: Sandbox) -> None:
    """Threads and coroutines join the fetch that is under way, or take what it brought."""
    api.delay = 0.2

    async def main() -> None:
        with ThreadPoolExecutor(16) as pool:
            contexts = [contextvars.copy_context() for _ in range(16)]
            results = pool.map(lambda context: context.run(lumenfall.get_balance).status, contexts)
            assert set(results) == {"known"}
        outputs = [lumenfall.get_balance_output(minimum=number).status for number in range(20)]
        assert await pulumi.Output.all(*outputs).future() == ["known"] * 20

    in_program(main)
    assert len(api.requests) == 1


def test_other_settings_ask_for_themselves(api: Sandbox) -> None:
    """Another key, URL or timeout is another question; and a failure is not kept."""

    def main() -> None:
        with Sandbox(amount="1", key=OTHER_KEY) as other:
            for _ in range(3):
                assert lumenfall.get_balance().available.amount == 12.5
                assert lumenfall.get_balance(base_url=other.url, api_key=other.key).available.amount == 1
                assert lumenfall.get_balance(timeout=7).available.amount == 12.5
                with pytest.raises(pulumi.RunError, match="not accepted"):
                    lumenfall.get_balance(api_key=other.key)
            assert len(other.requests) == 1

    in_program(main)
    assert [request.status for request in api.requests] == [200, 200, 401, 401, 401]


def test_a_forked_process_asks_for_itself(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has none of its parent's threads: it would wait forever for the fetch of one."""

    def main() -> None:
        lumenfall.get_balance()
        monkeypatch.setattr(sharing, "os", SimpleNamespace(getpid=lambda: 0, environ=os.environ))
        lumenfall.get_balance()

    in_program(main)
    assert len(api.requests) == 2


@pytest.mark.parametrize(("cache", "requests"), [("", [1, 1, 2]), ("2.5", [1, 2, 3]), ("0", [1, 2, 3])])
def test_how_long_an_answer_is_kept(
    api: Sandbox, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, cache: str, requests: list[int]
) -> None:
    """30 s, or less, counted from when it was asked for: a slow answer may tell of a time long ago."""
    monkeypatch.setenv("LUMENFALL_CACHE_SECONDS", cache)
    fetch = LumenfallClient.fetch_balance

    def slow(client: LumenfallClient) -> Any:
        clock.now += 20
        return fetch(client)

    monkeypatch.setattr(LumenfallClient, "fetch_balance", slow)

    def main() -> list[int]:
        seen = []
        for _ in range(3):
            lumenfall.get_balance()
            seen.append(len(api.requests))
            clock.now += 9
        return seen

    assert in_program(main) == requests


def test_a_bad_cache_time_is_named(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMENFALL_CACHE_SECONDS", KEY)
    with pytest.raises(pulumi.RunError, match=r"^LUMENFALL_CACHE_SECONDS: ") as caught:
        lumenfall.get_balance()
    assert not leaked(str(caught.value))
    assert api.requests == []


def test_nothing_is_carried_to_another_run(api: Sandbox) -> None:
    """Also where both are programs of one process; what a run leaves behind goes with it. No program, no sharing."""
    runs = [
        weakref.ref(in_program(lambda: [lumenfall.get_balance(), lumenfall.get_balance(), program.current_run()][-1]))
        for _ in range(3)
    ]
    assert len(api.requests) == 3
    gc.collect()
    assert [run() for run in runs] == [None] * 3
    for _ in range(3):
        lumenfall.get_balance()
    assert len(api.requests) == 6


THREADS = """
import contextvars, os
from concurrent.futures import ThreadPoolExecutor
import pulumi
from pulumi import automation
import pulumi_lumenfall as lumenfall

def in_a_thread(call, *args):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *args).result()

def told(call):
    try:
        return call().status
    except pulumi.RunError as error:
        return str(error).split(", which")[0].split(";")[0]

calls = {
    "require": lambda: lumenfall.require_balance(5),
    "get": lambda: lumenfall.get_balance(),
    "argument": lambda: lumenfall.get_balance(api_key=os.environ["LUMENFALL_API_KEY"]),
    "output": lambda: lumenfall.get_balance_output(),
    "hook": lambda: lumenfall.balance_hook(5),
    "resource": lambda: lumenfall.Balance("funds", 5),
}

def program():
    for name, call in calls.items():
        print(name, in_a_thread(told, call))
    context = contextvars.copy_context()
    print("with context", in_a_thread(context.run, told, calls["require"]))

stack = automation.create_or_select_stack("dev", project_name="threads", program=program)
stack.set_config("lumenfall:apiKey", automation.ConfigValue(os.environ["POOR_KEY"], secret=True))
stack.set_config("lumenfall:baseUrl", automation.ConfigValue(os.environ["POOR_URL"]))
print("before", told(calls["require"]), in_a_thread(told, calls["require"]))
stack.up()
print("after", told(calls["require"]), in_a_thread(told, calls["require"]))
"""


def test_threads_of_an_inline_program(stack: GatedStack) -> None:
    """Without the program's context one has no stack config: it is refused, and never asks with another key."""
    with Sandbox(amount="1", key=OTHER_KEY) as poor:
        refused = "cannot determine which stack this thread belongs to"
        assert stack.run_script(THREADS, POOR_KEY=poor.key, POOR_URL=poor.url) == [
            "before known known",
            f"require cannot tell whether the balance is enough: {refused}",
            *(f"{name} {refused}" for name in ("get", "argument")),
            *(f"{name} this thread has no event loop" for name in ("output", "hook", "resource")),
            "with context balance too low: have 1.00 usd, need 5.00 usd, 4.00 short",
            "after known known",
        ]
        assert (len(stack.api.requests), len(poor.requests)) == (4, 1)
