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
  - A lookup runs whenever its expression is evaluated. In C(vars) that is each time that the variable is used, on each
    host, and not the one time that it is written. Use M(lumenfall.cloud.lumenfall_balance) with C(register) to ask
    once and keep the answer. To soften this, the same lookup takes the answer of up to five seconds ago from
    within its process, which means for one host and task. Attempts of C(until) and items of a C(loop) may
    therefore see the same answer; the module asks anew for each. The condition of a C(meta) task, which Ansible
    evaluates in the process that all hosts share, asks each time.
options:
  _terms:
    description: Nothing. This lookup takes only named options.
  minimum:
    description:
      - The least amount, in dollars, that is enough. A number, 0 or more, which is compared exactly.
      - With it, the result has RV(_raw[].sufficient) and RV(_raw[].verdict).
    type: raw
  postpaid:
    description:
      - What a postpaid account, which has no amount, counts as.
    type: str
    choices:
      allow: It is enough.
      deny: It is too low.
    default: allow
  unavailable:
    description:
      - What a balance that is temporarily unavailable counts as. It is unknown then, which is not the same as 0.
    type: str
    choices:
      allow: It is enough.
      deny: One cannot tell, so it is not enough.
    default: deny
notes:
  - The keyword C(environment) of a task does not reach lookups. They see the environment of Ansible itself.
extends_documentation_fragment:
  # The first one wins where both say something.
  - lumenfall.cloud._lumenfall.sources
  - lumenfall.cloud._lumenfall
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

- name: Read the balance of another account, once, and keep it
  ansible.builtin.set_fact:
    other_account: "{{ lookup('lumenfall.cloud.lumenfall_balance', api_key=vault_other_api_key) }}"
"""

RETURN = r"""
_raw:
  description: A list of one balance, as RV(lumenfall.cloud.lumenfall_balance#module:balance).
  type: list
  elements: dict
  sample:
    - object: balance
      billing_type: prepaid
      available:
        amount: 12.5
        currency: usd
      status: known
  contains:
    sufficient:
      description: Whether the balance is enough.
      returned: if O(minimum) is given
      type: bool
    verdict:
      description: V(enough), V(too low), or V(cannot tell).
      returned: if O(minimum) is given
      type: str
"""

import contextlib  # noqa: E402
import multiprocessing  # noqa: E402
import os  # noqa: E402
import secrets  # noqa: E402
from collections.abc import Iterator, Mapping  # noqa: E402
from typing import Any, Dict, List  # noqa: E402

from ansible.errors import AnsibleTemplatePluginError  # noqa: E402
from ansible.module_utils.parsing.convert_bool import boolean  # noqa: E402
from ansible.plugins.lookup import LookupBase  # noqa: E402
from ansible.utils.display import Display  # noqa: E402

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import (  # noqa: E402
    AccountBalance,
    LumenfallClient,
    LumenfallError,
    Settings,
    both_clocks,
    is_recent,
)
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.settings import ENVIRONMENT  # noqa: E402
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.values import is_unset  # noqa: E402
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (  # noqa: E402
    ARGUMENT_SPEC,
    SETTINGS,
    balance_result,
    failure_result,
    given,
    read_gate,
    read_settings,
    refuse_other_kinds,
)

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:  # ansible-core before 2.22
    register_secret = None

display = Display()

KEPT_SECONDS = 5.0

# Settings, by a salted hash -> when the balance was read, and the balance; never a key, nor an error.
_kept: Dict[bytes, tuple[tuple[float, float], AccountBalance]] = {}
_salt = secrets.token_bytes(32)


class LookupModule(LookupBase):
    """What Ansible loads."""

    def run(self, terms: List[Any], variables: Dict[str, Any] | None = None, **kwargs: Any) -> List[Any]:
        if terms:
            raise AnsibleTemplatePluginError("it takes named options only, such as minimum=5")
        # Ansible takes any name, and a misspelt policy would be no policy.
        unknown = sorted(set(kwargs) - set(ARGUMENT_SPEC))
        if unknown:
            raise AnsibleTemplatePluginError(
                f"it has no option {', '.join(unknown)}; its options are {', '.join(sorted(ARGUMENT_SPEC))}"
            )
        direct = given(kwargs)
        try:
            gate = read_gate(direct)
            refuse_other_kinds(direct)
            own = self._own_variables(variables or {}, direct)
            refuse_other_kinds(own)
            with _blank_variables_unset():
                self.set_options(var_options=own, direct=direct)
            options, sources = self._options_and_sources()
            settings = read_settings(options, sources=sources)
            if register_secret is not None:
                register_secret(settings.api_key.reveal())
            for warning in settings.warnings:
                display.warning(warning)
            result = balance_result(_ask(settings), gate)
            judged = {name: result[name] for name in ("sufficient", "verdict") if name in result}
            return [{**result["balance"], **judged}]
        except LumenfallError as error:
            problem = failure_result(error, gated="minimum" in direct)["msg"]
        # Raised out here, so that it has no context with the settings in its frames.
        raise AnsibleTemplatePluginError(problem)

    def _own_variables(self, variables: Mapping[str, Any], direct: Mapping[str, Any]) -> Dict[str, Any]:
        """The variables that count for this lookup, without those that are empty: Ansible would look no further."""
        names = [f"lumenfall_{name}" for name in SETTINGS.values() if name not in direct]
        values = {name: self._templar.template(variables[name]) for name in names if name in variables}
        return {name: value for name, value in values.items() if not is_unset(value)}

    def _options_and_sources(self) -> tuple[Dict[str, Any], Dict[str, str]]:
        options, sources = {}, {}
        for name in ARGUMENT_SPEC:
            value, origin = self.get_option_and_origin(name)
            kind, _colon, place = str(origin).partition(": ")
            if name == "validate_certs":
                value = _boolean(value)
            options[name] = value
            if kind in ("var", "env"):
                sources[name] = place
            elif kind not in ("Direct", "default"):
                sources[name] = f"{name} in {origin}"
        return options, sources


@contextlib.contextmanager
def _blank_variables_unset() -> Iterator[None]:
    """Without the environment variables that are empty, behind which Ansible would not look at its ansible.cfg."""
    names = [name for names in ENVIRONMENT.values() for name in names]
    blank = {name: os.environ.pop(name) for name in names if name in os.environ and is_unset(os.environ[name])}
    try:
        yield
    finally:
        os.environ.update(blank)


def _boolean(value: Any) -> Any:
    """A boolean, or what is none, for the core to refuse; Ansible would take any text for false."""
    try:
        return boolean(value, strict=True)
    except TypeError:
        return value


def _ask(settings: Settings) -> AccountBalance:
    """The balance; one that this worker read a moment ago will do.

    Raises:
        LumenfallError: There is none to be had.
    """
    question = settings.digest(_salt)
    if question in _kept:
        when, balance = _kept[question]
        if is_recent(when, KEPT_SECONDS):
            return balance
    with LumenfallClient.from_settings(settings) as client:
        balance = client.fetch_balance()
    # Not in Ansible's own process, which evaluates the conditions of meta tasks: it lives on for all hosts and tasks.
    if multiprocessing.parent_process() is not None:
        _kept[question] = (both_clocks(), balance)
    return balance
