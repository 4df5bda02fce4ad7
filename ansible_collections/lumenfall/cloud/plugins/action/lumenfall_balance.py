# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The module ``lumenfall_balance`` on the controller: no transfer, no Python on the hosts, one call for all of them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from dataclasses import replace
from decimal import Decimal
from typing import Any, Dict, List

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.playbook.handler import Handler
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.lumenfall.cloud.plugins.module_utils import _core
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.settings import (
    DEFAULT_TIMEOUT_SECONDS,
    ENVIRONMENT,
    PROXY_VARIABLES,
)
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.values import (
    parse_base_url,
    parse_key,
    parse_timeout,
)
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (
    ARGUMENT_SPEC,
    MODULE,
    balance_result,
    failure_result,
    given,
    name_key_source,
    read_gate,
    read_settings,
    refuse_other_kinds,
    unfit_to_show,
)
from ansible_collections.lumenfall.cloud.plugins.plugin_utils._one_answer import OneAnswer, StillAskedError

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:  # ansible-core before 2.22
    register_secret = None

display = Display()

# Made in the parent, which loads this file before it forks the workers.
_answers = OneAnswer()

_ROLE = "lumenfall.cloud.require_balance"
_KEY_VARIABLE = ENVIRONMENT["api_key"][0]
_BASE_URL_VARIABLE = ENVIRONMENT["base_url"][0]

# What a host that the task was delegated to is given to connect and start Python, beside the module's own time.
_CONNECT_SECONDS = 60.0


