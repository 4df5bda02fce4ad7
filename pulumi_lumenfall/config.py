# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Stack config (``lumenfall:apiKey`` and friends) as one more layer of the core's settings chain.

It reads config and nothing else: what a value may be is the core's to say.

========================  ==============================================  ========================
config key                meaning                                         default
========================  ==============================================  ========================
``lumenfall:apiKey``      API key; set it with ``--secret``               ``LUMENFALL_API_KEY``
``lumenfall:baseUrl``     where the API is                                https://api.lumenfall.ai
``lumenfall:timeout``     total deadline of one fetch, seconds            30
``lumenfall:maxAttempts`` requests in all, 1 to 10                        3
``lumenfall:caBundle``    PEM file or folder of CA certificates           the platform's
========================  ==============================================  ========================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi

from . import core
from ._properties import CONFIG_KEYS
from ._shared import this_run
from .core import ConfigurationError, Gate, Settings, argument_layer, parse_timeout, resolve_settings

__all__ = [
    "argument_seconds",
    "config_layer",
    "hide_key",
    "plain_gate",
    "program_settings",
    "warn_of_plain_key",
]


def config_layer(get: Callable[[str], Any] = pulumi.runtime.get_config) -> dict[str, tuple[str, Any]]:
    """The settings that stack config holds.

    Args:
        get: Gives the value of a full config key, or None. By default it reads the config of the program that runs;
            a dynamic provider, which runs elsewhere, has its own.

    Returns:
        A layer for :func:`pulumi_lumenfall.core.resolve_settings`.
    """
    return {setting: (key, get(key)) for setting, key in CONFIG_KEYS.items()}


def program_settings(**arguments: Any) -> Settings:
    """Settings for a call that the Pulumi program makes itself: arguments, stack config, environment, credentials file.

    Shows warnings, each once in a program's run.

    Args:
        **arguments: Settings by their Python names; None is unset.

    Raises:
        ConfigurationError: One is malformed, or there is no key anywhere.
    """
    for name, value in arguments.items():
        _refuse_output(name, value)
    settings = resolve_settings(argument_layer(**arguments), config_layer())
    warn_of_plain_key(CONFIG_KEYS["api_key"])
    for warning in settings.warnings:
        _warn_once(warning)
    return settings


def plain_gate(minimum: object, postpaid: object, unavailable: object) -> Gate:
    """The gate for arguments that must be there already.

    Raises:
        ConfigurationError: One is malformed, or an Output.
    """
    for name, value in (("minimum", minimum), ("postpaid", postpaid), ("unavailable", unavailable)):
        _refuse_output(name, value)
    return Gate(minimum, postpaid=postpaid, unavailable=unavailable)


def argument_seconds(timeout: object) -> float | None:
    """The argument ``timeout``, seconds, or None where it is not given.

    Raises:
        ConfigurationError: It is malformed, or an Output.
    """
    _refuse_output("timeout", timeout)
    return None if timeout is None or timeout == "" else parse_timeout("timeout", timeout)


def hide_key(api_key: Any) -> Any:
    """The argument ``api_key`` as something that a traceback with local variables does not show."""
    return api_key if isinstance(api_key, pulumi.Output) else core.hide_key(api_key)


def _refuse_output(name: str, value: object) -> None:
    if isinstance(value, pulumi.Output):
        raise ConfigurationError(
            f"{name}: an Output has no value while the program runs",
            hint="pass a plain value (pulumi.Config().require reads secrets too), or use get_balance_output or Balance",
        )


def warn_of_plain_key(key: str) -> None:
    """Warn where a config key that holds an API key was set without ``--secret``.

    Pulumi keeps such a value in the clear in the stack's settings file, and copies stack config into the state of
    every dynamic provider.
    """
    # The second for a thread, in which config is what the engine put into the environment.
    is_secret = pulumi.runtime.is_config_secret(key) or key in pulumi.runtime.get_config_secret_keys_env()
    if pulumi.runtime.get_config(key) and not is_secret:
        _warn_once(
            f"{key} is set in plain text: Pulumi keeps it readable in the stack's settings file and in the state; "
            f"run: pulumi config set --secret {key}"
        )


def _warn_once(text: str) -> None:
    """Show a warning among Pulumi's diagnostics, once in a program's run."""
    if this_run().is_new(text):
        pulumi.log.warn(text)
