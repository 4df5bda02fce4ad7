# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format json``, ``flat`` and ``dotenv``: the documented result on standard output in every case."""

from __future__ import annotations

import re

import pytest

BALANCE = {
    "object": "balance",
    "billing_type": "prepaid",
    "available": {"amount": 12.5, "currency": "usd"},
    "status": "known",
}
FLAT = {"billing_type": "prepaid", "amount": "12.50", "currency": "usd", "status": "known"}
ERROR_KEYS = {"type", "message", "status", "code", "request_id", "attempts", "retryable", "hint"}
CHECK = ["check", "--minimum", "5", "--max-attempts", "1"]


def test_show_in_json_is_to_dict(cli, api):
    ended = cli("show", "--format", "json", api=api)
    assert (ended.status, ended.json, ended.err) == (0, BALANCE, "")


@pytest.mark.parametrize(
    ("minimum", "status", "verdict"), [("5", 0, "enough"), ("12.50", 0, "enough"), ("50", 2, "too low")]
)
def test_check_in_json_adds_the_verdict(cli, api, minimum, status, verdict):
    """What people should know goes to standard error."""
    ended = cli("check", "--minimum", minimum, "--format=json", api=api)
    expected = {**BALANCE, "minimum": float(minimum), "sufficient": status == 0, "verdict": verdict}
    assert (ended.status, ended.json) == (status, expected)
    assert ended.err.startswith("lumenfall-balance: balance too low: have 12.50 usd" if status else "")
    assert ended.err.count("\n") == (1 if status else 0)


@pytest.mark.parametrize(
    ("options", "status", "verdict"), [([], 3, "cannot tell"), (["--unavailable=allow"], 0, "enough")]
)
def test_an_unknown_amount_is_null_or_empty(cli, api, options, status, verdict):
    """Never 0."""
    api.amount = None
    ended = cli(*CHECK, *options, "--format", "json", api=api)
    assert (ended.status, ended.json["available"]["amount"], ended.json["verdict"]) == (status, None, verdict)
    ended = cli(*CHECK, *options, "--format", "flat", api=api)
    assert (ended.status, ended.json["amount"], ended.json["verdict"]) == (status, "", verdict)


@pytest.mark.parametrize("format", ["json", "flat"])
@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [(401, 3, "AuthenticationError"), (402, 2, "InsufficientBalanceError"), (503, 3, "ServerError")],
)
def test_an_error_is_an_object(cli, api, format, answer, status, kind):
    """With the class, the facts and the hint."""
    api.status = answer
    ended = cli(*CHECK, "--format", format, api=api)
    assert (ended.status, ended.json.keys(), ended.err.count("\n")) == (status, {"error"}, 1)
    error = ended.json["error"]
    assert error.keys() == ERROR_KEYS
    assert (error["type"], error["status"], error["attempts"]) == (kind, answer, 1)
    assert error["request_id"] == api.requests[-1].request_id
    assert error["retryable"] is (answer == 503)
    assert error["message"]
    assert error["hint"]


@pytest.mark.parametrize("format", ["json", "flat"])
@pytest.mark.parametrize("words", [["check", "--minimum", "5"], ["check"], ["chek"], ["show", "--frob"]])
def test_a_mistake_is_an_object_too(cli, format, words):
    """Wherever the format is on the line; a program never has to read standard error."""
    for line in ([*words, "--format", format], [words[0], f"--format={format}", *words[1:]]):
        ended = cli(*line)
        assert (ended.status, ended.json["error"]["type"]) == (3, "ConfigurationError")
        assert ended.json["error"]["attempts"] == 0


def test_a_warning_is_in_the_object(cli, api):
    """With --warn there is a ``warning``: the sentence, or null."""
    ended = cli("check", "--minimum", "5", "--warn", "20", "--format", "json", api=api)
    assert (ended.status, ended.json["warning"]) == (0, "12.50 usd is below the 20.00 usd of --warn")
    assert ended.err == f"lumenfall-balance: warning: {ended.json['warning']}\n"
    assert cli("check", "--minimum", "5", "--warn", "6", "--format", "json", api=api).json["warning"] is None


def test_flat_has_text_values_only(cli, api):
    """As Terraform's external data source needs it."""
    assert cli("show", "--format", "flat", api=api).json == FLAT
    for minimum, status, verdict in (("5", 0, "enough"), ("50", 2, "too low")):
        ended = cli("check", "--minimum", minimum, "--format", "flat", api=api)
        assert ended.status == status
        message = ended.json["message"]
        assert message.startswith({0: "enough: 12.50 usd", 2: "balance too low: have 12.50 usd"}[status])
        assert ended.json == {
            **FLAT,
            "minimum": f"{minimum}.00",
            "sufficient": str(status == 0).lower(),
            "verdict": verdict,
            "message": message,
        }


@pytest.mark.parametrize(
    ("words", "answer", "status", "values"),
    [
        (["show"], "3.20", 0, ("3.20", "known", "", "")),
        (["check", "--minimum", "5", "--max-attempts", "1"], None, 3, ("", "unavailable", "cannot_tell", "false")),
        (["check", "--minimum", "3"], "3.20", 0, ("3.20", "known", "enough", "true")),
        (["check", "--minimum", "5"], "3.20", 2, ("3.20", "known", "too_low", "false")),
        (["check", "--minimum", "5"], 402, 2, ("", "", "too_low", "false")),
        (["check"], "3.20", 3, ("", "", "cannot_tell", "false")),
        (["show"], 401, 3, ("", "", "cannot_tell", "false")),
    ],
)
def test_dotenv(cli, api, words, answer, status, values):
    """Four variables without spaces or quotes, on errors too."""
    api.script(answer)
    ended = cli(*words, "--format", "dotenv", api=api)
    assert ended.status == status
    names = ("AMOUNT", "STATUS", "VERDICT", "SUFFICIENT")
    assert ended.out == "".join(
        f"LUMENFALL_BALANCE_{name}={value}\n" for name, value in zip(names, values, strict=True)
    )
    assert re.fullmatch(r"([A-Z_]+=[^\s'\"]*\n)+", ended.out)
