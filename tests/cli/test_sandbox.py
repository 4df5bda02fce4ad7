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


def test_the_word_for_no_amount_is_the_command_lines(cli):
    ended = cli("sandbox", "--amount", "NaN")
    problem = "--amount: 'NaN' is not a plain number such as '12.50', nor null"
    assert ended.err == f"lumenfall-balance: {problem}; see: lumenfall-balance sandbox --help\n"
