# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The properties of a provider (``lumenfall:apiKey`` and so on) as the core's settings."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from typing import Any

from ..core import SETTINGS, LumenfallError, Setting, clean, is_unset
from .properties import contains_unknown

__all__ = ["config_layer", "config_problem"]

_SETTINGS = {setting.config_key: setting for setting in SETTINGS if setting.config_key}
# The engine adds these to the properties of every provider.
_ENGINE_CONFIG = ("version", "pluginDownloadURL")


def config_layer(config: Mapping[str, Any], provider: str) -> dict[str, tuple[str, Any]]:
    """A layer for :func:`pulumi_lumenfall.core.resolve_settings`; stack config goes to the provider ``default...``."""
    is_explicit = provider and not provider.startswith("default")
    source = f"provider {clean(provider, limit=50)}: " if is_explicit else "lumenfall:"
    return {
        setting.name: (f"{source}{key}", _as_written(setting, config.get(key))) for key, setting in _SETTINGS.items()
    }


def config_problem(name: str, value: Any) -> str | None:
    """What is wrong with one property by itself, one line, or None."""
    label = f"lumenfall:{clean(name, limit=100)}"
    if name in _ENGINE_CONFIG or contains_unknown(value):
        return None
    if name not in _SETTINGS:
        return f"{label}: there is no such setting; known are {', '.join(_SETTINGS)}"
    value = _as_written(_SETTINGS[name], value)
    try:
        if not is_unset(value):
            _SETTINGS[name].parse(label, value, os.environ)
    except LumenfallError as error:
        return error.full_message
    return None


def _as_written(setting: Setting, value: Any) -> Any:
    """A setting as the user wrote it: for a number SDKs send JSON, so text arrives in quotes."""
    if isinstance(setting.default, (int, float)) and isinstance(value, str) and value.startswith('"'):
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return value
