# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance show`` and ``check``."""

from __future__ import annotations

import time
from argparse import Namespace
from decimal import Decimal

from ..core import (
    DEFAULT_POLL_SECONDS,
    MAX_WAIT_SECONDS,
    MIN_POLL_SECONDS,
    SETTINGS,
    AccountBalance,
    ConfigurationError,
    Gate,
    LumenfallClient,
    LumenfallError,
    Settings,
    parse_duration,
    resolve_settings,
    wait_until_enough,
)
from .formats import write_report
from .need import Need
from .report import Report
from .waiting import WaitProgress, describe_duration


def run(options: Namespace) -> int:
    """Read the balance, for ``check`` as long as ``--wait`` says, and report it."""
    is_check = options.command == "check"
    need = gate = warn_at = None
    wait = poll = 0.0
    try:
        if is_check:
            need = Need(options)
            gate = need.gate
            warn_at = _parse_warn_at(options.warn, gate)
            wait = parse_duration("--wait", options.wait or 0, maximum=MAX_WAIT_SECONDS)
            poll = parse_duration("--poll", options.poll or DEFAULT_POLL_SECONDS, minimum=MIN_POLL_SECONDS)
        settings = resolve_settings(settings_layer(options))
    except ConfigurationError as error:
        return write_report(Report(error, is_check, gate, warn_at), options)
    cost = None
    if need is not None and gate is None:
        try:
            gate = need.price(settings)
        except LumenfallError as error:
            return write_report(
                Report(error, True, warn_at=warn_at, warnings=settings.warnings, is_price=True), options
            )
        cost = gate.minimum
    durations: list[float | None] = []

    def look() -> AccountBalance | LumenfallError:
        result, seconds = fetch(settings)
        durations.append(seconds)
        return result

    started = time.monotonic()
    if gate is None:
        result = look()
    else:
        progress = WaitProgress(gate)
        result = wait_until_enough(look, gate, wait, poll, notify=progress.notify, sleep=progress.sleep)
    note = f"; waited {describe_duration(time.monotonic() - started)}" if len(durations) > 1 else ""
    report = Report(result, is_check, gate, warn_at, durations[-1], note, settings.warnings, cost=cost)
    return write_report(report, options)


def settings_layer(options: Namespace) -> dict[str, tuple[str, str | None]]:
    """What the command line gives to the core's chain of settings; reads the file of the key."""
    layer = {each.name: (each.flag, getattr(options, each.name)) for each in SETTINGS if each.flag}
    flag, path = layer["api_key"]
    if path is not None:
        # Imported here: most keys are in the environment.
        from .input import read_key

        layer["api_key"] = (flag, read_key(path))
    return layer


def fetch(settings: Settings) -> tuple[AccountBalance | LumenfallError, float | None]:
    """The balance or the error, and how many seconds that took; None where nothing was sent."""
    started = time.monotonic()
    try:
        with LumenfallClient.from_settings(settings) as client:
            return client.fetch_balance(), time.monotonic() - started
    except LumenfallError as error:
        return error, time.monotonic() - started if error.attempts else None


def _parse_warn_at(text: str | None, gate: Gate | None) -> Decimal | None:
    amount = None if text is None else Gate(text, names=("--warn", "", "")).minimum
    # A price may change; a minimum does not.
    if amount is not None and gate is not None and amount < gate.minimum:
        raise ConfigurationError(
            "--warn: it is below --minimum, so it would never warn", hint="set --warn above --minimum"
        )
    return amount
