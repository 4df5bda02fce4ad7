# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What an answer means: class, words and facts, from a status, headers and a body."""

from __future__ import annotations

import json
from email.message import Message
from typing import Any

import pytest

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import transport
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.answer import read_answer, retry_after
from pulumi_lumenfall.core import AccountBalance, InvalidResponseError, LumenfallError, Secret

GOOD = b'{"object": "balance", "billing_type": "prepaid", "available": {"amount": 1, "currency": "usd"}}'


def answer(status: int, body: bytes = b"", problem: LumenfallError | None = None, **headers: str) -> transport.Answer:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return transport.Answer(status, message, body, problem)


def error_of(status: int, body: Any = None, **headers: str) -> LumenfallError:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = read_answer(answer(status, encoded, **headers), (Secret("lmnfl_a.0123456789"),))
    assert isinstance(found, LumenfallError)
    return found


@pytest.mark.parametrize(
    ("status", "kind", "message", "retryable"),
    [
        (100, "InvalidResponseError", "the server answered with HTTP 100, which is not a balance", False),
        (204, "InvalidResponseError", "the server answered with HTTP 204, which is not a balance", False),
        (299, "InvalidResponseError", "the server answered with HTTP 299, which is not a balance", False),
        (
            300,
            "UnexpectedRedirectError",
            "the server answered with a redirect (HTTP 300), which is never followed",
            False,
        ),
        (
            399,
            "UnexpectedRedirectError",
            "the server answered with a redirect (HTTP 399), which is never followed",
            False,
        ),
        (400, "APIError", "the API refused the request (HTTP 400 C: m)", False),
        (401, "AuthenticationError", "the API key was not accepted (HTTP 401 C: m)", False),
        (402, "InsufficientBalanceError", "the account has run out of funds (HTTP 402 C: m)", False),
        (403, "PermissionDeniedError", "the API key may not read the balance (HTTP 403 C: m)", False),
        (407, "ProxyError", "a proxy asks for a user and a password (HTTP 407 C: m)", False),
        (408, "APIError", "the API refused the request (HTTP 408 C: m)", True),
        (425, "APIError", "the API refused the request (HTTP 425 C: m)", True),
        (429, "RateLimitedError", "the API is asked too often (HTTP 429 C: m)", True),
        (499, "APIError", "the API refused the request (HTTP 499 C: m)", False),
        (500, "ServerError", "the API failed (HTTP 500 C: m)", True),
        (599, "ServerError", "the API failed (HTTP 599 C: m)", True),
        (600, "InvalidResponseError", "the server answered with HTTP 600, which is not a balance", False),
    ],
)
def test_each_status(status: int, kind: str, message: str, retryable: bool) -> None:
    """One class, one sentence, and all the facts."""
    error = error_of(status, {"error": {"message": "m", "code": "C"}}, X_Lumenfall_Request_Id="req_1")
    assert (type(error).__name__, str(error)) == (kind, message)
    assert (error.status, error.request_id, error.retryable) == (status, "req_1", retryable)
    assert error.code == ("C" if 400 <= status < 600 else None)


@pytest.mark.parametrize(
    ("body", "said", "code"),
    [
        ({"error": {"message": "m", "code": "C"}}, " C: m", "C"),
        ({"error": {"message": "m"}}, ": m", None),
        ({"error": {"code": "C"}}, " C", "C"),
        ({"error": "plain"}, ": plain", None),
        ({"error": {"message": 5, "code": ["C"]}}, "", None),
        ({"error": {"message": " ", "code": "\n"}}, "", None),
        ({"error": " "}, "", None),
        ({"error": {"message": "m", "code": "C:"}}, " C: : m", "C:"),
        ({"error": {"message": "bad 0123456789", "code": "0123456789"}}, " ***: bad ***", "***"),
        ({"error": ["x"]}, "", None),
        ({"x": 1}, "", None),
        ([], "", None),
        (b"<html>", "", None),
        (b"\xff", "", None),
        (b"[" * 200_000, "", None),
        # Beyond what Python makes an int of; where it has no such limit, a number of 1 MiB took seconds.
        (b'{"error": {"message": "m", "code": "C", "x": %s}}' % (b"9" * 5000), " C: m", "C"),
        (b'{"error": {"message": 1.5, "code": 1e5}}', "", None),
    ],
)
def test_what_the_server_said(body: Any, said: str, code: str | None) -> None:
    """From a body of whatever shape; an error with words for itself, or without."""
    error = error_of(500, body)
    assert str(error) == f"the API failed (HTTP 500{said})"
    assert (error.code, error.request_id) == (code, None)


def test_an_error_in_a_200() -> None:
    error = error_of(200, {"error": {"message": "m", "code": "C"}}, X_Lumenfall_Request_Id="req_1")
    assert (type(error).__name__, str(error)) == ("APIError", "the API answered with an error (HTTP 200 C: m)")
    assert (error.status, error.code, error.request_id, error.retryable) == (200, "C", "req_1", False)


@pytest.mark.parametrize("code", [None, "INSUFFICIENT_BALANCE", "RATE_LIMITED"])
def test_an_error_in_a_200_is_not_sorted_by_its_code(code: str | None) -> None:
    """Whatever its code; and it is never asked again."""
    error = error_of(200, {"error": {"code": code}})
    assert (type(error).__name__, error.retryable) == ("APIError", False)


def test_a_balance_keeps_its_request_id() -> None:
    found = read_answer(answer(200, GOOD, X_Lumenfall_Request_Id=" req\u20281 "), ())
    assert isinstance(found, AccountBalance)
    assert found.request_id == "req 1"
    found = read_answer(answer(200, GOOD, X_Lumenfall_Request_Id=" "), ())
    assert isinstance(found, AccountBalance)
    assert found.request_id is None


def test_a_body_that_did_not_come_whole() -> None:
    """What was wrong with it is the outcome, with the facts of the answer; a good beginning does not count."""
    problem = InvalidResponseError("too large")
    found = read_answer(answer(200, GOOD, problem, X_Lumenfall_Request_Id="req_1"), ())
    assert found is problem
    assert (found.status, found.request_id) == (200, "req_1")
    # A status that has arrived decides, whatever became of its body.
    assert type(read_answer(answer(401, b"", problem), ())).__name__ == "AuthenticationError"


def test_an_invalid_body_leaves_no_frame_behind() -> None:
    """The frames of a parser hold the body."""
    error = error_of(200, b"{", X_Lumenfall_Request_Id="req_1")
    assert error.__traceback__ is None
    assert (error.status, error.request_id, error.retryable) == (200, "req_1", True)


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://login.example/?token=secret", " to https://login.example"),
        ("https://user:secret@login.example:8443/", " to https://login.example"),
        ("//other.example/x", " to ://other.example"),
        ("/relative", ""),
        ("https://[", ""),
        ("https://0123456789.example", " to https://***.example"),
    ],
)
def test_where_a_redirect_points(location: str, shown: str) -> None:
    """Its host, without what may be secret."""
    error = error_of(302, None, Location=location)
    assert str(error) == (f"the server answered with a redirect (HTTP 302{shown}), which is never followed")


def test_retry_after() -> None:
    assert retry_after(answer(503)) is None
    assert retry_after(answer(503, Retry_After="7")) == "7"
