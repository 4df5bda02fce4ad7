# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The credentials file of the vendor's own command line: the last place where a key is looked for."""

from __future__ import annotations

import json
import os
import stat
from typing import Any, Mapping, Tuple

from .errors import KEYS_PAGE, ConfigurationError
from .text import describe_path
from .values import is_unset, reason_of

_MAX_CREDENTIALS_BYTES = 1 << 20


def read_credentials(variables: Mapping[str, str], looked_at: list[str], warnings: list[str]) -> Tuple[str, Any]:
    """The key of the credentials file.

    Args:
        variables: The environment, which says where the file is.
        looked_at: Where a key was looked for before, for the error that says so.
        warnings: Gets a line if other users can read the file.

    Returns:
        What to call the place in an error, and the key as it stands there.

    Raises:
        ConfigurationError: There is no file, or no key in it.
    """
    path = _path(variables)
    shown = describe_path(path)
    if path.startswith("~"):
        # Not expanded, it would be a folder of that name in the current one, whoever that belongs to.
        raise _no_key([*looked_at, f"{shown} (there is no such home folder)"])
    problem = None
    document: Any = None
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            problem = "is not a file"
        else:
            with open(path, "rb") as file:
                raw = file.read(_MAX_CREDENTIALS_BYTES + 1)
            if len(raw) > _MAX_CREDENTIALS_BYTES:
                problem = "is too large to be one"
            else:
                document = json.loads(raw.decode("utf-8-sig"))
            if os.name == "posix" and mode & 0o077:
                warnings.append(f"{shown} can be read by other users of this machine; run: chmod 600 {shown}")
    except FileNotFoundError:
        raise _no_key([*looked_at, shown]) from None
    except OSError as error:
        problem = f"cannot be read ({reason_of(error)})"
    except (ValueError, RecursionError):
        problem = "is not JSON"
    if problem is None and not isinstance(document, dict):
        problem = "is not a JSON object"
    if problem is None:
        key = document.get("api_key")
        if not is_unset(key):
            return f"'api_key' in {shown}", key
        problem = "has no 'api_key'"
    raise ConfigurationError(
        f"no API key: the credentials file {shown} {problem}",
        hint="set LUMENFALL_API_KEY, or log in again with the Lumenfall command line",
    )


def _no_key(places: list[str]) -> ConfigurationError:
    return ConfigurationError(
        f"no API key: looked at {', '.join(places)}",
        hint=f"create a key at {KEYS_PAGE} and set LUMENFALL_API_KEY to it",
    )


def _path(variables: Mapping[str, str]) -> str:
    """Where the file is; begins with ``~`` where there is no home folder."""
    folder = variables.get("LUMENFALL_CONFIG_DIR")
    if is_unset(folder):
        folder = os.path.join(variables.get("HOME") or os.path.expanduser("~"), ".lumenfall")
    return os.path.join(os.path.expanduser(str(folder)), "credentials.json")
