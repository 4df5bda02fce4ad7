# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""NO_PROXY: which hosts it names, and that reading it touches nothing."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lumenfall.cloud.plugins.module_utils._core.proxy import goes_direct
from pulumi_lumenfall import core
from support.fault_server import unanswered_port
from support.leaks import KEY
from support.marks import linux


@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("", False),
        (" , ,", False),
        ("*", True),
        ("other.example,*", True),
        ("api.example.com", True),
        ("API.Example.COM.", True),
        ("other.example, api.example.com", True),
        ("other.example api.example.com", True),
        ("example.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("com", True),
        ("pi.example.com", False),
        ("www.api.example.com", False),
        ("example.com.evil", False),
        ("example.com:443", True),
        ("example.com:8443", False),
        ("example.com:" + "9" * 5000, False),
        ("10.0.0.0/8", False),
    ],
)
def test_names(no_proxy: str, direct: bool) -> None:
    assert goes_direct("https://api.example.com/v1/balance", no_proxy) is direct


@pytest.mark.parametrize(
    ("host", "no_proxy", "direct"),
    [
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3/8", True),
        ("10.1.2.3", "10.0.0.0/8:443", True),
        ("10.1.2.3", "11.0.0.0/8,3,.3,2.3", False),
        ("[fd00::1]", "fd00::1", True),
        ("[fd00::1]", "[fd00:0:0::1]", True),
        ("[fd00::1]", "[fd00::1]:443", True),
        ("[fd00::1]", "[fd00::1]:8443", False),
        ("[fd00::1]", "fd00::/8", True),
        ("[fd00::1]", "10.0.0.0/8,::/999,fe80::/10", False),
    ],
)
def test_addresses(host: str, no_proxy: str, direct: bool) -> None:
    assert goes_direct(f"https://{host}/v1/balance", no_proxy) is direct


@given(st.text(alphabet="*.,:[]/0123456789abf %é\t", max_size=40))
def test_nothing_raises(no_proxy: str) -> None:
    goes_direct("https://api.example.com", no_proxy)
    goes_direct("https://[::1]:8443", no_proxy)


@linux
def test_threads_behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """They meet the proxy's error and no other, and the environment is as it was."""
    with unanswered_port() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "other.example")
        before = dict(os.environ)
        client = core.LumenfallClient(KEY, timeout=0.001, max_attempts=1)

        def ask(_number: int) -> type:
            try:
                client.fetch_balance()
            except Exception as error:  # noqa: BLE001 - which one is what this is about
                return type(error)
            return type(None)

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            with ThreadPoolExecutor(8) as pool:
                kinds = set(pool.map(ask, range(100)))
        finally:
            sys.setswitchinterval(interval)
    assert kinds <= {core.DeadlineExceededError, core.ProxyError}
    assert dict(os.environ) == before
