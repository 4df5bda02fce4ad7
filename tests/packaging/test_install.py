# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Other ways to install what is published, each into an empty environment: a gate passes with funds alone.

``pip install`` of the wheel is in test_wheel.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from pulumi_lumenfall.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "ansible_collections/lumenfall/cloud"
BIN = Path(sys.executable).parent
# Installers need the machine's cache, CA and proxy, which are cleared for a test.
MACHINE = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
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


def run(*command: str | Path, cwd: Path, check: bool = True, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HOME": str(cwd), **environ}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def environment(folder: Path, *requirements: str | Path) -> Path:
    """The ``bin`` of a new virtual environment that holds these."""
    run(BIN / "uv", "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder, **MACHINE)
    install = (BIN / "uv", "pip", "install", "--quiet", "--python", folder / "venv", *requirements)
    run(*install, cwd=folder, **MACHINE)
    return folder / "venv/bin"


def check_role(ansible_bin: Path, folder: Path) -> None:
    """The role of the collection in ``folder`` passes with funds, and stops without."""
    (folder / "play.yml").write_text(PLAYBOOK)
    play = (ansible_bin / "ansible-playbook", "play.yml")
    with Sandbox(amount="12.50") as api:
        environ = {**api.environ, "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections")}
        run(*play, cwd=folder, **environ)
        api.amount = "3.20"
        stopped = run(*play, cwd=folder, check=False, **environ)
    assert stopped.returncode == 2, stopped.stdout + stopped.stderr
    assert "have 3.20 usd, need 5.00 usd" in stopped.stdout + stopped.stderr


@pytest.fixture(scope="module")
def ansible_bin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ansible-core and what the collection says it needs."""
    return environment(tmp_path_factory.mktemp("ansible"), *ANSIBLE_ALONE)


def test_source_archive(dist: Path, tmp_path: Path) -> None:
    (source,) = dist.glob("pulumi_lumenfall-*.tar.gz")
    check = (environment(tmp_path, source) / "lumenfall-balance", "check", "--minimum", "5")
    with Sandbox(amount="12.50") as api:
        run(*check, cwd=tmp_path, **api.environ)
        api.amount = "3.20"
        assert run(*check, cwd=tmp_path, check=False, **api.environ).returncode == 2


def test_collection_archive(ansible_bin: Path, collection_archive: Path, tmp_path: Path) -> None:
    install = (ansible_bin / "ansible-galaxy", "collection", "install", "--offline", collection_archive)
    run(*install, "-p", tmp_path / "collections", cwd=tmp_path)
    check_role(ansible_bin, tmp_path)


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


def test_execution_environment(ansible_bin: Path, collection_archive: Path, tmp_path: Path) -> None:
    """ansible-builder finds what Python needs, and makes the build files of the example."""
    install = (ansible_bin / "ansible-galaxy", "collection", "install", "--offline", collection_archive)
    run(*install, "-p", tmp_path / "collections", cwd=tmp_path)
    assert "requests" in run(BIN / "ansible-builder", "introspect", tmp_path / "collections", cwd=tmp_path).stdout
    example = ROOT / "examples/ansible/execution_environment/execution-environment.yml"
    run(BIN / "ansible-builder", "create", "--file", example, "--context", tmp_path / "context", cwd=tmp_path)
    assert "lumenfall.cloud" in (tmp_path / "context/_build/requirements.yml").read_text()
