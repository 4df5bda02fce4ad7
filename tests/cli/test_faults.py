# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Broken servers, through the whole process: never a wrong pass, a hang, a leak or a traceback, in any format.

The core's tests play the whole table; here it is a sample of each family.
"""

from __future__ import annotations

import re
import time

import pytest

from pulumi_lumenfall.cli.arguments import FORMATS
from support.fault_server import FaultServer
from support.faults import FAULTS, family
from support.leaks import KEY, leaked

SAMPLE = [
    *(fault for number, fault in enumerate(FAULTS) if number % 13 == 0 and fault.family not in ("hostile", "echo")),
    *family("hostile", "echo")[::10],
]
# The exit statuses of outcomes with a minimum of 5.00; a known amount is compared below.
STATUS = {"postpaid": 0, "unavailable": 3, "InsufficientBalanceError": 2}


@pytest.mark.parametrize(("number", "fault"), list(enumerate(SAMPLE)), ids=[str(fault) for fault in SAMPLE])
def test_a_fault(cli, number, fault):
    """The exit status is that of an allowed outcome; the formats take turns."""
    timeout_seconds = 1.5 if fault.slow else 20
    words = ["--timeout", str(timeout_seconds), "--format", FORMATS[number % len(FORMATS)]]
    with FaultServer(fault.play, tls=fault.tls) as server:
        words += ["--ca-bundle", str(server.ca_file)] if fault.tls else []
        env = {"LUMENFALL_API_KEY": KEY, "LUMENFALL_API_BASE": server.url}
        started = time.monotonic()
        ended = cli("check", "--minimum", "5", *words, env=env)
        elapsed_seconds = time.monotonic() - started
    allowed = {
        (0 if fault.amount >= 5 else 2) if outcome == "known" else STATUS.get(outcome, 3) for outcome in fault.outcomes
    }
    assert ended.status in allowed
    # Promise 2, and the start of a process on a busy machine.
    assert elapsed_seconds < timeout_seconds + 1 + 5
    assert not leaked(ended.text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", ended.text)
    assert "##vso[" not in ended.text
    for line in ended.out.splitlines():
        assert not line.startswith("::") or line.startswith("::error title=Lumenfall balance::")
