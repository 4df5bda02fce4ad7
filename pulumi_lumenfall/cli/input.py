# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Reading a request or a key from a file, a pipe or standard input, within a time."""

from __future__ import annotations

import re
import sys
import threading

from ..core import ConfigurationError

_MAX_KEY_BYTES = 65_536
# Sent as a key it would give away what else the file contains, such as the refresh token in the credentials file.
_NOT_A_KEY = re.compile(r"""[{[].*["'].*|(export\s+)?(lumenfall_)?api_?key\s*=.*""", re.IGNORECASE | re.DOTALL)


class InputError(Exception):
    """It cannot be read; the message says why and does not show the path, since that may be a key."""


def read_file(path: str, max_bytes: int, seconds: float = 30.0) -> bytes:
    """Read a file or a pipe, ``-`` for standard input, to one byte more than ``max_bytes``; may raise InputError."""
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


def read_key(path: str, seconds: float = 30.0) -> str:
    """Read the key of ``--api-key-file``; a terminal is asked for it. No error shows the path, which may be the key."""
    if path == "-" and sys.stdin is not None and sys.stdin.isatty():
        # Imported here: it is slow to load, and only a person needs it.
        from getpass import getpass

        return getpass("API key: ", stream=sys.stderr)
    try:
        raw = read_file(path, _MAX_KEY_BYTES, seconds)
    except InputError as error:
        raise _refuse(str(error)) from None
    key = raw.decode("utf-8-sig", "replace").strip()
    if not key:
        raise _refuse("it is empty")
    if len(raw) > _MAX_KEY_BYTES:
        raise _refuse("it is too large to be a key")
    if _NOT_A_KEY.fullmatch(key):
        raise _refuse("it contains JSON or a variable, not the key alone")
    return key


def _refuse(problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"--api-key-file: {problem}",
        hint="name a file that contains the key and nothing else, or give - and write the key to standard input",
    )
