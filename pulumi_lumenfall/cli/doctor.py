# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance doctor``: what is wrong, one line each, with what to do about it."""

from __future__ import annotations

import json
import os
import platform
import ssl
import stat
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import NamedTuple

from ..core import (
    SETTINGS,
    AccountBalance,
    AuthenticationError,
    ConfigurationError,
    Gate,
    InsufficientBalanceError,
    LumenfallClient,
    LumenfallError,
    ProxyError,
    Settings,
    TLSError,
    __version__,
    clean,
    resolve_settings,
)
from .balance import settings_layer
from .output import may_colour, say, write_stdout
from .report import EXIT_STATUS

_COLOURS = {"ok": "32", "note": "36", "warn": "33", "FAIL": "31"}
# Certificates and Retry-After dates suffer from a clock that is further off.
_MAX_SKEW_SECONDS = 120
# Read by the core, without being a setting of their own.
_OTHER_VARIABLES = ("LUMENFALL_CONFIG_DIR", "LUMENFALL_ALLOW_INSECURE_HTTP", "LUMENFALL_CACHE_SECONDS")
_PACKAGES = ("requests", "urllib3", "pulumi", "ansible-core")


class Finding(NamedTuple):
    """What was found, how bad it is (``ok``, ``note``, ``warn`` or ``FAIL``), and what to do about it."""

    name: str
    level: str
    message: str
    hint: str | None = None


def run(options: Namespace) -> int:
    """Examine everything, print it, and return the exit status: 0, 2 (only the balance is too low) or 3."""
    gate = None if options.minimum is None else Gate(options.minimum, names=("--minimum", "postpaid", "unavailable"))
    findings, settings = _examine_settings(options)
    status = 3 if settings is None else 0
    if settings is None:
        findings.append(Finding("request", "note", "not sent, because of the settings above"))
    else:
        with LumenfallClient.from_settings(settings) as client:
            try:
                result: AccountBalance | LumenfallError = client.fetch_balance()
            except LumenfallError as error:
                result = error
            findings = [*_judge_key(findings, result), *_examine_result(result, gate)]
            findings += _examine_clock(client.clock_skew_seconds)
        is_bad = isinstance(result, LumenfallError) or (gate is not None and not gate.judge(result).sufficient)
        status = EXIT_STATUS[(gate or Gate(0)).judge(result).outcome] if is_bad else 0
    findings += [*_examine_environment(options), *_examine_versions()]
    levels = [finding.level for finding in findings]
    summary = f"problems: {levels.count('FAIL')}, warnings: {levels.count('warn')}"
    if options.json:
        checks = [finding._asdict() | {"level": finding.level.lower()} for finding in findings]
        facts = {"doctor": __version__, "python": platform.python_version(), "platform": platform.platform()}
        write_stdout(f"{json.dumps({**facts, 'exit_status': status, 'summary': summary, 'checks': checks})}\n")
        if status:
            say(f"lumenfall-balance: {summary}")
    else:
        colour = may_colour(os.environ)
        write_stdout("".join(_line(finding, colour) for finding in findings) + f"\n{summary}\n")
    return status


def _examine_settings(options: Namespace) -> tuple[list[Finding], Settings | None]:
    """A finding for each setting, and all of them, or None where one is malformed."""
    findings = []
    try:
        layer, key_problem = settings_layer(options), None
    except ConfigurationError as error:
        layer, key_problem = settings_layer(Namespace(**{**vars(options), "api_key": None})), error
    # A setting is read while the others have values without a fault, so that one does not hide the next.
    harmless = {each.name: ("", each.default) for each in SETTINGS} | {"api_key": ("", "none"), "verify": ("", False)}
    for setting in SETTINGS:
        if setting.flag is None:
            continue
        own = {setting.name, "verify"} if setting.name == "ca_bundle" else {setting.name}
        others = {name: value for name, value in harmless.items() if name not in own}
        try:
            if setting.secret and key_problem:
                raise key_problem
            settings = resolve_settings(others, layer)
        except ConfigurationError as error:
            findings.append(Finding(setting.label, "FAIL", str(error), error.hint))
            continue
        value = getattr(settings, setting.name)
        shown = mask_key(value.reveal()) if setting.secret else clean(value or "the system's trust store", limit=200)
        if setting.name == "timeout":
            shown = f"{value:g} s"
        source = settings.sources[setting.name]
        findings.append(Finding(setting.label, "ok", f"{shown} ({'' if source == 'default' else 'from '}{source})"))
        findings += [Finding("credentials", "warn", *warning.split("; ", 1)) for warning in settings.warnings]
    if any(finding.level == "FAIL" for finding in findings):
        return findings, None
    settings = resolve_settings(layer)
    proxy = f"the one in {settings.sources['proxy']}, unless NO_PROXY names the host" if settings.proxy else "none"
    return [*findings, Finding("proxy", "ok", proxy)], settings


