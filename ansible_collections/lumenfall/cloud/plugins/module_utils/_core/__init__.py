# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The core: the only code that knows the API, money, retries and keys.

Private to the collection ``lumenfall.cloud`` and to the package ``pulumi_lumenfall``, which
gives it the public name ``pulumi_lumenfall.core``. It imports the standard library and,
for the request itself, requests; nothing of Ansible or Pulumi.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .balance import AccountBalance
    from .client import LumenfallClient
    from .clocks import both_clocks, is_recent
    from .diagnosis import certificate_hint
    from .errors import (
        APIError,
        AuthenticationError,
        ConfigurationError,
        ConnectionFailedError,
        DeadlineExceededError,
        InsufficientBalanceError,
        InvalidResponseError,
        LumenfallError,
        PermissionDeniedError,
        ProxyError,
        RateLimitedError,
        ServerError,
        TLSError,
        UnexpectedRedirectError,
    )
    from .gate import Gate, Verdict, describe_balance, judge_error, with_hint
    from .settings import Settings, argument_layer, hide_key, resolve_settings
    from .text import Secret, clean, describe, format_amount, looks_like_key
    from .transport import tls_context
    from .values import parse_timeout

# Which file a name lives in. It is read when the name is first used: a program that imports the core and then
# needs one name of it does not pay for the others.
_HOMES = {
    "APIError": "errors",
    "AccountBalance": "balance",
    "AuthenticationError": "errors",
    "ConfigurationError": "errors",
    "ConnectionFailedError": "errors",
    "DeadlineExceededError": "errors",
    "Gate": "gate",
    "InsufficientBalanceError": "errors",
    "InvalidResponseError": "errors",
    "LumenfallClient": "client",
    "LumenfallError": "errors",
    "PermissionDeniedError": "errors",
    "ProxyError": "errors",
    "RateLimitedError": "errors",
    "Secret": "text",
    "ServerError": "errors",
    "Settings": "settings",
    "TLSError": "errors",
    "UnexpectedRedirectError": "errors",
    "Verdict": "gate",
    "argument_layer": "settings",
    "both_clocks": "clocks",
    "certificate_hint": "diagnosis",
    "clean": "text",
    "describe": "text",
    "describe_balance": "gate",
    "format_amount": "text",
    "hide_key": "settings",
    "is_recent": "clocks",
    "judge_error": "gate",
    "looks_like_key": "text",
    "parse_timeout": "values",
    "resolve_settings": "settings",
    "tls_context": "transport",
    "with_hint": "gate",
}

__all__ = [
    "APIError",
    "AccountBalance",
    "AuthenticationError",
    "ConfigurationError",
    "ConnectionFailedError",
    "DeadlineExceededError",
    "Gate",
    "InsufficientBalanceError",
    "InvalidResponseError",
    "LumenfallClient",
    "LumenfallError",
    "PermissionDeniedError",
    "ProxyError",
    "RateLimitedError",
    "Secret",
    "ServerError",
    "Settings",
    "TLSError",
    "UnexpectedRedirectError",
    "Verdict",
    "__version__",
    "argument_layer",
    "both_clocks",
    "certificate_hint",
    "clean",
    "describe",
    "describe_balance",
    "format_amount",
    "hide_key",
    "is_recent",
    "judge_error",
    "looks_like_key",
    "parse_timeout",
    "resolve_settings",
    "tls_context",
    "with_hint",
]

if not TYPE_CHECKING:  # else every misspelt name would have a type

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
            globals()[name] = value
            return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
