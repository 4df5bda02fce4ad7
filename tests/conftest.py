# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What all tests share: an environment that is the same on every machine, and the real Pulumi engine."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from pulumi_lumenfall.sandbox import Sandbox
from support.pulumi_project import MakeProject, PulumiProject

FIND_OR_BUILD = Path(__file__).parents[1] / "tools" / "pulumi_engine" / "find_or_build.py"
_FOREIGN_PREFIXES = ("LUMENFALL_", "PULUMI_", "ANSIBLE_", "GITHUB_")
_FOREIGN = {
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
}

# New values in every run, in CI too, and no deadline for each, which a busy machine would miss.
settings.register_profile("tests", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("tests")

# A job in the background ignores Ctrl-C, and so would all that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Fixture -> the marker of every test that uses it, directly or not.
_MARKS = {"pulumi_bin": "engine", "polyglot_bin": "engine", "collections": "playbook", "sdks": "slow"}
_SLOW_FOLDERS = {"packaging", "typing"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they use, before ``-m`` selects."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in _MARKS:
                item.add_marker(_MARKS[fixture])
        if item.path.parent.name in _SLOW_FOLDERS:
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clear what the machine sets, and give each test an empty HOME."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN_PREFIXES) or name.upper() in _FOREIGN:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def api() -> Iterator[Sandbox]:
    """A sandbox with 12.50 usd."""
    with Sandbox(amount="12.50") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def pulumi_bin(pytestconfig: pytest.Config) -> Path:
    """The folder of the engine. Without one the tests fail; they do not skip."""
    return _find_engine(pytestconfig)


@pytest.fixture(scope="session")
def polyglot_bin(pytestconfig: pytest.Config) -> Path:
    """The same folder, with what the engine needs for programs in Go, for Node.js and in YAML."""
    return _find_engine(pytestconfig, "go", "nodejs", "yaml")


def _find_engine(config: pytest.Config, *languages: str) -> Path:
    # Shown as it comes, uncaptured: the first build takes minutes.
    capture = config.pluginmanager.getplugin("capturemanager")
    command = [sys.executable, str(FIND_OR_BUILD), *languages]
    with capture.global_and_fixture_disabled():
        found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
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