class ActionModule(ActionBase):
    """Reads the balance in this process, unless the task is delegated to another host."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Dict[str, Any] | None = None) -> Dict[str, Any]:
        result = self._run(tmp, task_vars)
        # Ansible shows nothing of a task that is ok, as one with a low balance is: what a gate will stop for is shown.
        result["_ansible_verbose_always"] = result.get("verdict", "enough") != "enough"
        return result

    def _run(self, tmp: str | None, task_vars: Dict[str, Any] | None) -> Dict[str, Any]:
        arguments = given(self._task.args)
        source = self._task.get_ds()
        if isinstance(source, dict) and "args" in source:
            # Ansible shows it when the task fails, unless it is in a file: ad hoc, and in ansible-console.
            source["args"] = _Arguments(self._task.args)
        try:
            if self._task.async_val:
                raise _core.ConfigurationError(
                    f"{MODULE} does not run async: its answer is for now, and timeout bounds it",
                    hint="remove 'async' and 'poll' from the task",
                )
            super().run(tmp, task_vars)
            names = self._names()
            if names:
                # A variable that is "omit" takes the option away, and the bar with it.
                arguments.setdefault("minimum", "")
            gate = read_gate(arguments, names)
            options = _valid_options(arguments)
            if self._is_delegated():
                return self._ask_there(arguments, options, task_vars or {})
            settings = read_settings(options, self._environ())
            if register_secret is not None:
                register_secret(settings.api_key.reveal())
            display.vvv(_sources(settings), host=(task_vars or {}).get("inventory_hostname"))
            result = balance_result(self._ask(settings, task_vars or {}), gate)
            if settings.warnings:
                result["warnings"] = list(settings.warnings)
            return result
        except _core.LumenfallError as error:
            return failure_result(error, gated="minimum" in arguments)

    def _names(self) -> Dict[str, str]:
        """What the options of the gate are called where they come from: the role's variables, in the role."""
        role = self._task._role
        if role is None or role.get_name() != _ROLE:
            return {}
        return {name: f"require_balance_{name}" for name in ("minimum", "postpaid", "unavailable")}

    def _others(self, task_vars: Dict[str, Any]) -> List[str]:
        """The hosts that this run of the task is for, as far as the parent knew when it forked this worker.

        A handler that a host left out by ``when``, or that another one ran for it by ``run_once``, leaves nothing for
        the others: the host must not take up later what was fetched before.
        """
        if isinstance(self._task, Handler) and (self._task.when or self._task.run_once):
            return []
        return [str(host) for host in task_vars.get("ansible_play_batch") or ()]

    def _flush(self) -> int:
        """Which run of a handler this is: the same number in all of its workers, and a greater one in the next run.

        A handler runs again for whichever hosts notify it later. Each worker that Ansible forks for it takes a host off
        its list, so that the sum stays the same; any other worker, and any other notification, adds to it.
        """
        if not isinstance(self._task, Handler):
            return 0
        # The item of a loop has a copy of the handler, which has lost the list.
        original = next((task for task in self._task._parent.block if task._uuid == self._task._uuid), self._task)
        return sum(multiprocessing.current_process()._identity) + len(original.notified_hosts)

    def _environ(self) -> Dict[str, str]:
        """The environment of this process, with the ``environment`` of task, blocks and play, as a module has it."""
        own: Dict[str, Any] = {}
        self._compute_environment_string(own)
        return {**os.environ, **{str(name): str(value) for name, value in own.items() if value is not None}}

    def _is_delegated(self) -> bool:
        host = self._task.delegate_to
        return bool(host) and not (host in C.LOCALHOST and self._connection.transport == "local")

    def _ask(self, settings: _core.Settings, task_vars: Dict[str, Any]) -> _core.AccountBalance:
        """The balance, from the API or from a worker that has just asked for it.

        Raises:
            LumenfallError: There is none to be had.
        """

        def fetch(waited_seconds: float) -> Dict[str, Any]:
            left = replace(settings, timeout=max(0.001, settings.timeout - waited_seconds))
            with _core.LumenfallClient.from_settings(left if waited_seconds else settings) as client:
                try:
                    return _pack(client.fetch_balance())
                except _core.LumenfallError as error:
                    return _pack(error)

        question = (self._task._uuid, self._flush(), settings.digest(_answers.salt))
        try:
            answer = _answers.ask(question, _asker(task_vars), self._others(task_vars), settings.timeout, fetch)
        except StillAskedError:
            raise _core.DeadlineExceededError(
                f"no answer within {settings.timeout:g} s: the request that another host of this task made "
                "for all is still under way"
            ) from None
        return _unpack(answer)

    def _ask_there(
        self, arguments: Dict[str, Any], options: Dict[str, Any], task_vars: Dict[str, Any]
    ) -> Dict[str, Any]:
        """Run the module on the host that the task is delegated to; once for all hosts of the task, too.

        Raises:
            LumenfallError: The key or the base URL in the task's environment is malformed.
        """
        arguments = _Arguments(arguments)
        own: Dict[str, Any] = {}
        self._compute_environment_string(own)
        environment = {name: value for name, value in own.items() if value is not None}
        # Ansible puts the environment into the command line that it runs there, where -vvv and the
        # process list show it; arguments travel with the module.
        key = str(environment.get(_KEY_VARIABLE, "")).strip()
        if key:
            del environment[_KEY_VARIABLE]
        is_moved = bool(key) and not options["api_key"]
        if is_moved:
            arguments["api_key"] = parse_key(_KEY_VARIABLE, key).reveal()
            if register_secret is not None:
                register_secret(arguments["api_key"])
        base_url = environment.get(_BASE_URL_VARIABLE)
        if base_url and options["base_url"]:
            del environment[_BASE_URL_VARIABLE]
        elif base_url and any(mark in str(base_url) for mark in "@?#"):
            # Refused before it is shown there: it may hold a password.
            parse_base_url(_BASE_URL_VARIABLE, base_url)
        for variable in PROXY_VARIABLES:
            if "@" in str(environment.get(variable, "")):
                display.warning(
                    f"{variable} in this task's environment may hold a password, which Ansible shows in the command "
                    f"line on {self._task.delegate_to}; set it in the environment of that host instead"
                )
        if self._connection.has_pipelining and not self._connection.become:
            # Else the module, with the key, is a file on that host, which outlives a worker that is killed. (With
            # become, not every host can do without one, and not every connection has the option.)
            with contextlib.suppress(AnsibleError, KeyError):
                self._connection.set_option("pipelining", True)
        whole: Dict[str, Any] = {}

        def run(_waited_seconds: float) -> Dict[str, Any]:
            before, self._task.environment = self._task.environment, [environment]
            try:
                whole.update(self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars))
            except AnsibleConnectionFailure as error:
                return {"unreachable": str(error)}
            finally:
                self._task.environment = before
            named = name_key_source(whole, _KEY_VARIABLE) if is_moved else {}
            if named:
                # Ansible made it of the message that names the option, and would show that one.
                whole.pop("exception", None)
                whole.update(named)
            return {name: value for name, value in whole.items() if name in _RESULTS}

        context = self._play_context
        question = (
            self._task._uuid,
            self._flush(),
            self._task.delegate_to,
            (context.remote_user, context.become, context.become_method, context.become_user),
            # One name may stand for another machine on each host, by a variable such as ansible_host.
            sorted((name, str(value)) for name, value in self._connection.get_options().items()),
            sorted((name, str(value)) for name, value in dict(arguments).items()),
            sorted((name, str(value)) for name, value in environment.items()),
        )
        try:
            answer = _answers.ask(question, _asker(task_vars), self._others(task_vars), _patience_seconds(options), run)
        except StillAskedError:
            answer = run(0.0)
        if "unreachable" in answer:
            raise AnsibleConnectionFailure(answer["unreachable"])
        return whole or answer


