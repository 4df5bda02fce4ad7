# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Mistakes in the options of ``lumenfall-balance sandbox``."""

from __future__ import annotations

import pytest

from support.leaks import KEY, leaked


@pytest.mark.parametrize("option", ["amount", "retry-after", "port", "status", "delay", "billing-type"])
def test_a_mistake_shows_no_value(cli, option):
    """It may be a key that was meant for elsewhere."""
    ended = cli("sandbox", f"--{option}", f"{KEY}\x7f")
    assert (ended.status, ended.out) == (3, "")
    assert f"--{option}: " in ended.err
    assert "lumenfall-balance sandbox --help" in ended.err
    assert not leaked(ended.err)
