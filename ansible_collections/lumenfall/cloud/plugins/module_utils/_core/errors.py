# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every error of the core, each a name and one sentence.

::

    LumenfallError
    ├── ConfigurationError        a setting is missing or malformed; nothing was sent
    ├── AuthenticationError       401
    ├── PermissionDeniedError     403
    ├── InsufficientBalanceError  402
    ├── RateLimitedError          429
    ├── ServerError               5xx
    ├── APIError                  any other 4xx, or a 200 whose body is an error
    ├── ConnectionFailedError     DNS, refused, reset, or an answer that was cut
    ├── ProxyError                the proxy refused or cannot be used
    ├── TLSError                  certificate or handshake
    ├── DeadlineExceededError     the total deadline passed
    ├── UnexpectedRedirectError   any 3xx; never followed
    └── InvalidResponseError      an answer, but not the documented one

No error here holds a request, a header, a body or another library's exception:
those hold the key. They are plain values that may be logged, pickled and shown.
"""

from __future__ import annotations

from typing import Any, Dict

CREDITS_PAGE = "https://lumenfall.ai/app/credits"
KEYS_PAGE = "https://lumenfall.ai/app/api_keys"


class LumenfallError(Exception):
    """Base of every error that this project raises on purpose.

    Args:
        message: One line for a person: what happened and what it means.
        status: HTTP status of the answer, or None where there was none.
        code: The API's error code such as ``RATE_LIMITED``, cleaned, or None.
        request_id: The answer's ``X-Lumenfall-Request-Id``, cleaned, or None.
        attempts: Requests tried; 0 where nothing was sent.
        retryable: Whether the same call may succeed later without a change.
        hint: What to do next, one line, or None.

    Attributes:
        retry_after_seconds: How long the server asked to be left alone, or None.
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

    def to_dict(self) -> Dict[str, Any]:
        """The facts a program may branch on, without the message.

        Returns:
            ``{type, status, code, request_id, attempts, retryable, hint}``, where
            ``type`` is the class name.
        """
        return {
            "type": type(self).__name__,
            "status": self.status,
            "code": self.code,
            "request_id": self.request_id,
            "attempts": self.attempts,
            "retryable": self.retryable,
            "hint": self.hint,
        }


class ConfigurationError(LumenfallError):
    """A setting is missing or malformed; nothing was sent."""


class AuthenticationError(LumenfallError):
    """401: the key is not accepted."""

    default_hint = f"check the API key, or create a new one at {KEYS_PAGE}"


class PermissionDeniedError(LumenfallError):
    """403: the key may not read the balance."""

    default_hint = f"give the key the balance.read scope at {KEYS_PAGE}"


class InsufficientBalanceError(LumenfallError):
    """402: the account has run out of funds."""

    default_hint = f"add funds at {CREDITS_PAGE}"


class RateLimitedError(LumenfallError):
    """429: too many requests."""

    default_hint = "wait a little, then run it again"


class ServerError(LumenfallError):
    """5xx: the API, or a gateway before it, failed."""

    default_hint = "this is on the server's side: run it again later"


class APIError(LumenfallError):
    """Any other 4xx, or a 200 whose body holds an error."""

    default_hint = "check the base URL and the settings of this call"


class ConnectionFailedError(LumenfallError):
    """DNS, refused, reset, or an answer whose framing shows that it was cut."""

    default_hint = "check the network, the base URL and the proxy settings"


class ProxyError(LumenfallError):
    """The proxy refused or cannot be used."""

    default_hint = "check HTTPS_PROXY, ALL_PROXY and NO_PROXY"


class TLSError(LumenfallError):
    """The certificate or the TLS handshake failed."""

    default_hint = "behind a TLS-inspecting proxy, name its CA with the ca_bundle setting or REQUESTS_CA_BUNDLE"


class DeadlineExceededError(LumenfallError):
    """The total deadline passed before there was a usable answer."""

    default_hint = "raise the timeout setting if the network is slow, or run it again"


class UnexpectedRedirectError(LumenfallError):
    """Any 3xx; a redirect is never followed, so the key goes nowhere else."""

    default_hint = "check the base URL: the API does not redirect, but a login page or a proxy does"


class InvalidResponseError(LumenfallError):
    """There was an answer, but not the documented one."""

    default_hint = "check that the base URL is the Lumenfall API and not a proxy or a login page"
