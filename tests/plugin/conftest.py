# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A plugin that runs, and the API that it asks."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY
from support.plugin import Engine, Plugin
from support.sdks import generate, node_modules, python_package


@pytest.fixture
def api() -> Iterator[Sandbox]:
    """An account with 12.50 usd, and a model that costs 0.08 usd."""
    with Sandbox(amount="12.50", key=KEY, prices={"gpt-image-1": "0.08"}) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """The engine of ``process``."""
    engine = Engine()
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def shared_process(engine: Engine) -> Iterator[Plugin]:
    """A process for all tests of a file, which also shows that a run leaves nothing to the next one."""
    with Plugin(engine.address) as plugin:
        yield plugin
        # Neither its key nor a traceback of its own: it has nothing to say there.
        assert plugin.stderr() == ""


@pytest.fixture
def process(shared_process: Plugin) -> Iterator[Plugin]:
    """The process for one run, which the engine ends by a Cancel."""
    yield shared_process
    shared_process.cancel()


@pytest.fixture
def plugin(process: Plugin, api: Sandbox) -> Plugin:
    """The plugin, configured anew for the account, with one attempt."""
    process.configure(apiKey=KEY, baseUrl=api.url, maxAttempts="1")
    return process


@pytest.fixture(scope="session")
def sdks(real_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated SDKs: ``nodejs``, ``go`` and ``python``."""
    return generate(tmp_path_factory.mktemp("sdks"), real_home)


@pytest.fixture(scope="session")
def python_sdk(sdks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python SDK, built and installed into a folder of its own for PYTHONPATH."""
    return python_package(tmp_path_factory.mktemp("python-sdk"), sdks / "python")


@pytest.fixture(scope="session")
def node_packages(sdks: Path, real_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder ``node_modules`` of a program with the SDK for Node.js."""
    return node_modules(tmp_path_factory.mktemp("node"), sdks / "nodejs", real_home)


@pytest.fixture(scope="session")
def real_home() -> Path:
    """The user's home, with the caches that tests may use."""
    return Path(pwd.getpwuid(os.getuid()).pw_dir)
