# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What a request trusts, and what keeps it from being made at all."""

from __future__ import annotations

import importlib
import os
import ssl
import sys
from pathlib import Path

import pytest
import trustme

from ansible_collections.lumenfall.cloud.plugins.module_utils import _core
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import transport
from pulumi_lumenfall.core import ConfigurationError, LumenfallClient, argument_layer, resolve_settings, tls_context
from support.fault_server import FaultServer
from support.faults import answer, says

SETTINGS = resolve_settings(argument_layer(api_key="key"), environ={})


def authorities() -> int:
    return tls_context(SETTINGS).cert_store_stats()["x509_ca"]


@pytest.fixture
def bare_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without certificates, whose folder for them is empty."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert ssl.create_default_context().cert_store_stats()["x509_ca"] == 0
    return tmp_path


def test_the_platforms_authorities_are_trusted(bare_platform: Path) -> None:
    """Where no bundle is set; none are added to them."""
    with FaultServer(says(answer()), tls="good") as server:
        os.environ["SSL_CERT_FILE"] = str(server.ca_file)
        assert authorities() == 1
        settings = resolve_settings(
            argument_layer(api_key="key", base_url=f"https://localhost:{server.port}"), environ={}
        )
        assert str(LumenfallClient.from_settings(settings).fetch_balance().amount) == "12.50"


def test_a_platform_without_authorities_gets_those_of_requests(bare_platform: Path) -> None:
    """Else nothing would be trusted, and the advice be to look for a proxy."""
    assert authorities() > 50


def test_a_folder_of_authorities_is_enough(bare_platform: Path) -> None:
    """They are loaded when they are needed; none are added to them."""
    trustme.CA().cert_pem.write_to_path(str(bare_platform / "0a1b2c3d.0"))
    assert authorities() == 0


def test_requests_is_missing_where_there_are_no_authorities_either(
    bare_platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a minimal host that a task was delegated to: one clean error."""
    monkeypatch.setattr(transport, "REQUESTS_PROBLEM", "is not installed")
    for name in [name for name in sys.modules if name.partition(".")[0] == "requests"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError, match="the Python library requests is not installed"):
        LumenfallClient.from_settings(SETTINGS).fetch_balance()


@pytest.mark.parametrize("problem", ["is too old", "is not installed"])
def test_requests_cannot_be_used(monkeypatch: pytest.MonkeyPatch, problem: str) -> None:
    if problem == "is too old":
        monkeypatch.delattr("requests.adapters.HTTPAdapter.build_connection_pool_key_attributes")
    else:
        monkeypatch.setitem(sys.modules, "requests.adapters", None)
    # Loaded once more, for this test.
    monkeypatch.setattr(_core, "transport", transport)
    monkeypatch.delitem(sys.modules, transport.__name__)
    importlib.import_module(transport.__name__)
    with pytest.raises(ConfigurationError, match=f"^the Python library requests {problem} for ") as caught:
        LumenfallClient("key").fetch_balance()
    assert caught.value.attempts == 0
    assert "-m pip install 'requests>=2.32.4'" in str(caught.value.hint)


def test_a_host_that_requests_refuses_is_a_bad_setting() -> None:
    """Python's own IDNA takes it, the newer one that requests uses does not; nothing is sent or tried again."""
    with pytest.raises(ConfigurationError, match=r"^base_url: the base URL is malformed") as caught:
        LumenfallClient("key", base_url="https://\u2603.example").fetch_balance()
    assert (caught.value.attempts, caught.value.hint is not None) == (0, True)
