# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every fault of the table through the core: the right class, in time, within bounds, in one clean line, no key."""

from __future__ import annotations

import logging
import pickle
import time
import tracemalloc
import unicodedata

import pytest

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import client as core_client
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import http as core_http
from pulumi_lumenfall.core import AccountBalance, Gate, LumenfallClient, LumenfallError, format_amount
from support.fault_server import FaultServer
from support.faults import FAULTS, Fault
from support.leaks import KEY, ODD_KEY, leaked

# Ends what only a deadline ends; nothing else in those rows depends on it.
SHORT_SECONDS = 0.5
LONG_SECONDS = 60.0
# The server, in this process, builds responses of up to 3 MiB; a bomb unpacks to 1 GiB.
MEMORY_BYTES = 24 << 20


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_client.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(core_client.random, "uniform", lambda low, high: low)
    monkeypatch.setattr(core_http, "ERROR_BODY_SECONDS", 0.2)


def outcome_of(client: LumenfallClient) -> AccountBalance | LumenfallError:
    try:
        return client.fetch_balance()
    except LumenfallError as error:
        return error


def name_of(outcome: AccountBalance | LumenfallError) -> str:
    """What the table calls it."""
    if isinstance(outcome, LumenfallError):
        return type(outcome).__name__
    return outcome.status if outcome.amount is None else format_amount(outcome.amount)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault(fault: Fault, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultServer(fault.play, tls=fault.tls) as server:
        client = LumenfallClient(
            ODD_KEY if fault.name.startswith("echo/") else KEY,
            base_url=server.url,
            timeout=SHORT_SECONDS if "DeadlineExceededError" in fault.outcome else LONG_SECONDS,
            ca_bundle=str(server.ca_file) if fault.tls else None,
        )
        tracemalloc.start()
        started = time.monotonic()
        outcome = outcome_of(client)
        seconds = time.monotonic() - started
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        client.close()

    assert name_of(outcome) in fault.outcome.split(" or "), outcome
    assert fault.requests in (None, server.connections)
    # Far from both ends: nothing above needs 20 s, and a stalled row would take 60.
    assert seconds < 30
    assert peak < MEMORY_BYTES
    output = capfd.readouterr()
    assert not leaked(output.out, output.err, caplog.text)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    if isinstance(outcome, AccountBalance):
        assert_clean(outcome.request_id)
        return
    assert outcome.__context__ is None
    assert outcome.__cause__ is None
    assert outcome.attempts == server.connections
    assert fault.words in str(outcome)
    assert not Gate(0).judge(outcome).sufficient
    assert not leaked(repr(outcome.__dict__), pickle.dumps(outcome))
    for text in (str(outcome), outcome.full_message, outcome.code, outcome.request_id, outcome.hint):
        assert_clean(text)


def assert_clean(text: str | None) -> None:
    """One line of sane length that does nothing to a terminal, a CI runner or a template engine."""
    text = text or ""
    assert not leaked(text)
    assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert not [marker for marker in ("::", "##vso[", "##[", "{{", "{%") if marker in text]
    assert len(text) < 700
