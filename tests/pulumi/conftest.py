# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The API that a program in this process asks, and the stack of programs on the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.gated_stack import GatedStack, gated_stack
from support.leaks import KEY


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox with 12.50 usd that the environment leads to, and one attempt."""
    monkeypatch.setenv("LUMENFALL_MAX_ATTEMPTS", "1")
    with Sandbox(amount="12.50", key=KEY) as sandbox:
        for name, value in sandbox.environ.items():
            monkeypatch.setenv(name, value)
        yield sandbox


@pytest.fixture(scope="module")
def stack(pulumi_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatedStack]:
    """One stack for the tests of a file: each puts its own program in."""
    with gated_stack(tmp_path_factory.mktemp("stack"), pulumi_bin) as stack:
        yield stack
