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


def funded(
    value: Any, minimum: Any = None, *others: Any, postpaid: Any = None, unavailable: Any = None, **unknown: Any
) -> bool:
    """Whether a balance is enough; funded.yml documents the arguments."""
    if others or unknown:
        what = ", ".join(map(clean, unknown)) or "a second value without a name"
        raise AnsibleTemplatePluginError(f"it does not take {what}; it takes a minimum, postpaid= and unavailable=")
    try:
        gate = Gate(minimum, postpaid=postpaid, unavailable=unavailable)
        return gate.judge(_read(value)).sufficient
    except InvalidResponseError as error:
        problem = str(error)
    except LumenfallError as error:
        problem = error.full_message
    raise AnsibleTemplatePluginError(problem)


def _read(value: Any) -> AccountBalance:
    """The balance in a value."""
    problem = None
    if isinstance(value, (list, tuple)):
        problem = "this is a list; use lookup() instead of query(), or [0]"
    elif not isinstance(value, Mapping):
        problem = "this is not the registered result of lumenfall_balance, nor its 'balance'"
    elif "results" in value:
        problem = "this is the result of a loop; test its items, such as result.results[0]"
    elif value.get("skipped"):
        problem = "the task that reads the balance was skipped"
    elif value.get("failed") or value.get("unreachable") or "failure" in value:
        problem = f"the task that reads the balance failed: {clean(value.get('msg') or 'no message')}"
    elif value.get("object") != "balance" and not isinstance(value.get("balance"), Mapping):
        problem = "this result has no 'balance'; is it a result of lumenfall_balance?"
    if problem:
        raise AnsibleTemplatePluginError(problem)
    balance = value if value.get("object") == "balance" else value["balance"]
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
