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

import asyncio
import threading
from collections.abc import Callable
from functools import wraps
from inspect import isawaitable
from typing import Any, ParamSpec, TypeVar

import pulumi

from . import core
from ._properties import CONFIG_KEYS
from ._shared import this_run
from .core import ConfigurationError, Gate, Settings, argument_layer, parse_timeout, resolve_settings

__all__ = [
    "argument_seconds",
    "as_output",
    "check_base_url",
    "config_layer",
    "fails_cleanly",
    "hide_key",
    "need_event_loop",
    "plain_gate",
    "program_settings",
    "warn_of_plain_key",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def fails_cleanly(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorate a function so that its ``RunError`` holds nothing of what the function was given.

    An error reporter that shows local variables would show what a message leaves out: the password in a base URL, or a
    key in an argument that is for something else.
    """

    @wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except pulumi.RunError as error:
            problem = error.with_traceback(None)
            problem.__context__ = None
        finally:
            del args, kwargs
        raise problem

    return call


def as_output(value: Any) -> Any:
    """An argument: what is awaitable as an Output, as ``pulumi.Input`` promises, and all else as it is."""
    return pulumi.Output.from_input(value) if isawaitable(value) else value


def need_event_loop() -> None:
    """Check that Pulumi can make an Output, a hook or a resource here; else it would raise through us.

    Raises:
        ConfigurationError: This is a thread without an event loop.
    """
    if threading.current_thread() is threading.main_thread():
        return  # The program's own. Outside of a program asyncio makes a loop here, and warns whoever asks for it.
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        raise ConfigurationError(
            "this thread has no event loop, and Pulumi makes Outputs, hooks and resources only where there is one",
            hint="call it in the program's own thread; get_balance and require_balance need no event loop",
        ) from None


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


def check_base_url(source: str, value: object) -> None:
    """Check a base URL before Pulumi keeps it in the state: it may hold a password.

    Raises:
        ConfigurationError: It is malformed. Whether it may be plain http is left to where it is asked for.
    """
    lenient = {"LUMENFALL_ALLOW_INSECURE_HTTP": "1"}
    resolve_settings({"base_url": (source, value), "api_key": ("", "none")}, environ=lenient)


def hide_key(api_key: Any) -> Any:
    """The argument ``api_key`` as something that a traceback with local variables does not show."""
    return api_key if _comes_later(api_key) else core.hide_key(api_key)


def _comes_later(value: object) -> bool:
    return isinstance(value, pulumi.Output) or isawaitable(value)


def _refuse_output(name: str, value: object) -> None:
    if _comes_later(value):
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
