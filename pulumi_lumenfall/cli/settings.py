# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""From the options to the core's settings, and what it takes from files."""

from __future__ import annotations

import re
import sys
import threading
from argparse import Namespace

from ..core import SETTINGS, ConfigurationError, Layer, Settings, os_reason, resolve_settings
from .output import say

_MAX_KEY_BYTES = 65_536
# Sent as a key it would give away what else is in the file, such as the refresh token beside the vendor's key.
_NOT_A_KEY = r"(?is)[{\[].*[\"'].*|(export\s+)?(lumenfall_)?api_?key\s*=.*"


def load_settings(options: Namespace) -> Settings:
    """The settings of a run; what is questionable about them is said on standard error."""
    settings = resolve_settings(settings_layer(options))
    for warning in settings.warnings:
        say(f"lumenfall-balance: warning: {warning}")
    return settings


def settings_layer(options: Namespace) -> Layer:
    """What the command line gives to the core's chain of settings; reads the file of the key."""
    layer = {each.name: (each.flag, getattr(options, each.name)) for each in SETTINGS if each.flag}
    flag, path = layer["api_key"]
    if path is not None:
        layer["api_key"] = (flag, read_key(flag, path))
    return layer


def read_key(flag: str, path: str) -> str:
    """Read the key; a terminal is asked for it."""
    if path == "-" and sys.stdin is not None and sys.stdin.isatty():
        # Imported here: it is slow to load, and only a person needs it.
        from getpass import getpass

        return getpass("API key: ", stream=sys.stderr)
    content = read_file(flag, path, _MAX_KEY_BYTES)
    key = content.decode("utf-8-sig", "replace").strip()
    is_large = len(content) > _MAX_KEY_BYTES
    if not key or is_large or re.fullmatch(_NOT_A_KEY, key):
        problem = "it is empty" if not key else "it is too large for a key" if is_large else "it is JSON or a variable"
        raise ConfigurationError(f"{flag}: {problem}", hint="name a file that contains the key and nothing else")
    return key


def read_file(flag: str, path: str, max_bytes: int, seconds: float = 30.0) -> bytes:
    """Read a file or a pipe, ``-`` for standard input, to one byte more than ``max_bytes``.

    An error does not show the path, which may be a key.
    """
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
    content = result[0] if result else TimeoutError(0, f"nothing came within {seconds:g} s")
    if isinstance(content, Exception):
        hint = "name a file that can be read; - is standard input"
        raise ConfigurationError(f"{flag}: it cannot be read ({os_reason(content)})", hint=hint)
    return content
