# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every fault of the library through the core: the right class, in time, within bounds, without the key."""

from __future__ import annotations

import logging
import time
import traceback
import tracemalloc
import unicodedata

import pytest

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import client as core_client

# Loaded here: on a busy machine it takes seconds, which are none of the first fault's.
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import transport  # noqa: F401
from pulumi_lumenfall.core import AccountBalance, LumenfallClient, LumenfallError, judge_error
from support.fault_server import FaultServer
from support.faults import FAULTS, Fault
from support.leaks import KEY, leaked

SHORT_SECONDS = 0.4
LONG_SECONDS = 5.0
# The server, in this same process, builds answers of up to 5 MiB; a bomb would be some hundred.
MEMORY_BYTES = 24 << 20


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault(
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Never a wrong pass, a hang, a leak, a flood, or a message that is not one clean line."""
    monkeypatch.setattr(core_client, "backoff_seconds", lambda retry: 0.0)
    caplog.set_level(logging.DEBUG)
    timeout = SHORT_SECONDS if fault.slow else LONG_SECONDS
    outcome: AccountBalance | LumenfallError
    with FaultServer(fault.play, tls=fault.tls) as server:
        url = server.url.replace("127.0.0.1", "localhost") if fault.tls else server.url
        client = LumenfallClient(
            KEY, base_url=url, timeout=timeout, ca_bundle=str(server.ca_file) if fault.tls else None
        )
        tracemalloc.start()
        start = time.monotonic()
        try:
            outcome = client.fetch_balance()
        except LumenfallError as error:
            outcome = error
            shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
            assert not leaked(shown)
        seconds = time.monotonic() - start
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        asked = server.connections

    name = outcome.status if isinstance(outcome, AccountBalance) else type(outcome).__name__
    assert name in fault.outcomes, outcome
    assert fault.requests in (None, asked)
    assert seconds < timeout + 2  # 1 is promised; the other is for a busy machine
    assert peak < MEMORY_BYTES
    output = capfd.readouterr()
    assert not leaked(output.out, output.err, caplog.text)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    if isinstance(outcome, AccountBalance):
        assert outcome.amount is None or outcome.amount == fault.amount
        return
    assert outcome.__context__ is None
    assert outcome.__cause__ is None
    assert outcome.attempts == asked
    assert not judge_error(outcome).sufficient
    for text in (str(outcome), outcome.code, outcome.request_id, outcome.hint):
        assert not leaked(text)
        assert not [c for c in text or "" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
        assert "::" not in (text or "").replace("https://", "")
        assert "##vso[" not in (text or "")
        assert len(text or "") < 600
