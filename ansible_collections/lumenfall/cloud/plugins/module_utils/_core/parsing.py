# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""From a response to a balance, an estimate or an error.

Strict where it decides. An error is told by its status and ``code``, never by its ``type``, which the API's
documentation uses inconsistently. Source: https://docs.lumenfall.ai/api-reference
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple, Type, cast
from urllib.parse import urlsplit

from .errors import (
    CREDITS_PAGE,
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
from .models import EXACT, AccountBalance, parse_number
from .pricing import CostEstimate
from .text import Secret, clean, describe_value

_MAX_NUMBER = Decimal("1e15")
_RETRIED_STATUSES = (408, 425, 429)
_LOCKED_WORDS = ("lock", "suspend", "disabled", "blocked")

Secrets = Tuple[Secret, ...]

_BY_STATUS: Dict[int, Tuple[Type[LumenfallError], str]] = {
    401: (AuthenticationError, "the API key was not accepted"),
    402: (InsufficientBalanceError, "the account has no funds"),
    403: (PermissionDeniedError, "access was denied"),
    407: (ProxyError, "a proxy asks for a user and a password"),
    429: (RateLimitedError, "rate limited by the API"),
}


class Response(NamedTuple):
    """What came back: untrusted, with a body of at most 1 MiB, or why there is none."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    problem: LumenfallError | None = None


def read_balance(response: Response, secrets: Secrets = ()) -> AccountBalance:
    """The balance in a response; an error is raised."""
    return parse_balance(_read_document(response, secrets), secrets)


def read_estimate(response: Response, secrets: Secrets = ()) -> CostEstimate:
    """The cost estimate in a response; an error is raised. A success that is no estimate may have been charged."""
    is_estimate = False
    try:
        document = _read_document(response, secrets)
        is_estimate = document.get("estimated") is True
        return parse_estimate(document, secrets)
    except LumenfallError as error:
        if 200 <= response.status < 300 and not is_estimate:
            # Another attempt may be charged as well.
            error.args, error.retryable = (f"{error}; THE REQUEST MAY HAVE BEEN RUN AND CHARGED",), False
            error.hint = "check your usage at https://lumenfall.ai, and whether this endpoint supports dryRun"
        raise


def _read_document(response: Response, secrets: Secrets) -> Dict[str, Any]:
    if response.status != 200:
        raise parse_error(response, secrets)
    if response.problem is not None:
        raise response.problem
    return parse_json(response.body, secrets)


def parse_balance(document: Dict[str, Any], secrets: Secrets = ()) -> AccountBalance:
    """The balance in the JSON of a 200, strictly."""
    if document.get("object") != "balance":
        raise _invalid("'object' is not 'balance'")
    if document.get("billing_type") not in ("prepaid", "postpaid"):
        raise _invalid("'billing_type' is neither 'prepaid' nor 'postpaid'")
    available = document.get("available")
    if not isinstance(available, dict) or "amount" not in available:
        raise _invalid("it has no 'available.amount'")
    _require_usd("available.currency", available.get("currency"), secrets)
    amount = None
    if available["amount"] is not None:
        amount = _to_number(available["amount"])
        if amount is None:
            raise _invalid("'available.amount' is neither a number of dollars nor null")
    return AccountBalance(document["billing_type"], amount, "usd")


def parse_estimate(document: Dict[str, Any], secrets: Secrets = ()) -> CostEstimate:
    """The cost estimate in the JSON of a 200, strictly."""
    if document.get("estimated") is not True:
        raise InvalidResponseError("the API did not answer with an estimate")
    _require_usd("currency", document.get("currency"), secrets)
    micros, model, provider = (document.get(name) for name in ("total_cost_micros", "model", "provider"))
    micros = _to_number(micros)
    if micros is None or micros < 0 or micros != micros.to_integral_value():
        raise _invalid("'total_cost_micros' is not a whole number that is 0 or more")
    if not _is_text(model):
        raise _invalid("it has no 'model'")
    return CostEstimate(
        EXACT.divide(micros, Decimal(1_000_000)),
        clean(model, secrets),
        clean(provider, secrets) if _is_text(provider) else None,
    )


def parse_json(body: bytes, secrets: Secrets = ()) -> Dict[str, Any]:
    """The JSON object in the body of a 200: UTF-8, no duplicate keys, no NaN or Infinity; numbers keep their digits."""
    try:
        text = body.decode("utf-8-sig").strip(" \t\r\n")
        document = json.loads(
            text,
            parse_int=Decimal,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_keys,
        )
        problem, is_cut = None if isinstance(document, dict) else "it is not a JSON object", False
    except UnicodeDecodeError:
        problem, is_cut = "it is not UTF-8 text", False
    except json.JSONDecodeError as error:
        has_more = error.msg.startswith("Extra data")
        is_cut = not text or (text[0] == "{" and not has_more and (text[-1] != "}" or error.pos >= len(text)))
        problem = "it was cut off" if is_cut else "it is HTML" if text[0] == "<" else "it is not valid JSON"
        problem = problem if text else "it is empty"
    except (ArithmeticError, RecursionError):
        problem, is_cut = "a number in it is too large, or it is nested too deeply", False
    if problem:
        raise _invalid(problem, is_cut)
    if document.get("error") is not None:
        code, message = _error_facts(document, secrets)
        raise APIError(_join("the API answered with an error (HTTP 200)", code, message), code=code)
    return cast("Dict[str, Any]", document)


def parse_error(response: Response, secrets: Secrets = ()) -> LumenfallError:
    """The error that a response with another status than 200 means."""
    status, headers = response.status, response.headers
    if 300 <= status <= 399:
        target = _redirect_host(headers, secrets)
        return UnexpectedRedirectError(f"unexpected redirect{target} (HTTP {status}); redirects are not followed")
    if not 400 <= status <= 599:
        return InvalidResponseError(f"unexpected HTTP status {status}")
    kind, what = _BY_STATUS.get(status) or (
        (ServerError, "the API failed") if status >= 500 else (APIError, "the API rejected the request")
    )
    try:
        code, message = _error_facts(json.loads(response.body.decode("utf-8-sig"), parse_int=str), secrets)
    except (ValueError, RecursionError):
        code, message = None, None
    error = kind(
        _join(f"{what} (HTTP {status})", code, message),
        code=code,
        retryable=status in _RETRIED_STATUSES or status >= 500,
    )
    said = f"{code} {message}".lower()
    if not (code or message) and "html" in headers.get("Content-Type", "") and status in (401, 403, 404, 407):
        error.args = (f"a firewall or proxy answered, not the API (HTTP {status}, text/html)",)
        error.hint = "check the base URL, and the firewalls and proxies between this machine and the API"
    elif kind is PermissionDeniedError and any(word in said for word in _LOCKED_WORDS):
        error.hint = f"contact Lumenfall's support, or add funds at {CREDITS_PAGE}"
    elif kind is PermissionDeniedError and message and not any(word in said for word in ("scope", "permission")):
        error.hint = f"follow the API's message; keys and their scopes are at {KEYS_PAGE}"
    elif kind is APIError and error.retryable:
        error.hint = ServerError.default_hint
    return error


def _invalid(problem: str, is_cut: bool = False) -> InvalidResponseError:
    return InvalidResponseError(f"unexpected response: {problem}", retryable=is_cut)


def _refuse_constant(name: str) -> Any:
    raise _invalid(f"it contains {name}, which is not JSON")


def _unique_keys(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _invalid("it has a duplicate key")
    return document


def _require_usd(name: str, value: Any, secrets: Secrets) -> None:
    if not isinstance(value, str) or value.lower() != "usd":
        shown = describe_value(clean(value, secrets)) if _is_text(value) else "not text"
        raise _invalid(f"'{name}' is {shown}, not 'usd'")


def _to_number(value: Any) -> Decimal | None:
    number = parse_number(str(value)) if isinstance(value, Decimal) else None
    return None if number is None or number.copy_abs() > _MAX_NUMBER or number.adjusted() < -30 else number


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _error_facts(document: Any, secrets: Secrets) -> Tuple[str | None, str | None]:
    """Code and message of an error document of whatever shape, cleaned."""
    error = document.get("error") if isinstance(document, dict) else None
    source = error if isinstance(error, dict) else document if isinstance(document, dict) else {}
    code = source.get("code")
    texts = (source.get("message"), source.get("detail"), error)
    message = next((clean(text, secrets) for text in texts if _is_text(text)), None)
    return clean(code, secrets, limit=100) or None if _is_text(code) else None, message or None


def _join(*parts: str | None) -> str:
    return ": ".join(part for part in parts if part)


def _redirect_host(headers: Mapping[str, str], secrets: Secrets) -> str:
    try:
        # Cleaned before urlsplit, which makes the host lower case: a key in it would not be found.
        host = urlsplit(clean(headers.get("Location", ""), secrets)).hostname
    except ValueError:
        host = None
    return f" to {clean(host, limit=100)}" if host else ""
