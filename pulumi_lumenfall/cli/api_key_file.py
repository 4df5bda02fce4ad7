# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--api-key-file``: a key from a file, a pipe or standard input."""

from __future__ import annotations

import re
import sys

from ..core import ConfigurationError
from .input import InputError, read_file

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
    if path == "-" and sys.stdin is not None and sys.stdin.isatty():
        # Imported here: it is slow to load, and only a person needs it.
        from getpass import getpass

        return getpass("API key: ", stream=sys.stderr)
    try:
        raw = read_file(path, _MAX_BYTES, seconds)
    except InputError as error:
        raise _refuse(str(error)) from None
    key = raw.decode("utf-8-sig", "replace").strip()
    if not key:
        raise _refuse("it is empty")
    if len(raw) > _MAX_BYTES:
        raise _refuse("it is too large to be a key")
    if _NOT_A_KEY.fullmatch(key):
        raise _refuse("it contains JSON or a variable, not the key alone")
    return key


def _refuse(problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"--api-key-file: {problem}",
        hint="name a file that contains the key and nothing else, or give - and write the key to standard input",
    )
