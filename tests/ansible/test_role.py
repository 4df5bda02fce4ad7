# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The role require_balance: it gates each host it is applied to, by that host's variables, however it is applied."""

from __future__ import annotations

import contextlib

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY, leaked

MODULE = "lumenfall.cloud.lumenfall_balance"
ROLE = "lumenfall.cloud.require_balance"
GATE = {"role": ROLE, "require_balance_minimum": 5}
LOW = "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"
SPEND = {"name": "spend", "ansible.builtin.debug": {"msg": "{{ require_balance_result.msg | default('no gate') }}"}}
TASK = "Require a Lumenfall balance"


def included(name="include_role", **keywords):
    return {f"ansible.builtin.{name}": {"name": ROLE}, "vars": {"require_balance_minimum": 5}, **keywords}


# How the role is applied to the hosts whose name starts with "gpu", and not to "web".
ONLY_GPU = {"when": "inventory_hostname.startswith('gpu')"}
WAYS = {
    "roles": {"roles": [{**GATE, **ONLY_GPU}]},
    "import": {"tasks": [included("import_role", **ONLY_GPU)]},
    "include": {"tasks": [included(**ONLY_GPU)]},
    "block": {"tasks": [{"block": [included()], **ONLY_GPU}]},
    "loop": {"tasks": [included(loop=[1, 2], **ONLY_GPU)]},
    "minimum": {"roles": [{"role": ROLE, "require_balance_minimum": "{{ 5 if inventory_hostname[0] == 'g' else 1 }}"}]},
}


@pytest.mark.parametrize("on_low", ["fail", "warn"])
@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned"])
def test_it_gates_the_hosts_it_is_applied_to_and_no_other(funded, api, strategy, on_low):
    """Of each play with a web host and two that are gated, only the web host spends; each play asks once."""
    api.amount = "3.20"
    plays, hosts = [], {}
    for way, play in WAYS.items():
        names = [f"{name}-{way}" for name in ("web", "gpu1", "gpu2")]
        hosts |= {name: {"require_balance_on_low": on_low} for name in names}
        tasks = [*play.get("tasks", []), {**SPEND, "name": f"spend {way}"}]
        plays.append({"strategy": strategy, **play, "hosts": names, "tasks": tasks})
    run = funded.plays(plays, hosts=hosts, environment={"ANSIBLE_DEPRECATION_WARNINGS": "1"})
    for way in WAYS:
        assert run.hosts(f"spend {way}") == {f"web-{way}"}, run.output
    assert LOW in " ".join(run.output.split())
    assert "DEPRECATION" not in run.output
    assert len(api.requests) == len(WAYS)


@pytest.mark.parametrize("keywords", [{"when": "require_balance_result is not defined"}, {"run_once": True}])
@pytest.mark.parametrize(
    "forgiving",
    [
        {"require_balance_on_low": "warn"},
        {"ignore_errors": True},
        {"ignore_errors": True, "require_balance_minimum": "{{ undefined }}"},
    ],
)
def test_it_fails_where_it_could_not_end_the_host(funded, api, keywords, forgiving):
    """With such a keyword Ansible would skip the task that ends the host, and spend."""
    api.amount = "3.20"
    run = funded.play(hosts=2, roles=[{**GATE, **forgiving, **keywords}], tasks=[SPEND])
    assert run.code == 2
    assert run.results("spend") == []


def test_warn_ends_only_the_host(funded, api):
    """No failure, no later task; the next play runs. ``ignore_errors`` on a gate that fails is no way round either."""
    api.amount = "3.20"
    plays = [
        {"roles": [{**GATE, "require_balance_on_low": "warn"}], "tasks": [SPEND]},
        {"name": "next", "tasks": [{"name": "next", "ansible.builtin.debug": {"msg": "x"}}]},
        {"roles": [{**GATE, "ignore_errors": True}], "tasks": [SPEND]},
    ]
    run = funded.plays(plays, hosts=2)
    assert run.code == 0, run.output
    assert f"[WARNING]: {LOW}" in " ".join(run.output.split())
    assert run.results("spend") == []
    assert len(run.results("next")) == 2


@pytest.mark.parametrize(
    ("tags", "spends"),
    [(("--tags", "deploy"), False), (("--skip-tags", "deploy"), False), (("--skip-tags", "require_balance"), True)],
)
def test_tags(funded, api, tags, spends):
    """An include with ``always`` gates whatever is asked for; ``--skip-tags require_balance`` is the one way round."""
    api.amount = "3.20"
    tasks = [included(tags=["always"]), {**SPEND, "tags": ["deploy"]}]
    run = funded.play(*tags, hosts=2, tasks=tasks)
    assert (run.code == 0) is spends
    assert bool(run.results("spend")) is spends
    run = funded.play(*tags, hosts=2, roles=[GATE], tasks=[{**SPEND, "tags": ["deploy"]}])
    assert bool(run.results("spend")) is spends


