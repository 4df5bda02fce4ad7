# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The test ``funded``: whether a balance that was read before is enough.

True is the answer that spends money, so whatever is not plainly a balance is an error here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Callable, Dict

from ansible.errors import AnsibleTemplatePluginError

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import (
    AccountBalance,
    Gate,
    InvalidResponseError,
    LumenfallError,
    clean,
)
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.parsing import parse_balance, parse_json


def funded(value: Any, minimum: Any = None, *, postpaid: Any = None, unavailable: Any = None) -> bool:
    """Whether a balance is enough; funded.yml documents the arguments."""
    try:
        return Gate(minimum, postpaid=postpaid, unavailable=unavailable).judge(_read(value)).sufficient
    except LumenfallError as error:
        # The hint of an invalid response is about the API.
        problem = str(error) if isinstance(error, InvalidResponseError) else error.full_message
    raise AnsibleTemplatePluginError(problem)


def _read(value: Any) -> AccountBalance:
    """The balance in a value."""
    result = value if isinstance(value, Mapping) else {}
    balance = result if result.get("object") == "balance" else result.get("balance")
    problem = None
    if isinstance(value, (list, tuple)):
        problem = "this is a list; use lookup() instead of query(), or [0]"
    elif "results" in result:
        problem = "this is the result of a loop; test its items, such as result.results[0]"
    elif result.get("skipped"):
        problem = "the task that reads the balance was skipped"
    elif result.get("failed") or result.get("unreachable") or "failure" in result:
        problem = f"the task that reads the balance failed: {clean(result.get('msg') or 'no message')}"
    elif not isinstance(balance, Mapping):
        problem = "this is neither the registered result of lumenfall_balance nor its 'balance'"
    if problem:
        raise AnsibleTemplatePluginError(problem)
    decisive = {name: balance[name] for name in ("object", "billing_type", "available", "error") if name in balance}
    try:
        # Parsed like a response of the API, so that nothing passes here that would not pass there.
        return parse_balance(parse_json(json.dumps(decisive, default=dict).encode()))
    except (TypeError, ValueError, RecursionError):
        raise AnsibleTemplatePluginError("this is not a Lumenfall balance") from None


class TestModule:
    """What Ansible loads."""

    def tests(self) -> Dict[str, Callable[..., bool]]:
        """The tests of this file, by name."""
        return {"funded": funded}
