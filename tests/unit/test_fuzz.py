# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A few hundred cases of each fuzz target, other ones in every run, and what longer runs have found (``make fuzz``)."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.fuzz import TARGETS
from support.fuzz_oracles import is_balance
from support.fuzz_seeds import mutate

#: Cases that failed once: of the core, and of the oracles.
FOUND = [
    # Python's float() takes off less white space than its strip() does.
    ("number", b"\x1e1"),
    ("number", b"30\x1f"),
    # What urlsplit calls the host leaves out what stands behind a bracket.
    ("base_url", b"http://[::1]{{/x"),
    ("base_url", b"http://[::1].example.com/"),
    ("base_url", b"http://[::1%00]:1/x"),
    ("base_url", b"http://localhost:080"),
    ("base_url", b"http://[::1%}]:1/x"),
    ("key", b"Bearer '"),
    # Python's own exception quotes what it takes for a port, and became the context of ours.
    ("base_url", b"https://user:secret/@host"),
    # A code that ends in a colon, before the colon of ours.
    ("answer", b'\x00\xc8\n{"error": {"message": "m", "code": "##vso[::"}}'),
    # A key in the wrong place, shown as the kind of a proxy.
    ("proxy", b"slm28marker-of-the-tests://x"),
]


@pytest.mark.parametrize(("target", "data"), FOUND)
def test_what_was_found(target: str, data: bytes) -> None:
    TARGETS[target].run(data)


@pytest.mark.parametrize("target", TARGETS)
def test_where_the_long_run_begins(target: str) -> None:
    for seed in TARGETS[target].seeds:
        TARGETS[target].run(seed)


@pytest.mark.parametrize("target", TARGETS)
@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_bytes(target: str, data: st.DataObject) -> None:
    """Bytes of all kinds, and seeds with a few things changed; hypothesis shrinks what fails, and keeps it."""
    seeds = TARGETS[target].seeds
    numbers = st.integers(min_value=0, max_value=2**32)
    mutated = numbers.map(lambda number: mutate(random.Random(number), seeds))
    TARGETS[target].run(data.draw(mutated | mutated | st.binary(max_size=200)))


def test_the_oracle_knows_a_balance() -> None:
    """What the targets compare with is not always None."""
    bodies = TARGETS["balance"].seeds
    assert [type(is_balance(body)).__name__ for body in bodies] == ["tuple", "tuple", "tuple", "str", "tuple"]
    assert is_balance(b'{"object": "balance"}') is None
