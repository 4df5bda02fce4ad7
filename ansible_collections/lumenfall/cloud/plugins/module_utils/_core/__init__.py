# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The core: the only code that knows the API, money, retries and keys.

Private to the collection ``lumenfall.cloud`` and to the package ``pulumi_lumenfall``, which re-exports it as
``pulumi_lumenfall.core``. It imports the standard library, and requests when the first request is made.
"""

from __future__ import annotations

from ._version import __version__
from .client import LumenfallClient
from .errors import (
    KEYS_PAGE,
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
    bad_value,
)
from .models import ALLOW, CANNOT_TELL, DENY, TOO_LOW, AccountBalance, Gate, Verdict, judge_error
from .pricing import ENDPOINTS, MAX_REQUEST_BYTES, CostEstimate, Job, check_endpoint, check_request, parse_job
from .settings import (
    SETTINGS,
    Layer,
    Setting,
    Settings,
    argument_layer,
    parse_cache_seconds,
    parse_duration,
    resolve_settings,
)
from .text import Secret, clean, describe_path, describe_value, format_amount, is_unset, looks_like_key, os_reason
from .waiting import DEFAULT_POLL_SECONDS, MAX_WAIT_SECONDS, MIN_POLL_SECONDS, wait_until_enough

# fmt: off
__all__ = [
    "ALLOW", "CANNOT_TELL", "DEFAULT_POLL_SECONDS", "DENY", "ENDPOINTS", "KEYS_PAGE", "MAX_REQUEST_BYTES",
    "MAX_WAIT_SECONDS", "MIN_POLL_SECONDS", "SETTINGS", "TOO_LOW",
    "APIError", "AccountBalance", "AuthenticationError", "ConfigurationError", "ConnectionFailedError",
    "CostEstimate", "DeadlineExceededError", "Gate", "InsufficientBalanceError", "InvalidResponseError", "Job", "Layer",
    "LumenfallClient", "LumenfallError", "PermissionDeniedError", "ProxyError", "RateLimitedError", "Secret",
    "ServerError", "Setting", "Settings", "TLSError", "UnexpectedRedirectError", "Verdict", "__version__",
    "argument_layer", "bad_value", "check_endpoint", "check_request", "clean", "describe_path", "describe_value",
    "format_amount", "is_unset", "judge_error", "looks_like_key", "os_reason", "parse_cache_seconds", "parse_duration",
    "parse_job", "resolve_settings", "wait_until_enough",
]
