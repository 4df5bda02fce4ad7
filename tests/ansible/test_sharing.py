# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One task asks once, however many hosts it runs for; what asks again gets a new answer."""

from __future__ import annotations

import contextlib

import pytest

from pulumi_lumenfall.sandbox import Sandbox

MODULE = "lumenfall.cloud.lumenfall_balance"
ASK = {MODULE: {"max_attempts": 1}, "register": "balance"}
FLUSH = {"ansible.builtin.meta": "flush_handlers"}
NOTIFY = {"ansible.builtin.debug": {"msg": "x"}, "changed_when": True, "notify": "ask"}
SHOW = {"ansible.builtin.debug": {"msg": "{{ lookup('" + MODULE + "').available.amount }}"}}
INCLUDE = {"ansible.builtin.include_tasks": "{{ playbook_dir }}/ask.yml"}
THREE = "all[0:2]"

# Play over 20 hosts -> requests.
PLAYS = {
    "linear": ({"tasks": [ASK]}, 1),
    "free": ({"strategy": "free", "tasks": [ASK]}, 1),
    "host_pinned": ({"strategy": "host_pinned", "tasks": [ASK]}, 1),
    "included": ({"tasks": [INCLUDE]}, 1),
    "included, free": ({"strategy": "free", "tasks": [INCLUDE]}, 1),
    "included, host_pinned": ({"strategy": "host_pinned", "tasks": [INCLUDE]}, 1),
    "included twice": ({"hosts": THREE, "tasks": [{**INCLUDE, "loop": [1, 1]}]}, 2),
    "included twice, free": ({"hosts": THREE, "strategy": "free", "tasks": [{**INCLUDE, "loop": [1, 2]}]}, 2),
    "run_once": ({"hosts": THREE, "tasks": [{**ASK, "run_once": True}]}, 1),
    "delegated to localhost": ({"hosts": THREE, "tasks": [{**ASK, "delegate_to": "localhost"}]}, 1),
    "delegated away": ({"hosts": THREE, "tasks": [{**ASK, "delegate_to": "h020"}]}, 3),
    "two tasks": ({"hosts": THREE, "tasks": [ASK, ASK]}, 2),
    "loop": ({"hosts": THREE, "tasks": [{**ASK, "loop": [1, 2]}]}, 2),
    "until": ({"hosts": THREE, "tasks": [{**ASK, "until": "balance.attempts == 3", "retries": 5, "delay": 0}]}, 3),
    "handler": ({"hosts": THREE, "tasks": [NOTIFY, FLUSH], "handlers": [{"name": "ask", **ASK}]}, 3),
    "serial 1": ({"hosts": THREE, "serial": 1, "tasks": [ASK]}, 3),
    "serial 2 and 50%": ({"hosts": "all[0:9]", "serial": [2, "50%"], "tasks": [ASK]}, 3),
    "serial, free": ({"hosts": "all[0:3]", "serial": 2, "strategy": "free", "tasks": [ASK]}, 2),
    "minimums": ({"hosts": THREE, "tasks": [{MODULE: {"minimum": "{{ inventory_hostname[1:] | int * 5 }}"}}]}, 1),
    "settings": ({"hosts": THREE, "tasks": [{MODULE: {"timeout": "{{ 20 + inventory_hostname[1:] | int }}"}}]}, 3),
    "some skip": ({"hosts": THREE, "tasks": [{**ASK, "when": "inventory_hostname != 'h001'"}]}, 1),
    "off": ({"hosts": THREE, "tasks": [{**ASK, "environment": {"LUMENFALL_CACHE_SECONDS": 0}}]}, 3),
    "old": ({"hosts": THREE, "tasks": [{**ASK, "throttle": 1, "environment": {"LUMENFALL_CACHE_SECONDS": 0.001}}]}, 3),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory, new_ansible):
    """All plays in one run with 5 forks, each with a sandbox of its own to count the requests."""
    ansible = new_ansible(tmp_path_factory.mktemp("calls"))
    ansible.write("ask.yml", [ASK])
    with contextlib.ExitStack() as stack:
        apis = {name: stack.enter_context(Sandbox(amount="12.50")) for name in PLAYS}
        run = ansible.plays([{"environment": apis[name].environ, **PLAYS[name][0]} for name in PLAYS], hosts=20)
        assert run.code == 0, run.output
        return run, {name: len(api.requests) for name, api in apis.items()}


@pytest.mark.parametrize("name", PLAYS)
def test_requests(played, name):
    """Each way to run a task makes just the requests that it should."""
    _run, calls = played
    assert calls[name] == PLAYS[name][1]


def test_each_host_is_judged_by_its_own_minimum(played):
    """What is shared is the balance, not the verdict."""
    run, _calls = played
    judged = {line["host"]: line["result"]["sufficient"] for line in run.lines if "sufficient" in line["result"]}
    assert judged == {"h001": True, "h002": True, "h003": False}


