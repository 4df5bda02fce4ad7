# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""From a response to a balance, an estimate or an error.

Strict where it decides. An error is told by its status and ``code``, never by its ``type``, which the API's
documentation uses inconsistently. Source: https://docs.lumenfall.ai/api-reference
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple, Type
from urllib.parse import urlsplit

from .errors import (
    KEYS_PAGE,
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
from .models import AccountBalance, CostEstimate, parse_number
from .text import Secret, clean, describe_value

_MAX_AMOUNT = Decimal("1e15")
_MICROS = Decimal(1_000_000)
_RETRIED_STATUSES = (408, 425, 429)

_BY_STATUS: Dict[int, Tuple[Type[LumenfallError], str]] = {
    401: (AuthenticationError, "the API key was not accepted"),
    402: (InsufficientBalanceError, "the account has no funds"),
    403: (PermissionDeniedError, "access was denied"),
    407: (ProxyError, "a proxy asks for a user and a password"),
    429: (RateLimitedError, "rate limited by the API"),
}


class Response(NamedTuple):
    """What came back.

    Attributes:
        status: HTTP status.
        headers: Header fields, untrusted.
        body: Decoded body, at most 1 MiB; empty where it could not be read.
        problem: Why the body could not be read, or None.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    problem: LumenfallError | None = None


def parse_balance(body: bytes, request_id: str | None = None) -> AccountBalance:
    """The balance in the body of a 200.

    Raises:
        InvalidResponseError: It is not the documented body.
        APIError: It is an error.
    """
    document = _parse_object(body, "balance", request_id)

    def invalid(problem: str) -> InvalidResponseError:
        return _invalid("balance", problem, request_id)

    if document.get("object") != "balance":
        raise invalid("'object' is not 'balance'")
    if document.get("billing_type") not in ("prepaid", "postpaid"):
        raise invalid("'billing_type' is neither 'prepaid' nor 'postpaid'")
    available = document.get("available")
    if not isinstance(available, dict) or "amount" not in available:
        raise invalid("it has no 'available.amount'")
    currency = available.get("currency")
    if not isinstance(currency, str) or currency.lower() != "usd":
        raise invalid(f"'available.currency' is {_shown(currency)}, not 'usd'")
    amount = available["amount"]
    if amount is not None:
        amount = parse_number(amount) if isinstance(amount, JSONNumber) else None
        if amount is None or abs(amount) > _MAX_AMOUNT or amount.adjusted() < -30:
            raise invalid("'available.amount' is neither a number of dollars nor null")
    return AccountBalance(document["billing_type"], amount, "usd", request_id)


def parse_estimate(body: bytes, request_id: str | None = None) -> CostEstimate:
    """The cost estimate in the body of a 200.

    Raises:
        InvalidResponseError: It is not the documented body. Where ``estimated`` is not true, the request may have been
            run and charged, and the message says so.
        APIError: It is an error.
    """
    document = _parse_object(body, "cost estimate", request_id)
    if document.get("estimated") is not True:
        raise InvalidResponseError(
            "the API did not answer with an estimate: THE REQUEST MAY HAVE BEEN RUN AND CHARGED",
            status=200,
            request_id=request_id,
            hint="check your usage at https://lumenfall.ai, and that the base URL supports dryRun",
        )

    def invalid(problem: str) -> InvalidResponseError:
        return _invalid("cost estimate", problem, request_id)

    currency = document.get("currency")
    if not isinstance(currency, str) or currency.lower() != "usd":
        raise invalid(f"'currency' is {_shown(currency)}, not 'USD'")
    micros = document.get("total_cost_micros")
    cost = parse_number(micros) if isinstance(micros, JSONNumber) else None
    if cost is None or not 0 <= cost <= _MAX_AMOUNT or cost != cost.to_integral_value():
        raise invalid("'total_cost_micros' is not a whole number that is 0 or more")
    model, provider = document.get("model"), document.get("provider")
    if not _is_text(model):
        raise invalid("it has no 'model'")
    return CostEstimate(cost / _MICROS, clean(model), clean(provider) if _is_text(provider) else None, request_id)


def parse_error(response: Response, secrets: Tuple[Secret, ...] = ()) -> LumenfallError:
    """The error that a response other than a readable 200 means."""
    status, headers = response.status, response.headers
    facts: Dict[str, Any] = {"status": status, "request_id": request_id_of(headers, secrets)}
    if 300 <= status <= 399:
        return UnexpectedRedirectError(
            f"unexpected redirect{_redirect_host(headers, secrets)} (HTTP {status}); redirects are not followed",
            **facts,
        )
    if not 400 <= status <= 599:
        return InvalidResponseError(f"unexpected HTTP status {status}", **facts)
    facts["retryable"] = status in _RETRIED_STATUSES or status >= 500
    message, code = _error_facts(response.body, secrets)
    kind, what = _BY_STATUS.get(status) or (
        (ServerError, "the API failed") if status >= 500 else (APIError, "the API rejected the request")
    )
    said = ": ".join(part for part in (code, message) if part)
    error = kind(f"{what} (HTTP {status}){f': {said}' if said else ''}", code=code, **facts)
    content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type == "text/html" and not said and status in (401, 403, 404, 407):
        error.args = (f"a firewall or proxy answered, not the API (HTTP {status}, text/html)",)
        error.hint = "check the base URL, and what stands between this machine and the API"
    elif isinstance(error, PermissionDeniedError):
        error.hint = _permission_hint(f"{code} {message}".lower())
    elif isinstance(error, APIError) and error.retryable:
        error.hint = ServerError.default_hint
    return error


def request_id_of(headers: Mapping[str, str], secrets: Tuple[Secret, ...] = ()) -> str | None:
    """The response's request id, cleaned, or None."""
    return clean(headers.get("X-Lumenfall-Request-Id", ""), secrets) or None


class JSONNumber(str):
    """A JSON number as it was written, so that no digit is lost."""


def _parse_object(body: bytes, expected: str, request_id: str | None) -> Dict[str, Any]:
    """The JSON object in a body: UTF-8, no duplicate keys, no NaN or Infinity."""
    problem, cut, text = None, False, ""
    try:
        text = body.decode("utf-8-sig").strip()
        document = json.loads(
            text,
            parse_int=JSONNumber,
            parse_float=JSONNumber,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_keys,
        )
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    except json.JSONDecodeError as error:
        cut = not text or (text[0] == "{" and (text[-1] != "}" or error.pos >= len(text)))
        problem = "it is empty" if not text else "it was cut off" if cut else "it is not valid JSON"
        if text.startswith("<"):
            problem = "it is an HTML page"
    except RecursionError:
        problem = "its JSON is nested too deeply"
    except _JSONError as error:
        problem = str(error)
    if problem:
        raise _invalid(expected, problem, request_id, retryable=cut)
    if not isinstance(document, dict):
        raise _invalid(expected, "it is not a JSON object", request_id)
    if document.get("error") is not None:
        message, code = _facts_of(document, ())
        said = ": ".join(part for part in (code, message) if part)
        raise APIError(
            f"the API answered with an error (HTTP 200){f': {said}' if said else ''}",
            status=200,
            code=code,
            request_id=request_id,
        )
    return document


def _invalid(expected: str, problem: str, request_id: str | None, *, retryable: bool = False) -> InvalidResponseError:
    return InvalidResponseError(
        f"the response is not a Lumenfall {expected}: {problem}",
        status=200,
        request_id=request_id,
        retryable=retryable,
    )


class _JSONError(Exception):
    pass


def _refuse_constant(name: str) -> Any:
    raise _JSONError(f"it contains {name}, which is not JSON")


def _unique_keys(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _JSONError("it has a duplicate key")
    return document


def _error_facts(body: bytes, secrets: Tuple[Secret, ...]) -> Tuple[str | None, str | None]:
    """Message and code of an error body of whatever shape, cleaned."""
    try:
        return _facts_of(json.loads(body.decode("utf-8-sig"), parse_int=str), secrets)
    except (ValueError, RecursionError):
        return None, None


def _facts_of(document: Any, secrets: Tuple[Secret, ...]) -> Tuple[str | None, str | None]:
    if not isinstance(document, dict):
        return None, None
    error = document.get("error")
    source = error if isinstance(error, dict) else document
    texts = [source.get("message"), source.get("detail"), error]
    message = next((clean(text, secrets) for text in texts if _is_text(text)), None)
    code = source.get("code")
    return message, (clean(code, secrets, limit=100) or None) if _is_text(code) else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, JSONNumber) and bool(value.strip())


def _shown(value: Any) -> str:
    return describe_value(value) if isinstance(value, str) else "not text"


def _permission_hint(said: str) -> str | None:
    """What to do about a 403: as the API says; the scope only where it says nothing else."""
    if any(word in said for word in ("lock", "suspend", "disabled", "blocked")):
        return "contact Lumenfall's support, or add funds at https://lumenfall.ai/app/credits"
    if said == "none none" or "scope" in said or "permission" in said or "balance.read" in said:
        return PermissionDeniedError.default_hint
    return f"do what the message says; the key's scopes are at {KEYS_PAGE}"


def _redirect_host(headers: Mapping[str, str], secrets: Tuple[Secret, ...]) -> str:
    try:
        host = urlsplit(headers.get("Location", "")).hostname
    except ValueError:
        host = None
    return f" to {clean(host, secrets, limit=100)}" if host else ""
