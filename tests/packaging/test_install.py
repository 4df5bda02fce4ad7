# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What is published, installed into an empty environment: a gate passes with funds alone."""

from __future__ import annotations

import os
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.installation import BIN, MACHINE, environment, run
from support.pulumi_project import PulumiProject

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "ansible_collections/lumenfall/cloud"
# What the collection says it needs, and nothing of this checkout.
ANSIBLE_ALONE = ("ansible-core", (COLLECTION / "meta/ee-requirements.txt").read_text().splitlines()[-1])
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  roles:
    - role: lumenfall.cloud.require_balance
      require_balance_minimum: 5
  tasks:
    - ansible.builtin.assert:
        that: require_balance_result is lumenfall.cloud.funded(5)
"""


def passes_and_stops(*command: str | Path, cwd: Path, **environ: str) -> None:
    """With 12.50 usd, and with 3.20 usd."""
    with Sandbox(amount="12.50") as api:
        run(*command, cwd=cwd, **api.environ, **environ)
        api.amount = "3.20"
        stopped = run(*command, cwd=cwd, check=False, **api.environ, **environ)
    assert stopped.returncode == 2, stopped.stdout + stopped.stderr
    assert "have 3.20 usd, need 5.00 usd" in stopped.stdout + stopped.stderr


def check_role(ansible_bin: Path, folder: Path) -> None:
    """The role of the collection that is installed, here or in ``folder``."""
    (folder / "play.yml").write_text(PLAYBOOK)
    path = {"ANSIBLE_COLLECTIONS_PATH": str(folder / "collections")}
    passes_and_stops(ansible_bin / "ansible-playbook", "play.yml", cwd=folder, **path)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``pip install 'pulumi-lumenfall[ansible]'``."""
    return environment(tmp_path_factory.mktemp("installed"), f"{wheel}[ansible]")


@pytest.fixture(scope="module")
def ansible_bin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ansible-core and what the collection says it needs."""
    return environment(tmp_path_factory.mktemp("ansible"), *ANSIBLE_ALONE)


@pytest.fixture
def collection(ansible_bin: Path, dist: Path, tmp_path: Path) -> Path:
    """The collection, installed from its archive."""
    (archive,) = dist.glob("lumenfall-cloud-*.tar.gz")
    install = (ansible_bin / "ansible-galaxy", "collection", "install", "--offline", archive)
    run(*install, "-p", tmp_path / "collections", cwd=tmp_path)
    return tmp_path / "collections"


def test_contents_of_the_wheel(wheel: Path) -> None:
    """Both packages and the licences, and nothing that developers need or that belongs to other collections."""
    names = set(zipfile.ZipFile(wheel).namelist())
    own = "ansible_collections/lumenfall/cloud/"
    assert names > {"pulumi_lumenfall/py.typed", f"{own}plugins/module_utils/_core/client.py", f"{own}meta/runtime.yml"}
    assert any(name.endswith("licenses/LICENSES/GPL-3.0-or-later.txt") for name in names)
    for name in names:
        assert name.startswith(("pulumi_lumenfall/", "pulumi_lumenfall-", own)), name
        assert not name.startswith(f"{own}tests/"), name
        assert "/fragments/" not in name, name
        assert "__pycache__" not in name, name


def test_command(installed: Path, tmp_path: Path) -> None:
    passes_and_stops(installed / "lumenfall-balance", "check", "--minimum", "5", cwd=tmp_path)


def test_role(installed: Path, tmp_path: Path) -> None:
    check_role(installed, tmp_path)


def test_pulumi_example(wheel: Path, pulumi_bin: Path, tmp_path: Path) -> None:
    """`pulumi install`, then a preview, as the README of the example says: nothing is activated."""
    constraint = tmp_path / "constraint.txt"
    constraint.write_text(f"pulumi-lumenfall @ {wheel.as_uri()}\n")
    with Sandbox(amount="12.50") as api:
        example = ROOT / "examples/pulumi-python-gate"
        project = PulumiProject(tmp_path / "pulumi", example, pulumi_bin=pulumi_bin, env=api.environ).stack_init()
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


def test_source_archive(dist: Path, tmp_path: Path) -> None:
    (source,) = dist.glob("pulumi_lumenfall-*.tar.gz")
    command = environment(tmp_path, source) / "lumenfall-balance"
    passes_and_stops(command, "check", "--minimum", "5", cwd=tmp_path)


def test_collection_archive(ansible_bin: Path, collection: Path) -> None:
    check_role(ansible_bin, collection.parent)


def test_subfolder_of_the_git_repository(ansible_bin: Path, tmp_path: Path) -> None:
    """``ansible-galaxy collection install git+https://...#/ansible_collections/lumenfall/cloud``."""
    with tarfile.open(tmp_path / "tree.tar", "w") as packed:
        packed.add(COLLECTION, "ansible_collections/lumenfall/cloud")
    repository = tmp_path / "repository"
    repository.mkdir()
    run("tar", "-xf", tmp_path / "tree.tar", cwd=repository)
    git = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    run(*git, "init", "--quiet", "--initial-branch=main", cwd=repository)
    run(*git, "add", "--all", cwd=repository)
    run(*git, "commit", "--quiet", "--message", "A collection", cwd=repository)
    source = f"git+file://{repository}#/ansible_collections/lumenfall/cloud,main"
    run(ansible_bin / "ansible-galaxy", "collection", "install", source, "-p", tmp_path / "collections", cwd=tmp_path)
    check_role(ansible_bin, tmp_path)


def test_execution_environment(collection: Path, tmp_path: Path) -> None:
    """ansible-builder finds what Python needs, and makes the build files of the example."""
    assert "requests" in run(BIN / "ansible-builder", "introspect", collection, cwd=tmp_path).stdout
    example = ROOT / "examples/ansible/execution_environment/execution-environment.yml"
    run(BIN / "ansible-builder", "create", "--file", example, "--context", tmp_path / "context", cwd=tmp_path)
    assert "lumenfall.cloud" in (tmp_path / "context/_build/requirements.yml").read_text()
