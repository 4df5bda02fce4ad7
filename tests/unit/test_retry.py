# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""When an attempt is repeated, and how long the wait before it is."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lumenfall.cloud.plugins.module_utils._core.retry import (
    MAX_RETRY_AFTER_SECONDS,
    backoff_seconds,
    is_retried,
    parse_retry_after,
)

NOW = 1_792_000_000.0  # 2026-10-14 17:46:40 GMT


def test_which_statuses_are_retried() -> None:
    assert {status for status in range(1000) if is_retried(status)} == {408, 425, 429, *range(500, 600)}


@pytest.mark.parametrize(("retry", "most"), [(0, 0.5), (1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (9, 8)])
def test_backoff_is_exponential_with_full_jitter(retry: int, most: float) -> None:
    """Spread over the whole range from 0 to the bound, and never above it."""
    waits = [backoff_seconds(retry) for _ in range(2000)]
    assert 0 <= min(waits) < 0.05 * most
    assert 0.95 * most < max(waits) <= most
    assert 0.4 * most < sum(waits) / len(waits) < 0.6 * most


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 5 ", 5),
        ("1.5", 1.5),
        ("Wed, 14 Oct 2026 17:48:40 GMT", 120),
        ("Wednesday, 14-Oct-26 17:48:40 GMT", 120),
        ("Wed Oct 14 17:48:40 2026", 120),
        ("Wed, 14 Oct 2026 19:48:40 +0200", 120),
        ("Wed, 14 Oct 2026 12:48:40 EST", 120),
        ("Wed, 14 Oct 2026 17:48:40 -0000", 120),
        ("Tue, 13 Oct 2026 00:00:00 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ],
)
def test_retry_after(value: str, seconds: float) -> None:
    """Seconds, and dates in each form of RFC 9110 and in any zone."""
    assert parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "soon", "-5", "+5", "1e3", "0x10", "nan", "inf", "5 seconds", "5,6", "٥", "1_0", "9" * 5000),
        *("99999999999", "Wed, 14 Oct 9999 17:48:40 GMT", "Wed, 99 Oct 2026 17:48:40 GMT"),
        *("Wed, 14 Foo 2026 17:48:40 GMT", "Wed, 14 Oct 2026 25:48:40 GMT", "Wed, 14 Oct", "2026-10-14T17:48:40Z"),
        *("Wed, 14 Oct 99999999999999 17:48:40 GMT", "\x00", "Wed, 14 Oct 2026 17:48:40 +9999999"),
    ],
)
def test_nonsense_in_retry_after_is_ignored(value: str | None) -> None:
    assert parse_retry_after(value, NOW) is None


@given(st.text(max_size=120) | st.from_regex(r"\w{3}, \d\d? \w{3} \d+ \d+:\d+:\d+ [+-]?\w+"))
def test_retry_after_is_bounded_whatever_comes(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER_SECONDS


def test_retry_after_at_its_limits() -> None:
    """A year is the most; and no header is that long."""
    assert parse_retry_after("31622400", NOW) == 31_622_400
    assert parse_retry_after("31622401", NOW) is None
    date = "Wed, 14 Oct 2026 17:48:40 GMT"
    assert parse_retry_after(date.rjust(100), NOW) == 120
    assert parse_retry_after(date.rjust(101), NOW) is None


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_date_without_a_zone_is_gmt_wherever_the_machine_is(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert parse_retry_after("Wed, 14 Oct 2026 17:48:40 -0000", NOW) == 120
        assert parse_retry_after("Wed Oct 14 17:48:40 2026", NOW) == 120
    finally:
        monkeypatch.undo()
        time.tzset()


def test_retry_after_counts_from_now() -> None:
    """Unless it is told another time."""
    seconds = parse_retry_after(formatdate(time.time() + 600, usegmt=True))
    assert seconds is not None
    assert 580 < seconds <= 600