def mask_key(key: str) -> str:
    """As much of a key as helps to recognize it: its public id, and the last four characters of a long secret."""
    public, dot, secret = key.partition(".") if key.startswith("lmnfl_") and "." in key else ("", "", key)
    return f"{public}{dot}…{secret[-4:]}" if len(secret) >= 16 else f"{public}{dot}… (short)"


def _judge_key(findings: list[Finding], result: AccountBalance | LumenfallError) -> Iterator[Finding]:
    """The settings, where the key is only ok if the server says so."""
    for finding in findings:
        if finding.name != "API key" or isinstance(result, (AccountBalance, InsufficientBalanceError)):
            yield finding
        elif isinstance(result, AuthenticationError):
            yield Finding(finding.name, "FAIL", f"{finding.message}: {result}", result.hint)
        else:
            yield finding._replace(level="note", message=f"{finding.message}: not confirmed by the server")


def _examine_result(result: AccountBalance | LumenfallError, gate: Gate | None) -> Iterator[Finding]:
    if isinstance(result, AuthenticationError):
        return
    if isinstance(result, LumenfallError):
        name = "proxy" if isinstance(result, ProxyError) else "TLS" if isinstance(result, TLSError) else "request"
        facts = f"{result.attempts} attempt{'' if result.attempts == 1 else 's'}"
        if result.request_id:
            facts += f", request id {result.request_id}"
        yield Finding(name, "FAIL", f"{result} ({facts})", result.hint)
        return
    yield Finding("request", "ok", "the API sent a balance")
    if gate is not None:
        verdict = gate.judge(result)
        yield Finding("balance", "ok" if verdict.sufficient else "FAIL", verdict.message)
    elif result.status == "unavailable":
        yield Finding("balance", "warn", result.describe(), "run it again later")
    else:
        yield Finding("balance", "ok", result.describe())


def _examine_clock(skew: float | None) -> Iterator[Finding]:
    if skew is None:
        yield Finding("clock", "note", "not compared: the server sent no date")
    elif abs(skew) <= _MAX_SKEW_SECONDS:
        yield Finding("clock", "ok", "agrees with the server's")
    else:
        way = "ahead of" if skew > 0 else "behind"
        message = f"{abs(skew) / 60:.0f} minutes {way} the server's"
        yield Finding("clock", "warn", message, "set the clock of this machine (NTP)")


def _examine_environment(options: Namespace, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    known = {*_OTHER_VARIABLES, *(variable for setting in SETTINGS for variable in setting.variables)}
    for name in sorted(environ):
        if name.upper().startswith("LUMENFALL") and name not in known:
            message = f"{clean(name, limit=60)} is set, but nothing reads it"
            yield Finding("environment", "warn", message, f"known are {', '.join(sorted(known))}")
    if environ.get("LUMENFALL_ALLOW_INSECURE_HTTP", "").strip() == "1":
        message = "LUMENFALL_ALLOW_INSECURE_HTTP=1 lets the key go over plain http"
        yield Finding("environment", "warn", message, "unset it outside of tests")
    path = options.api_key
    if os.name == "posix" and path not in (None, "-") and os.path.isfile(path) and os.stat(path).st_mode & 0o077:
        message = f"the key file can be read by other users (mode {stat.S_IMODE(os.stat(path).st_mode):o})"
        yield Finding("API key", "warn", message, "restrict it with chmod 600")


def _examine_versions() -> Iterator[Finding]:
    python = f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}"
    yield Finding("package", "ok", f"pulumi-lumenfall {__version__}, {python}, {clean(platform.platform())}")
    for name in _PACKAGES:
        try:
            yield Finding(name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, "note", "not installed", f"run: {sys.executable} -m pip install {name}")


def _line(finding: Finding, colour: bool) -> str:
    level = f"{finding.level:4}"
    if colour:
        level = f"\033[{_COLOURS[finding.level]}m{level}\033[0m"
    hint = f"; {finding.hint}" if finding.hint else ""
    return f"{level}  {finding.name:13} {finding.message}{hint}\n"
