# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--api-key-file``: a key from a file, a pipe or standard input, without waiting for ever."""

from __future__ import annotations

import os
import re
import select
import stat
import sys
import time
from argparse import Namespace
from collections.abc import Mapping

from ..core import ConfigurationError, resolve_settings
from .arguments import settings_layer
from .console import is_terminal, reason

_MAX_BYTES = 65_536
_SECONDS = 30.0
# What would be sent whole, and with it what else the file holds: the vendor's credentials file has a refresh token.
_JSON = re.compile(r"""[{[].*["'].*""", re.DOTALL)
_ASSIGNMENT = re.compile(r"(export\s+)?(lumenfall_)?api_?key\s*=.*", re.IGNORECASE | re.DOTALL)


def read_key(path: str, seconds: float) -> str:
    """Read a key.

    Args:
        path: A file or a pipe; ``-`` is standard input, which on a terminal asks for the key.
        seconds: How long a pipe may take; never more than 30.

    Raises:
        ConfigurationError: There is none. The message never shows the path: the key itself may have
            been given in its place.
    """
    try:
        if path != "-":
            # Opening a pipe would otherwise wait for its writer, however long.
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            try:
                data = _read(descriptor, seconds)
            finally:
                os.close(descriptor)
        elif sys.stdin is None:
            raise _refuse("standard input is closed")
        elif is_terminal(sys.stdin):
            # Imported here: it is slow to load, and only a person needs it.
            from getpass import getpass

            data = getpass("API key: ", stream=sys.stderr).encode()
        else:
            data = _read(sys.stdin.fileno(), seconds)
    except (OSError, ValueError, EOFError) as error:
        raise _refuse(f"it cannot be read ({reason(error)})") from None
    key = data.decode("utf-8-sig", "replace").strip()
    if not key:
        raise _refuse("it is empty")
    if _JSON.fullmatch(key):
        raise _refuse("it holds JSON, not the key alone")
    if _ASSIGNMENT.fullmatch(key):
        raise _refuse("it sets a variable, instead of holding the key alone")
    return key


def patience_seconds(options: Namespace, environ: Mapping[str, str]) -> float:
    """How long an answer may take, and so the key; the most that there is where the timeout is malformed.

    The other settings are judged once the key is known: then a message shows none that holds it.
    """
    layer = {"api_key": ("", "none"), "timeout": settings_layer(options, None)["timeout"]}
    variables = {"LUMENFALL_TIMEOUT": environ.get("LUMENFALL_TIMEOUT", "")}
    try:
        return resolve_settings(layer, environ=variables).timeout
    except ConfigurationError:
        return _SECONDS


def _read(descriptor: int, seconds: float) -> bytes:
    seconds = min(seconds, _SECONDS)
    end = time.monotonic() + seconds
    data = b""
    plain = stat.S_ISREG(os.fstat(descriptor).st_mode) or os.name == "nt"
    while len(data) <= _MAX_BYTES:
        if not plain and not select.select([descriptor], [], [], max(0.0, end - time.monotonic()))[0]:
            raise _refuse(f"no key came within {seconds:g} s")
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
