# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The lookup ``lumenfall_balance``: the balance within an expression."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lumenfall_balance
short_description: Read the balance of a Lumenfall account within an expression
version_added: 0.1.0
author:
  - The pulumi-lumenfall authors (@pulumi-lumenfall)
description:
  - Reads the balance of a Lumenfall account, on the controller.
  - An error fails the task or the expression. A low balance does not.
  - A lookup runs whenever its expression is evaluated. In C(vars) that is each time the variable is used, on each host.
  - All lookups of a run share one answer for up to 30 seconds (E(LUMENFALL_CACHE_SECONDS); V(0) turns it off). Errors
    are not kept. Use M(lumenfall.cloud.lumenfall_balance) with C(until) to ask again sooner.
  - An option that is not given comes from the variable with C(lumenfall_) before its name, such as
    C(lumenfall_api_key), then the environment of Ansible itself (not the keyword C(environment)), then the section
    C([lumenfall]) of C(ansible.cfg). C(module_defaults) are for modules only.
options:
  _terms:
    description: Nothing. This lookup takes only named options.
extends_documentation_fragment:
  # The first one wins where both say something.
  - lumenfall.cloud._lumenfall.variables
  - lumenfall.cloud._lumenfall
  - lumenfall.cloud._lumenfall.gate
seealso:
  - module: lumenfall.cloud.lumenfall_balance
  - plugin: lumenfall.cloud.funded
    plugin_type: test
"""

EXAMPLES = r"""
- name: Show the balance
  ansible.builtin.debug:
    msg: "{{ lookup('lumenfall.cloud.lumenfall_balance').available.amount }}"

- name: Stop unless there are 5 dollars
  ansible.builtin.assert:
    that: lookup('lumenfall.cloud.lumenfall_balance') is lumenfall.cloud.funded(5)
"""

RETURN = r"""
_raw:
  description:
    - A list of one balance, as RV(lumenfall.cloud.lumenfall_balance#module:balance).
    - With O(minimum) it has C(sufficient) and C(verdict) as well.
  type: list
  elements: dict
"""

import functools  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402
from typing import Any, Dict, List, Tuple  # noqa: E402

from ansible.errors import AnsibleLookupError  # noqa: E402
from ansible.plugins.lookup import LookupBase  # noqa: E402
from ansible.utils.display import Display  # noqa: E402

from ansible_collections.lumenfall.cloud.plugins.module_utils import _core  # noqa: E402
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (  # noqa: E402
    GATE_OPTIONS,
    SETTING_OPTIONS,
    Outcome,
    ask,
    given,
    read_demand,
    read_settings,
    task_result,
)
from ansible_collections.lumenfall.cloud.plugins.plugin_utils._sharing import Kept, shared  # noqa: E402


class LookupModule(LookupBase):
    """What Ansible loads."""

    def run(self, terms: List[Any], variables: Dict[str, Any] | None = None, **kwargs: Any) -> List[Any]:
        if terms:
            raise AnsibleLookupError("it takes named options only, such as minimum=5")
        gate = None
        try:
            direct = given(kwargs, {**SETTING_OPTIONS, **GATE_OPTIONS})
            gate = read_demand(direct).gate
            options, names = self._find_options(variables or {}, direct)
            outcome = _ask(read_settings(options, Display().warning, names=names))
        except _core.LumenfallError as error:
            outcome = error
        result = task_result(outcome, gate, is_gated=kwargs.get("minimum") is not None)
        if result.get("failed"):
            raise AnsibleLookupError(result["msg"])
        judged = {name: result[name] for name in ("sufficient", "verdict") if name in result}
        return [{**result["balance"], **judged}]

    def _find_options(self, variables: Dict[str, Any], direct: Dict[str, Any]) -> Tuple[Dict[str, Any], Dict[str, str]]:
        """The options, and what to call them in errors: as given, else a variable, the environment, or ansible.cfg."""
        self.set_options(var_options={}, direct={})
        options, names = dict(direct), {}
        for setting in _core.SETTINGS:
            name, variable = setting.ansible, f"lumenfall_{setting.ansible}"
            if name in direct:
                continue
            value = self._templar.template(variables[variable]) if variable in variables else None
            if not _core.is_unset(value):
                names[name] = variable
            elif all(_core.is_unset(os.environ.get(variable)) for variable in setting.variables):
                value, origin = self.get_option_and_origin(name)
                if origin != "default":
                    names[name] = f"{name} in {origin}"
            options[name] = value
        return options, names


def _ask(settings: _core.Settings) -> Outcome:
    """Ask once per half a minute for the whole run; an error is for those that ask at the same time."""
    seconds, start = _core.parse_cache_seconds(), time.monotonic()
    fetch = functools.partial(ask, settings, _core.LumenfallClient.fetch_balance)

    def accept(kept: Kept) -> bool:
        is_error = isinstance(kept["outcome"], _core.LumenfallError)
        return kept["at"] >= start or (not is_error and time.monotonic() - kept["at"] < seconds)

    return shared("lookup", settings, fetch, accept) if seconds else fetch()
