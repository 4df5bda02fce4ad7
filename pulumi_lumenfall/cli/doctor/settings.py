# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The doctor's look at settings: where each came from, and what is wrong with it.

Each setting is read by the core with all the others set to something harmless, so that one
that is malformed does not hide the next.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...core import ConfigurationError, Settings, clean, resolve_settings
from ..arguments import settings_layer
from ..key_file import patience_seconds, read_key
from .finding import FAIL, NOTE, OK, WARN, Finding

_NAMES = {
    "api_key": "key",
    "base_url": "base URL",
    "timeout": "timeout",
    "max_attempts": "attempts",
    "ca_bundle": "CA bundle",
}
_HARMLESS: dict[str, Any] = {
    "api_key": "none",
    "base_url": "https://localhost",
    "timeout": 1,
    "max_attempts": 1,
    "ca_bundle": "none",
}
_VARIABLES = (
    *("LUMENFALL_API_KEY", "LUMENFALL_API_BASE", "LUMENFALL_TIMEOUT", "LUMENFALL_MAX_ATTEMPTS"),
    *("LUMENFALL_CONFIG_DIR", "LUMENFALL_ALLOW_INSECURE_HTTP", "LUMENFALL_CACHE_SECONDS"),
)
_DOCUMENTED_KEY = re.compile(r"(lmnfl_[A-Za-z0-9-]{1,40}\.)([!-~]{8,})")


@dataclass
class Found:
    """What the settings turned out to be.

    Attributes:
        settings: All of them, or None where one is malformed.
        reachable: Those that lead to the server, with a key that is none: what can be
            examined without the real one. None where the base URL or the CA bundle is malformed.
    """

    settings: Settings | None = None
    reachable: Settings | None = None


def examine_settings(options: Namespace, environ: Mapping[str, str], found: Found) -> Iterator[Finding]:
    """Look at every setting; fills in ``found``."""
    problems: dict[str, ConfigurationError] = {}
    key = None
    if options.api_key_file is not None:
        try:
            key = read_key(options.api_key_file, patience_seconds(options, environ))
        except ConfigurationError as error:
            problems["api_key"] = error
    layer = settings_layer(options, key)
    harmless = dict(_HARMLESS)
    warnings: tuple[str, ...] = ()
    for setting, name in _NAMES.items():
        value = None
        try:
            if setting in problems:
                raise problems[setting]
            value = _resolve_one(setting, layer, environ, harmless)
        except ConfigurationError as error:
            problems[setting] = error
            yield Finding(name, FAIL, str(error), error.hint)
            continue
        warnings += value.warnings
        # The core refuses a setting that holds the key, for which it has to know the real one.
        harmless["api_key"] = value.api_key
        yield _describe(setting, name, value)
    yield from (Finding("credentials", WARN, *_split_advice(warning)) for warning in warnings)
    yield from _examine_key_file(options.api_key_file)
    yield from _examine_variables(environ)
    if not problems:
        found.settings = resolve_settings(layer, environ=environ)
    if not {"base_url", "ca_bundle"} & problems.keys():
        rest = {name: ("", value) for name, value in _HARMLESS.items() if name in problems or name == "api_key"}
        found.reachable = resolve_settings(rest, layer, environ=environ)
        yield _describe_proxy(found.reachable)


def _resolve_one(
    setting: str, layer: Mapping[str, tuple[str, Any]], environ: Mapping[str, str], harmless: Mapping[str, Any]
) -> Settings:
    rest = {name: ("", value) for name, value in harmless.items() if name != setting}
    if setting != "ca_bundle":
        # Without verification nothing looks at the bundle. Nothing is sent with these settings.
        rest["verify"] = ("", False)
    return resolve_settings(rest, layer, environ=environ)


def _describe(setting: str, name: str, settings: Settings) -> Finding:
    source = settings.sources[setting]
    if setting == "api_key":
        shown = mask_key(settings.api_key.reveal())
    elif setting == "ca_bundle":
        shown = clean(settings.ca_bundle or "the platform's certificates", limit=200)
    elif setting == "timeout":
        shown = f"{settings.timeout:g} s"
    else:
        shown = str(getattr(settings, setting))
    return Finding(name, OK, f"{shown} ({'the default' if source == 'default' else f'from {source}'})")


def mask_key(key: str) -> str:
    """As much of a key as helps to recognize it: its public id and its last four characters.

    Of a key whose secret part is short, not even those.
    """
    documented = _DOCUMENTED_KEY.fullmatch(key)
    public, secret = (documented[1], documented[2]) if documented else ("", key)
    return f"{public}…{secret[-4:]}" if len(secret) >= 16 else f"{public}… (short)"


def _describe_proxy(settings: Settings) -> Finding:
    if not settings.is_https:
        return Finding("proxy", OK, "none: plain http to this machine goes direct")
    if settings.proxy is None:
        return Finding("proxy", OK, "none")
    return Finding("proxy", OK, f"the one in {settings.proxy[0]}, unless NO_PROXY names the host")


def _split_advice(warning: str) -> tuple[str, str | None]:
    message, _, advice = warning.partition("; ")
    return message, advice or None


def _examine_key_file(path: str | None) -> Iterator[Finding]:
    if path is None or path == "-" or os.name != "posix":
        return
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return
    if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        yield Finding(
            "key file", WARN, f"others on this machine can read the key file (mode {mode:o})", "run: chmod 600 on it"
        )


def _examine_variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in sorted(environ):
        if name.upper().startswith("LUMENFALL") and name not in _VARIABLES:
            close = difflib.get_close_matches(name.upper(), _VARIABLES, 1, 0.7)
            advice = f"did you mean {close[0]}?" if close else "unset it, or see the settings table in the README"
            yield Finding("environment", WARN, f"{clean(name, limit=60)} is set, but nothing reads it", advice)
    if environ.get("LUMENFALL_ALLOW_INSECURE_HTTP", "").strip() == "1":
        yield Finding(
            "environment",
            WARN,
            "LUMENFALL_ALLOW_INSECURE_HTTP=1 lets the key go over plain http",
            "unset it outside of tests",
        )
    bundles = [name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE") if environ.get(name)]
    if len({environ[name] for name in bundles}) > 1:
        yield Finding(
            "environment",
            NOTE,
            f"{', '.join(bundles)} name different CA bundles; {bundles[0]} counts",
            "set them alike",
        )
