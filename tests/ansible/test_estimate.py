# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The module lumenfall_estimate, and gates on what a job costs."""

from __future__ import annotations

import pytest

from pulumi_lumenfall.sandbox import Sandbox

ESTIMATE = "lumenfall.cloud.lumenfall_estimate"
BALANCE = "lumenfall.cloud.lumenfall_balance"
ROLE = "lumenfall.cloud.require_balance"
PROMPT = "a lighthouse that nobody may see"
REQUEST = {"model": "img", "prompt": PROMPT}
JOB = {"request": REQUEST, "times": 300, "margin": "20%"}


@pytest.fixture
def api():
    """A sandbox with 9.00 usd and a model that costs 0.08 usd."""
    with Sandbox(amount="9.00", prices={"img": "0.08"}) as sandbox:
        yield sandbox
        # Nothing may ever generate.
        posts = [request for request in sandbox.requests if request.method == "POST"]
        assert all(request.path.endswith("?dryRun=true") for request in posts)


def test_a_job_and_its_gates(funded, api):
    """Priced once for all hosts, here and delegated; the numbers are exact text, and gate in module and role."""
    variables = {f"require_balance_{name}": value for name, value in JOB.items()}
    tasks = [
        {"name": "estimate", ESTIMATE: JOB, "register": "job"},
        {"name": "text", ESTIMATE: {"request": "{{ request | to_json }}"}, "vars": {"request": REQUEST}},
        {"name": "delegated", ESTIMATE: JOB, "delegate_to": "h003", "run_once": True},
        {"name": "gate", BALANCE: {"minimum": "{{ job.cost }}", "require": True}, "ignore_errors": True},
        {"ansible.builtin.include_role": {"name": ROLE}, "vars": {**variables, "require_balance_times": 10}},
        {"name": "spend", "ansible.builtin.debug": {"msg": "spent"}},
        {"ansible.builtin.include_role": {"name": ROLE}, "vars": variables},
        {"name": "spend more", "ansible.builtin.debug": {"msg": "spent"}},
    ]
    run = funded.play("-vvvv", hosts=3, tasks=tasks, environment={"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"})
    result = run.of_host("h002", "estimate")
    assert result["msg"] == "about 28.80 usd (300 x 0.08 + 20%) with img"
    assert (result["cost"], result["unit_cost"], result["currency"]) == ("28.80", "0.08", "usd")
    assert (result["model"], result["provider"], result["changed"]) == ("img", "sandbox", False)
    assert run.of_host("h001", "text")["cost"] == "0.08"
    assert run.of_host("h001", "delegated")["cost"] == "28.80"
    low = "balance too low: have 9.00 usd, need 28.80 usd"
    assert run.of_host("h003", "gate")["msg"].startswith(low)
    assert run.hosts("spend") == {"h001", "h002", "h003"}
    assert run.of_host("h003", "Require a Lumenfall balance")["msg"].startswith(low + " (300 x 0.08 + 20%), 19.80")
    assert run.results("spend more") == []
    # Three estimates, a gate, and two roles that estimate and gate.
    assert len(api.requests) == 3 + 1 + 2 * 2
    assert PROMPT not in run.output.replace(f'"prompt": "{PROMPT}"', "")


BAD = {
    "request: it is not a JSON object": {"request": [1]},
    "request: it is not a JSON": {"request": "{"},
    "request: it is larger than 1 MiB": {"request": {"prompt": "x" * (1 << 20)}},
    "endpoint: 'music' cannot be priced": {"request": REQUEST, "endpoint": "music"},
    "times: 0 is not a whole number": {"request": REQUEST, "times": 0},
    "times: it is empty": {"request": REQUEST, "times": ""},
    "margin: '-5%' is not a percentage": {"request": REQUEST, "margin": "-5%"},
    "there is no option 'minimum'": {"request": REQUEST, "minimum": 5},
}


def test_bad_jobs(funded, api):
    """Named; nothing is sent, and no prompt is shown. In the role the verdict is "cannot tell", and no host goes on."""
    tasks = [{"name": words, ESTIMATE: options, "ignore_errors": True} for words, options in BAD.items()]
    unknown = {"name": "unknown", ESTIMATE: {"request": {**REQUEST, "model": "other"}}, "ignore_errors": True}
    hosts = {
        "both": {"require_balance_request": REQUEST, "require_balance_minimum": 5},
        "text": {"require_balance_request": PROMPT},
        "times": {"require_balance_request": REQUEST, "require_balance_times": "many"},
        "wait": {"require_balance_request": REQUEST, "require_balance_wait": "soon"},
        "alone": {"require_balance_minimum": 5, "require_balance_times": 300},
        "misspelt": {"require_balance_minimum": 5, "require_balance_request": "{{ no_such_request }}"},
    }
    spend = {"name": "spend", "ansible.builtin.debug": {"msg": "spent"}}
    plays = [{"hosts": "both", "tasks": [*tasks, unknown]}, {"roles": [ROLE], "tasks": [spend]}]
    run = funded.plays(plays, hosts=hosts)
    for words in BAD:
        assert words in run.result(words)["msg"]
        assert run.result(words)["failure"]["type"] == "ConfigurationError"
    assert "MODEL_NOT_FOUND" in run.result("unknown")["msg"]
    said = {host: run.of_host(host, "Require a Lumenfall balance") for host in hosts}
    assert "require_balance_minimum and require_balance_request are both set" in said["both"]["msg"]
    assert "require_balance_request: it is not a JSON object" in said["text"]["msg"]
    assert "require_balance_times: 'many' is not a whole number" in said["times"]["msg"]
    assert "require_balance_wait: 'soon' is not a duration" in said["wait"]["msg"]
    assert "require_balance_times and require_balance_margin need require_balance_request" in said["alone"]["msg"]
    assert "'no_such_request' is undefined" in said.pop("misspelt")["msg"]
    assert {result["verdict"] for result in said.values()} == {"cannot tell"}
    assert run.results("spend") == []
    assert "Traceback" not in run.output
    assert PROMPT not in run.output
    assert len(api.requests) == 1
