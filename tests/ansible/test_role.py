# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The role require_balance: one call for a play, a stop on all hosts, a wait, and variables that are checked."""

from __future__ import annotations

import time

import pytest

from pulumi_lumenfall.sandbox import Answer
from support.leaks import KEY, leaked

ROLE = "lumenfall.cloud.require_balance"
MINIMUM = {"require_balance_minimum": 5}
GATE = {"role": ROLE, **MINIMUM}
WORK = {"name": "work", "ansible.builtin.debug": {"msg": "{{ require_balance_result.msg }}"}}


def asked(run):
    """The results of the role's own task."""
    return [line["result"] for line in run.lines if "Require a Lumenfall balance" in line["task"]]


# name -> (play, calls)
PLAYS = {
    "linear": ({"roles": [GATE]}, 1),
    "free": ({"roles": [GATE], "strategy": "free"}, 1),
    "host_pinned": ({"roles": [GATE], "strategy": "host_pinned"}, 1),
    "import_role": ({"tasks": [{"ansible.builtin.import_role": {"name": ROLE}, "vars": MINIMUM}]}, 1),
    "include_role": ({"tasks": [{"ansible.builtin.include_role": {"name": ROLE}, "vars": MINIMUM}]}, 1),
    "tasks_from": (
        {"tasks": [{"ansible.builtin.import_role": {"name": ROLE, "tasks_from": "gate"}, "vars": MINIMUM}]},
        1,
    ),
    "serial": ({"roles": [GATE], "serial": 20}, 3),
    "serial, free": ({"roles": [GATE], "serial": 20, "strategy": "free"}, 3),
    "twice": ({"roles": [GATE, GATE]}, 2),
    "by defaults": (
        {"roles": [{"role": ROLE}], "vars": {"require_balance_minimum": "5.00"}},
        1,
    ),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory, new_ansible):
    """Every play on 50 hosts, in one run, each with a sandbox of its own to count the calls."""
    ansible = new_ansible(tmp_path_factory.mktemp("role"))
    return ansible.count_calls({name: play for name, (play, _calls) in PLAYS.items()})


@pytest.mark.parametrize("name", PLAYS)
def test_calls(played, name):
    """One call for fifty hosts; one for each batch of ``serial``."""
    _run, calls = played
    assert calls[name] == PLAYS[name][1]


def test_it_runs_one_task_for_all_hosts(played):
    """No task of it, nor a check of its arguments, runs on every host."""
    run, _calls = played
    assert "arg spec" not in run.output.split("PLAY [tasks_from]")[0]


def test_later_tasks_find_the_result(funded, api):
    """On every host, not only on the one that asked."""
    run = funded.play(hosts=3, roles=[GATE], tasks=[WORK])
    assert [result["msg"] for result in run.results("work")] == [
        "enough: 12.50 usd available (prepaid), 7.50 more than the 5.00 needed"
    ] * 3


@pytest.mark.parametrize("strategy", ["linear", "free"])
@pytest.mark.parametrize("arguments", [(), ("--check",), ("--limit", "h002,h003")], ids=["run", "check", "limit"])
def test_a_low_balance_stops_all_hosts(funded, api, strategy, arguments):
    """With what there is, what is needed and where to add funds; no later task runs anywhere."""
    api.amount = "3.20"
    run = funded.play(*arguments, hosts=3, strategy=strategy, roles=[GATE], tasks=[WORK])
    assert run.code == 2
    message = "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"
    assert {result["msg"] for result in asked(run)} == {message}
    assert len(asked(run)) == (1 if strategy == "linear" else 2 if "--limit" in arguments else 3)
    assert message in run.output
    assert run.results("work") == []
    assert len(api.requests) == 1


def test_a_low_balance_stops_the_batches_that_follow(funded, api):
    """The first batch had enough; when the second asks, the funds are gone."""
    api.script("12.50", "3.20")
    run = funded.play(hosts=6, serial=2, roles=[GATE], tasks=[WORK])
    assert run.code == 2
    assert sorted(line["host"] for line in run.lines if line["task"] == "work") == ["h001", "h002"]
    assert len(api.requests) == 2


@pytest.mark.parametrize("play", [{}, {"strategy": "free"}, {"serial": 1}], ids=["linear", "free", "serial"])
def test_warn_ends_the_play_without_a_failure(funded, api, play):
    """A message, no later task, no later batch, exit status 0; the next play runs."""
    api.amount = "3.20"
    plays = [
        {"hosts": "all", "gather_facts": False, "roles": [{**GATE, "require_balance_on_low": "warn"}], "tasks": [WORK]}
        | play,
        {"hosts": "all", "gather_facts": False, "tasks": [{"name": "next play", "ansible.builtin.debug": {"msg": ""}}]},
    ]
    run = funded.run(str(funded.write("playbook.yml", plays)), hosts=2)
    assert run.code == 0, run.output
    assert "balance too low: have 3.20 usd, need 5.00 usd" in run.output
    assert run.results("work") == []
    assert len(run.results("next play")) == 2


