# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every code block of the README and of docs/ does what it says, with funds and without.

The second word of a fence says how it is run: ``python pulumi`` as a program, ``python core`` by itself,
``python test`` with pytest, ``yaml playbook`` as a playbook, ``console`` line by line.
"""

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
# Pages of the Pulumi Registry, in every language: tests/plugin/test_docs.py.
KEPT_ELSEWHERE = ("_index", "installation-configuration")
PAGES = [ROOT / "README.md", *(page for page in (ROOT / "docs").rglob("*.md") if page.stem not in KEPT_ELSEWHERE)]
BLOCKS = [
    (page.relative_to(ROOT).as_posix(), label, text)
    for page in PAGES
    for label, text in re.findall(r"^```(.*?)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
]
# What a block cannot run here, and what does.
ELSEWHERE = {
    "make demo": "Makefile",
    "make test": "Makefile",
    "python3 -m venv .venv && . .venv/bin/activate": "tests/packaging/conftest.py",
    "pip install pulumi-lumenfall": "tests/packaging/test_install.py",
    "pip install 'requests>=2.32.4'": "tests/packaging/test_install.py",
    "ansible-galaxy collection install lumenfall.cloud": "tests/packaging/test_install.py",
    "lumenfall-balance sandbox --amount 12.50": "tests/unit/test_sandbox.py",
    "pulumi config set --secret lumenfall:apiKey": "tests/pulumi",
}
# Shown, not run: what a terminal says, set-up with a real key, and parts of a program, playbook or workflow.
SHOWN = ("text", "sh", "json part", "python part", "yaml part")


def blocks(*kinds: str) -> list[object]:
    """The blocks of a kind, each under the name of its page."""
    return [pytest.param(text, id=page) for page, label, text in BLOCKS if label in kinds]


def run(*command: str, cwd: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, **environ, "PATH": path, "HOME": str(cwd)}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_every_block_is_of_a_kind_that_is_run() -> None:
    run_here = {"console", "python pulumi", "python core", "python test", "yaml playbook"}
    for page, label, _text in BLOCKS:
        assert label in run_here or label in SHOWN, f"{page}: {label}"


@pytest.mark.parametrize("program", blocks("python pulumi"))
def test_pulumi_program(program: str, make_project: MakeProject) -> None:
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
    assert re.search(r"3\.20?\b", stopped.stdout + stopped.stderr)


@pytest.mark.parametrize("program", blocks("python core"))
def test_python(program: str, tmp_path: Path) -> None:
    with Sandbox(amount="12.50") as api:
        done = run(sys.executable, "-c", program, cwd=tmp_path, environ={**api.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert "print(" not in program or done.stdout.startswith("12.50 ")


@pytest.mark.parametrize("program", blocks("python test"))
def test_test(program: str, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(program)
    done = run(sys.executable, "-m", "pytest", "-q", cwd=tmp_path, environ={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stdout
    assert f"{program.count('def test_')} passed" in done.stdout


@pytest.mark.parametrize("text", blocks("console"))
def test_commands(text: str, tmp_path: Path) -> None:
    """Pass with funds and stop without; the lines below a command are printed by one of the two."""
    printed = ""
    for line in text.splitlines():
        command = line.removeprefix("$ ")
        if command == line:
            assert line in printed.splitlines()
        elif command in ELSEWHERE:
            assert (ROOT / ELSEWHERE[command]).exists()
        else:
            # A test has no time for long waits.
            printed = passes_and_stops(re.sub(r"(--(?:wait|poll)) \S+", r"\1 1s", command), tmp_path)


def passes_and_stops(command: str, folder: Path) -> str:
    """What the command prints, with funds and then without."""
    with Sandbox(amount="12.50") as api:
        (folder / "production.key").write_text(api.key)
        (folder / "production.key").chmod(0o600)
        passed = run(*command.split(), cwd=folder, environ=api.environ)
        assert passed.returncode == 0, passed.stderr
        api.amount = "3.20"
        stopped = run(*command.split(), cwd=folder, environ=api.environ)
        assert stopped.returncode == 2, stopped.stderr
    return passed.stdout + passed.stderr + stopped.stdout + stopped.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), target