class _Arguments(Dict[str, Any]):
    """Arguments, one of which may be a key, where Ansible would show them as text."""

    def __repr__(self) -> str:
        return f"<{len(self)} arguments>"


def _valid_options(arguments: Dict[str, Any]) -> Dict[str, Any]:
    """The arguments of the task, checked as the module checks them.

    Raises:
        ConfigurationError: They do not fit; in the module's words.
    """
    # Ansible would make text of anything, and show it where it cannot.
    refuse_other_kinds(arguments)
    validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(dict(arguments))
    if validation.error_messages:
        message = validation.errors.msg
        if isinstance(validation.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({MODULE}) module: {message}"
        secrets = {*validation._no_log_values, *unfit_to_show(arguments)}
        raise _core.ConfigurationError(remove_values(message, secrets), hint=f"see: ansible-doc {MODULE}")
    return validation.validated_parameters


# What a delegated run shares with the other hosts of the task: what the module itself returns.
_RESULTS = frozenset(
    ("changed", "failed", "msg", "balance", "sufficient", "verdict", "request_id", "retry_after_seconds", "failure")
)


def _asker(task_vars: Dict[str, Any]) -> str:
    return str(task_vars.get("inventory_hostname"))


def _patience_seconds(options: Dict[str, Any]) -> float:
    if options["timeout"] is None:
        return DEFAULT_TIMEOUT_SECONDS + _CONNECT_SECONDS
    try:
        return parse_timeout("timeout", options["timeout"]) + _CONNECT_SECONDS
    except _core.ConfigurationError:
        # The module on that host words the refusal.
        return _CONNECT_SECONDS


def _sources(settings: _core.Settings) -> str:
    shown = ", ".join(f"{name} from {source}" for name, source in sorted(settings.sources.items()))
    return f"{MODULE}: asking {settings.balance_url} ({shown})"


def _pack(outcome: _core.AccountBalance | _core.LumenfallError) -> Dict[str, Any]:
    """An outcome as data that JSON can hold, all of its digits included."""
    if isinstance(outcome, _core.LumenfallError):
        return {
            "error": outcome.to_dict(),
            "message": str(outcome),
            "retry_after_seconds": outcome.retry_after_seconds,
        }
    return {
        "billing_type": outcome.billing_type,
        "amount": None if outcome.amount is None else str(outcome.amount),
        "currency": outcome.currency,
        "request_id": outcome.request_id,
    }


def _unpack(answer: Dict[str, Any]) -> _core.AccountBalance:
    """The balance of a packed outcome.

    Raises:
        LumenfallError: The outcome was that error.
    """
    if "error" in answer:
        facts = dict(answer["error"])
        error = getattr(_core, facts.pop("type"))(answer["message"], **facts)
        error.retry_after_seconds = answer["retry_after_seconds"]
        raise error
    amount = answer["amount"]
    return _core.AccountBalance(
        answer["billing_type"], None if amount is None else Decimal(amount), answer["currency"], answer["request_id"]
    )
