# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Reading a file, a pipe or standard input, within a time."""

from __future__ import annotations

import sys
import threading


class InputError(Exception):
    """It cannot be read; the message says why and does not show the path, since that may be a key."""


def read_file(path: str, max_bytes: int, seconds: float = 30.0) -> bytes:
    """Read a file, and one byte more than ``max_bytes`` if there is more.

    Args:
        path: A file or a pipe; ``-`` is standard input.
        max_bytes: What is too much.
        seconds: How long a pipe may take.

    Raises:
        InputError: It cannot be read.
    """
    if path == "-" and sys.stdin is None:
        raise InputError("standard input is closed")
    result: list[bytes | Exception] = []

    def read() -> None:
        try:
            with open(0 if path == "-" else path, "rb", closefd=path != "-") as file:
                result.append(file.read(max_bytes + 1))
        except (OSError, ValueError) as error:
            result.append(error)

    # A pipe that nobody writes to blocks for ever, even while it is opened.
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(seconds)
    if not result:
        raise InputError(f"nothing came within {seconds:g} s")
    if isinstance(result[0], Exception):
        reason = getattr(result[0], "strerror", None) or "the name is malformed"
        raise InputError(f"it cannot be read ({reason.lower()})")
    return result[0]
