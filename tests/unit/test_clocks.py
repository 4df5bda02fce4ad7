# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What is recent: by both clocks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import clocks
from pulumi_lumenfall.core import both_clocks, is_recent


@pytest.mark.parametrize(
    ("steady", "wall", "recent"),
    [
        (0.0, 0.0, True),
        (29.9, 29.9, True),
        (30.0, 0.0, False),
        (0.0, 30.0, False),
        (0.0, -0.1, False),
        (30.0, 30.0, False),
    ],
)
def test_both_clocks_have_to_say_so(monkeypatch: pytest.MonkeyPatch, steady: float, wall: float, recent: bool) -> None:
    """A machine that sleeps stops the one, and a clock that is set turns back the other."""
    moment = 1000.0, 2000.0
    hands = SimpleNamespace(monotonic=lambda: moment[0] + steady, time=lambda: moment[1] + wall)
    monkeypatch.setattr(clocks, "time", hands)
    assert is_recent(moment, 30.0) is recent


def test_this_moment_is_recent() -> None:
    assert is_recent(both_clocks(), 30.0)
