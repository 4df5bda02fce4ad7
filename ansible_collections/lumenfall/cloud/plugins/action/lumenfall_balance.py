# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The module ``lumenfall_balance`` on the controller: one request for all hosts of a task, and nothing on the hosts."""

from __future__ import annotations

import time
from typing import Any, Dict

from ansible_collections.lumenfall.cloud.plugins.module_utils import _core
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (
    ARGUMENT_SPEC,
    JOB_OPTIONS,
    MODULE,
    SETTING_OPTIONS,
    Demand,
    Outcome,
    parse_boolean,
    read_demand,
    task_result,
)
from ansible_collections.lumenfall.cloud.plugins.plugin_utils._action import LumenfallAction
from ansible_collections.lumenfall.cloud.plugins.plugin_utils._sharing import ask, ask_shared, shared

_ROLE = "lumenfall.cloud.require_balance"
_ROLE_VARIABLES = {
    "minimum": "require_balance_minimum",
    "postpaid": "require_balance_postpaid",
    "unavailable": "require_balance_unavailable",
    "require": "require_balance_on_low",
    "wait": "require_balance_wait",
    "poll": "require_balance_poll",
}
# Clocks of workers that look at the same time differ by less.
_LOCKSTEP_SECONDS = 0.1


class ActionModule(LumenfallAction):
    """What Ansible loads."""

    @property
    def argument_spec(self) -> Dict[str, Any]:
        return {**ARGUMENT_SPEC, **(JOB_OPTIONS if self._is_role() else {})}

    def _is_role(self) -> bool:
        return self._task._role is not None and self._task._role.get_name() == _ROLE

    def run_with_options(self, options: Dict[str, Any], task_vars: Dict[str, Any]) -> Dict[str, Any]:
        is_role = self._is_role()
        on_low = _parse_on_low(options, is_role)
        estimate = self._price_job(options, task_vars) if is_role else {}
        if estimate.get("failed"):
            return {**estimate, "sufficient": False, "verdict": "cannot tell"}
        demand = read_demand(options, _ROLE_VARIABLES if is_role else None, estimate.get("formula", ""))
        if self._task.check_mode:
            demand = demand._replace(wait=0.0)
        if self.is_delegated():
            result = self.run_on_delegate(MODULE, options, task_vars)
        else:
            with self.settings(options, task_vars) as settings:
                result = task_result(self._ask(settings, demand, task_vars), demand.gate)
        verdict = result.get("verdict", "enough" if demand.gate is None else "cannot tell")
        if verdict == "enough":
            return result
        if on_low == "fail":
            result["failed"] = True
        elif on_low == "end host":
            result["failed"] = verdict != "too low" or not self._may_end_host(result, task_vars)
        if not result.get("failed"):
            # Ansible shows a warning once, however many hosts have it.
            result.setdefault("warnings", []).append(result["msg"])
        return result

    def _price_job(self, options: Dict[str, Any], task_vars: Dict[str, Any]) -> Dict[str, Any]:
        """Make the cost of the role's request the minimum; returns the estimate, if there is a request."""
        job = {name: options.pop(name) for name in JOB_OPTIONS if name in options}
        # A variable that is "omit" removes the option.
        is_given = not _core.is_unset(options.setdefault("minimum", ""))
        if _core.is_unset(job.get("request")):
            return {}
        if is_given:
            raise _core.ConfigurationError(
                "require_balance_minimum and require_balance_request are both set", hint="set one of them"
            )
        # A bad policy, wait or poll is refused before anything is sent.
        read_demand({**options, "minimum": 0}, _ROLE_VARIABLES)
        settings = {name: value for name, value in options.items() if name in SETTING_OPTIONS}
        estimate = self.estimate({**settings, **job}, task_vars, "require_balance_")
        options["minimum"] = estimate.get("cost", "")
        return estimate

    def _may_end_host(self, result: Dict[str, Any], task_vars: Dict[str, Any]) -> bool:
        """Whether the role's second task, which ends the host, will run for it: it has the same conditions."""
        templar = self._templar.copy_with_new_env(available_variables={**task_vars, "require_balance_result": result})
        return not self._task.run_once and all(map(templar.evaluate_conditional, self._task.when))

    def _ask(self, settings: _core.Settings, demand: Demand, task_vars: Dict[str, Any]) -> Outcome:
        """Ask once for all hosts of the task, or once for each look of a wait."""
        call, question = _core.LumenfallClient.fetch_balance, self.identify_run(task_vars)
        if demand.gate is None or not demand.wait:
            return self.ask(settings, question, call, task_vars)
        cache_seconds = self.cache_seconds()
        if not cache_seconds:
            return _core.wait_until_enough(lambda: ask(settings, call), demand.gate, demand.wait, demand.poll)
        host, hosts = task_vars.get("inventory_hostname"), list(task_vars.get("ansible_play_batch") or ())
        # One wait for the task: a host whose turn comes later waits for what is left.
        first = shared(
            (question, "wait"), settings.timeout, lambda kept: host in kept["hosts"], lambda _: {"hosts": hosts}
        )
        end, last_look = first["at"] + demand.wait, 0.0

        def look() -> Outcome:
            nonlocal last_look
            now = time.time()
            is_last = now >= end - _LOCKSTEP_SECONDS
            oldest = end - _LOCKSTEP_SECONDS if is_last else max(last_look, now - demand.poll)
            oldest = max(oldest, now - cache_seconds)
            outcome = ask_shared(
                (question, "look"),
                settings,
                call,
                lambda kept: host in kept["hosts"] and kept["at"] > oldest,
                {"hosts": hosts},
            )
            last_look = time.time()
            return outcome

        return _core.wait_until_enough(look, demand.gate, max(0.0, end - time.time()), demand.poll)


def _parse_on_low(options: Dict[str, Any], is_role: bool) -> str:
    """What to do if the balance is not enough: ``fail``, ``end host`` (the role's ``warn``) or ``warn``."""
    require = options.pop("require", None)
    if not is_role:
        options["require"] = require is not None and parse_boolean("require", require)
        return "fail" if options["require"] else "warn"
    if require not in (None, "fail", "warn"):
        name = _ROLE_VARIABLES["require"]
        raise _core.ConfigurationError(
            f"{name}: {_core.describe_value(require)} is neither 'fail' nor 'warn'",
            hint=f"set {name} to 'fail' or 'warn'",
        )
    return "end host" if require == "warn" else "fail"
