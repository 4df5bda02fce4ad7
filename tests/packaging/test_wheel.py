# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The built wheel, alone in an empty environment: every door opens."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pulumi_lumenfall.sandbox import Sandbox

if TYPE_CHECKING:
    from support.installation import Installation
    from support.pulumi_project import MakeProject

PROGRAM = """
import pulumi
from pulumi_lumenfall import get_balance

pulumi.export("available", get_balance(minimum=5).available.amount)
"""

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - lumenfall.cloud.lumenfall_balance:
        minimum: 5
      register: funds
    - ansible.builtin.assert:
        that: funds.sufficient
"""


def test_contents(wheel: Path) -> None:
    """Both packages, the licences, and nothing that only developers need."""
    names = zipfile.ZipFile(wheel).namelist()
    assert "pulumi_lumenfall/py.typed" in names
    assert "ansible_collections/lumenfall/cloud/plugins/module_utils/_core/client.py" in names
    assert "ansible_collections/lumenfall/cloud/meta/runtime.yml" in names
    assert any(name.endswith("licenses/LICENSES/GPL-3.0-or-later.txt") for name in names)
    for name in names:
        assert not name.startswith(("tests/", "tools/", "examples/", "benchmarks/")), name
        assert not name.startswith("ansible_collections/lumenfall/cloud/tests/"), name
        assert "/fragments/" not in name, name
        assert "__pycache__" not in name, name
        assert name.removesuffix("__init__.py") not in {"ansible_collections/", "ansible_collections/lumenfall/"}


@pytest.mark.parametrize(("amount", "status"), [("12.50", 0), ("3.20", 2)])
def test_command(installed: Installation, tmp_path: Path, amount: str, status: int) -> None:
    with Sandbox(amount=amount) as api:
        done = installed.run(
            "lumenfall-balance", "check", "--minimum", "5", "--format", "json", cwd=tmp_path, **api.environ
        )
    assert done.returncode == status, done.stderr
    assert json.loads(done.stdout)["sufficient"] is (status == 0)


def test_command_without_a_key(installed: Installation, tmp_path: Path) -> None:
    done = installed.run("lumenfall-balance", "check", "--minimum", "5", "--format", "json", cwd=tmp_path)
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["type"] == "ConfigurationError"


def test_documentation(installed: Installation, tmp_path: Path) -> None:
    done = installed.run("ansible-doc", "lumenfall.cloud.lumenfall_balance", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "minimum" in done.stdout


@pytest.mark.parametrize(("amount", "status"), [("12.50", 0), ("3.20", 2)])
def test_playbook(installed: Installation, tmp_path: Path, amount: str, status: int) -> None:
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    with Sandbox(amount=amount) as api:
        done = installed.run("ansible-playbook", "play.yml", cwd=tmp_path, **api.environ)
    assert done.returncode == status, done.stdout + done.stderr


def test_pulumi_program(installed: Installation, make_project: MakeProject) -> None:
    with Sandbox(amount="12.50") as api:
        python = str(installed.folder / "bin/python")
        preview = make_project(PROGRAM, env={**api.environ, "PULUMI_PYTHON_CMD": python}).preview().check()
    assert "available: 12.5" in preview.output
    assert "warning" not in preview.output
