# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Hooks of MkDocs, for pages that also read well where they are only Markdown."""

from __future__ import annotations

import re
from textwrap import indent
from typing import Any


def on_page_markdown(markdown: str, **_rest: Any) -> str:
    """Show sections between ``<!-- tabs -->`` and ``<!-- end of tabs -->`` as tabs, and one word in a code fence.

    The second word of a fence, such as `core` in `python core`, says how the tests run the block.
    """
    markdown = re.sub(r"^(```\w+) \w+$", r"\1", markdown, flags=re.MULTILINE)
    return re.sub(r"<!-- tabs -->\n(.*)<!-- end of tabs -->", _tabs, markdown, flags=re.DOTALL)


def _tabs(sections: re.Match[str]) -> str:
    titled = re.findall(r"^## (.+?)\n(.+?)(?=^## |\Z)", sections[1], flags=re.MULTILINE | re.DOTALL)
    return "\n".join(f'=== "{title}"\n{indent(text, "    ")}' for title, text in titled)