def test_fifty_hosts(funded, api):
    """One request for them and one for each batch of ``serial``; a stop is one excerpt and a line for each host."""
    enough = funded.plays([{"roles": [GATE], "tasks": [SPEND]}, {"roles": [GATE], "serial": 20}], hosts=50)
    assert enough.code == 0, enough.output
    assert len(enough.hosts("spend")) == 50
    assert enough.of_host("h050", "spend")["msg"].startswith("enough: 12.50 usd")
    assert len(api.requests) == 1 + 3
    api.amount = "3.20"
    low = funded.play(hosts=50, roles=[GATE], tasks=[SPEND])
    assert low.code == 2
    assert f"[ERROR]: Task failed: Action failed: {LOW}" in low.output
    assert len(low.output.splitlines()) < 50 + 50 + 20
    # Ansible shows the lines around the task.
    assert TASK in low.output
    assert "#" not in low.output.replace("# SPDX", "")
    assert len(api.requests) == 1 + 3 + 1


# Account -> what the role does with on_low fail, and with warn: go on, stop, or end the host without a failure.
ACCOUNTS = {
    "enough": ({"amount": "12.50"}, {}, "go on", "go on"),
    "low": ({"amount": "3.20"}, {}, "stop", "end"),
    "402": ({"amount": 9, "status": 402}, {}, "stop", "end"),
    "401": ({"amount": 9, "status": 401}, {}, "stop", "stop"),
    "null": ({"amount": None}, {}, "stop", "stop"),
    "postpaid-denied": (
        {"amount": None, "billing_type": "postpaid"},
        {"require_balance_postpaid": "deny"},
        "stop",
        "end",
    ),
}


@pytest.mark.parametrize("on_low", ["fail", "warn"])
def test_each_kind_of_account(ansible, on_low):
    """An error or an unknown balance stops the host, whatever ``on_low`` says."""
    with contextlib.ExitStack() as stack:
        hosts = {}
        for name, (account, variables, *_) in ACCOUNTS.items():
            api = stack.enter_context(Sandbox(**account))
            hosts[name] = {"key": api.key, "url": api.url, "require_balance_on_low": on_low, **variables}
        defaults = {"api_key": "{{ key }}", "base_url": "{{ url }}", "max_attempts": 1}
        defaults = {"group/lumenfall.cloud.lumenfall": defaults}
        run = ansible.play(hosts=hosts, module_defaults=defaults, roles=[GATE], tasks=[SPEND])
    failed = {line["host"] for line in run.lines if line["event"] == "failed"}
    for name, (_account, _variables, *outcomes) in ACCOUNTS.items():
        outcome = outcomes[on_low == "warn"]
        assert (name in run.hosts("spend"), name in failed) == (outcome == "go on", outcome == "stop"), name
    # The messages name the role's variables.
    assert "set require_balance_unavailable to 'allow'" in run.of_host("null", TASK)["msg"]
    assert "set require_balance_postpaid to 'allow'" in run.of_host("postpaid-denied", TASK)["msg"]


def test_it_waits(funded, api):
    """For a top-up, with one look at a time for all hosts; under ``--check`` it does not wait."""
    api.script("3.20", 503, 402)
    waiting = {**GATE, "require_balance_wait": "1h", "require_balance_poll": "1s"}
    defaults = {"group/lumenfall.cloud.lumenfall": {"max_attempts": 1}}
    run = funded.play(hosts=3, roles=[waiting], tasks=[SPEND], module_defaults=defaults)
    assert len(run.hosts("spend")) == 3, run.output
    assert len(api.requests) == 4
    api.amount = "3.20"
    assert funded.play("--check", roles=[waiting], tasks=[SPEND]).code == 2
    assert len(api.requests) == 5


BAD = {
    "require_balance_minimum: it is empty": {"require_balance_minimum": ""},
    "require_balance_minimum: 'abc' is not an amount of dollars": {"require_balance_minimum": "abc"},
    "require_balance_minimum: a value of type": {"require_balance_minimum": [5]},
    "require_balance_postpaid: 'maybe' is not valid": {"require_balance_postpaid": "maybe"},
    "require_balance_unavailable: 'maybe' is not valid": {"require_balance_unavailable": "maybe"},
    "require_balance_wait: 'soon' is not a duration": {"require_balance_wait": "soon"},
    "require_balance_poll: 0 is out of range": {"require_balance_poll": 0},
    "require_balance_on_low: 'stop' is neither 'fail' nor 'warn'": {"require_balance_on_low": "stop"},
    **{
        f"require_balance_{name}: what looks like an API key (not shown)": {f"require_balance_{name}": KEY}
        for name in ("minimum", "postpaid", "wait", "on_low")
    },
}


def test_a_bad_variable_is_refused(funded, api):
    """By name, before anything is sent, and never shown if it is a key. A minimum that nobody set is one, too."""
    hosts = {
        f"h{number}": {"words": words, "require_balance_minimum": 5, "require_balance_on_low": "warn", **bad}
        for number, (words, bad) in enumerate(BAD.items())
    }
    hosts["unset"] = {"words": "require_balance_minimum: it is empty"}
    hosts["omit"] = {"words": "require_balance_minimum: it is empty", "require_balance_minimum": "{{ omit }}"}
    run = funded.play("-vvvv", hosts=hosts, roles=[ROLE], tasks=[SPEND])
    for host, variables in hosts.items():
        assert variables["words"] in run.of_host(host, TASK)["msg"]
    assert run.results("spend") == []
    assert "Traceback" not in run.output
    assert not leaked(run.output)
    assert api.requests == []
