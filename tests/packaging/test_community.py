# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The wheel beside the ``ansible`` community package, which puts some hundred collections into the same folder.

A big download, so it is a session of its own: ``nox --session community``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

import pytest

from pulumi_lumenfall.sandbox import Sandbox

pytestmark = pytest.mark.skipif(
    "COMMUNITY_WHEEL" not in os.environ, reason="nox --session community brings what it needs"
)

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - lumenfall.cloud.lumenfall_balance:
        minimum: 5
      register: funds
    - ansible.builtin.assert:
        that:
          - funds is lumenfall.cloud.funded(5)
          - "[1, 2] | community.general.lists_union([3]) == [1, 2, 3]"
"""
BIN = Path(sys.executable).parent
# Installers need what the machine sets (a cache, a CA, a proxy), which is cleared for a test.
MACHINE = dict(os.environ)


def community_files() -> dict[Path, tuple[int, int]]:
    """Path -> size and time of every file of the community package."""
    files = [Path(str(file.locate())) for file in distribution("ansible").files or ()]
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.suffix != ".pyc"}


def uv(verb: str, what: str) -> None:
    subprocess.run(["uv", "pip", verb, "--quiet", "--python", sys.executable, what], env=MACHINE, check=True)


def test_beside_the_community_package(tmp_path: Path) -> None:
    before = community_files()
    assert len(before) > 1000
    uv("install", MACHINE["COMMUNITY_WHEEL"])

    (tmp_path / "play.yml").write_text(PLAYBOOK)
    play = [str(BIN / "ansible-playbook"), "play.yml"]
    with Sandbox(amount="12.50") as api:
        env = {**os.environ, **api.environ}
        done = subprocess.run(play, cwd=tmp_path, env=env, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        api.amount = "3.20"
        assert subprocess.run(play, cwd=tmp_path, env=env, check=False, capture_output=True).returncode == 2
    assert community_files() == before

    uv("uninstall", "pulumi-lumenfall")
    assert community_files() == before
    assert not (Path(sysconfig.get_path("purelib")) / "ansible_collections/lumenfall").exists()
