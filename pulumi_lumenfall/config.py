# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Arguments and stack config (``lumenfall:apiKey`` and friends) on their way to the core's settings and gates."""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG

from .core import (
    SETTINGS,
    ConfigurationError,
    Gate,
    Settings,
    argument_layer,
    bad_value,
    clean,
    is_unset,
    resolve_settings,
)
from .program import current_run

_SETTINGS = {setting.name: setting for setting in SETTINGS}
# Setting -> full config key.
_CONFIG_KEYS = {setting.name: f"lumenfall:{setting.config_key}" for setting in SETTINGS if setting.config_key}
API_KEY = _CONFIG_KEYS["api_key"]
# The engine's own config of every provider.
_ENGINE_KEYS = ("lumenfall:version", "lumenfall:pluginDownloadURL")


def is_later(value: object) -> bool:
    """Whether an argument is an Output, or awaitable, as ``pulumi.Input`` allows."""
    return isinstance(value, pulumi.Output) or isawaitable(value)


def config_layer(get: Callable[[str], Any] | None = None) -> dict[str, tuple[str, Any]]:
    """The settings in stack config, as a layer for the core; by default in the config of the program that runs."""
    if get is None:
        _refuse_unknown_keys()
        get = pulumi.runtime.get_config
    return {setting: (key, get(key)) for setting, key in _CONFIG_KEYS.items()}


def program_settings(**arguments: Any) -> Settings:
    """Settings for a call of the program: arguments, stack config, environment, credentials file. Warns once a run."""
    refuse_outputs(**arguments)
    settings = resolve_settings(argument_layer(**arguments), config_layer())
    warn_of_plain_key(API_KEY)
    for warning in settings.warnings:
        _warn_once(warning)
    return settings


def plain_gate(minimum: object, postpaid: object = None, unavailable: object = None) -> Gate:
    """The gate of arguments that must be plain values."""
    refuse_outputs(minimum=minimum, postpaid=postpaid, unavailable=unavailable)
    return Gate(minimum, postpaid=postpaid, unavailable=unavailable)


def refuse_outputs(**arguments: object) -> None:
    """Refuse Outputs, and what else comes later, where plain values are needed."""
    for name, value in arguments.items():
        if is_later(value):
            raise ConfigurationError(
                f"{name}: an Output has no value while the program runs",
                hint="pass a plain value (pulumi.Config().require reads secrets too), or use the _output form",
            )


def check_argument(setting: str, source: str, value: object) -> Any:
    """The checked value of one setting, or None; whether http is allowed is left to where it is used."""
    refuse_outputs(**{source: value})
    if is_unset(value):
        return None
    return _SETTINGS[setting].parse(source, value, {"LUMENFALL_ALLOW_INSECURE_HTTP": "1"})


def check_name(name: object, *taken: str) -> None:
    """Refuse what cannot be a name, with which Pulumi would end in a traceback."""
    if not isinstance(name, str) or name in ("", *taken):
        raise bad_value("name", name, "cannot be a name here", "text such as 'funds'")


def warn_of_plain_key(key: str) -> None:
    """Warn where a config key that holds an API key was set without ``--secret``."""
    # In a thread, config is what the engine put into the environment.
    is_secret = pulumi.runtime.is_config_secret(key) or key in pulumi.runtime.get_config_secret_keys_env()
    if pulumi.runtime.get_config(key) and not is_secret:
        _warn_once(
            f"{key} is set in plain text: Pulumi keeps it readable in the stack's settings file and in the state; "
            f"run: pulumi config set --secret {key}"
        )


def _refuse_unknown_keys() -> None:
    """Refuse misspelt keys: ``lumenfall:apikey`` would let another account's key from the environment through."""
    known = {_folded(key) for key in _CONFIG_KEYS.values()}
    for key in {**pulumi.runtime.get_config_env(), **CONFIG.get()}:
        if not key.startswith("lumenfall:") or key in (*_CONFIG_KEYS.values(), *_ENGINE_KEYS):
            continue
        # In a project named lumenfall, the other keys are the project's own.
        if pulumi.get_project() != "lumenfall" or _folded(key) in known:
            names = ", ".join(setting.config_key for setting in SETTINGS if setting.config_key)
            label = clean(key, limit=100)
            raise ConfigurationError(
                f"{label}: there is no such setting; known are {names}",
                hint=f"run: pulumi config rm {label}, and set the right one",
            )


def _folded(key: str) -> str:
    return re.sub(r"[-_.]", "", key).lower()


def _warn_once(text: str) -> None:
    if current_run().is_new(text):
        pulumi.log.warn(text)
