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

import pytest

from pulumi_lumenfall.core import Gate, LumenfallClient, LumenfallError, judge_error
from support.fault_server import FaultServer
from support.faults import FAULTS
from support.pulumi_project import MakeProject

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
KEY = "lmnfl_abc.s3cr3tmarker"
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
for name, url in json.loads(os.environ["URLS"]).items():
    try:
        require_balance(5, base_url=url)
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
        base_url: "{{ item.value }}"
        minimum: 5
      loop: "{{ lookup('env', 'URLS') | from_json | dict2items }}"
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
def urls() -> Iterator[dict[str, str]]:
    """A server for each line of the table."""
    plays = {str(fault): fault.play for fault in FAULTS}
    with contextlib.ExitStack() as servers:
        yield {name: servers.enter_context(FaultServer(plays[name])).url for name in VERDICTS}


@pytest.fixture
def environ(urls: dict[str, str]) -> dict[str, str]:
    return {
        "URLS": json.dumps(urls),
        "LUMENFALL_API_KEY": KEY,
        "LUMENFALL_TIMEOUT": "1",
        "LUMENFALL_MAX_ATTEMPTS": "1",
    }


def test_core(urls: dict[str, str]) -> None:
    verdicts = {}
    for name, url in urls.items():
        try:
            balance = LumenfallClient(KEY, base_url=url, timeout=1, max_attempts=1).fetch_balance()
            verdicts[name] = Gate(MINIMUM).judge(balance).outcome
        except LumenfallError as error:
            verdicts[name] = judge_error(error).outcome
    assert verdicts == VERDICTS


def test_command_line(urls: dict[str, str], environ: dict[str, str]) -> None:
    """By the exit status."""
    words = {0: "enough", 2: "too low", 3: "cannot tell"}
    verdicts = {}
    for name, url in urls.items():
        command = [BIN / "lumenfall-balance", "check", "--minimum", str(MINIMUM), "--base-url", url]
        done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, timeout=30, check=False)
        verdicts[name] = words.get(done.returncode, str(done.returncode))
        assert b"marker" not in (done.stdout + done.stderr).lower()
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
    assert b"marker" not in (done.stdout + done.stderr).lower()
    assert json.loads(answer.read_text()) == VERDICTS


def test_pulumi_function(environ: dict[str, str], make_project: MakeProject) -> None:
    project = make_project(PROGRAM, env=environ)
    project.up(timeout_seconds=240).check()
    assert project.stack_output()["verdicts"] == VERDICTS
