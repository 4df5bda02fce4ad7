# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Ansible's names for the core's settings, and the core's outcomes as task results.

Private to the collection ``lumenfall.cloud``: no other collection may import it. It
translates names and types and decides nothing; it imports nothing of Ansible, so that
the plugins on the controller and the module on a host share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Dict

from ._core import (
    AccountBalance,
    ConfigurationError,
    Gate,
    LumenfallError,
    Settings,
    TLSError,
    describe_balance,
    judge_error,
    looks_like_key,
    resolve_settings,
    with_hint,
)
from ._core.text import kind_of
from ._core.values import is_unset

MODULE = "lumenfall.cloud.lumenfall_balance"

# The numbers are "raw": the core reads them exactly and words its refusal, where Ansible would
# round a minimum to a float and explain a bad one in terms of Python.
ARGUMENT_SPEC: Dict[str, Dict[str, Any]] = {
    "api_key": {"type": "str", "no_log": True},
    "base_url": {"type": "str"},
    "timeout": {"type": "raw"},
    "max_attempts": {"type": "raw"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "minimum": {"type": "raw"},
    "postpaid": {"type": "str", "choices": ["allow", "deny"], "default": "allow"},
    "unavailable": {"type": "str", "choices": ["allow", "deny"], "default": "deny"},
}

# Not "whatever is no str": a vaulted value may be a kind of its own.
_OTHER_KINDS = (bool, int, float, bytes, list, tuple, set, Mapping)

#: Core setting -> option.
SETTINGS = {
    "api_key": "api_key",
    "base_url": "base_url",
    "timeout": "timeout",
    "max_attempts": "max_attempts",
    "ca_bundle": "ca_path",
    "verify": "validate_certs",
}


def given(options: Mapping[str, Any]) -> Dict[str, Any]:
    """The options that have a value: null and an empty text are unset, as everywhere.

    Not so an empty ``minimum``: a gate whose bar is a variable that nobody set is a mistake.
    """
    return {
        # YAML makes numbers of some names.
        str(name): value
        for name, value in options.items()
        if name not in ARGUMENT_SPEC or not is_unset(value) or (name == "minimum" and value is not None)
    }


def refuse_other_kinds(values: Mapping[str, Any]) -> None:
    """Refuse a text option that is a list, a dictionary or the like, which may hold a key.

    Args:
        values: Option -> value; or what to call its place -> value, where that ends in the option.

    Raises:
        ConfigurationError: There is one; the message does not show it.
    """
    for place, value in values.items():
        if place.endswith(("api_key", "base_url", "ca_path")) and isinstance(value, _OTHER_KINDS):
            raise ConfigurationError(f"{place}: it must be text, not {kind_of(value)}", hint=f"set {place} to text")


def read_settings(
    options: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    sources: Mapping[str, str] | None = None,
) -> Settings:
    """Walk the settings chain from the options of a task or a lookup.

    Args:
        options: Option -> value; None or empty text is unset.
        environ: The environment, by default the process's.
        sources: Option -> what to call it in an error, where that is not its own name.

    Raises:
        ConfigurationError: A setting is malformed, or there is no key anywhere.
    """
    names = sources or {}
    layer = {setting: (names.get(option, option), options.get(option)) for setting, option in SETTINGS.items()}
    return resolve_settings(layer, environ=environ)


def read_gate(options: Mapping[str, Any], sources: Mapping[str, str] | None = None) -> Gate | None:
    """The gate that the options ask for, or None without a ``minimum``.

    Raises:
        ConfigurationError: ``minimum`` or a policy is malformed.
    """
    names = sources or {}
    minimum, postpaid, unavailable = (names.get(name, name) for name in ("minimum", "postpaid", "unavailable"))
    given_minimum = options.get("minimum")
    # Without a minimum too, a bad policy is refused.
    gate = Gate(
        0 if given_minimum is None else given_minimum,
        postpaid=options.get("postpaid"),
        unavailable=options.get("unavailable"),
        names=(minimum, postpaid, unavailable),
    )
    return None if given_minimum is None else gate


def balance_result(balance: AccountBalance, gate: Gate | None = None) -> Dict[str, Any]:
    """What a task returns that could read the balance. A low balance is no failure."""
    result: Dict[str, Any] = {
        "changed": False,
        "msg": describe_balance(balance),
        "balance": balance.to_dict(),
        "request_id": balance.request_id,
    }
    if gate is not None:
        verdict = gate.judge(balance)
        result.update(msg=verdict.message, sufficient=verdict.sufficient, verdict=verdict.outcome)
    return result


def failure_result(error: LumenfallError, *, gated: bool) -> Dict[str, Any]:
    """What a task returns that could not. It never has ``balance`` or ``sufficient``.

    Args:
        error: Why.
        gated: Whether a ``minimum`` was given, so that there has to be a verdict.
    """
    _name_options(error)
    result: Dict[str, Any] = {
        "changed": False,
        "failed": True,
        "msg": with_hint(error),
        "failure": error.to_dict(),
    }
    if error.retry_after_seconds is not None:
        result["retry_after_seconds"] = error.retry_after_seconds
    if gated:
        verdict = judge_error(error)
        result.update(msg=verdict.message, verdict=verdict.outcome)
    return result


def unfit_to_show(options: Mapping[str, Any]) -> list[str]:
    """Texts that may hold a secret although their option is none, such as a password in a URL, or a key as a name."""
    texts = [text for text in (*options, *options.values()) if isinstance(text, str)]
    base_url = options.get("base_url")
    return [
        text for text in texts if looks_like_key(text) or (text == base_url and any(mark in text for mark in "@?#"))
    ]


def name_key_source(result: Mapping[str, Any], source: str) -> Dict[str, Any]:
    """The parts of a result that name the option as where the key came from, with the place that it did come from."""
    told, true = "(the key came from api_key)", f"(the key came from {source})"
    failure = result.get("failure") or {}
    if told not in str(failure.get("hint")):
        return {}
    return {
        "msg": result["msg"].replace(told, true),
        "failure": {**failure, "hint": failure["hint"].replace(told, true)},
    }


def _name_options(error: LumenfallError) -> None:
    """Say what the setting that a hint speaks of is called here."""
    if isinstance(error, TLSError) and error.hint:
        error.hint = error.hint.replace("the ca_bundle setting", "the ca_path option")
