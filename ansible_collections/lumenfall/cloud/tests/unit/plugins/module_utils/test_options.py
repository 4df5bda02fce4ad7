# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Options and results; on every Python that a host may have."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import (
    SETTINGS,
    AccountBalance,
    AuthenticationError,
    ConfigurationError,
    InsufficientBalanceError,
)
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (
    ARGUMENT_SPEC,
    given,
    parse_boolean,
    read_demand,
    read_settings,
    task_result,
)

BALANCE = AccountBalance("prepaid", Decimal("12.50"), "usd", "req_1")


def test_the_spec_has_every_setting():
    """By the core's table; the key is never shown."""
    assert {setting.ansible for setting in SETTINGS} < set(ARGUMENT_SPEC)
    assert [name for name, option in ARGUMENT_SPEC.items() if option.get("no_log")] == ["api_key"]


@pytest.mark.parametrize("option", [setting.ansible for setting in SETTINGS])
def test_a_bad_setting_goes_by_the_name_of_its_option(option):
    """Or by the name of its place."""
    options = {"api_key": "key", option: "no no"}
    for names, name in (({}, option), ({option: "from here"}, "from here")):
        with pytest.raises(ConfigurationError, match="^" + name + ": "):
            read_settings(options, print, names=names)


def test_options_come_before_the_environment(monkeypatch):
    """An empty one is unset; an empty minimum stays, to be refused."""
    monkeypatch.setenv("LUMENFALL_API_KEY", "other")
    monkeypatch.setenv("LUMENFALL_TIMEOUT", "7")
    settings = read_settings({"api_key": "key", "timeout": ""}, print)
    assert (settings.api_key.reveal(), settings.timeout) == ("key", 7)
    assert given({"postpaid": "", "timeout": " ", "minimum": ""}, ARGUMENT_SPEC) == {"minimum": ""}
    with pytest.raises(ConfigurationError, match="there is no option 'minimun'"):
        given({"minimun": ""}, ARGUMENT_SPEC)


def test_booleans():
    """As Ansible reads them; any other text is not false."""
    assert [parse_boolean("x", value) for value in ("yes", "No", True, 0)] == [True, False, True, False]
    with pytest.raises(ConfigurationError, match="x: 'maybe' is not a boolean"):
        parse_boolean("x", "maybe")


def test_results():
    """With a gate there is a verdict, for an error too; without one there is none."""
    assert task_result(BALANCE) == {
        "changed": False,
        "msg": "12.50 usd available (prepaid)",
        "balance": BALANCE.to_dict(),
        "request_id": "req_1",
    }
    gate = read_demand({"minimum": 99}).gate
    for outcome, verdict in (
        (BALANCE, "too low"),
        (InsufficientBalanceError("no"), "too low"),
        (AuthenticationError("no"), "cannot tell"),
    ):
        result = task_result(outcome, gate)
        assert (result["sufficient"], result["verdict"]) == (False, verdict)
        assert result.get("failed", False) is ("failure" in result) is (outcome is not BALANCE)
    assert "verdict" not in task_result(AuthenticationError("no"))