@pytest.mark.parametrize("on_low", ["fail", "warn"])
@pytest.mark.parametrize("status", [401, 403, 500])
def test_an_error_is_never_a_pass(funded, api, on_low, status):
    """Whatever on_low says: one cannot tell."""
    api.status = status
    roles = [{**GATE, "require_balance_on_low": on_low, "require_balance_unavailable": "allow"}]
    defaults = {"group/lumenfall.cloud.lumenfall": {"max_attempts": 1}}
    run = funded.play(hosts=2, roles=roles, tasks=[WORK], module_defaults=defaults)
    assert run.code == 2
    assert asked(run)[0]["verdict"] == "cannot tell"
    assert run.results("work") == []


def test_out_of_funds_is_too_low(funded, api):
    """A 402 is an answer to the question, so on_low decides."""
    api.status = 402
    roles = [{**GATE, "require_balance_on_low": "warn"}]
    run = funded.play(roles=roles, tasks=[WORK])
    assert run.code == 0, run.output
    assert "balance too low: the account has run out of funds" in run.output
    assert run.results("work") == []


@pytest.mark.parametrize(
    ("billing", "variables", "passes"),
    [
        ("prepaid", {}, False),
        ("prepaid", {"require_balance_on_low": "warn"}, False),
        ("prepaid", {"require_balance_unavailable": "allow"}, True),
        ("postpaid", {}, True),
        ("postpaid", {"require_balance_postpaid": "deny"}, False),
    ],
)
def test_null_goes_by_the_policies(funded, api, billing, variables, passes):
    """Null is not 0, and unknown is not low."""
    api.amount, api.billing_type = None, billing
    defaults = {"group/lumenfall.cloud.lumenfall": {"max_attempts": 1}}
    run = funded.play(roles=[{**GATE, **variables}], tasks=[WORK], module_defaults=defaults)
    assert run.code == (0 if passes else 2)
    assert len(run.results("work")) == passes
    policy = "require_balance_unavailable" if billing == "prepaid" else "require_balance_postpaid"
    assert asked(run)[0]["msg"].endswith(f"set {policy} to 'allow'") is not passes


WAIT = {"require_balance_wait": "2", "require_balance_poll": "1"}


def test_it_waits_for_a_top_up(funded, api):
    """Too little, then an error that may pass, then enough; asked once each time, for all hosts."""
    api.script("1.00", Answer(402, '{"error": {"code": "INSUFFICIENT_BALANCE"}}'))
    run = funded.play(hosts=3, roles=[{**GATE, **WAIT}], tasks=[WORK])
    assert run.code == 0, run.output
    assert len(run.results("work")) == 3
    assert len(api.requests) == 3


@pytest.mark.parametrize(("on_low", "code"), [("fail", 2), ("warn", 0)])
def test_it_does_not_wait_for_ever(funded, api, on_low, code):
    """When the time is up, on_low decides as if there had been no wait."""
    api.amount = "3.20"
    run = funded.play(roles=[{**GATE, **WAIT, "require_balance_on_low": on_low}], tasks=[WORK])
    assert run.code == code, run.output
    assert "balance too low: have 3.20 usd" in run.output
    assert run.results("work") == []
    assert len(api.requests) == 3


def test_it_does_not_wait_for_what_does_not_pass(funded, api):
    """A wrong key stays wrong."""
    api.status = 401
    run = funded.play(roles=[{**GATE, "require_balance_wait": 3600}], tasks=[WORK])
    assert run.code == 2
    assert len(api.requests) == 1


def test_it_waits_for_an_answer_that_did_not_come_in_time(funded, api):
    """As the command line does: the next one may."""
    api.delay = 3600
    defaults = {"group/lumenfall.cloud.lumenfall": {"timeout": 1}}
    run = funded.play(roles=[{**GATE, **WAIT}], tasks=[WORK], module_defaults=defaults)
    assert run.code == 2
    assert asked(run)[0]["failure"]["type"] == "DeadlineExceededError"
    assert len(api.requests) == 3


def test_it_does_not_wait_less_than_the_server_asks_for(funded, api):
    """It rather gives up, and says how long that is."""
    api.status, api.retry_after = 429, 100
    run = funded.play(roles=[{**GATE, **WAIT}], tasks=[WORK])
    assert run.code == 2
    assert "the server asks to wait 100 s" in asked(run)[0]["msg"]
    assert len(api.requests) == 1


def test_the_pauses_are_no_longer_than_the_wait(funded, api):
    """Also where the poll is; a wait that is empty is none."""
    api.amount = "3.20"
    begun = time.monotonic()
    gates = [{"require_balance_wait": "1", "require_balance_poll": 600.5}, {"require_balance_wait": ""}]
    for gate in gates:
        assert funded.play(roles=[{**GATE, **gate}], tasks=[WORK]).code == 2
    assert time.monotonic() - begun < 60
    assert len(api.requests) == 2 + 1


