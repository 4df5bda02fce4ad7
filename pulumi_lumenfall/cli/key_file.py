# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--api-key-file``: a key from a file, a pipe or standard input, without waiting for ever."""

from __future__ import annotations

import os
import select
import stat
import sys
import time

from ..core import ConfigurationError
from .console import is_terminal, reason

_MAX_BYTES = 65_536
_SECONDS = 30.0


def read_key(path: str) -> str:
    """Read a key.

    Args:
        path: A file or a pipe; ``-`` is standard input, which on a terminal asks for the key.

    Raises:
        ConfigurationError: There is none. The message never shows the path: the key itself may have
            been given in its place.
    """
    try:
        if path != "-":
            # Opening a pipe would otherwise wait for its writer, however long.
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            try:
                data = _read(descriptor)
            finally:
                os.close(descriptor)
        elif sys.stdin is None:
            raise _refuse("standard input is closed")
        elif is_terminal(sys.stdin):
            # Imported here: it is slow to load, and only a person needs it.
            from getpass import getpass

            data = getpass("API key: ", stream=sys.stderr).encode()
        else:
            data = _read(sys.stdin.fileno())
    except (OSError, ValueError, EOFError) as error:
        raise _refuse(f"it cannot be read ({reason(error)})") from None
    key = data.decode("utf-8-sig", "replace").strip()
    if not key:
        raise _refuse("it is empty")
    return key


def _read(descriptor: int) -> bytes:
    end = time.monotonic() + _SECONDS
    data = b""
    plain = stat.S_ISREG(os.fstat(descriptor).st_mode) or os.name == "nt"
    while len(data) <= _MAX_BYTES:
        if not plain and not select.select([descriptor], [], [], max(0.0, end - time.monotonic()))[0]:
            raise _refuse(f"no key came within {_SECONDS:.0f} s")
        try:
            chunk = os.read(descriptor, _MAX_BYTES)
        except BlockingIOError:
            continue
        if not chunk:
            return data
        data += chunk
    raise _refuse("it is too large to be a key")


def _refuse(problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"--api-key-file: {problem}",
        hint="name a file that holds the key and nothing else, or give - and write the key to standard input",
    )
