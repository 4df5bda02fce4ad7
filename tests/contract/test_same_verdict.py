# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One table, what a server does -> what a gate at 5.00 usd says, through every surface: the same verdict everywhere."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pulumi_lumenfall.core import Gate, LumenfallClient, LumenfallError
from pulumi_lumenfall.resource import BalanceProvider
from support.fault_server import FaultServer, Play
from support.leaks import KEY, leaked
from support.plays import BALANCE, POSTPAID, amount, answer, echoes, error, head, says, says_nothing
from support.plugin import Plugin, failures, returned, values
from support.pulumi_project import MakeProject

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


class Row(NamedTuple):
    """What a server does, what a gate at 5.00 says of it, and the policies that the gate is given."""

    play: Play
    verdict: str
    policies: Mapping[str, str] = {}


ROWS = {
    "more": Row(says(answer()), "enough"),
    "exactly": Row(says(answer(amount(b"5"))), "enough"),
    # As a float it is 5.
    "float-trap": Row(says(answer(amount(b"4.99999999999999999999"))), "too low"),
    "negative": Row(says(answer(amount(b"-5"))), "too low"),
    "postpaid": Row(says(answer(POSTPAID)), "enough"),
    "postpaid-denied": Row(says(answer(POSTPAID)), "too low", {"postpaid": "deny"}),
    "unavailable": Row(says(answer(amount(b"null"))), "cannot tell"),
    "unavailable-allowed": Row(says(answer(amount(b"null"))), "enough", {"unavailable": "allow"}),
    "http-402": Row(says(answer(error(code="INSUFFICIENT_BALANCE"), status=402)), "too low"),
    "key-echoed": Row(echoes(lambda key: answer(error(f"bad key {key.decode()}"), status=401)), "cannot tell"),
    "server-down": Row(says(answer(status=503)), "cannot tell"),
    "login-page": Row(says(answer(b"<html>Sign in</html>", kind=b"text/html")), "cannot tell"),
    "cut-off": Row(says(head(b"Content-Length: 500"), BALANCE), "cannot tell"),
    "stalls": Row(says_nothing, "cannot tell"),
}
PASSES = {name: row.verdict == "enough" for name, row in ROWS.items()}
VERDICTS = {name: row.verdict for name, row in ROWS.items()}
# Only the deadline ends a row that stalls.
TIMEOUTS = {name: 1 if name == "stalls" else 60 for name in ROWS}
ENVIRONMENT = {"LUMENFALL_API_KEY": KEY, "LUMENFALL_MAX_ATTEMPTS": "1"}


@pytest.fixture(scope="module")
def settings() -> Iterator[dict[str, dict[str, Any]]]:
    """Arguments by their Python names for each row, which lead to a server of its own."""
    with contextlib.ExitStack() as stack:
        yield {
            name: {
                "base_url": stack.enter_context(FaultServer(row.play)).url,
                "timeout": TIMEOUTS[name],
            }
            for name, row in ROWS.items()
        }


def verdict_in(message: str) -> str:
    """The verdict that a gate's sentence tells."""
    assert not leaked(message)
    assert "Traceback" not in message
    found = re.search("enough: |balance too low: |cannot tell whether the balance is enough", message)
    return {"e": "enough", "b": "too low", "c": "cannot tell"}[found[0][0]] if found else message


def test_core(settings: dict[str, dict[str, Any]]) -> None:
    verdicts = {}
    for name, row in ROWS.items():
        try:
            result: Any = LumenfallClient(KEY, max_attempts=1, **settings[name]).fetch_balance()
        except LumenfallError as failure:
            result = failure
        verdict = Gate(5, **row.policies).judge(result)
        assert verdict.message.startswith(
            ("enough: ", "balance too low: ", "cannot tell whether the balance is enough")
        )
        verdicts[name] = verdict.outcome
    assert verdicts == VERDICTS


