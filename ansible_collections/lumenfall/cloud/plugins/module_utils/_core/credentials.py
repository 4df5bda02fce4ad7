# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The API key: checking it, refusing what is obviously none, and the vendor's credentials file."""

from __future__ import annotations

import json
import os
import re
import stat
from base64 import b64decode
from typing import Any, List, Mapping, Tuple

from .errors import KEYS_PAGE, ConfigurationError
from .text import Secret, describe_path, is_unset, os_reason

KEY_VARIABLE = "LUMENFALL_API_KEY"
_MAX_CREDENTIALS_BYTES = 1 << 20

_PLACEHOLDERS = (
    (re.compile(r"\$\(.*\)"), "an Azure Pipelines variable that is not set"),
    (re.compile(r"\$\{.*\}|\$[A-Za-z_]\w*"), "a variable that was not expanded"),
    (re.compile(r"%\w+%"), "a Windows variable that was not expanded"),
    (re.compile(r"\{\{.*\}\}"), "a template that was not rendered"),
    (re.compile(r"<.*>|(your|my)[-_ ].*key|.*(\.\.\.|…)", re.I), "a placeholder from the documentation"),
    (re.compile(r"\*+|•+"), "a masked value that was copied from a log or a web page"),
)
# Where an empty key has a usual cause: variable of the CI system -> what to say.
_CI_ADVICE = {
    "GITHUB_ACTIONS": "check that the secret exists; GitHub passes no secrets to pull requests from forks",
    "GITLAB_CI": "check that the CI/CD variable exists; GitLab passes protected variables to protected branches only, "
    "and none to merge requests from forks",
    "TF_BUILD": "check that the secret variable exists and is mapped under env; Azure Pipelines passes none to builds "
    "of forks",
}


def parse_key(source: str, value: object, environ: Mapping[str, str]) -> Secret:
    """Check an API key: printable ASCII without spaces, and no placeholder. An error does not show it."""
    hint = f"set {source} to the key as shown at {KEYS_PAGE}"
    if not isinstance(value, str):
        raise ConfigurationError(f"{source}: the API key must be text, not {type(value).__name__}", hint=hint)
    key = value.strip()
    for pattern, cause in _PLACEHOLDERS:
        if pattern.fullmatch(key):
            raise ConfigurationError(f"{source}: the API key looks like {cause}", hint=_ci_advice(environ) or hint)
    problem = None
    if key[:7].lower() == "bearer ":
        problem = "starts with 'Bearer ', which is not part of the key"
    elif len(key) > 1 and key[0] in "'\"`" and key[-1] == key[0]:
        problem = "is wrapped in quotes, which are not part of the key"
    elif not all("!" <= character <= "~" for character in key):
        problem = "contains white space or a character that is not printable ASCII"
    elif _is_base64_of_key(key):
        problem = "looks base64-encoded"
        hint = f"decode it (base64 -d), or {hint}"
    if problem:
        raise ConfigurationError(f"{source}: the API key {problem}", hint=hint)
    return Secret(key)


def read_credentials(environ: Mapping[str, str], looked_at: List[str], warnings: List[str]) -> Tuple[str, Any]:
    """What to call the vendor's credentials file, and the key in it.

    ``looked_at`` says where the key was looked for before; ``warnings`` gets a line if other users can read the file.
    """
    folder = environ.get("LUMENFALL_CONFIG_DIR", "").strip() or os.path.join(environ.get("HOME") or "~", ".lumenfall")
    path = os.path.join(os.path.expanduser(folder), "credentials.json")
    shown = describe_path(path)
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(0, "it is not a file")
        with open(path, "rb") as file:
            document = json.loads(file.read(_MAX_CREDENTIALS_BYTES).decode("utf-8-sig"))
        key = document.get("api_key") if isinstance(document, dict) else None
        if not is_unset(key):
            if mode & 0o077:
                warnings.append(f"{shown} can be read by other users of this machine; run: chmod 600 {shown}")
            return f"'api_key' in {shown}", key
        problem = "has no 'api_key'"
    except (FileNotFoundError, NotADirectoryError):
        problem = ""
    except OSError as error:
        problem = f"cannot be read ({os_reason(error)})"
    except (ValueError, RecursionError):
        problem = "is not JSON"
    if problem:
        raise ConfigurationError(
            f"no API key: the credentials file {shown} {problem}",
            hint="set LUMENFALL_API_KEY, or log in again with the Lumenfall command line",
        )
    hint = f"create a key at {KEYS_PAGE} and set {KEY_VARIABLE} to it"
    if KEY_VARIABLE in environ:
        hint = _ci_advice(environ) or hint
        looked_at = [f"{place} (empty)" if place == KEY_VARIABLE else place for place in looked_at]
    raise ConfigurationError(f"no API key: looked at {', '.join([*looked_at, shown])}", hint=hint)


def _ci_advice(environ: Mapping[str, str]) -> str | None:
    return next((advice for variable, advice in _CI_ADVICE.items() if environ.get(variable)), None)


def _is_base64_of_key(key: str) -> bool:
    try:
        return b64decode(f"{key}{'=' * (-len(key) % 4)}", validate=True).startswith(b"lmnfl_")
    except ValueError:
        return False
