# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every error of the core: :class:`LumenfallError` and one class for each kind of failure.

An error contains plain text and numbers only: no request, no header, no other library's exception, since those contain
the key. It may be logged, pickled and shown.
"""

from __future__ import annotations

from typing import Any, Dict

from .text import describe_value, is_unset

CREDITS_PAGE = "https://lumenfall.ai/app/credits"
KEYS_PAGE = "https://lumenfall.ai/app/api_keys"


class LumenfallError(Exception):
    """Base of all errors.

    Args:
        message: What happened, one line.
        status: HTTP status of the response, or None where there was none.
        code: The API's error code such as ``RATE_LIMITED``, or None.
        request_id: The response's ``X-Lumenfall-Request-Id``, or None.
        attempts: Requests sent; 0 where nothing was sent.
        retryable: Whether the same call may succeed later without a change.
        hint: What to do next, one line, or None; by default the class's own.

    Attributes:
        retry_after_seconds: How long the server asked to wait, or None.
    """

    default_hint: str | None = None
    retry_after_seconds: float | None = None

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        attempts: int = 0,
        retryable: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.attempts = attempts
        self.retryable = retryable
        self.hint = self.default_hint if hint is None else hint

    @property
    def full_message(self) -> str:
        """The message with its hint and the request id, one line."""
        hint = f"; {self.hint}" if self.hint else ""
        request_id = f" (request id {self.request_id})" if self.request_id else ""
        return f"{self}{hint}{request_id}"

    def to_dict(self) -> Dict[str, Any]:
        """The facts a program may branch on: ``{type, status, code, request_id, attempts, retryable, hint}``."""
        facts = ("status", "code", "request_id", "attempts", "retryable", "hint")
        return {"type": type(self).__name__, **{name: getattr(self, name) for name in facts}}


class ConfigurationError(LumenfallError):
    """A setting is missing or malformed; nothing was sent."""


def bad_value(source: str, value: object, problem: str, valid: str) -> ConfigurationError:
    """The error for a value: where it came from, what is wrong with it, and what would be valid."""
    what = "it is empty" if is_unset(value) else f"{describe_value(value)} {problem}"
    return ConfigurationError(f"{source}: {what}", hint=f"set {source} to {valid}")


class AuthenticationError(LumenfallError):
    """401: the API key was not accepted."""

    default_hint = f"check the API key, or create a new one at {KEYS_PAGE}"


class PermissionDeniedError(LumenfallError):
    """403: the API key may not do this, the account is locked, or a firewall answered."""

    default_hint = f"check that the key has the balance.read scope at {KEYS_PAGE}"


class InsufficientBalanceError(LumenfallError):
    """402: the account has no funds."""

    default_hint = f"add funds at {CREDITS_PAGE}"


class RateLimitedError(LumenfallError):
    """429: too many requests."""

    default_hint = "wait a little, then run it again"


class ServerError(LumenfallError):
    """5xx: the API, or a gateway in front of it, failed."""

    default_hint = "the problem is on the server's side; run it again later"


class APIError(LumenfallError):
    """Any other 4xx, or a 200 whose body is an error."""

    default_hint = "check the base URL and the arguments of this call"


class ConnectionFailedError(LumenfallError):
    """DNS, refused, reset, cut, or no connection in time."""

    default_hint = "check the network, the base URL and the proxy settings"


class ProxyError(LumenfallError):
    """The proxy refused or cannot be used."""

    default_hint = "check HTTPS_PROXY, ALL_PROXY and NO_PROXY"


class TLSError(LumenfallError):
    """The certificate or the TLS handshake failed."""


class DeadlineExceededError(LumenfallError):
    """The total deadline passed before there was a usable response."""

    default_hint = "run it again, or raise the timeout if the network is slow"


class UnexpectedRedirectError(LumenfallError):
    """Any 3xx. Redirects are not followed, so the key goes nowhere else."""

    default_hint = "check the base URL: the API does not redirect, but a login page or a proxy does"


class InvalidResponseError(LumenfallError):
    """There was a response, but not the documented one."""

    default_hint = "check that the base URL is the Lumenfall API and not a proxy or a login page"
