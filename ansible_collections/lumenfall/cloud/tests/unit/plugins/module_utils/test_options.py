# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Ansible's names for the core's settings, and results; on every Python that a host may have."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import (
    AccountBalance,
    AuthenticationError,
    ConfigurationError,
    InsufficientBalanceError,
    TLSError,
)
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (
    ARGUMENT_SPEC,
    SETTINGS,
    balance_result,
    failure_result,
    given,
    read_gate,
    read_settings,
    unfit_to_show,
)

BALANCE = AccountBalance("prepaid", Decimal("12.50"), "usd", "req_1")


def test_every_setting_has_an_option():
    """The spec and the chain name the same settings."""
    assert set(SETTINGS.values()) | {"minimum", "postpaid", "unavailable"} == set(ARGUMENT_SPEC)
    assert ARGUMENT_SPEC["api_key"]["no_log"] is True


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("timeout", "10s"),
        ("max_attempts", 0),
        ("base_url", "ftp://x"),
        ("ca_path", "/no/such/file"),
        ("api_key", "a b"),
    ],
)
def test_a_bad_setting_goes_by_the_name_of_its_option(option, value):
    """The user knows it by no other."""
    options = {"api_key": "key", "validate_certs": True, option: value}
    with pytest.raises(ConfigurationError, match="^" + option + ":"):
        read_settings(options, environ={})
    with pytest.raises(ConfigurationError, match=r"^from here:"):
        read_settings(options, environ={}, sources={option: "from here"})


def test_an_empty_text_is_unset():
    """But an empty minimum stays, for the gate to refuse; and so does a name that is no option."""
    assert given({"postpaid": "", "timeout": " ", "unavailable": "deny", "validate_certs": False}) == {
        "unavailable": "deny",
        "validate_certs": False,
    }
    assert given({"minimum": "", "minimun": ""}) == {"minimum": "", "minimun": ""}


def test_options_come_before_the_environment():
    """And an empty one is none."""
    environ = {"LUMENFALL_API_KEY": "other", "LUMENFALL_TIMEOUT": "7"}
    settings = read_settings({"api_key": "key", "timeout": "", "validate_certs": True}, environ=environ)
    assert settings.api_key.reveal() == "key"
    assert settings.timeout == 7


def test_without_a_minimum_there_is_no_gate():
    """Nor a verdict."""
    assert read_gate({"minimum": None, "postpaid": "allow", "unavailable": "deny"}) is None
    assert balance_result(BALANCE) == {
        "changed": False,
        "msg": "12.50 usd available (prepaid)",
        "balance": BALANCE.to_dict(),
        "request_id": "req_1",
    }


def test_the_gate_adds_a_verdict():
    """To a balance and to an error."""
    gate = read_gate({"minimum": 99, "postpaid": "allow", "unavailable": "deny"})
    low = balance_result(BALANCE, gate)
    assert (low["sufficient"], low["verdict"]) == (False, "too low")
    assert failure_result(AuthenticationError("no", status=401), gated=True)["verdict"] == "cannot tell"
    assert failure_result(InsufficientBalanceError("no", status=402), gated=True)["verdict"] == "too low"


def test_a_failure_holds_nothing_that_could_pass():
    """No balance, no sufficient."""
    result = failure_result(AuthenticationError("no", status=401), gated=False)
    assert result["failed"] is True
    assert set(result) == {"changed", "failed", "msg", "failure"}
    assert result["failure"]["type"] == "AuthenticationError"


def test_hints_speak_of_options():
    """The core says ca_bundle, which is ca_path here."""
    result = failure_result(TLSError("no"), gated=False)
    assert "ca_path option" in result["msg"]
    assert "ca_bundle" not in result["msg"] + result["failure"]["hint"]


@pytest.mark.parametrize("url", ["https://user:word@host", "https://host?key=word", "https://host#word"])
def test_a_url_that_may_hold_a_password_is_not_shown(url):
    """Nor a key in the wrong place."""
    assert unfit_to_show({"base_url": url}) == [url]
    assert unfit_to_show({"timeout": "lmnfl_a.b"}) == ["lmnfl_a.b"]
    assert unfit_to_show({"base_url": "https://host/prefix", "timeout": 5}) == []
