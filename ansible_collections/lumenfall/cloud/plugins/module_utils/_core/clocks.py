# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How long ago something was, by both clocks: the one stops while a machine sleeps, the other is set by people."""

from __future__ import annotations

import time
from typing import Sequence, Tuple


def both_clocks() -> Tuple[float, float]:
    """This moment: seconds of the monotonic clock and of the wall clock."""
    return time.monotonic(), time.time()


def is_recent(moment: Sequence[float], seconds: float) -> bool:
    """Whether a moment that :func:`both_clocks` gave was less than so many seconds ago, and is not to come."""
    steady, wall = both_clocks()
    return 0 <= steady - moment[0] < seconds and 0 <= wall - moment[1] < seconds
