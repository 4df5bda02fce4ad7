# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The one-task gate: ``require`` stops on everything that is not enough, and ``wait`` waits once for all hosts."""

from __future__ import annotations

import contextlib

import pytest

from pulumi_lumenfall.sandbox import Sandbox

MODULE = "lumenfall.cloud.lumenfall_balance"
GATE = {"minimum": 5, "require": True, "max_attempts": 1}
SPEND = {"name": "spend", "ansible.builtin.debug": {"msg": "spent"}}

# Host -> (the account, options of the gate, verdict, start of the message, type of the failure if it is an error).
CASES = {
    "enough": ({"amount": "5"}, {}, "enough", "enough: 5.00 usd available (prepaid), exactly the 5.00 needed", None),
    "low": ({"amount": "3.20"}, {}, "too low", "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add", None),
    "nearly": ({"amount": "0.3"}, {"minimum": 0.30000000000000004}, "too low", "balance too low", None),
    "402": ({"amount": 9, "status": 402}, {}, "too low", "balance too low: ", "InsufficientBalanceError"),
    "401": ({"amount": 9, "status": 401}, {}, "cannot tell", "cannot tell whether", "AuthenticationError"),
    "null": ({"amount": None}, {"minimum": 0}, "cannot tell", "cannot tell whether", None),
    "null-allowed": ({"amount": None}, {"unavailable": "allow"}, "enough", "enough: ", None),
    "postpaid-denied": (
        {"amount": None, "billing_type": "postpaid"},
        {"postpaid": "deny", "minimum": 0},
        "too low",
        "balance too low: a postpaid account",
        None,
    ),
    "bad-minimum": ({"amount": 9}, {"minimum": "abc"}, "cannot tell", "cannot tell whether", "ConfigurationError"),
    "no-minimum": ({"amount": 9}, {"minimum": ""}, "cannot tell", "cannot tell whether", "ConfigurationError"),
}


@pytest.fixture(scope="module")
def gated(tmp_path_factory, new_ansible):
    """A host for each case; the gate here and delegated, and the module without ``require``."""
    ansible = new_ansible(tmp_path_factory.mktemp("gate"))
    with contextlib.ExitStack() as stack:
        hosts = {}
        for host, (account, options, *_) in CASES.items():
            api = stack.enter_context(Sandbox(**account))
            address = {"api_key": api.key, "base_url": api.url}
            hosts[host] = {"options": {**GATE, **address, **options}}
        asking = {MODULE: "{{ options }}", "ignore_errors": True}
        tasks = [
            {"name": "gate", **asking},
            {"name": "delegated", **asking, "delegate_to": "low"},
            {"name": "plain", MODULE: "{{ options | combine({'require': false}) }}", "ignore_errors": True},
            {"name": "stop", MODULE: "{{ options }}"},
            SPEND,
        ]
        yield ansible.play(hosts=hosts, tasks=tasks)


@pytest.mark.parametrize("host", CASES)
def test_a_gate_stops_unless_there_is_enough(gated, host):
    """By itself, with its verdict's sentence, here and delegated; only hosts with enough spend."""
    _account, _options, verdict, start, kind = CASES[host]
    passes = verdict == "enough"
    for task in ("gate", "delegated"):
        result = gated.of_host(host, task)
        assert result["msg"].startswith(start)
        assert (result["failed"], result["sufficient"], result["verdict"]) == (not passes, passes, verdict)
        assert ("failure" in result) is (kind is not None)
        assert ("balance" in result) is (kind is None)
        assert kind is None or result["failure"]["type"] == kind
        if not passes:
            # Every ansible-core shows the sentence, not that a condition was met.
            assert f"Task failed: Action failed: {start}" in gated.output or task == "delegated"
    assert (host in gated.hosts("spend")) is passes


@pytest.mark.parametrize("host", CASES)
def test_without_require_only_an_error_fails(gated, host):
    """A low balance is a warning; ``sufficient`` and ``verdict`` are there in every case."""
    _account, _options, verdict, start, kind = CASES[host]
    result = gated.of_host(host, "plain")
    assert (result["failed"], result["verdict"]) == (kind is not None, verdict)
    assert result["sufficient"] is (verdict == "enough")
    if kind is None and verdict != "enough":
        assert f"[WARNING]: {start}"[:50] in gated.output


def test_a_low_balance_on_many_hosts_is_few_lines(funded, api):
    """One line for each host and one excerpt if the gate stops; one warning for all if it does not."""
    api.amount = "3.20"
    gate = funded.play(hosts=50, tasks=[{MODULE: GATE}])
    assert gate.code == 2
    assert len(gate.output.splitlines()) < 50 + 50 + 20
    assert gate.output.count("[ERROR]") == 1
    plain = funded.play(hosts=50, tasks=[{MODULE: {"minimum": 5}}])
    assert plain.code == 0
    assert plain.output.count("balance too low") == 1
    assert len(api.requests) == 2


def test_until_survives_an_error(funded, api):
    """Each attempt asks again, and a failed one has ``sufficient``."""
    api.script(503, 503, "3.20")
    task = {MODULE: {**GATE, "require": False}, "register": "funds", "until": "funds.sufficient"}
    run = funded.play(hosts=3, tasks=[{**task, "retries": 5, "delay": 0}, SPEND])
    assert run.code == 0, run.output
    assert len(api.requests) == 4


WAIT = {**GATE, "wait": "4s", "poll": 1}


def test_one_wait_for_a_task(funded, api):
    """More hosts than forks: those with the same minimum share each look, and late ones wait for what is left."""
    api.amount = "3.20"
    minimum = "{{ 5 + inventory_hostname[-1:] | int % 2 }}"
    # A wait may be longer than the timeout, which bounds each look.
    run = funded.play("--forks", "4", hosts=24, tasks=[{MODULE: {**WAIT, "minimum": minimum, "timeout": 2}}])
    assert len(run.results(event="failed")) == 24
    assert {result["verdict"] for result in run.results()} == {"too low"}
    # 5 looks for each minimum and one for those that come later; a wait for each batch of forks would be 60.
    assert 2 <= len(api.requests) <= 24


@pytest.mark.parametrize("delegate", [{}, {"delegate_to": "h002"}], ids=["here", "delegated"])
def test_a_wait_ends_with_a_top_up(funded, api, delegate):
    """After a low balance, an empty account and an error that may pass."""
    api.script("3.20", 402, 503)
    run = funded.play("--limit", "h001", hosts=2, tasks=[{MODULE: {**WAIT, "wait": "1h"}, **delegate}, SPEND])
    assert run.hosts("spend") == {"h001"}, run.output
    assert len(api.requests) == 4
    assert run.output.count("waiting up to 3600 s for 5.00 usd") == (not delegate)


def test_nothing_waits_in_check_mode_or_for_what_stays(funded, api):
    """One look in check mode; a wrong key is not waited for."""
    api.amount = "3.20"
    hour = {**WAIT, "wait": "1h"}
    wrong = {**hour, "api_key": "wrong"}
    tasks = [
        {"name": "check", MODULE: hour, "check_mode": True, "ignore_errors": True},
        {"name": "check, delegated", MODULE: hour, "check_mode": True, "ignore_errors": True, "delegate_to": "h002"},
        {"name": "key", MODULE: wrong, "ignore_errors": True},
    ]
    run = funded.play("--limit", "h001", hosts=2, tasks=tasks)
    assert [result["verdict"] for result in run.results()] == ["too low", "too low", "cannot tell"]
    assert len(api.requests) == 3
