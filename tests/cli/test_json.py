# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format json``: the documented object on standard output in every case."""

from __future__ import annotations

import json

import pytest

BALANCE = {
    "object": "balance",
    "billing_type": "prepaid",
    "available": {"amount": 12.5, "currency": "usd"},
    "status": "known",
}
ERROR_KEYS = {"type", "message", "status", "code", "request_id", "attempts", "retryable", "hint"}


def test_show_is_the_balance(cli, api):
    """Exactly ``to_dict()``; standard error is empty."""
    ended = cli("show", "--format", "json", api=api)
    assert (ended.status, ended.json, ended.err) == (0, BALANCE, "")


def test_check_adds_minimum_and_sufficient(cli, api):
    """And nothing else, when it is enough."""
    ended = cli("check", "--minimum", "5", "--format=json", api=api)
    assert (ended.status, ended.json, ended.err) == (0, {**BALANCE, "minimum": 5.0, "sufficient": True}, "")


def test_too_low_is_a_balance_too(cli, api):
    """The people's sentence goes to standard error."""
    ended = cli("check", "--minimum", "50", "--format", "json", api=api)
    assert (ended.status, ended.json) == (2, {**BALANCE, "minimum": 50.0, "sufficient": False})
    assert ended.err.startswith("lumenfall-balance: balance too low: have 12.50 usd, need 50.00 usd")


@pytest.mark.parametrize(
    ("billing_type", "options", "status", "sufficient"),
    [
        ("prepaid", [], 3, False),
        ("prepaid", ["--unavailable=allow"], 0, True),
        ("postpaid", [], 0, True),
        ("postpaid", ["--postpaid=deny"], 2, False),
    ],
)
def test_an_unknown_amount_is_null(cli, api, billing_type, options, status, sufficient):
    """Null, never 0."""
    api.amount, api.billing_type = None, billing_type
    ended = cli("check", "--minimum=5", "--max-attempts=1", "--format=json", *options, api=api)
    assert ended.status == status
    assert ended.json["available"] == {"amount": None, "currency": "usd"}
    assert ended.json["sufficient"] is sufficient


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        (401, 3, "AuthenticationError"),
        (402, 2, "InsufficientBalanceError"),
        (429, 3, "RateLimitedError"),
        (503, 3, "ServerError"),
    ],
)
def test_an_error_is_an_object(cli, api, answer, status, kind):
    """With the class name, the facts and the hint."""
    api.status = answer
    ended = cli("check", "--minimum", "5", "--max-attempts", "2", "--format", "json", api=api)
    assert ended.status == status
    assert ended.json.keys() == {"error"}
    error = ended.json["error"]
    assert error.keys() == ERROR_KEYS
    assert (error["type"], error["status"]) == (kind, answer)
    assert error["request_id"] == api.requests[-1].request_id
    assert error["attempts"] == len(api.requests)
    assert error["retryable"] is (answer in (429, 503))
    assert error["message"]
    assert error["hint"]
    assert ended.err.count("\n") == 1


def test_a_bad_setting_is_an_object(cli):
    """So a program never has to read standard error."""
    ended = cli("check", "--minimum", "5", "--format", "json")
    assert ended.status == 3
    assert ended.json["error"]["type"] == "ConfigurationError"
    assert ended.json["error"]["attempts"] == 0
    assert "no API key" in ended.json["error"]["message"]


def test_a_warning_is_in_the_object(cli, api):
    """With --warn there is a ``warning``: the sentence, or null."""
    ended = cli("check", "--minimum", "5", "--warn", "20", "--format", "json", api=api)
    assert (ended.status, ended.json["warning"]) == (0, "12.50 usd is less than the 20.00 usd to warn at")
    assert ended.err == f"lumenfall-balance: warning: {ended.json['warning']}\n"
    assert cli("check", "--minimum", "5", "--warn", "6", "--format", "json", api=api).json["warning"] is None


@pytest.mark.parametrize(
    ("minimum", "shown"),
    [
        ("12.50", "12.5"),
        ("12.5000000000000001", "12.500000000000002"),
        ("0.1", "0.1"),
        # The nearest float to these is a little less, and its shortest text the same.
        ("0.3", "0.3"),
        ("4.35", "4.35"),
        ("0.30000000000000001", "0.30000000000000004"),
        ("0", "0.0"),
        ("17976931348623157e292", "1.7976931348623157e+308"),
    ],
)
def test_the_minimum_is_never_less_than_the_one_that_counts(cli, api, minimum, shown):
    """A program that compares the floats itself is never more lenient than the verdict."""
    ended = cli("check", "--minimum", minimum, "--format", "json", api=api)
    assert f'"minimum": {shown}, ' in ended.out
    assert ended.json["sufficient"] is (ended.json["minimum"] <= 12.5)


def test_the_minimum_and_an_amount_that_is_as_much_are_one_number(cli, api):
    """So a program that compares them itself comes to the same verdict."""
    api.amount = "4.35"
    ended = cli("check", "--minimum", "4.35", "--format", "json", api=api)
    assert (ended.json["sufficient"], ended.json["minimum"]) == (True, ended.json["available"]["amount"])


def test_output_goes_to_a_file(cli, api):
    """--output writes the object to a file, and nothing to standard output."""
    ended = cli("show", "--format", "json", "--output", "balance.json", api=api)
    assert (ended.status, ended.out) == (0, "")
    assert json.loads((cli.folder / "balance.json").read_text()) == BALANCE
