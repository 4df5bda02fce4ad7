# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One task asks once, however many hosts it runs for; whatever asks again gets a new answer."""

from __future__ import annotations

import contextlib

import pytest

from pulumi_lumenfall.sandbox import Sandbox

MODULE = "lumenfall.cloud.lumenfall_balance"
ASK = {MODULE: {"max_attempts": 1}, "register": "balance"}
FLUSH = {"ansible.builtin.meta": "flush_handlers"}
NOTIFY = {"ansible.builtin.debug": {"msg": "x"}, "changed_when": True, "notify": "ask"}
THREE = "all[0:2]"

# name -> (play, calls)
PLAYS = {
    "linear": ({"hosts": "all", "tasks": [ASK]}, 1),
    "free": ({"hosts": "all", "strategy": "free", "tasks": [ASK]}, 1),
    "host_pinned": ({"hosts": "all", "strategy": "host_pinned", "tasks": [ASK]}, 1),
    "run_once": ({"hosts": THREE, "tasks": [{**ASK, "run_once": True}]}, 1),
    "delegated to localhost": ({"hosts": THREE, "tasks": [{**ASK, "delegate_to": "localhost"}]}, 1),
    "delegated away": ({"hosts": THREE, "tasks": [{**ASK, "delegate_to": "h050"}]}, 1),
    "two tasks": ({"hosts": THREE, "tasks": [ASK, ASK]}, 2),
    "loop": ({"hosts": THREE, "tasks": [{**ASK, "loop": [1, 2]}]}, 2),
    "until": (
        {"hosts": THREE, "tasks": [{**ASK, "until": "balance.attempts == 3", "retries": 5, "delay": 0}]},
        3,
    ),
    "until, away": (
        {
            "hosts": THREE,
            "tasks": [{**ASK, "delegate_to": "h050", "until": "balance.attempts == 2", "retries": 5, "delay": 0}],
        },
        2,
    ),
    "handler flushed twice": (
        {"hosts": THREE, "tasks": [NOTIFY, FLUSH, NOTIFY, FLUSH], "handlers": [{"name": "ask", **ASK}]},
        2,
    ),
    "handler": ({"hosts": THREE, "tasks": [NOTIFY, FLUSH], "handlers": [{"name": "ask", **ASK}]}, 1),
    "handler in a loop": (
        {"hosts": THREE, "tasks": [NOTIFY, FLUSH], "handlers": [{"name": "ask", **ASK, "loop": [1, 2]}]},
        2,
    ),
    "handler flushed for another host": (
        {
            "hosts": THREE,
            "tasks": [
                {**NOTIFY, "when": "inventory_hostname == 'h001'"},
                FLUSH,
                {**NOTIFY, "when": "inventory_hostname == 'h002'"},
                FLUSH,
            ],
            "handlers": [{"name": "ask", **ASK}],
        },
        2,
    ),
    "included twice": (
        {"hosts": THREE, "tasks": [{"ansible.builtin.include_tasks": "ask.yml", "loop": [1, 2]}]},
        2,
    ),
    "serial 1": ({"hosts": THREE, "serial": 1, "tasks": [ASK]}, 3),
    "serial 2 and 50%": ({"hosts": "all[0:9]", "serial": [2, "50%"], "tasks": [ASK]}, 3),
    "serial, free": ({"hosts": "all[0:3]", "serial": 2, "strategy": "free", "tasks": [ASK]}, 2),
    "throttle": ({"hosts": THREE, "tasks": [{**ASK, "throttle": 1}]}, 1),
    "different minimums": (
        {"hosts": THREE, "tasks": [{MODULE: {"minimum": "{{ inventory_hostname[1:] | int * 5 }}"}}]},
        1,
    ),
    "different settings": (
        {"hosts": THREE, "tasks": [{MODULE: {"timeout": "{{ 20 + inventory_hostname[1:] | int }}"}}]},
        3,
    ),
    "some hosts skip": (
        {"hosts": THREE, "tasks": [{**ASK, "when": "inventory_hostname != 'h001'"}]},
        1,
    ),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory, new_ansible):
    """All plays in one run of 50 hosts at 5 forks, each with a sandbox of its own to count the calls."""
    ansible = new_ansible(tmp_path_factory.mktemp("calls"))
    ansible.write("ask.yml", [ASK])
    return ansible.count_calls({name: play for name, (play, _calls) in PLAYS.items()})


@pytest.mark.parametrize("name", PLAYS)
def test_calls(played, name):
    """Each way to run a task makes just the calls that it should."""
    _run, calls = played
    assert calls[name] == PLAYS[name][1]


