# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The module ``lumenfall_balance`` on the controller: one request for all hosts of a task, and nothing on the hosts."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from typing import Any, Dict, Iterator, Set, Tuple

from ansible import constants as C
from ansible.playbook.handler import Handler
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.lumenfall.cloud.plugins.module_utils import _core
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (
    ARGUMENT_SPEC,
    MODULE,
    Demand,
    Outcome,
    given,
    parse_boolean,
    read_demand,
    read_settings,
    refuse_unknown,
    task_result,
)
from ansible_collections.lumenfall.cloud.plugins.plugin_utils._sharing import Kept, fetch, fetch_shared, shared

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:  # ansible-core before 2.22

    def register_secret(value: str) -> str:
        """Leave it to no_log."""
        return value


display = Display()

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

# How often this worker has run a task: more than once for attempts of "until" and items of a loop, which ask again.
_runs: Counter[str] = Counter()


class ActionModule(ActionBase):
    """Reads the balance in this process, unless the task is delegated to another host."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Dict[str, Any] | None = None) -> Dict[str, Any]:
        self._hide_arguments()
        super().run(tmp, task_vars)
        is_role = self._task._role is not None and self._task._role.get_name() == _ROLE
        options = given(self._task.args)
        if is_role:
            # A variable that is "omit" removes the option.
            options.setdefault("minimum", "")
        try:
            refuse_unknown(options, ARGUMENT_SPEC)
            on_low = _parse_on_low(options, is_role)
            demand = read_demand(options, _ROLE_VARIABLES if is_role else None)
            if self._task.check_mode:
                demand = demand._replace(wait=0.0)
            if self._is_delegated():
                result = self._run_on_delegate(options, task_vars or {})
            else:
                result = self._run_here(options, demand, task_vars or {})
        except _core.LumenfallError as error:
            return task_result(error, is_gated="minimum" in options)
        return self._apply(result, on_low, task_vars or {})

    def _apply(self, result: Dict[str, Any], on_low: str, task_vars: Dict[str, Any]) -> Dict[str, Any]:
        """Fail or warn where the verdict is not "enough"; the role's next task ends a host that was warned."""
        verdict = result.get("verdict", "enough")
        if verdict == "enough":
            return result
        if on_low == "end host":
            result["failed"] = verdict != "too low" or not self._may_end_host(result, task_vars)
        elif on_low == "fail":
            result["failed"] = True
        if not result.get("failed"):
            # Ansible shows a warning once, however many hosts have it.
            result.setdefault("warnings", []).append(result["msg"])
        return result

    def _may_end_host(self, result: Dict[str, Any], task_vars: Dict[str, Any]) -> bool:
        """Whether the role's second task, which ends the host, will run for it: it has the same conditions."""
        templar = self._templar.copy_with_new_env(available_variables={**task_vars, "require_balance_result": result})
        return not self._task.run_once and all(map(templar.evaluate_conditional, self._task.when))

    def _run_here(self, options: Dict[str, Any], demand: Demand, task_vars: Dict[str, Any]) -> Dict[str, Any]:
        environment, origins = self._environment()
        with _environ(environment):
            settings = read_settings(options, origins=origins)
            register_secret(settings.api_key.reveal())
            sources = ", ".join(f"{name} from {source}" for name, source in sorted(settings.sources.items()))
            display.vvv(f"{MODULE}: asking {settings.base_url} ({sources})", host=task_vars.get("inventory_hostname"))
            outcome = self._ask(settings, demand, _core.parse_cache_seconds(), task_vars)
        result = task_result(outcome, demand.gate)
        if settings.warnings:
            result["warnings"] = list(settings.warnings)
        return result

    def _ask(
        self, settings: _core.Settings, demand: Demand, cache_seconds: float, task_vars: Dict[str, Any]
    ) -> Outcome:
        """Ask once for all hosts of the task, or once for each look of a wait."""
        _runs[self._task._uuid] += 1
        question = (*self._identity(task_vars), _runs[self._task._uuid])
        host, hosts = task_vars.get("inventory_hostname"), list(task_vars.get("ansible_play_batch") or ())
        is_shared = cache_seconds > 0 and not isinstance(self._task, Handler)

        # The hosts of the batch, since another batch of "serial" asks again. Those that fail meanwhile leave it.
        def is_for_us(kept: Kept) -> bool:
            return host in kept["hosts"] and time.time() - kept["at"] < cache_seconds

        def take(kept: Kept) -> bool:
            is_ours = is_for_us(kept)
            if is_ours:
                kept["hosts"].remove(host)
            return is_ours

        if not demand.wait:
            return fetch_shared(question, settings, take, {"hosts": hosts}) if is_shared else fetch(settings)
        if demand.gate is None:
            raise AssertionError("read_demand requires a minimum for wait")
        if not is_shared:
            return _core.wait_until_enough(lambda _left: fetch(settings), demand.gate, demand.wait, demand.poll)
        # One wait for the task: a host whose turn comes later waits for what is left.
        start = shared(
            (question, "wait"), settings.timeout, lambda kept: host in kept["hosts"], lambda _waited: {"hosts": hosts}
        )["at"]
        end, last_look = start + demand.wait, 0.0

        def look(_left: float | None) -> Outcome:
            nonlocal last_look
            now = time.time()
            is_last = now >= end - _LOCKSTEP_SECONDS
            oldest = end - _LOCKSTEP_SECONDS if is_last else max(last_look, now - demand.poll)
            outcome = fetch_shared(
                (question, "look"), settings, lambda kept: is_for_us(kept) and kept["at"] > oldest, {"hosts": hosts}
            )
            last_look = time.time()
            return outcome

        return _core.wait_until_enough(look, demand.gate, max(0.0, end - time.time()), demand.poll)

    def _identity(self, task_vars: Dict[str, Any]) -> Tuple[Any, ...]:
        """What this task is to all of its hosts; strategies such as ``free`` load an included task for each of them."""
        task, places = self._task, []
        while task.get_first_parent_include():
            places.append(task.get_path())
            task = task.get_first_parent_include()
        return task._uuid, places, repr(task_vars.get(task_vars.get("ansible_loop_var", "item")))

    def _environment(self) -> Tuple[Dict[str, str], Dict[str, str]]:
        """The variables that count of those that the playbook sets, and where they were set.

        What the task inherits from its play, role or block describes the network of the hosts; only ``LUMENFALL_*`` is
        meant for this module.
        """
        values: Dict[str, Any] = {}
        self._compute_environment_string(values)
        own = self._own_variables()
        origins = {
            name: f"the environment of the {'task' if name in own else 'play'}"
            for name, value in values.items()
            if value is not None and (name in own or name.startswith("LUMENFALL_"))
        }
        return {name: str(values[name]) for name in origins}, origins

    def _own_variables(self) -> Set[str]:
        """The variables that are set on the task itself."""
        source = self._task.get_ds()
        own = source.get("environment") if isinstance(source, dict) else None
        names: Set[str] = set()
        for item in own if isinstance(own, list) else [own or {}]:
            names.update(self._templar.template(item) if isinstance(item, str) else item)
        return names

    def _is_delegated(self) -> bool:
        host = self._task.delegate_to
        return bool(host) and not (host in C.LOCALHOST and self._connection.transport == "local")

    def _run_on_delegate(self, options: Dict[str, Any], task_vars: Dict[str, Any]) -> Dict[str, Any]:
        """Run the module on the host that the task is delegated to.

        Settings in the task's environment go as arguments: Ansible puts the environment into the command line.

        Raises:
            LumenfallError: A setting is malformed; nothing was sent to the host, which would show it.
        """
        environment: Dict[str, Any] = {}
        self._compute_environment_string(environment)
        _values, origins = self._environment()
        arguments = dict(options)
        for setting in _core.SETTINGS:
            source, value = setting.ansible, options.get(setting.ansible)
            for variable in setting.variables:
                inherited = environment.pop(variable, None)
                if _core.is_unset(value) and not _core.is_unset(inherited):
                    source, value = f"{variable} (set in {origins.get(variable)})", inherited
            if _core.is_unset(value):
                continue
            if setting.ansible_type == "bool":
                value = parse_boolean(source, value)
            elif setting.ansible_type != "path":
                setting.parse(source, value, environment)
            elif _core.looks_like_key(str(value)):
                raise _core.ConfigurationError(f"{source}: {_core.describe_value(value)} is not a path")
            if setting.secret:
                register_secret(str(value))
            arguments[setting.ansible] = value
        if any("@" in str(value) for name, value in environment.items() if name.lower().endswith("_proxy")):
            display.warning(
                "a proxy variable of this task may contain a password, which Ansible shows in the command line on "
                f"{self._task.delegate_to}; set it in the environment of that host instead"
            )
        inherited_environment, self._task.environment = self._task.environment, [environment]
        try:
            result = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        finally:
            self._task.environment = inherited_environment
        result.pop("invocation", None)
        return result

    def _hide_arguments(self) -> None:
        """Keep Ansible from showing the arguments of an ad hoc task, which may contain a key, when it fails."""
        source = self._task.get_ds()
        if isinstance(source, dict) and "args" in source:
            source["args"] = {}


@contextlib.contextmanager
def _environ(variables: Dict[str, str]) -> Iterator[None]:
    """Set variables in this process, where OpenSSL finds them too; the worker may run other items of a loop later."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _parse_on_low(options: Dict[str, Any], is_role: bool) -> str:
    """What to do if the balance is not enough: ``fail``, ``end host`` (the role's ``warn``) or ``warn``.

    Raises:
        ConfigurationError: The option, or the role's variable, is malformed.
    """
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
