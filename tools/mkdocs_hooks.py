# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A hook of MkDocs: the second word of a code fence is for the tests, and not for the site."""

from __future__ import annotations

import re
from typing import Any


def on_page_markdown(markdown: str, **_rest: Any) -> str:
    """Drop ``core`` of a fence such as `python core`, which says how the tests run the block."""
    return re.sub(r"^(```\w+) \w+$", r"\1", markdown, flags=re.MULTILINE)
