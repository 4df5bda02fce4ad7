# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What the action plugins of ``lumenfall.cloud`` share: options, environment, delegation. Private to the collection."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
from collections import Counter
from typing import Any, Callable, Dict, Iterator, Set, Tuple

from ansible import constants as C
from ansible.playbook.handler import Handler
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.lumenfall.cloud.plugins.module_utils import _core
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (
    ESTIMATE_MODULE,
    ask,
    estimate_result,
    given,
    parse_boolean,
    read_job,
    read_settings,
    task_result,
)
from ansible_collections.lumenfall.cloud.plugins.plugin_utils._sharing import Kept, shared

display = Display()

# How often this worker has run a task: more than once for attempts of "until" and items of a loop, which ask again.
_runs: Counter[str] = Counter()


class LumenfallAction(ActionBase):
    """A module that runs in this process, unless the task is delegated to another host."""

    _requires_connection = False
    _supports_check_mode = True
    #: What the plugin takes.
    argument_spec: Dict[str, Dict[str, Any]]

    def run(self, tmp: str | None = None, task_vars: Dict[str, Any] | None = None) -> Dict[str, Any]:
        source = self._task.get_ds()
        if isinstance(source, dict) and "args" in source:
            # Ansible shows them, and perhaps a key, when an ad hoc task fails.
            source["args"] = {}
        super().run(tmp, task_vars)
        self.task_vars = task_vars or {}
        try:
            return self.run_with_options(given(self._task.args, self.argument_spec))
        except _core.LumenfallError as error:
            return task_result(error, is_gated=self._task.args.get("minimum") is not None)

    def run_with_options(self, options: Dict[str, Any]) -> Dict[str, Any]:
        """Run the task; each plugin's own part."""
        raise NotImplementedError

    @contextlib.contextmanager
    def settings(self, options: Dict[str, Any]) -> Iterator[_core.Settings]:
        """The settings of the task, within the environment that counts for it."""
        variables, origins = self._environment()
        before = dict(os.environ)
        # In the process itself, where OpenSSL looks for its variables.
        os.environ.update(variables)
        try:
            settings = read_settings(options, display.warning, origins=origins)
            sources = ", ".join(f"{name} from {source}" for name, source in sorted(settings.sources.items()))
            host = self.task_vars.get("inventory_hostname")
            display.vvv(f"{self._task.action}: asking {settings.base_url} ({sources})", host)
            yield settings
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _environment(self) -> Tuple[Dict[str, str], Dict[str, str]]:
        """The variables that count of those that the playbook sets, and where each was set.

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

    def share(
        self,
        question: Tuple[Any, ...],
        settings: _core.Settings,
        make: Callable[[float], Any],
        lasts_seconds: float = 0.0,
        patience_seconds: float = 0.0,
    ) -> Any:
        """What ``make`` returns, made once for all hosts of the task; a handler makes it for each host."""
        cache_seconds = _core.parse_cache_seconds()
        if not cache_seconds or isinstance(self._task, Handler):
            return make(0.0)
        # Another batch of "serial" asks again. Hosts that fail meanwhile leave the batch, but not what was kept.
        host = self.task_vars.get("inventory_hostname")
        others = [name for name in self.task_vars.get("ansible_play_batch") or () if name != host]

        def accept(kept: Kept) -> bool:
            is_ours = host in kept["hosts"] and time.monotonic() - kept["at"] < (lasts_seconds or cache_seconds)
            if is_ours:
                kept["hosts"].remove(host)
            return is_ours

        return shared(question, settings, make, accept, others, patience_seconds)

    def estimate(self, options: Dict[str, Any], prefix: str = "") -> Dict[str, Any]:
        """The result of ``lumenfall_estimate`` for these options."""
        request, endpoint, job = read_job(options, prefix)
        if self.is_delegated():
            return self.run_on_delegate(ESTIMATE_MODULE, options)
        with self.settings(options) as settings:
            question = (*self.identify_run(), endpoint, json.dumps(request, sort_keys=True))
            call = functools.partial(_core.LumenfallClient.estimate_cost, request=request, endpoint=endpoint)
            return estimate_result(self.share(question, settings, functools.partial(ask, settings, call)), job)

    def identify_run(self) -> Tuple[Any, ...]:
        """What this run of the task is to all of its hosts: its place, and how often this worker has run it.

        Strategies such as ``free`` load an included task again for each host, so its own id does not do.
        """
        _runs[self._task._uuid] += 1
        task, places = self._task, []
        while task.get_first_parent_include():
            places.append(task.get_path())
            task = task.get_first_parent_include()
        item = self.task_vars.get(self.task_vars.get("ansible_loop_var", "item"))
        return task._uuid, places, repr(item), _runs[self._task._uuid]

    def is_delegated(self) -> bool:
        """Whether the task runs on another host."""
        host = self._task.delegate_to
        return bool(host) and not (host in C.LOCALHOST and self._connection.transport == "local")

    def run_on_delegate(self, module: str, options: Dict[str, Any]) -> Dict[str, Any]:
        """Run a module on the host that the task is delegated to.

        Settings in the task's environment go as arguments: Ansible puts the environment into the command line.
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
                    source = f"{variable} (set in {origins.get(variable, 'the environment of the play')})"
                    value = inherited
            if _core.is_unset(value):
                continue
            # A bad value is refused here: Ansible would show it there. A path is one of that host.
            if setting.ansible_type == "bool":
                value = parse_boolean(source, value)
            elif setting.ansible_type != "path":
                setting.parse(source, value, environment)
            arguments[setting.ansible] = value
        if any("@" in str(value) for name, value in environment.items() if name.lower().endswith("_proxy")):
            display.warning(
                "a proxy variable of this task may contain a password, which Ansible shows in the command line on "
                f"{self._task.delegate_to}; set it in the environment of that host instead"
            )
        inherited_environment, self._task.environment = self._task.environment, [environment]
        try:
            result = self._execute_module(module_name=module, module_args=arguments, task_vars=self.task_vars)
        finally:
            self._task.environment = inherited_environment
        result.pop("invocation", None)
        return result
