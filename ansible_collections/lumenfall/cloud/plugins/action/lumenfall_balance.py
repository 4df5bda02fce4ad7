# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The module ``lumenfall_balance`` on the controller: one request for all hosts of a task, and nothing on the hosts."""

from __future__ import annotations

import functools
import math
import time
from typing import Any, Dict

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.lumenfall.cloud.plugins.module_utils import _core
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (
    ARGUMENT_SPEC,
    ESTIMATE_SPEC,
    JOB_OPTIONS,
    MODULE,
    Demand,
    Outcome,
    ask,
    read_demand,
    task_result,
)
from ansible_collections.lumenfall.cloud.plugins.plugin_utils._action import LumenfallAction, display

_ROLE = "lumenfall.cloud.require_balance"
_PREFIX = "require_balance_"


class ActionModule(LumenfallAction):
    """What Ansible loads."""

    def run(self, tmp: str | None = None, task_vars: Dict[str, Any] | None = None) -> Dict[str, Any]:
        self._is_role = self._task._role is not None and self._task._role.get_name() == _ROLE
        self.argument_spec = {**ARGUMENT_SPEC, **(JOB_OPTIONS if self._is_role else {})}
        if self._is_role and self._task.args.get("minimum") is None:
            # The role is always a gate, even if its variable is "omit" or null.
            self._task.args["minimum"] = ""
        result = super().run(tmp, task_vars)
        if self._is_role and result.get("failed") and self._may_end_host(result):
            # The second task stops the host, so the user may ignore the failure; the role has ignore_errors off.
            inherited = self._task._get_parent_attribute("ignore_errors", omit=True)
            inherited = self._templar.template(inherited) if isinstance(inherited, str) else inherited
            self._task.ignore_errors = boolean(inherited, strict=False)
        return result

    def run_with_options(self, options: Dict[str, Any]) -> Dict[str, Any]:
        prefix, estimate = "", {}
        if self._is_role:
            prefix = _PREFIX
            on_low = options.get("require", "fail")
            if on_low not in ("fail", "warn"):
                raise _core.bad_value(f"{_PREFIX}on_low", on_low, "is neither 'fail' nor 'warn'", "'fail' or 'warn'")
            options["require"] = on_low == "fail"
            estimate = self._price_job(options)
            if estimate.get("failed"):
                return {**estimate, "sufficient": False, "verdict": "cannot tell"}
        demand = read_demand(options, prefix, estimate.get("formula", ""), may_wait=not self._task.check_mode)
        if self.is_delegated():
            result = self.run_on_delegate(MODULE, options)
        else:
            with self.settings(options) as settings:
                result = task_result(self._ask(settings, demand), demand.gate)
        if demand.gate is None or result.get("sufficient"):
            return result
        if self._is_role:
            is_low = result.get("verdict") == "too low"
            result["failed"] = demand.require or not (is_low and self._may_end_host(result))
        elif demand.require:
            result["failed"] = True
        if not result.get("failed"):
            # Ansible shows a warning once, however many hosts have it.
            result.setdefault("warnings", []).append(result["msg"])
        return result

    def _price_job(self, options: Dict[str, Any]) -> Dict[str, Any]:
        """Make the cost of the role's request the minimum; returns the estimate, if there is a request."""
        job = {name: options.pop(name) for name in JOB_OPTIONS if name in options}
        if "request" not in job:
            names = (f"{_PREFIX}times", f"{_PREFIX}margin")
            if _core.parse_job(job.get("times"), job.get("margin"), names) != _core.Job():
                raise _core.ConfigurationError(f"{' and '.join(names)} need {_PREFIX}request", hint="set it too")
            return {}
        if not _core.is_unset(options["minimum"]):
            raise _core.ConfigurationError(
                "require_balance_minimum and require_balance_request are both set", hint="set one of them"
            )
        # A bad policy, wait or poll is refused before anything is sent.
        read_demand({**options, "minimum": 0}, _PREFIX)
        job.update((name, value) for name, value in options.items() if name in ESTIMATE_SPEC)
        estimate = self.estimate(job, _PREFIX)
        options["minimum"] = estimate.get("cost", "")
        return estimate

    def _may_end_host(self, result: Dict[str, Any]) -> bool:
        """Whether the role's second task, which ends the host, will run for it: it has the same conditions."""
        variables = {**self.task_vars, "require_balance_result": result}
        templar = self._templar.copy_with_new_env(available_variables=variables)
        return not self._task.run_once and all(map(templar.evaluate_conditional, self._task.when))

    def _ask(self, settings: _core.Settings, demand: Demand) -> Outcome:
        """Ask once for all hosts of the task, or once for each look of a wait."""
        question, gate = self.identify_run(), demand.gate
        fetch = functools.partial(ask, settings, _core.LumenfallClient.fetch_balance)
        if gate is None or not demand.wait:
            return self.share(question, settings, fetch)
        # One wait for the task: a host whose turn comes later waits for what is left.
        start = self.share((question, "start"), settings, lambda _waited: time.monotonic(), lasts_seconds=math.inf)
        left = start + demand.wait - time.monotonic()
        if left <= 0:
            return self.share(question, settings, fetch)

        # Said once, since Ansible shows nothing of a task until it ends.
        say = functools.lru_cache(maxsize=None)(display.display)

        def notify(_result: Outcome, _pause: float, _left: float) -> None:
            say(f"waiting up to {demand.wait:.0f} s for {_core.format_amount(gate.minimum)} usd")

        def wait(waited: float) -> Outcome:
            return _core.wait_until_enough(fetch, gate, left - waited, demand.poll, notify=notify)

        question = (question, gate.minimum, gate.postpaid, gate.unavailable)
        return self.share(question, settings, wait, patience_seconds=left)
