# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Ansible's names for the core's settings, and the results of the modules.

Private to the collection ``lumenfall.cloud``. It imports nothing of Ansible's controller, so that the plugins and the
modules, which may run on another host, share it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, Mapping, NamedTuple, Tuple, Union

from ansible.module_utils.parsing.convert_bool import boolean

from . import _core

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:  # ansible-core before 2.22
    register_secret = None

MODULE = "lumenfall.cloud.lumenfall_balance"
ESTIMATE_MODULE = "lumenfall.cloud.lumenfall_estimate"

#: Options of the settings, from the core's table. Numbers are "raw": the core parses them exactly.
SETTING_OPTIONS: Dict[str, Dict[str, Any]] = {
    setting.ansible: {
        "type": setting.ansible_type,
        **({"no_log": True} if setting.secret else {}),
        **({"default": setting.default} if setting.ansible_type == "bool" else {}),
    }
    for setting in _core.SETTINGS
}
GATE_OPTIONS: Dict[str, Dict[str, Any]] = {
    "minimum": {"type": "raw"},
    "postpaid": {"type": "str", "choices": ["allow", "deny"], "default": "allow"},
    "unavailable": {"type": "str", "choices": ["allow", "deny"], "default": "deny"},
}
ARGUMENT_SPEC: Dict[str, Dict[str, Any]] = {
    **SETTING_OPTIONS,
    **GATE_OPTIONS,
    "require": {"type": "bool", "default": False},
    "wait": {"type": "raw"},
    "poll": {"type": "raw"},
}
JOB_OPTIONS: Dict[str, Dict[str, Any]] = {
    "request": {"type": "raw", "required": True},
    "endpoint": {"type": "str", "choices": list(_core.ENDPOINTS), "default": _core.ENDPOINTS[0]},
    "times": {"type": "raw"},
    "margin": {"type": "raw"},
}
ESTIMATE_SPEC: Dict[str, Dict[str, Any]] = {**SETTING_OPTIONS, **JOB_OPTIONS}

Call = Callable[[_core.LumenfallClient], Any]
Outcome = Union[_core.AccountBalance, _core.LumenfallError]  # noqa: UP007 - evaluated by Python 3.8, too


class Demand(NamedTuple):
    """What a task asks of the balance."""

    gate: _core.Gate | None  #: what is enough; None without a ``minimum``
    require: bool  #: whether the task fails without it
    wait: float  #: how long to wait for it, seconds
    poll: float  #: seconds between two looks


def given(options: Mapping[Any, Any], known: Mapping[str, Any]) -> Dict[str, Any]:
    """The options that are set, each of them known. Blank text is unset, except where it would lower the bar."""
    for name in options:
        if name not in known:
            raise _core.ConfigurationError(
                f"there is no option {_core.describe_value(name)}", hint=f"the options are {', '.join(sorted(known))}"
            )
    return {
        name: _plain(value)
        for name, value in options.items()
        if not _core.is_unset(value) or (name in ("minimum", "times", "margin") and value is not None)
    }


def _plain(value: Any) -> Any:
    # Errors tell the type of what should have been text, and Ansible has types of its own.
    return dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, (list, tuple)) else value


def parse_boolean(name: str, value: Any) -> bool:
    """A boolean, or the text that Ansible takes for one."""
    try:
        return boolean(value, strict=True)
    except TypeError:
        raise _core.bad_value(name, value, "is not a boolean", "true or false") from None


