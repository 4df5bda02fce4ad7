# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A short soak: some hundred fetches at once from a server that fails at random (``make soak`` has 20,000)."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from support.soak import check, soak


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_soak(tmp_path: Path) -> None:
    """Each fetch sends what the retry policy allows and ends as its last answer says; nothing is left behind."""
    seed = random.SystemRandom().randrange(2**31)
    print(f"seed {seed}")
    found = soak(400, 8, seed, tmp_path)
    assert found.wrong == []
    assert len(found.outcomes) > 3
    assert found.requests > found.fetches
    assert found.descriptors[-1] <= found.descriptors[0]
    assert found.threads[-1] <= found.threads[0]
    # Each answer of the kind "large" alone is 1 MiB.
    assert found.memory_bytes[-1] - found.memory_bytes[0] < 32 << 20


def test_what_counts_as_wrong() -> None:
    """The check above can fail."""
    assert check(["503", "ok"], "known", None) is None
    assert check(["401"], "AuthenticationError", 1) is None
    assert check(["null", "null", "null"], "unavailable", None) is None
    assert check([], "known", None)
    assert check(["503"] * 4, "ServerError", 4)
    assert check(["401", "ok"], "known", None)
    assert check(["503"], "ServerError", 1)
    assert check(["503", "ok"], "ServerError", 2)
    assert check(["503", "503", "503"], "ServerError", 2)
