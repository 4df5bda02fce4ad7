# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Where the tools and the tests keep what takes long to make: our folder in the user's cache.

It needs nothing but Python, since `pulumi_engine/find_or_build.py` runs before anything is installed.
"""

from __future__ import annotations

import os
from pathlib import Path


def user_cache(home: Path | None = None) -> Path:
    """Our folder in the user's cache.

    Args:
        home: The user's home, for who has another `HOME` by now, as a test has.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    # XDG: an empty or relative value counts as unset.
    cache = Path(base) if os.path.isabs(base) else (home or Path.home()) / ".cache"
    return cache / "pulumi-lumenfall"
