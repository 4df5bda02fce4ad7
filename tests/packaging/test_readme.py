# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every code block of the README does what it says, with funds and without."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pulumi_lumenfall.sandbox import Sandbox

if TYPE_CHECKING:
    from support.pulumi_project import MakeProject

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```(.*?)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
# Run by CI itself, and by a newcomer: what they do is the test suite.
MAKE = ("make demo", "make test")


def blocks(kind: str) -> list[str]:
    found = [text for label, text in BLOCKS if label == kind]
    assert found
    return found


def run(*command: str, cwd: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, **environ, "PATH": path, "HOME": str(cwd)}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert {label for label, _ in BLOCKS} == {"text", "console", "python pulumi", "python core", "yaml playbook"}


@pytest.mark.parametrize("program", blocks("python pulumi"))
def test_pulumi_program(program: str, make_project: MakeProject) -> None:
    """Goes through with funds; stops, on one line that says what is missing, without."""
    with Sandbox(amount="12.50") as api:
        project = make_project(program, env=api.environ)
        assert project.preview().returncode == 0
        api.amount = "3.20"
        stopped = project.preview()
    assert stopped.returncode != 0
    assert "have 3.20 usd, need 5.00 usd" in stopped.output
    assert "Traceback" not in stopped.output


@pytest.mark.parametrize("playbook", blocks("yaml playbook"))
def test_playbook(playbook: str, tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(playbook)
    command = ("ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml")
    with Sandbox(amount="12.50") as api:
        environ = {**api.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT)}
        passed = run(*command, cwd=tmp_path, environ=environ)
        assert passed.returncode == 0, passed.stdout + passed.stderr
        api.amount = "3.20"
        stopped = run(*command, cwd=tmp_path, environ=environ)
    assert stopped.returncode == 2
    assert re.search(r"3\.20?\b", stopped.stdout)


@pytest.mark.parametrize("program", blocks("python core"))
def test_python(program: str, tmp_path: Path) -> None:
    with Sandbox(amount="12.50") as api:
        done = run(sys.executable, "-c", program, cwd=tmp_path, environ={**api.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert done.stdout in ("", "12.50 known True\n")


@pytest.mark.parametrize("line", [line for text in blocks("console") for line in text.splitlines()])
def test_command(line: str, tmp_path: Path) -> None:
    command = line.removeprefix("$ ")
    assert command != line
    if command in MAKE:
        target = command.split()[1]
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return
    with Sandbox(amount="12.50") as api:
        assert run(*command.split(), cwd=tmp_path, environ=api.environ).returncode == 0
        api.amount = "3.20"
        assert run(*command.split(), cwd=tmp_path, environ=api.environ).returncode == 2


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert target.startswith("https://") or (ROOT / target).exists(), target
