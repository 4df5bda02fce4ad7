# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Ansible's names for the core's settings, and the core's outcomes as task results.

Private to the collection ``lumenfall.cloud``: no other collection may import it. It
translates names and types and decides nothing; it imports nothing of Ansible, so that
the plugins on the controller and the module on a host share it.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping

from ._core import (
    AccountBalance,
    Gate,
    LumenfallError,
    Settings,
    TLSError,
    describe_balance,
    judge_error,
    resolve_settings,
    with_hint,
)
from ._core.text import looks_like_key

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
    """The options that have a value: an empty text is unset, as everywhere.

    Not so an empty ``minimum``: a gate whose bar is a variable that nobody set is a mistake.
    """
    return {
        name: value
        for name, value in options.items()
        if name not in ARGUMENT_SPEC or name == "minimum" or not isinstance(value, str) or value.strip()
    }


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
    if options.get("minimum") is None:
        return None
    names = sources or {}
    minimum, postpaid, unavailable = (names.get(name, name) for name in ("minimum", "postpaid", "unavailable"))
    return Gate(
        options["minimum"],
        postpaid=options.get("postpaid"),
        unavailable=options.get("unavailable"),
        names=(minimum, postpaid, unavailable),
    )


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


def failure_result(error: LumenfallError, gate: Gate | None = None) -> Dict[str, Any]:
    """What a task returns that could not. It never has ``balance`` or ``sufficient``."""
    _name_options(error)
    result: Dict[str, Any] = {
        "changed": False,
        "failed": True,
        "msg": with_hint(error),
        "failure": error.to_dict(),
    }
    if gate is not None:
        verdict = judge_error(error)
        result.update(msg=verdict.message, verdict=verdict.outcome)
    return result


def unfit_to_show(options: Mapping[str, Any]) -> list[str]:
    """Values that may hold a secret although their option is none, such as a password in a URL."""
    texts = [value for value in options.values() if isinstance(value, str)]
    base_url = options.get("base_url")
    return [
        text for text in texts if looks_like_key(text) or (text == base_url and any(mark in text for mark in "@?#"))
    ]


def _name_options(error: LumenfallError) -> None:
    """Say what the setting that a hint speaks of is called here."""
    if isinstance(error, TLSError) and error.hint:
        error.hint = error.hint.replace("the ca_bundle setting", "the ca_path option")
