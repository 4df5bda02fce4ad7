# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A word that is easy to find wherever a key should not be, also in another case or within base64."""

from __future__ import annotations

import base64

__all__ = ["KEY", "MARKER", "leaked"]

MARKER = "0s3cr3tmarker0"
KEY = f"lmnfl_abc.{MARKER}"


def leaked(*texts: str | bytes | None) -> bool:
    """Whether the marker is in one of the texts, in whatever case, or in base64 of either alphabet."""
    for text in texts:
        data = (text or "").encode("utf-8", "surrogatepass") if not isinstance(text, bytes) else text
        if MARKER.encode() in data.lower() or any(form in data for form in _BASE64):
            return True
    return False


def _base64_forms() -> frozenset[bytes]:
    """The characters that the marker alone decides, for each place in a group of three that it may begin at."""
    forms = set()
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + MARKER.encode())
        form = encoded[-(-8 * shift // 6) : 8 * (shift + len(MARKER)) // 6]
        forms |= {form, form.replace(b"+", b"-").replace(b"/", b"_")}
    return frozenset(forms)


_BASE64 = _base64_forms()
