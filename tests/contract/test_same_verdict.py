# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One table, what a server does -> what a gate says, through every door: the same verdict everywhere."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pulumi_lumenfall.core import Gate, LumenfallClient, LumenfallError, judge_error
from support.fault_server import FaultServer
from support.faults import FAULTS
from support.leaks import KEY, leaked
from support.pulumi_project import MakeProject

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
# The balance of the table's faults is 12.50 usd where nothing else is said.
MINIMUM = 5

VERDICTS = {
    "recovery/good": "enough",
    "json/integer": "enough",
    "json/unknown-fields": "enough",
    "json/currency-upper-case": "enough",
    "json/postpaid-null": "enough",
    "encodings/gzip": "enough",
    "json/negative": "too low",
    "json/zero": "too low",
    "statuses/402": "too low",
    "json/prepaid-null": "cannot tell",
    "json/nan": "cannot tell",
    "json/infinity": "cannot tell",
    "json/1e400": "cannot tell",
    "json/amount-string": "cannot tell",
    "json/amount-true": "cannot tell",
    "json/amount-missing": "cannot tell",
    "json/duplicate-amount": "cannot tell",
    "json/error-beside-balance": "cannot tell",
    "json/billing-type-unknown": "cannot tell",
    "json/currency-unknown": "cannot tell",
    "json/html": "cannot tell",
    "json/empty": "cannot tell",
    "json/nested-100000-lists": "cannot tell",
    "statuses/401": "cannot tell",
    "statuses/403": "cannot tell",
    "statuses/404": "cannot tell",
    "statuses/429": "cannot tell",
    "statuses/503-balance": "cannot tell",
    "statuses/302-to-same-host": "cannot tell",
    "statuses/202": "cannot tell",
    "framing/lengths-differ": "cannot tell",
    "framing/garbage": "cannot tell",
    "framing/headers-endless": "cannot tell",
    "encodings/gzip-bomb": "cannot tell",
    "encodings/utf-16": "cannot tell",
    "sizes/endless": "cannot tell",
    "cuts/after-whole-value": "cannot tell",
    "cuts/chunked-without-last-chunk": "cannot tell",
    "slow/drips-body": "cannot tell",
    "slow/says-nothing": "cannot tell",
    "retry-after/429-a-day": "cannot tell",
    "hostile/message-github-command": "cannot tell",
    "echo/message": "cannot tell",
}

PROGRAM = """
import json, os, pulumi
from pulumi_lumenfall import require_balance

verdicts = {}
for name, settings in json.loads(os.environ["SERVERS"]).items():
    try:
        require_balance(5, **settings)
        verdicts[name] = "enough"
    except pulumi.RunError as error:
        verdicts[name] = str(error).partition(" whether")[0].removeprefix("balance ").partition(":")[0]
pulumi.export("verdicts", verdicts)
"""

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - lumenfall.cloud.lumenfall_balance:
        base_url: "{{ item.value.base_url }}"
        timeout: "{{ item.value.timeout }}"
        minimum: 5
      loop: "{{ lookup('env', 'SERVERS') | from_json | dict2items }}"
      loop_control:
        label: "{{ item.key }}"
      register: asked
      ignore_errors: true
    - ansible.builtin.copy:
        content: >-
          {{ dict(asked.results | map(attribute='item.key') | zip(asked.results | map(attribute='verdict')))
             | to_json }}
        dest: "{{ lookup('env', 'ANSWER') }}"
        mode: "0600"
"""


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Any]]:
    """A server for each line of the table: its URL, and a timeout that is short only where it has to be waited for."""
    faults = {str(fault): fault for fault in FAULTS}
    with contextlib.ExitStack() as stack:
        yield {
            name: {
                "base_url": stack.enter_context(FaultServer(faults[name].play)).url,
                "timeout": 1 if faults[name].slow else 20,
            }
            for name in VERDICTS
        }


@pytest.fixture
def environ(servers: dict[str, Any]) -> dict[str, str]:
    return {"SERVERS": json.dumps(servers), "LUMENFALL_API_KEY": KEY, "LUMENFALL_MAX_ATTEMPTS": "1"}


def test_core(servers: dict[str, Any]) -> None:
    verdicts = {}
    for name, settings in servers.items():
        try:
            balance = LumenfallClient(KEY, max_attempts=1, **settings).fetch_balance()
            verdicts[name] = Gate(MINIMUM).judge(balance).outcome
        except LumenfallError as error:
            verdicts[name] = judge_error(error).outcome
    assert verdicts == VERDICTS


def test_command_line(servers: dict[str, Any], environ: dict[str, str]) -> None:
    """By the exit status."""
    words = {0: "enough", 2: "too low", 3: "cannot tell"}
    verdicts = {}
    for name, settings in servers.items():
        command = [BIN / "lumenfall-balance", "check", "--minimum", str(MINIMUM), "--base-url", settings["base_url"]]
        command += ["--timeout", str(settings["timeout"])]
        done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, timeout=60, check=False)
        verdicts[name] = words.get(done.returncode, str(done.returncode))
        assert not leaked(done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr
    assert verdicts == VERDICTS


def test_ansible_module(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    answer = tmp_path / "answer.json"
    done = subprocess.run(
        [BIN / "ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml", "-vvv"],
        cwd=tmp_path,
        env={**os.environ, **environ, "ANSWER": str(answer), "ANSIBLE_COLLECTIONS_PATH": str(ROOT)},
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert not leaked(done.stdout, done.stderr)
    assert json.loads(answer.read_text()) == VERDICTS


def test_pulumi_function(environ: dict[str, str], make_project: MakeProject) -> None:
    project = make_project(PROGRAM, env=environ)
    project.up(timeout_seconds=240).check()
    assert project.stack_output()["verdicts"] == VERDICTS