def test_each_host_is_judged_by_its_own_minimum(played):
    """What is shared is the balance, not the verdict."""
    run, _calls = played
    judged = {line["host"]: line["result"]["sufficient"] for line in run.lines if "sufficient" in line["result"]}
    assert judged == {"h001": True, "h002": True, "h003": False}


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_fifty_hosts_and_a_revoked_key_make_one_request(ansible, api, strategy):
    """An error is shared as well, also while failing hosts leave the batch; every host fails by it."""
    environment = {"LUMENFALL_API_KEY": "revoked", "LUMENFALL_API_BASE": api.url}
    run = ansible.play(environment=environment, hosts=50, strategy=strategy, tasks=[ASK])
    assert run.code == 2
    failures = run.results(event="failed")
    assert len(failures) == 50
    assert {failure["failure"]["type"] for failure in failures} == {"AuthenticationError"}
    assert len({failure["failure"]["request_id"] for failure in failures}) == 1
    assert len(api.requests) == 1


def test_a_key_for_each_host_is_a_call_for_each(ansible):
    """No host ever gets the answer to another key."""
    with contextlib.ExitStack() as stack:
        apis = [stack.enter_context(Sandbox(amount=amount)) for amount in (1, 2, 3)]
        variables = {
            "keys": [api.key for api in apis],
            "urls": [api.url for api in apis],
            "index": "{{ inventory_hostname[1:] | int - 1 }}",
        }
        task = {MODULE: {"api_key": "{{ keys[index | int] }}", "base_url": "{{ urls[index | int] }}"}}
        run = ansible.play(hosts=3, vars=variables, tasks=[task])
        assert {line["host"]: line["result"]["balance"]["available"]["amount"] for line in run.lines} == {
            "h001": 1,
            "h002": 2,
            "h003": 3,
        }
        assert [len(api.requests) for api in apis] == [1, 1, 1]


def test_funds_that_are_gone_are_seen_by_the_next_batch(funded, api):
    """A batch of ``serial`` never goes by what an earlier one saw."""
    api.script("12.50", "1.00")
    task = {MODULE: {"minimum": 5}, "register": "balance", "failed_when": "not balance.sufficient"}
    run = funded.play(hosts=4, serial=2, tasks=[task])
    assert [line["event"] for line in run.lines] == ["ok", "ok", "failed", "failed"]
    assert len(api.requests) == 2


@pytest.mark.parametrize("delegate", [{}, {"delegate_to": "h003"}], ids=["here", "there"])
def test_funds_that_are_gone_are_seen_by_the_next_flush(funded, api, delegate):
    """A handler that runs again never goes by what it saw for another host."""
    api.script("9.00", "1.00")
    gate = {"name": "ask", MODULE: {"minimum": 5}, "register": "balance", "failed_when": "not balance.sufficient"}
    tasks = [{**NOTIFY, "when": "inventory_hostname == 'h001'"}, FLUSH, {**NOTIFY, "when": "true"}, FLUSH]
    run = funded.play(hosts=3, tasks=tasks, handlers=[{**gate, **delegate}])
    judged = [(line["host"], line["event"]) for line in run.lines if line["task"] == "ask"]
    assert judged[0] == ("h001", "ok")
    assert sorted(judged[1:]) == [("h001", "failed"), ("h002", "failed"), ("h003", "failed")]
    assert len(api.requests) == 2


def test_a_host_that_a_handler_left_out_takes_up_nothing_later(funded, api):
    """What was fetched while its condition did not hold is old when it does."""
    api.script("9.00", "1.00")
    gate = {"name": "ask", MODULE: {"minimum": 5}, "register": "balance", "failed_when": "not balance.sufficient"}
    spend = {"ansible.builtin.set_fact": {"spent": True}}
    second = {**NOTIFY, "when": "inventory_hostname == 'h002'"}
    handler = {**gate, "when": "inventory_hostname == 'h001' or spent is defined"}
    run = funded.play(hosts=2, tasks=[NOTIFY, FLUSH, spend, second, FLUSH], handlers=[handler])
    judged = [
        (line["host"], line["event"]) for line in run.lines if line["task"] == "ask" and line["event"] != "skipped"
    ]
    assert judged == [("h001", "ok"), ("h002", "failed")]


def test_a_handler_that_runs_once_leaves_nothing_for_later(funded, api):
    """The hosts that it ran for as well have had it; one that notifies it again asks again."""
    api.script("9.00", "1.00")
    gate = {"name": "ask", MODULE: {"minimum": 5}, "register": "balance", "failed_when": "not balance.sufficient"}
    second = {**NOTIFY, "when": "inventory_hostname != 'h001'"}
    run = funded.play(hosts=3, tasks=[NOTIFY, FLUSH, second, FLUSH], handlers=[{**gate, "run_once": True}])
    judged = [(line["host"], line["event"]) for line in run.lines if line["task"] == "ask"]
    assert judged == [("h001", "ok"), ("h002", "failed")]


