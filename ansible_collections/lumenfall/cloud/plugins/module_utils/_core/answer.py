# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What an answer means: a balance, or which error.

Decides by the status and never by the error's ``type``, which the API's documentation
uses inconsistently.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, Tuple, Type

from .balance import AccountBalance, JSONNumber, parse_balance
from .errors import (
    APIError,
    AuthenticationError,
    InsufficientBalanceError,
    InvalidResponseError,
    LumenfallError,
    PermissionDeniedError,
    ProxyError,
    RateLimitedError,
    ServerError,
    UnexpectedRedirectError,
)
from .retry import is_retried
from .text import Secret, clean

if TYPE_CHECKING:
    from .transport import Answer

_BY_STATUS: Dict[int, Tuple[Type[LumenfallError], str]] = {
    401: (AuthenticationError, "the API key was not accepted"),
    402: (InsufficientBalanceError, "the account has run out of funds"),
    403: (PermissionDeniedError, "the API key may not read the balance"),
    407: (ProxyError, "a proxy asks for a user and a password"),
    429: (RateLimitedError, "the API is asked too often"),
}


def read_answer(answer: Answer, secrets: Tuple[Secret, ...]) -> AccountBalance | LumenfallError:
    """Turn an answer into the balance, or into the error that it means (returned, not raised)."""
    status = answer.status
    request_id = _header(answer, "X-Lumenfall-Request-Id", secrets)
    if status == 200:
        return _read_success(answer, request_id, secrets)
    facts: Dict[str, Any] = {"status": status, "request_id": request_id, "retryable": is_retried(status)}
    if 300 <= status <= 399:
        return UnexpectedRedirectError(
            f"the server answered with a redirect (HTTP {status}{_target(answer, secrets)}), which is never followed",
            **facts,
        )
    if not 400 <= status <= 599:
        return InvalidResponseError(f"the server answered with HTTP {status}, which is not a balance", **facts)
    message, code = _error_facts(_lenient_json(answer.body), secrets)
    kind, what = _BY_STATUS.get(status) or (
        (ServerError, "the API failed") if status >= 500 else (APIError, "the API refused the request")
    )
    # What passes by itself needs another hint than a request that was wrong.
    hint = ServerError.default_hint if kind is APIError and facts["retryable"] else None
    return kind(f"{what} (HTTP {status}{_said(message, code)})", code=code, hint=hint, **facts)


def retry_after(answer: Answer) -> str | None:
    """The answer's ``Retry-After``, as it came."""
    value = answer.headers.get("Retry-After")
    return None if value is None else str(value)


def _read_success(
    answer: Answer, request_id: str | None, secrets: Tuple[Secret, ...]
) -> AccountBalance | LumenfallError:
    if answer.problem is not None:
        problem = answer.problem
        problem.status, problem.request_id = 200, request_id
        return problem
    try:
        found = parse_balance(answer.body, request_id)
    except InvalidResponseError as error:
        # Without the frames and the body in them.
        return error.with_traceback(None)
    if isinstance(found, AccountBalance):
        return found
    message, code = _error_facts(found, secrets)
    return APIError(
        f"the API answered with an error (HTTP 200{_said(message, code)})",
        status=200,
        code=code,
        request_id=request_id,
    )


def _lenient_json(body: bytes) -> Any:
    try:
        # An int of a MiB of digits would take seconds, where Python sets no limit.
        return json.loads(body.decode("utf-8-sig"), parse_int=float)
    except (ValueError, RecursionError):
        return None


def _error_facts(document: Any, secrets: Tuple[Secret, ...]) -> Tuple[str | None, str | None]:
    """The error's message and code, cleaned, from a body of whatever shape."""
    error = document.get("error") if isinstance(document, dict) else None
    if _is_text(error):
        return clean(error, secrets) or None, None
    if not isinstance(error, dict):
        return None, None

    def text(name: str) -> str | None:
        value = error.get(name)
        return (clean(value, secrets) or None) if _is_text(value) else None

    return text("message"), text("code")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, JSONNumber)


def _said(message: str | None, code: str | None) -> str:
    # Cleaned once more with its colon: a code may end in one, and two are a mark.
    said = f" {clean(f'{code}:')}" if code and message else f" {code}" if code else ":" if message else ""
    return f"{said} {message}" if message else said


def _header(answer: Answer, name: str, secrets: Tuple[Secret, ...]) -> str | None:
    value = answer.headers.get(name)
    return None if value is None else (clean(value, secrets) or None)


def _target(answer: Answer, secrets: Tuple[Secret, ...]) -> str:
    """Where a redirect points, without the parts of a URL that may be secret."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(str(answer.headers.get("Location", "")))
        host = parts.hostname
    except ValueError:
        return ""
    return f" to {clean(f'{parts.scheme}://{host}', secrets, limit=100)}" if host else ""