def test_it_does_not_wait_for_a_postpaid_account_to_be_another(funded, api):
    """Funds do not make it prepaid."""
    api.billing_type, api.amount = "postpaid", None
    gate = {**GATE, "require_balance_postpaid": "deny", "require_balance_wait": 3600}
    run = funded.play(roles=[gate], tasks=[WORK])
    assert run.code == 2
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("require_balance_minimum=", "require_balance_minimum: it is empty; set require_balance_minimum to a number"),
        ("require_balance_minimum=abc", "require_balance_minimum: 'abc' is not an amount of dollars"),
        ("require_balance_minimum=::error::5", "require_balance_minimum: ': :error: :5' is not an amount of dollars"),
        ("require_balance_minimum=1,50", "require_balance_minimum: '1,50' is not"),
        ("require_balance_minimum=nan", "require_balance_minimum: 'nan' is not"),
        ("require_balance_minimum=-1", "require_balance_minimum: '-1' is not"),
        ('{"require_balance_minimum": null}', "require_balance_minimum: it is empty"),
        ('{"require_balance_minimum": true}', "require_balance_minimum: True is not"),
        ('{"require_balance_minimum": [5]}', "require_balance_minimum: a list is not"),
        ("require_balance_postpaid=maybe", "require_balance_postpaid: 'maybe' is not a policy"),
        ("require_balance_unavailable=maybe", "require_balance_unavailable: 'maybe' is not a policy"),
        ("require_balance_wait=10m", "require_balance_wait: it is not a number of seconds, 0 or more"),
        ("require_balance_wait=-1", "require_balance_wait: it is not a number of seconds, 0 or more"),
        ("require_balance_poll=0", "require_balance_poll: it is not a number of seconds, 1 or more"),
        ("require_balance_on_low=stop", "require_balance_on_low: it is neither 'fail' nor 'warn'"),
    ],
)
def test_a_bad_variable_is_named(funded, api, extra, words):
    """A failure before anything is sent, also where on_low is warn; strings come from ``-e``."""
    variables = {**MINIMUM, "require_balance_on_low": "warn"}
    run = funded.play("-e", extra, roles=[ROLE], vars=variables, tasks=[WORK])
    assert run.code == 2
    assert words in asked(run)[0]["msg"]
    assert "Traceback" not in run.output
    assert run.results("work") == []
    assert api.requests == []


@pytest.mark.parametrize("task", ["main", "gate"])
@pytest.mark.parametrize("name", ["minimum", "postpaid", "unavailable", "wait", "poll", "on_low"])
def test_a_key_in_place_of_a_value_is_not_shown(funded, api, name, task):
    """Neither in the banner of the task nor in the refusal; nor in Ansible's own, where it checks the arguments."""
    variables = {**MINIMUM, f"require_balance_{name}": "{{ key }}", "key": KEY}
    gate = {"ansible.builtin.import_role": {"name": ROLE, "tasks_from": task}, "vars": variables}
    run = funded.play("-vv", tasks=[gate, WORK])
    assert run.code == 2
    assert f"require_balance_{name}: " in asked(run)[0]["msg"]
    assert not leaked(run.output)
    assert api.requests == []


def test_an_empty_variable_is_unset_in_the_documented_file_too(funded, api):
    """Though Ansible checks the arguments of that one itself."""
    empty = {"require_balance_postpaid": "", "require_balance_unavailable": None, "require_balance_wait": ""}
    gate = {"ansible.builtin.import_role": {"name": ROLE, "tasks_from": "gate"}, "vars": {**MINIMUM, **empty}}
    run = funded.play(tasks=[gate, WORK])
    assert run.code == 0, run.output


@pytest.mark.parametrize("minimum", [" 12.5 ", "+12.5", "125E-1", "12.50"])
def test_a_minimum_is_what_the_module_takes_for_one(funded, api, minimum):
    run = funded.play(roles=[{"role": ROLE, "require_balance_minimum": minimum}], tasks=[WORK])
    assert run.code == 0, run.output


@pytest.mark.parametrize("variables", [{}, {"require_balance_minimum": "{{ nowhere | default(omit) }}"}])
def test_a_minimum_that_nobody_set(funded, api, variables):
    """There is no default: a gate without a bar is none."""
    run = funded.play(roles=[{"role": ROLE, **variables}], tasks=[WORK])
    assert run.code == 2
    assert "require_balance_minimum: it is empty" in run.output
    assert api.requests == []


def test_tags(funded, api):
    """It has no tags of its own: it runs with the tag that the play gives it, and ``always`` makes it run always."""
    tagged = [{**GATE, "tags": ["always"]}]
    run = funded.play("--tags", "deploy", roles=tagged, tasks=[{**WORK, "tags": ["deploy"]}])
    assert len(run.results("work")) == len(api.requests) == 1


def test_numbers_from_the_command_line_are_numbers(funded, api):
    """``-e`` makes strings, which count as what they say."""
    run = funded.play("-e", "require_balance_minimum=12.50", roles=[ROLE], tasks=[WORK])
    assert run.result("work")["msg"] == "enough: 12.50 usd available (prepaid), exactly the 12.50 needed"