@pytest.mark.parametrize(("status", "requests"), [(401, 1), (503, 3)])
def test_an_error_is_shared_by_the_hosts_of_its_task_alone(funded, api, status, requests):
    """Also while failing hosts leave the batch. The next attempt and the next task ask again."""
    api.status = status
    tasks = [
        {**ASK, MODULE: {}, "ignore_errors": True},
        {**ASK, MODULE: {}, "until": "balance is success", "retries": 1, "delay": 0},
    ]
    run = funded.play(hosts=50, tasks=tasks)
    failures = run.results(event="failed")
    assert len(failures) == 2 * 50
    assert len({failure["failure"]["request_id"] for failure in failures}) == 3 - 1
    assert len(api.requests) == 3 * requests


def test_a_key_for_each_host_is_a_request_for_each(ansible):
    """No host ever gets the answer to another key or base URL."""
    with contextlib.ExitStack() as stack:
        apis = [stack.enter_context(Sandbox(amount=amount)) for amount in (1, 2, 3)]
        hosts = {f"h{api.url[-5:]}": {"key": api.key, "url": api.url} for api in apis}
        lookup = "{{ lookup('" + MODULE + "', api_key=key, base_url=url).available.amount }}"
        tasks = [
            {"name": "ask", MODULE: {"api_key": "{{ key }}", "base_url": "{{ url }}"}},
            {"name": "look", "ansible.builtin.debug": {"msg": lookup}},
        ]
        run = ansible.play(hosts=hosts, tasks=tasks)
        for amount, host in enumerate(hosts, 1):
            assert run.of_host(host, "ask")["balance"]["available"]["amount"] == amount
            assert run.of_host(host, "look")["msg"] == amount
        assert [len(api.requests) for api in apis] == [2, 2, 2]


def test_funds_that_are_gone_are_seen_by_the_next_batch_and_handler(funded, api):
    """A batch of ``serial`` never goes by what an earlier one saw, nor one run of a handler by another."""
    api.script("12.50", "1.00")
    gate = {"name": "ask", MODULE: {"minimum": 5, "require": True}}
    run = funded.play(hosts=4, serial=2, tasks=[gate])
    assert [line["event"] for line in run.lines] == ["ok", "ok", "failed", "failed"]
    assert len(api.requests) == 2
    api.script("9.00", "1.00")
    second = {**NOTIFY, "when": "inventory_hostname == 'h002'"}
    first = {**NOTIFY, "when": "inventory_hostname == 'h001'"}
    run = funded.play(hosts=2, tasks=[first, FLUSH, second, FLUSH], handlers=[gate])
    assert [line["event"] for line in run.lines if line["task"] == "ask"] == ["ok", "failed"]


def test_lookups_share_within_a_run(funded, api):
    """Five tasks on twenty hosts make one request, an error none that is kept, and the next run asks again."""
    balance = "{{ lookup('" + MODULE + "') }}"
    tasks = [{"name": "show", "ansible.builtin.debug": {"msg": "{{ balance.available.amount }}"}}] * 5
    for run_number in (1, 2):
        run = funded.play(hosts=20, vars={"balance": balance}, tasks=tasks)
        assert [result["msg"] for result in run.results("show")] == [12.5] * 100
        assert len(api.requests) == run_number
    api.script(401)
    run = funded.play(tasks=[{**SHOW, "ignore_errors": True}, {**SHOW, "name": "again"}])
    assert run.result("again")["msg"] == 12.5
    assert len(api.requests) == 4
    funded.play(hosts=2, tasks=[SHOW, SHOW], environment={"LUMENFALL_CACHE_SECONDS": "0"})
    assert len(api.requests) == 8


@pytest.mark.parametrize("task", [{MODULE: {"timeout": 4, "max_attempts": 1}}, SHOW], ids=["module", "lookup"])
def test_waiting_for_another_host_counts_against_the_deadline(funded, api, task):
    """While one worker asks a server that is slow, the others give up when it does: no host waits twice."""
    api.delay = 60
    run = funded.play(hosts=3, tasks=[task], environment={"LUMENFALL_TIMEOUT": "4", "LUMENFALL_MAX_ATTEMPTS": "1"})
    assert len(run.results(event="failed")) == 3
    assert run.output.count("within 4 s") >= 3
    assert len(api.requests) == 1


def test_nothing_is_left_behind(funded, api):
    """The answers are in a folder of the run, which Ansible removes."""
    local = funded.folder / "local"
    seen = {
        **SHOW,
        "ansible.builtin.debug": {"msg": "{{ lookup('pipe', 'find ' ~ local ~ ' -name \"lumenfall-*\"') }}"},
    }
    run = funded.play(
        tasks=[ASK, {**seen, "name": "files"}],
        vars={"local": str(local)},
        environment={"ANSIBLE_LOCAL_TEMP": str(local)},
    )
    assert "lumenfall-" in run.result("files")["msg"]
    assert api.key not in run.result("files")["msg"]
    assert not list(local.rglob("lumenfall-*"))
