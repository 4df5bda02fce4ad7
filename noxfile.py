# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The versions that are supported, each tested: ``make matrix``, or ``nox --session NAME`` for a part of it.

A Python that the machine lacks is skipped; in CI that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nox

sys.path.insert(0, "tools")
from ansible_test import pyenv_folders

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = "CI" in os.environ
nox.options.reuse_venv = "yes"
nox.options.download_python = "never"
# uv is beside nox; pyenv puts only the Pythons that were chosen on PATH.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), *pyenv_folders(), os.environ["PATH"]])

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
# ansible-core and the Python of its controller.
ANSIBLES = {
    "2.19": ("3.11", "ansible-core>=2.19,<2.20"),
    "2.20": ("3.14", "ansible-core>=2.20,<2.21"),
    "2.21": ("3.12", "ansible-core>=2.21,<2.22"),
    "2.22": ("3.13", "ansible-core>=2.22.0b1,<2.23"),
}
# What differs by Python is tested without the engines; "make test-all" has those.
FAST = ("-m", "not (engine or playbook or slow)", "tests/unit", "tests/pulumi", "tests/cli", "tests/plugin")
# What meets the libraries that have an oldest version.
CLOSE = FAST[:4]
TEST_GROUP = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "test")


def pytest(session: nox.Session, *paths: str) -> None:
    """Run tests with what is installed."""
    paths = tuple(session.posargs) or paths
    session.run("python", "-m", "pytest", "-q", "-n", os.environ.get("NOX_WORKERS", "auto"), *paths)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Each Python, with the newest of all dependencies."""
    session.install("--upgrade", "--editable", ".[policy]", *TEST_GROUP)
    pytest(session, *FAST)


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """The oldest Python, with the oldest Pulumi SDK, requests and urllib3 that pyproject.toml lets in."""
    session.install("--resolution=lowest-direct", "--editable", ".[policy]")
    # The tests' own tools may be new; what is under test stays as it is.
    frozen = str(session.run("uv", "pip", "freeze", "--exclude-editable", "--quiet", silent=True))
    constraints = Path(session.create_tmp(), "constraints.txt")
    constraints.write_text("".join(f"{line}\n" for line in frozen.splitlines() if "==" in line), encoding="utf-8")
    session.install("--constraint", str(constraints), *TEST_GROUP)
    session.run("uv", "pip", "list")
    pytest(session, *CLOSE)


@nox.session
@nox.parametrize(
    ("python", "core"),
    [nox.param(python, core, id=core) for core, (python, _) in ANSIBLES.items()],
)
def ansible(session: nox.Session, core: str) -> None:
    """Sanity, units, integration and the playbooks' tests on one ansible-core.

    The sanity test pylint of 2.22's candidates installs a library from GitHub: where that is out of reach, pass
    ``-- --skip-test pylint``.
    """
    requirement = ANSIBLES[core][1]
    session.install("--prerelease=if-necessary-or-explicit", "--editable", ".", requirement, *TEST_GROUP)
    session.run("python", "tools/ansible_test.py", "--all-pythons", *session.posargs)
    session.run("python", "-m", "pytest", "-q", "-n", os.environ.get("NOX_WORKERS", "auto"), "tests/ansible")


if __name__ == "__main__":
    sys.exit(subprocess.call([sys.executable, "-m", "nox"]))
