# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""When a failed attempt is tried again, and how long to wait first.

Pure: reads no clock but the one it is given, and sleeps nowhere. Modules that are slow to
load are imported where they are needed: by then requests has loaded them.
"""

from __future__ import annotations

import re
import time

BASE_SECONDS = 0.5
CAP_SECONDS = 8.0
# A server that asks for more than a year does not mean it.
MAX_RETRY_AFTER_SECONDS = 366 * 24 * 3600.0

_RETRIED_CLIENT_STATUSES = frozenset((408, 425, 429))
_SECONDS = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?")


def is_retried(status: int) -> bool:
    """Whether an answer with this HTTP status is worth another attempt."""
    return status in _RETRIED_CLIENT_STATUSES or 500 <= status <= 599


def backoff_seconds(retry: int) -> float:
    """The wait before retry number ``retry`` (0, 1, ...): exponential, with full jitter.

    Uniform between 0 and ``0.5 * 2**retry`` seconds, at most 8, so that many hosts which
    failed together do not come back together.
    """
    import random

    return random.uniform(0, min(CAP_SECONDS, BASE_SECONDS * 2**retry))  # noqa: S311 - jitter, not a secret


def parse_retry_after(value: str | None, now: float | None = None) -> float | None:
    """Read a ``Retry-After`` header (RFC 9110, section 10.2.3).

    Args:
        value: The header: seconds, or a date in any form that HTTP knows; a date without
            a zone counts as GMT.
        now: Seconds since the epoch, by default the clock's.

    Returns:
        Seconds from now, 0 or more (a date in the past is 0), or None where the header is
        absent or makes no sense.
    """
    if value is None or len(value) > 100:
        return None
    text = value.strip()
    if _SECONDS.fullmatch(text):
        seconds = float(text)
    else:
        from datetime import timezone
        from email.utils import parsedate_to_datetime

        try:
            date = parsedate_to_datetime(text)
            if date.tzinfo is None:
                date = date.replace(tzinfo=timezone.utc)
            seconds = max(0.0, date.timestamp() - (time.time() if now is None else now))
        except (ValueError, OverflowError, TypeError, IndexError):
            return None
    return seconds if seconds <= MAX_RETRY_AFTER_SECONDS else None