# How h001 asks twice, and h002 once -> the keywords of the handler.
LEFT = {
    "until": {
        MODULE: {"minimum": "{{ 8 if inventory_hostname == 'h001' else 5 }}"},
        "until": "balance.sufficient",
        "retries": 2,
        "delay": 0,
    },
    "loop": {
        MODULE: {"minimum": 5},
        "loop": "{{ [1, 2] if inventory_hostname == 'h001' else [1] }}",
        "failed_when": "not balance.sufficient",
    },
}


@pytest.mark.parametrize(("name", "delegate"), [("until", {}), ("loop", {}), ("loop", {"delegate_to": "h001"})])
def test_what_a_run_of_a_handler_left_over_is_not_for_its_next(funded, api, name, delegate):
    """One host may ask more often than another."""
    api.script("6.00", "9.00")
    api.amount = "1.00"
    second = {**NOTIFY, "when": "inventory_hostname == 'h002'"}
    handler = {"name": "ask", "register": "balance", **LEFT[name], **delegate}
    run = funded.play(hosts=2, tasks=[NOTIFY, FLUSH, second, FLUSH], handlers=[handler])
    judged = [(line["host"], line["event"]) for line in run.lines if line["task"] == "ask" and line["event"] != "retry"]
    assert sorted(judged[:2]) == [("h001", "ok"), ("h002", "ok")]
    assert judged[2:] == [("h002", "failed")]


def test_a_host_that_is_late_at_a_handler_makes_no_call(funded, api):
    """Which would be left over for the others."""
    api.script("9.00", "1.00")
    minimum = "{{ lookup('pipe', 'sleep 1; echo 5') if inventory_hostname == 'h001' else 5 }}"
    handler = {"name": "ask", MODULE: {"minimum": minimum}, "register": "balance"}
    run = funded.play(hosts=2, tasks=[NOTIFY, FLUSH, NOTIFY, FLUSH], handlers=[handler])
    assert [result["sufficient"] for result in run.results("ask")] == [True, True, False, False]
    assert len(api.requests) == 2


def test_one_name_for_several_hosts_is_a_call_for_each(ansible):
    """Where a task delegates to a name that stands for another machine on each of its hosts."""
    tried = ansible.folder / "tried"
    ssh = ansible.write("ssh", f"#!/bin/sh\necho x >> {tried}\nexit 255\n")
    ssh.chmod(0o755)
    away = {"ansible_connection": "ssh", "ansible_ssh_executable": str(ssh), "ansible_ssh_retries": 0}
    where = {**away, "ansible_host": "bastion-of-{{ inventory_hostname }}"}
    run = ansible.play(hosts=3, tasks=[{MODULE: {"minimum": 5}, "delegate_to": "bastion", "vars": where}])
    assert run.code != 0
    assert tried.read_text(encoding="utf-8") == "x\n" * 3


def test_a_host_that_cannot_be_reached_is_tried_once(ansible):
    """The hosts of the task do not queue up for it one by one."""
    tried = ansible.folder / "tried"
    ssh = ansible.write("ssh", f"#!/bin/sh\necho x >> {tried}\nexit 255\n")
    ssh.chmod(0o755)
    away = {"ansible_connection": "ssh", "ansible_ssh_executable": str(ssh), "ansible_ssh_retries": 0}
    task = {MODULE: {"minimum": 5}, "delegate_to": "away", "register": "balance"}
    add = {"ansible.builtin.add_host": {"name": "away", "groups": "elsewhere", **away}}
    run = ansible.play(hosts=4, tasks=[add, {**task, "when": "inventory_hostname != 'away'"}])
    assert run.output.count("unreachable=1") == 4, run.output
    assert tried.read_text(encoding="utf-8") == "x\n"


def test_two_runs_share_nothing(funded, api):
    """The next run of the same playbook asks again."""
    for _run in range(2):
        funded.play(tasks=[ASK])
    assert len(api.requests) == 2


def test_waiting_for_another_host_counts_against_the_deadline(funded, api):
    """While one worker asks a server that is slow, the others give up when it does: nobody waits twice."""
    api.delay = 60
    run = funded.play(hosts=3, tasks=[{MODULE: {"timeout": 4, "max_attempts": 1}}])
    assert len(run.results(event="failed")) == 3
    assert {result["failure"]["type"] for result in run.results()} == {"DeadlineExceededError"}
    assert len(api.requests) == 1
