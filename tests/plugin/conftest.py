# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A plugin that runs, and the API that it asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.plugin import Engine, Plugin

# Lower case, and looked for in any: it must be nowhere but in the request.
KEY = "lmnfl_abc.0s3cr3tmarker0"


@pytest.fixture
def api() -> Iterator[Sandbox]:
    """An account with 12.50 usd."""
    with Sandbox(amount="12.50", key=KEY) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def process() -> Iterator[Plugin]:
    """A process for all tests of a file, which also shows that a run leaves nothing to the next one."""
    engine = Engine()
    with Plugin(engine.address) as plugin:
        yield plugin
        assert "marker" not in plugin.stderr().lower()
        assert "Traceback" not in plugin.stderr()
    engine.stop()


@pytest.fixture
def plugin(process: Plugin, api: Sandbox) -> Plugin:
    """The plugin, configured anew for the account, with one attempt."""
    process.configure(apiKey=KEY, baseUrl=api.url, maxAttempts="1")
    return process
