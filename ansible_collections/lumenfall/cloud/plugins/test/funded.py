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

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import AccountBalance, Gate, LumenfallError
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.balance import parse_balance
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.gate import with_hint
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.text import clean


def funded(
    value: Any, minimum: Any = None, *_others: Any, postpaid: Any = None, unavailable: Any = None, **_unknown: Any
) -> bool:
    """Whether a balance is enough.

    Args:
        value: The registered result of the module, its ``balance``, or what the lookup returns.
        minimum: The least amount that is enough, dollars.
        postpaid: What a postpaid account counts as; see ``Gate``.
        unavailable: What an unknown balance counts as; see ``Gate``.

    Raises:
        AnsibleTemplatePluginError: The value is no balance, or an argument is malformed or not known.
    """
    if _others or _unknown:
        what = ", ".join(_unknown) or "a second value without a name"
        raise AnsibleTemplatePluginError(f"it does not take {what}: it takes a minimum, postpaid= and unavailable=")
    problem = ""
    try:
        gate = Gate(minimum, postpaid=postpaid, unavailable=unavailable)
        balance = _read(value)
        if isinstance(balance, AccountBalance):
            return gate.judge(balance).sufficient
        problem = balance
    except LumenfallError as error:
        problem = with_hint(error)
    raise AnsibleTemplatePluginError(problem)


def _read(value: Any) -> AccountBalance | str:
    """The balance in a value, or why there is none."""
    if not isinstance(value, Mapping):
        return "it tests the registered result of lumenfall_balance, or its 'balance', and this is neither"
    if "results" in value:
        return "this is the result of a loop; test its items, such as result.results[0]"
    if value.get("skipped"):
        return "the task that was to read the balance was skipped, so there is none"
    if value.get("failed") or value.get("unreachable") or "failure" in value:
        return f"the task that was to read the balance failed: {clean(value.get('msg') or 'it does not say why')}"
    if "ansible_job_id" in value or "finished" in value:
        return "this is the result of a task in the background, which holds no balance"
    if value.get("object") != "balance":
        value = value.get("balance")
        if not isinstance(value, Mapping):
            return "this result holds no 'balance'; is it the one of lumenfall_balance?"
    try:
        # The way an answer of the API goes, so that nothing passes here that would not pass there.
        balance = parse_balance(json.dumps(_plain(value)).encode())
    except (TypeError, ValueError, RecursionError):
        return "this is not a Lumenfall balance: it holds what no answer of the API can hold"
    except LumenfallError as error:
        return str(error).replace("the answer", "this", 1)
    if not isinstance(balance, AccountBalance):
        return "this is an error of the API, not a balance"
    return balance


def _plain(balance: Mapping[str, Any]) -> Dict[str, Any]:
    """The parts that decide, so that a variable of another kind beside them does no harm."""
    available = balance.get("available")
    return {
        "object": balance.get("object"),
        "billing_type": balance.get("billing_type"),
        "available": dict(available) if isinstance(available, Mapping) else available,
        "error": balance.get("error"),
    }


class TestModule:
    """What Ansible loads."""

    def tests(self) -> Dict[str, Callable[..., bool]]:
        """The tests of this file, by name."""
        return {"funded": funded}