def test_command_line(settings: dict[str, dict[str, Any]]) -> None:
    """By the exit status."""

    def check(name: str) -> str:
        command = [str(BIN / "lumenfall-balance"), "check", "--minimum=5", f"--base-url={settings[name]['base_url']}"]
        command += [f"--timeout={TIMEOUTS[name]}", *(f"--{key}={value}" for key, value in ROWS[name].policies.items())]
        done = subprocess.run(command, env={**os.environ, **ENVIRONMENT}, capture_output=True, timeout=120, check=False)
        assert not leaked(done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr
        return {0: "enough", 2: "too low", 3: "cannot tell"}[done.returncode]

    with ThreadPoolExecutor(4) as pool:
        assert dict(zip(ROWS, pool.map(check, ROWS), strict=True)) == VERDICTS


# Each row is a host; the task's options and the role's variables are its own.
PLAYBOOK = """
- hosts: all
  gather_facts: false
  environment:
    LUMENFALL_API_BASE: "{{ base_url }}"
    LUMENFALL_TIMEOUT: "{{ timeout }}"
  tasks:
    - name: Module
      lumenfall.cloud.lumenfall_balance:
        minimum: 5
        postpaid: "{{ postpaid | default(omit) }}"
        unavailable: "{{ unavailable | default(omit) }}"
      register: asked
      ignore_errors: true
    - name: Lookup
      ansible.builtin.set_fact:
        looked_up: >-
          {{ lookup('lumenfall.cloud.lumenfall_balance', base_url=base_url, timeout=timeout)
             is lumenfall.cloud.funded(5, postpaid=postpaid | default(none), unavailable=unavailable | default(none)) }}
      ignore_errors: true
    - name: Role
      block:
        - ansible.builtin.include_role:
            name: lumenfall.cloud.require_balance
          vars:
            require_balance_minimum: 5
            require_balance_postpaid: "{{ postpaid | default('allow') }}"
            require_balance_unavailable: "{{ unavailable | default('deny') }}"
        - ansible.builtin.set_fact:
            passed: true
      rescue:
        - ansible.builtin.set_fact:
            passed: false
    - name: Answer
      ansible.builtin.copy:
        content: "{{ [asked.verdict, looked_up | default(false), require_balance_result.verdict, passed] | to_json }}"
        dest: "{{ answers }}/{{ inventory_hostname }}"
        mode: "0600"
"""


@pytest.mark.playbook
def test_ansible(settings: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """The module's verdict, the lookup with the test ``funded``, and the role's verdict and whether it let go on."""
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    answers = tmp_path / "answers"
    answers.mkdir()
    hosts = {name: {**settings[name], **row.policies} for name, row in ROWS.items()}
    everywhere = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "answers": str(answers),
    }
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": everywhere}}))
    done = subprocess.run(
        [BIN / "ansible-playbook", "-i", "hosts.json", "play.yml", "-vvv"],
        cwd=tmp_path,
        env={**os.environ, **ENVIRONMENT, "ANSIBLE_COLLECTIONS_PATH": str(ROOT)},
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert not leaked(done.stdout, done.stderr)
    found = {file.name: json.loads(file.read_text()) for file in answers.iterdir()}
    assert found == {name: [row.verdict, PASSES[name], row.verdict, PASSES[name]] for name, row in ROWS.items()}, (
        done.stdout.decode()[-3000:]
    )


PROGRAM = """
import json, os, pulumi
from pulumi_lumenfall import Balance, balance_hook, get_balance, require_balance

functions = {}
for name, arguments in json.loads(os.environ["ROWS"]).items():
    try:
        sufficient = get_balance(minimum=5, **arguments).sufficient
    except pulumi.RunError:
        sufficient = False
    try:
        require_balance(5, **arguments)
        message = "enough: "
    except pulumi.RunError as error:
        message = str(error)
    functions[name] = [sufficient, message]
    hooks = pulumi.ResourceHookBinding(before_create=[balance_hook(5, name=name, **arguments)])
    options = pulumi.ResourceOptions(hooks=hooks)
    pulumi.CustomResource("pulumi:index:Stash", f"hooked-{name}", {"input": 1, "output": None}, options)
    if sufficient:
        Balance(f"balance-{name}", minimum=5, **arguments)
with open(os.environ["ANSWER"], "w") as file:
    json.dump(functions, file)
"""


@pytest.mark.engine
def test_pulumi(settings: dict[str, dict[str, Any]], make_project: MakeProject, tmp_path: Path) -> None:
    """Both functions in a program, a resource with a hook, made or failed with its sentence, and ``Balance``, made."""
    arguments = {name: {**settings[name], **row.policies} for name, row in ROWS.items()}
    answer_file = tmp_path / "answer.json"
    project = make_project(
        PROGRAM, env={**ENVIRONMENT, "ROWS": json.dumps(arguments), "ANSWER": str(answer_file), "PYTHONPATH": str(ROOT)}
    )
    ended = project.up("--continue-on-error")
    assert not leaked(ended.output, project.state_bytes())
    functions = json.loads(answer_file.read_text())
    assert {name: (passes, verdict_in(message)) for name, (passes, message) in functions.items()} == {
        name: (PASSES[name], row.verdict) for name, row in ROWS.items()
    }
    made = {resource["urn"].rpartition("::")[2] for resource in project.export()["deployment"]["resources"]}
    diagnostics = ended.output.partition("Diagnostics:")[2]
    said = dict(re.findall(r"^  \S+ \(([\w-]+)\):\n((?:    .*\n)+)", diagnostics, re.MULTILINE))
    assert {
        name: "enough" if f"hooked-{name}" in made else verdict_in(said[f"hooked-{name}"]) for name in ROWS
    } == VERDICTS
    assert {name: f"balance-{name}" in made for name in ROWS} == PASSES


def test_balance(settings: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider of ``Balance``, as Pulumi calls it: inputs that pass, or a failure with the sentence."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    verdicts = {}
    for name, row in ROWS.items():
        inputs = {"minimum": 5, "baseUrl": settings[name]["base_url"], "timeout": TIMEOUTS[name], **row.policies}
        checked = BalanceProvider().check({}, inputs)
        verdicts[name] = verdict_in(checked.failures[0].reason) if checked.failures else "enough"
        assert checked.failures or checked.inputs["sufficient"] is True
    assert verdicts == VERDICTS


def test_plugin(settings: dict[str, dict[str, Any]]) -> None:
    """The function says whether it is sufficient; the resource is made, or its inputs are refused."""

    def check(name: str) -> str:
        with Plugin(env=ENVIRONMENT) as plugin:
            plugin.configure(baseUrl=settings[name]["base_url"], timeout=TIMEOUTS[name])
            response = plugin.get_balance(minimum=5, **ROWS[name].policies)
            assert (not failures(response) and returned(response)["sufficient"]) is PASSES[name]
            checked = plugin.check(minimum=5, **ROWS[name].policies)
            refused = failures(checked)
            assert refused or plugin.create(values(checked.inputs)).id
        assert not leaked(plugin.stderr())
        return verdict_in(refused[0]) if refused else "enough"

    with ThreadPoolExecutor(4) as pool:
        assert dict(zip(ROWS, pool.map(check, ROWS), strict=True)) == VERDICTS
