# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--api-key-file``: a key from a file, a pipe or standard input."""

from __future__ import annotations

import re
import sys
import threading

from ..core import ConfigurationError

_MAX_BYTES = 65_536
# Sent as a key it would give away what else the file contains, such as the refresh token in the credentials file.
_NOT_A_KEY = re.compile(r"""[{[].*["'].*|(export\s+)?(lumenfall_)?api_?key\s*=.*""", re.IGNORECASE | re.DOTALL)


def read_key(path: str, seconds: float = 30.0) -> str:
    """Read a key.

    Args:
        path: A file or a pipe; ``-`` is standard input, which on a terminal asks for the key.
        seconds: How long a pipe may take.

    Raises:
        ConfigurationError: There is none. The message does not show the path, since it may be the key itself.
    """
    if path == "-" and sys.stdin is None:
        raise _refuse("standard input is closed")
    if path == "-" and sys.stdin.isatty():
        # Imported here: it is slow to load, and only a person needs it.
        from getpass import getpass

        return getpass("API key: ", stream=sys.stderr)
    result: list[bytes | Exception] = []

    def read() -> None:
        try:
            with open(0 if path == "-" else path, "rb", closefd=path != "-") as file:
                result.append(file.read(_MAX_BYTES + 1))
        except (OSError, ValueError) as error:
            result.append(error)

    # A pipe that nobody writes to blocks for ever, even while it is opened.
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(seconds)
    if not result:
        raise _refuse(f"no key came within {seconds:g} s")
    if isinstance(result[0], Exception):
        reason = getattr(result[0], "strerror", None) or "the name is malformed"
        raise _refuse(f"it cannot be read ({reason.lower()})")
    key = result[0].decode("utf-8-sig", "replace").strip()
    if not key:
        raise _refuse("it is empty")
    if len(result[0]) > _MAX_BYTES:
        raise _refuse("it is too large to be a key")
    if _NOT_A_KEY.fullmatch(key):
        raise _refuse("it contains JSON or a variable, not the key alone")
    return key


def _refuse(problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"--api-key-file: {problem}",
        hint="name a file that contains the key and nothing else, or give - and write the key to standard input",
    )
