# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every way to install what is published, each into an empty environment: a gate opens with funds alone.

``pip install`` of the wheel is in test_wheel.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from pulumi_lumenfall.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "ansible_collections/lumenfall/cloud"
BIN = Path(sys.executable).parent
# Installers need what the machine sets (a cache, a CA, a proxy), which is cleared for a test.
MACHINE = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
# What the module says it needs, and nothing of this checkout.
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
    words = [str(word) for word in command]
    env = {**os.environ, "HOME": str(cwd), **environ}
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def uv(*command: str | Path, cwd: Path, **environ: str) -> None:
    run(BIN / "uv", *command, cwd=cwd, **{**MACHINE, **environ})


def environment(folder: Path, *requirements: str | Path) -> Path:
    """The ``bin`` of a new virtual environment that holds these."""
    uv("venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    uv("pip", "install", "--quiet", "--python", folder / "venv", *requirements, cwd=folder)
    return folder / "venv/bin"


def the_command_is_a_gate(command: Path, folder: Path) -> None:
    with Sandbox(amount="12.50") as api:
        check = (command, "check", "--minimum", "5")
        run(*check, cwd=folder, **api.environ)
        api.amount = "3.20"
        assert run(*check, cwd=folder, check=False, **api.environ).returncode == 2


def the_role_is_a_gate(ansible_bin: Path, folder: Path, **environ: str) -> None:
    (folder / "play.yml").write_text(PLAYBOOK)
    with Sandbox(amount="12.50") as api:
        play = (ansible_bin / "ansible-playbook", "play.yml")
        environ = {**environ, **api.environ}
        run(*play, cwd=folder, **environ)
        api.amount = "3.20"
        stopped = run(*play, cwd=folder, check=False, **environ)
    assert stopped.returncode == 2, stopped.stdout + stopped.stderr
    assert "have 3.20 usd, need 5.00 usd" in stopped.stdout + stopped.stderr


@pytest.fixture(scope="module")
def ansible_bin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ansible-core and what the collection says it needs."""
    return environment(tmp_path_factory.mktemp("ansible"), *ANSIBLE_ALONE)


@pytest.fixture(scope="module")
def galaxy_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("galaxy")
    run(BIN / "ansible-galaxy", "collection", "build", COLLECTION, "--output-path", folder, cwd=folder)
    (archive,) = folder.glob("*.tar.gz")
    return archive


def test_source_archive(wheel: Path, tmp_path: Path) -> None:
    (source,) = wheel.parent.glob("*.tar.gz")
    the_command_is_a_gate(environment(tmp_path, source) / "lumenfall-balance", tmp_path)


def test_uv_tool(wheel: Path, tmp_path: Path) -> None:
    environ = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    uv("tool", "install", "--quiet", "--python", sys.executable, wheel, cwd=tmp_path, **environ)
    the_command_is_a_gate(tmp_path / "bin/lumenfall-balance", tmp_path)


def test_pipx(wheel: Path, tmp_path: Path) -> None:
    environ = {**MACHINE, "PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
    run(BIN / "pipx", "install", "--quiet", "--python", sys.executable, wheel, cwd=tmp_path, **environ)
    the_command_is_a_gate(tmp_path / "bin/lumenfall-balance", tmp_path)


def test_the_wheel_beside_other_collections(wheel: Path, tmp_path: Path) -> None:
    """Even ones of the same namespace: they are found together, and an uninstall takes ours alone."""
    folder = environment(tmp_path, f"{wheel}[ansible]")
    (collections,) = tmp_path.glob("venv/lib/python*/site-packages/ansible_collections")
    for name in ("lumenfall/other", "other/thing"):
        (collections / name / "meta").mkdir(parents=True)
        (collections / name / "meta/runtime.yml").write_text("requires_ansible: '>=2.19.0'\n")
    listed = run(folder / "ansible-galaxy", "collection", "list", cwd=tmp_path).stdout
    ours = {"lumenfall.cloud", "lumenfall.other", "other.thing"}
    assert ours <= set(re.findall(r"^(\w+\.\w+) ", listed, re.MULTILINE))
    the_role_is_a_gate(folder, tmp_path)

    uv("pip", "uninstall", "--quiet", "--python", tmp_path / "venv", "pulumi-lumenfall", cwd=tmp_path)
    left = {path.relative_to(collections).as_posix() for path in collections.rglob("*.yml")}
    assert left == {"lumenfall/other/meta/runtime.yml", "other/thing/meta/runtime.yml"}
    assert not (collections / "lumenfall/cloud").exists()


def test_galaxy_archive(ansible_bin: Path, galaxy_archive: Path, tmp_path: Path) -> None:
    galaxy = (ansible_bin / "ansible-galaxy", "collection", "install", "--offline")
    run(*galaxy, galaxy_archive, "-p", tmp_path / "collections", cwd=tmp_path)
    the_role_is_a_gate(ansible_bin, tmp_path, ANSIBLE_COLLECTIONS_PATH=str(tmp_path / "collections"))


def test_subfolder_of_the_git_repository(ansible_bin: Path, tmp_path: Path) -> None:
    """``ansible-galaxy collection install git+https://...#/ansible_collections/lumenfall/cloud``."""
    repository = tmp_path / "repository"
    with tarfile.open(tmp_path / "tree.tar", "w") as packed:
        packed.add(COLLECTION, "ansible_collections/lumenfall/cloud")
    repository.mkdir()
    run("tar", "-xf", tmp_path / "tree.tar", cwd=repository)
    git = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.com")
    run(*git, "init", "--quiet", "--initial-branch=main", cwd=repository)
    run(*git, "add", "--all", cwd=repository)
    run(*git, "commit", "--quiet", "--message", "All", cwd=repository)
    url = f"git+file://{repository}#/ansible_collections/lumenfall/cloud,main"
    install = (ansible_bin / "ansible-galaxy", "collection", "install", url)
    run(*install, "-p", tmp_path / "collections", cwd=tmp_path)
    the_role_is_a_gate(ansible_bin, tmp_path, ANSIBLE_COLLECTIONS_PATH=str(tmp_path / "collections"))


def test_execution_environment(ansible_bin: Path, galaxy_archive: Path, tmp_path: Path) -> None:
    """ansible-builder finds what Python needs in the collection, and can make the example's build files."""
    galaxy = (ansible_bin / "ansible-galaxy", "collection", "install", "--offline")
    run(*galaxy, galaxy_archive, "-p", tmp_path / "collections", cwd=tmp_path)
    found = yaml.safe_load(run(BIN / "ansible-builder", "introspect", tmp_path / "collections", cwd=tmp_path).stdout)
    # On some versions the names of the collections that want it are a comment, on others a list.
    assert "requests" in str(found["python"])
    assert not found.get("system")

    example = ROOT / "examples/ansible/execution_environment/execution-environment.yml"
    run(BIN / "ansible-builder", "create", "--file", example, "--context", tmp_path / "context", cwd=tmp_path)
    assert "lumenfall.cloud" in (tmp_path / "context/_build/requirements.yml").read_text()
