# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The core: the only code that knows the API, money, retries and keys.

Private to the collection ``lumenfall.cloud`` and to the package ``pulumi_lumenfall``, which
gives it the public name ``pulumi_lumenfall.core``. It imports the standard library and,
for the request itself, requests; nothing of Ansible or Pulumi.
"""

from __future__ import annotations

from ._version import __version__
from .balance import AccountBalance
from .client import LumenfallClient
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
from .settings import Settings, argument_layer, resolve_settings
from .text import Secret, clean, describe, format_amount

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
    "clean",
    "describe",
    "describe_balance",
    "format_amount",
    "judge_error",
    "resolve_settings",
    "with_hint",
]
