# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The built wheel, alone in an empty environment: every door opens."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.pulumi_project import PulumiProject

if TYPE_CHECKING:
    from support.installation import Installation

EXAMPLE = Path(__file__).parents[2] / "examples/pulumi-python-gate"
# pip needs the machine's cache, CA and proxy, which are cleared for a test.
MACHINE = dict(os.environ)

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


def test_pulumi_example(wheel: Path, pulumi_bin: Path, tmp_path: Path) -> None:
    """`pulumi install`, then a preview, as the README of the example says: nothing is activated."""
    constraint = tmp_path / "constraint.txt"
    constraint.write_text(f"pulumi-lumenfall @ {wheel.as_uri()}\n")
    with Sandbox(amount="12.50") as api:
        project = PulumiProject(tmp_path / "pulumi", EXAMPLE, pulumi_bin=pulumi_bin, env=api.environ).stack_init()
        (project.directory / "venv").unlink()
        del project.environment["PULUMI_PYTHON_CMD"]
        # Hosts of before 3.119 make the environment in the folder itself, and do not look for it there.
        python = os.pathsep.join([str(project.directory / "bin"), sys.base_exec_prefix + "/bin"])
        project.environment["PATH"] = os.pathsep.join([str(pulumi_bin), python, os.defpath])
        install = {**MACHINE, **project.environment, "HOME": MACHINE["HOME"], "PIP_CONSTRAINT": str(constraint)}
        project.run("install", env=install).check()
        preview = project.preview().check()
        assert "available: 12.5" in preview.output
        assert "warning" not in preview.output
        api.amount = "3.20"
        stopped = project.preview()
    assert stopped.returncode != 0
    assert "error: balance too low: have 3.20 usd, need 5.00 usd" in stopped.output
