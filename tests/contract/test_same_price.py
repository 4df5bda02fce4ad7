# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One job, priced through every surface against one server: the same numbers and verdict, by dry runs only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulumi_lumenfall.core import Gate, LumenfallClient, parse_job
from pulumi_lumenfall.sandbox import Sandbox
from support.plugin import Plugin, failures, returned
from support.pulumi_project import MakeProject

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
REQUEST = {"model": "gpt-image-1", "prompt": "a lighthouse that nobody may read about"}
LOW = "balance too low: have 9.00 usd, need 28.80 usd, 19.80 short"
LOW_WITH_FORMULA = "balance too low: have 9.00 usd, need 28.80 usd (300 x 0.08 + 20%), 19.80 short"


@pytest.fixture
def api() -> Iterator[Sandbox]:
    """A server that prices dry runs, and that no test sends anything but dry runs."""
    with Sandbox(amount="9", prices={"gpt-image-1": "0.08"}) as api:
        yield api
        posts = [request.path for request in api.requests if request.method == "POST"]
        assert posts
        assert all(path == "/openai/v1/images/generations?dryRun=true" for path in posts)


def test_core(api: Sandbox) -> None:
    with LumenfallClient(api.key, base_url=api.url) as client:
        job, estimate = parse_job(300, "20%"), client.estimate_cost(REQUEST)
        gate = Gate(job.cost(estimate), note=job.formula(estimate))
        assert gate.judge(client.fetch_balance()).message.startswith(LOW_WITH_FORMULA)


def test_command_line(api: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text(json.dumps(REQUEST))
    words = ["check", "--cost-of", "request.json", "--times", "300", "--margin", "20%"]
    done = subprocess.run(
        [BIN / "lumenfall-balance", *words],
        cwd=tmp_path,
        env={**os.environ, **api.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.startswith(LOW_WITH_FORMULA)


def test_plugin(api: Sandbox) -> None:
    with Plugin(env=api.environ) as plugin:
        plugin.configure()
        cost = returned(plugin.estimate_cost(request=REQUEST, times=300, margin="20%"))["amount"]
        assert cost == "28.80"
        assert failures(plugin.check(minimum=cost))[0].startswith(LOW)


PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - lumenfall.cloud.lumenfall_estimate: {request: "{{ body }}", times: 300, margin: 20%}
      register: estimate
    - lumenfall.cloud.lumenfall_balance: {minimum: "{{ estimate.cost }}", require: true}
      register: gate
      ignore_errors: true
    - block:
        - ansible.builtin.include_role: {name: lumenfall.cloud.require_balance}
          vars: {require_balance_request: "{{ body }}", require_balance_times: 300, require_balance_margin: 20%}
      rescue:
        - ansible.builtin.copy:
            content: "{{ [estimate.cost, gate.msg, require_balance_result.msg] | to_json }}"
            dest: "{{ answer }}"
            mode: "0600"
"""


@pytest.mark.playbook
def test_ansible(api: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    variables = {
        "body": REQUEST,
        "answer": str(tmp_path / "answer.json"),
        "ansible_python_interpreter": sys.executable,
    }
    subprocess.run(
        [BIN / "ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml", "-e", json.dumps(variables)],
        cwd=tmp_path,
        env={**os.environ, **api.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    cost, module, role = json.loads((tmp_path / "answer.json").read_text())
    assert cost == "28.80"
    assert module.startswith(LOW)
    assert role.startswith(LOW_WITH_FORMULA)


PROGRAM = """
import json, os, pulumi, pulumi_lumenfall

job = pulumi_lumenfall.estimate_cost(json.loads(os.environ["REQUEST"]), times=300, margin="20%")
assert job.amount == "28.80", job.amount
pulumi_lumenfall.require_balance(job.amount)
"""


@pytest.mark.engine
def test_pulumi(api: Sandbox, make_project: MakeProject) -> None:
    stopped = make_project(PROGRAM, env={**api.environ, "REQUEST": json.dumps(REQUEST)}).preview()
    assert stopped.returncode != 0
    assert LOW in stopped.output
    assert REQUEST["prompt"] not in stopped.output
