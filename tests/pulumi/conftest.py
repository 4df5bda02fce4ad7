# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Fixtures of the Pulumi tests: the real engine, and projects that run on it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.pulumi_project import MakeProject, PulumiProject

FIND_OR_BUILD = Path(__file__).parents[2] / "tools" / "pulumi_engine" / "find_or_build.py"


@pytest.fixture(scope="session")
def pulumi_bin(pytestconfig: pytest.Config) -> Path:
    """The folder of the engine. Without one the tests fail; they do not skip."""
    # Shown as it comes, uncaptured: the first build takes minutes.
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        found = subprocess.run([sys.executable, str(FIND_OR_BUILD)], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode != 0:
        pytest.fail(f"no Pulumi engine; {FIND_OR_BUILD.name} has printed why", pytrace=False)
    return Path(found.stdout.strip())


@pytest.fixture
def make_project(pulumi_bin: Path, tmp_path: Path) -> MakeProject:
    """Makes projects, each apart from the others and from the machine."""
    numbers = itertools.count(1)

    def make(program: str | Path, *, env: Mapping[str, str] | None = None) -> PulumiProject:
        folder = tmp_path / f"pulumi-{next(numbers)}"
        return PulumiProject(folder, program, pulumi_bin=pulumi_bin, env=env).stack_init()

    return make
