# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance doctor``: what is wrong, one line each, with what to do about it."""

from __future__ import annotations

import json
import os
import platform
import ssl
from argparse import Namespace
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

from ..core import (
    SETTINGS,
    AccountBalance,
    AuthenticationError,
    ConfigurationError,
    Gate,
    InsufficientBalanceError,
    Layer,
    LumenfallClient,
    LumenfallError,
    ProxyError,
    TLSError,
    Verdict,
    __version__,
    clean,
    judge_error,
    resolve_settings,
)
from .output import say, write_stdout
from .report import EXIT_CANNOT_TELL, EXIT_STATUS
from .settings import settings_layer

# Certificates and Retry-After dates suffer from a clock that is further off.
_MAX_SKEW_SECONDS = 120
# Read by the core, without being a setting of their own.
_OTHER_VARIABLES = ("LUMENFALL_CONFIG_DIR", "LUMENFALL_ALLOW_INSECURE_HTTP", "LUMENFALL_CACHE_SECONDS")
_PACKAGES = ("requests", "urllib3", "pulumi", "ansible-core")
# What to call a failed request.
_NAMES = {AuthenticationError: "API key", ProxyError: "proxy", TLSError: "TLS"}


class Finding(NamedTuple):
    """What was found, how bad it is (``ok``, ``note``, ``warn`` or ``FAIL``), and what to do about it."""

    name: str
    level: str
    message: str
    hint: str | None = None


def run(options: Namespace) -> int:
    """Examine everything, print it, and return the exit status: 0, 2 (only the balance is too low) or 3."""
    gate = None if options.minimum is None else Gate(options.minimum, names=("--minimum", "postpaid", "unavailable"))
    layer = settings_layer(options)
    result, skew = _ask(layer)
    findings = list(_examine_settings(layer, isinstance(result, (AccountBalance, InsufficientBalanceError))))
    status = EXIT_CANNOT_TELL
    if result is None:
        findings.append(Finding("request", "note", "not sent, because of the settings above"))
    else:
        verdict = None
        if gate is not None:
            verdict = gate.judge(result)
        elif isinstance(result, LumenfallError):
            verdict = judge_error(result)
        status = 0 if verdict is None else EXIT_STATUS[verdict.outcome]
        findings += [*_examine_result(result, verdict), _examine_clock(skew)]
    findings += [*_examine_environment(), *_examine_versions()]
    levels = [finding.level for finding in findings]
    summary = f"problems: {levels.count('FAIL')}, warnings: {levels.count('warn')}"
    if options.json:
        checks = [finding._asdict() | {"level": finding.level.lower()} for finding in findings]
        facts = {"doctor": __version__, "python": platform.python_version(), "platform": platform.platform()}
        write_stdout(f"{json.dumps({**facts, 'exit_status': status, 'summary': summary, 'checks': checks})}\n")
        if status:
            say(f"lumenfall-balance: {summary}")
    else:
        write_stdout("".join(map(_line, findings)) + f"\n{summary}\n")
    return status


def _ask(layer: Layer) -> tuple[AccountBalance | LumenfallError | None, float | None]:
    """The balance or the error, None where a setting is malformed; and by how much this clock is ahead, seconds."""
    try:
        settings = resolve_settings(layer)
    except ConfigurationError:
        return None, None
    with LumenfallClient.from_settings(settings) as client:
        try:
            result: AccountBalance | LumenfallError = client.fetch_balance()
        except LumenfallError as error:
            result = error
        return result, client.clock_skew_seconds


def _examine_settings(layer: Layer, is_key_accepted: bool) -> Iterator[Finding]:
    """Each setting with its source. It is read beside harmless others, so that one fault does not hide the next."""
    harmless = {each.name: ("", each.default) for each in SETTINGS} | {"api_key": ("", "none"), "ca_bundle": ("", ".")}
    for setting in SETTINGS:
        if setting.flag is None:
            continue
        others = {name: value for name, value in harmless.items() if name != setting.name}
        try:
            settings = resolve_settings(others, layer)
        except ConfigurationError as error:
            yield Finding(setting.label, "FAIL", str(error), error.hint)
            continue
        value, source = getattr(settings, setting.name), settings.sources[setting.name]
        shown = mask_key(value.reveal()) if setting.secret else clean(value or "the system's trust store", limit=200)
        if setting.name == "timeout":
            shown = f"{value:g} s"
        level, doubt = "ok", ""
        if setting.secret and not is_key_accepted:
            level, doubt = "note", "; not confirmed by the server"
        yield Finding(setting.label, level, f"{shown} ({'' if source == 'default' else 'from '}{source}){doubt}")
        for warning in settings.warnings:
            yield Finding("credentials", "warn", *warning.split("; ", 1))
        if setting.name == "base_url":
            proxy = settings.sources.get("proxy")
            about = f"the one in {proxy}, unless NO_PROXY names the host" if proxy else "none"
            yield Finding("proxy", "ok", about)


def mask_key(key: str) -> str:
    """As much of a key as helps to recognize it: its public id, and the last four characters of a long secret."""
    public, dot, secret = key.partition(".") if key.startswith("lmnfl_") and "." in key else ("", "", key)
    return f"{public}{dot}…{secret[-4:]}" if len(secret) >= 16 else f"{public}{dot}… (short)"


def _examine_result(result: AccountBalance | LumenfallError, verdict: Verdict | None) -> Iterator[Finding]:
    if isinstance(result, LumenfallError):
        facts = f"attempts: {result.attempts}" + (f", request id {result.request_id}" if result.request_id else "")
        yield Finding(_NAMES.get(type(result), "request"), "FAIL", f"{result} ({facts})", result.hint)
        return
    yield Finding("request", "ok", "the API sent a balance")
    if verdict is not None:
        yield Finding("balance", "ok" if verdict.sufficient else "FAIL", verdict.message)
    elif result.status == "unavailable":
        yield Finding("balance", "warn", result.describe(), "run it again later")
    else:
        yield Finding("balance", "ok", result.describe())


def _examine_clock(skew: float | None) -> Finding:
    if skew is None:
        return Finding("clock", "note", "not compared: the server sent no date")
    if abs(skew) <= _MAX_SKEW_SECONDS:
        return Finding("clock", "ok", "agrees with the server's")
    message = f"{abs(skew) / 60:.0f} minutes {'ahead of' if skew > 0 else 'behind'} the server's"
    return Finding("clock", "warn", message, "set the clock of this machine (NTP)")


def _examine_environment() -> Iterator[Finding]:
    known = {*_OTHER_VARIABLES, *(variable for setting in SETTINGS for variable in setting.variables)}
    for name in sorted(os.environ):
        if name.upper().startswith("LUMENFALL") and name not in known:
            message = f"{clean(name, limit=60)} is set, but nothing reads it"
            yield Finding("environment", "warn", message, f"known are {', '.join(sorted(known))}")


def _examine_versions() -> Iterator[Finding]:
    python = f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}"
    yield Finding("package", "ok", f"pulumi-lumenfall {__version__}, {python}, {clean(platform.platform())}")
    for name in _PACKAGES:
        try:
            yield Finding(name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, "note", "not installed")


def _line(finding: Finding) -> str:
    hint = f"; {finding.hint}" if finding.hint else ""
    return f"{finding.level:4}  {finding.name:13} {finding.message}{hint}\n"