def read_settings(
    options: Mapping[str, Any],
    warn: Callable[[str], None],
    *,
    origins: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> _core.Settings:
    """Resolve the settings from options, then the environment, then the credentials file, and have the key masked."""
    layer = {}
    for setting in _core.SETTINGS:
        name, value = setting.ansible, _plain(options.get(setting.ansible))
        source = (names or {}).get(name, name)
        if setting.ansible_type == "bool" and not _core.is_unset(value):
            value = parse_boolean(source, value)
        layer[setting.name] = (source, value)
    settings = _core.resolve_settings(layer, origins=origins)
    if register_secret is not None:
        register_secret(settings.api_key.reveal())
    for warning in settings.warnings:
        warn(warning)
    return settings


def read_demand(options: Mapping[str, Any], prefix: str = "", note: str = "", may_wait: bool = True) -> Demand:
    """The gate that the options ask for, and how long to wait for it."""
    minimum = options.get("minimum")
    gate = _core.Gate(
        0 if minimum is None else minimum,
        postpaid=options.get("postpaid"),
        unavailable=options.get("unavailable"),
        names=(f"{prefix}minimum", f"{prefix}postpaid", f"{prefix}unavailable"),
        note=note,
    )
    require = parse_boolean("require", options.get("require") or False)
    wait = _duration(f"{prefix}wait", options.get("wait"), 0.0, maximum=_core.MAX_WAIT_SECONDS)
    poll = _duration(f"{prefix}poll", options.get("poll"), _core.DEFAULT_POLL_SECONDS, minimum=_core.MIN_POLL_SECONDS)
    if minimum is None and (require or wait):
        raise _core.ConfigurationError(
            f"{'require' if require else 'wait'} needs a minimum", hint="set minimum, such as to 5"
        )
    return Demand(None if minimum is None else gate, require, wait if may_wait else 0.0, poll)


def _duration(name: str, value: Any, default: float, **limits: float) -> float:
    return default if _core.is_unset(value) else _core.parse_duration(name, value, **limits)


def read_job(options: Mapping[str, Any], prefix: str = "") -> Tuple[Dict[str, Any], str, _core.Job]:
    """The request to price, its endpoint, and how often it runs."""
    job = _core.parse_job(options.get("times"), options.get("margin"), (f"{prefix}times", f"{prefix}margin"))
    endpoint = _core.check_endpoint(options.get("endpoint") or _core.ENDPOINTS[0], f"{prefix}endpoint")
    return _core.check_request(options.get("request"), f"{prefix}request"), endpoint, job


def ask(settings: _core.Settings, call: Call, waited_seconds: float = 0.0) -> Any:
    """What ``call`` returns, or the error there is instead; time that was spent waiting counts against the deadline."""
    if waited_seconds:
        settings = replace(settings, timeout=max(0.001, settings.timeout - waited_seconds))
    with _core.LumenfallClient.from_settings(settings) as client:
        try:
            return call(client)
        except _core.LumenfallError as error:
            return error


def estimate_result(estimate: _core.CostEstimate | _core.LumenfallError, job: _core.Job) -> Dict[str, Any]:
    """What a task returns that prices a job; amounts are exact text. An error is raised."""
    if isinstance(estimate, _core.LumenfallError):
        raise estimate
    cost, formula = _core.format_amount(job.cost(estimate)), job.formula(estimate)
    return {
        "changed": False,
        "msg": f"about {cost} usd{f' ({formula})' if formula else ''} with {estimate.model}",
        "cost": cost,
        "formula": formula,
        "unit_cost": _core.format_amount(estimate.amount),
        "currency": "usd",
        "model": estimate.model,
        "provider": estimate.provider,
        "request_id": estimate.request_id,
    }


def task_result(outcome: Outcome, gate: _core.Gate | None = None, *, is_gated: bool = False) -> Dict[str, Any]:
    """What a task returns. An error always fails it; a low balance does not."""
    result: Dict[str, Any] = {"changed": False, "request_id": outcome.request_id}
    if isinstance(outcome, _core.LumenfallError):
        result.update(failed=True, msg=outcome.full_message, failure=outcome.to_dict())
    else:
        result.update(msg=outcome.describe(), balance=outcome.to_dict())
    if gate is not None or is_gated:
        verdict = _core.judge_error(outcome) if isinstance(outcome, _core.LumenfallError) else gate.judge(outcome)
        result.update(msg=verdict.message, sufficient=verdict.sufficient, verdict=verdict.outcome)
    return result
