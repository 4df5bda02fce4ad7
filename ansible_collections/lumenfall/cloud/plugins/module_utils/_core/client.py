# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""LumenfallClient: one question, asked as often as needed within one deadline."""

from __future__ import annotations

import json
import random
import re
import time
import warnings
from dataclasses import replace
from email.utils import parsedate_to_datetime
from math import ceil
from typing import TYPE_CHECKING, Any, Callable, Mapping, TypeVar

from .errors import (
    AuthenticationError,
    ConfigurationError,
    DeadlineExceededError,
    LumenfallError,
    PermissionDeniedError,
)
from .models import UNAVAILABLE, AccountBalance
from .parsing import Response, Secrets, read_balance, read_estimate
from .pricing import CostEstimate, check_endpoint, check_request, find_prompts
from .settings import Settings, argument_layer, resolve_settings
from .text import clean, describe_value

if TYPE_CHECKING:
    from .http import Transport

BACKOFF_BASE_SECONDS = 0.5
BACKOFF_MAX_SECONDS = 8.0
# A longer Retry-After makes no sense.
_MAX_RETRY_AFTER_SECONDS = 366 * 86400.0

_T = TypeVar("_T", AccountBalance, CostEstimate)
_Reader = Callable[[Response, Secrets], _T]


class LumenfallClient:
    """Reads the balance of one Lumenfall account.

    An argument that is None or blank is looked up in the environment, and the key in the credentials file last.
    Nothing is sent before the first call. Safe in several threads and after a fork; the connection is kept.

    Retried, up to ``max_attempts`` requests in all: 408, 425, 429, 5xx, a failed connection, an empty or cut-off body,
    and a prepaid balance that is temporarily unavailable. The wait before retry n (0, 1, ...) is uniform between 0 and
    ``0.5 * 2**n`` seconds, at most 8, or the server's ``Retry-After`` if that is longer. A wait that would pass the
    deadline ends the call.

    Args:
        api_key: The API key.
        base_url: ``https://`` URL, or ``http://`` to a loopback host.
        timeout: Total deadline of one call, seconds; default 30. It covers DNS, all attempts and the waits.
        max_attempts: Requests in all, 1 to 10; default 3.
        ca_bundle: PEM file or folder of CA certificates; default the system's.
        verify: Whether to verify the server's certificate. False is for tests.

    Raises:
        ConfigurationError: A setting is malformed, or there is no key.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | None = None,
        max_attempts: int | None = None,
        ca_bundle: str | None = None,
        verify: bool = True,
    ) -> None:
        arguments = argument_layer(
            api_key=api_key,
            base_url=base_url,
            timeout=timeout,
            max_attempts=max_attempts,
            ca_bundle=ca_bundle,
            verify=verify,
        )
        self._start(resolve_settings(arguments))
        for warning in self._settings.warnings:
            warnings.warn(warning, stacklevel=2)

    @classmethod
    def from_settings(cls, settings: Settings) -> LumenfallClient:
        """A client for settings that are checked already; it shows none of their warnings."""
        client = cls.__new__(cls)
        client._start(settings)
        return client

    def _start(self, settings: Settings) -> None:
        self._settings = settings
        self._transport: Transport | None = None
        self._is_closed = False
        #: Seconds that this machine's clock is ahead of the server's, as of the last response; None if unknown.
        self.clock_skew_seconds: float | None = None

    def fetch_balance(self) -> AccountBalance:
        """Read the balance; blocks for at most ``timeout`` seconds.

        Returns:
            The balance. Its status is ``unavailable`` if it was so on the last attempt.

        Raises:
            LumenfallError: There is no balance to be had.
        """
        return self._call("GET", "/v1/balance", None, read_balance)

    def estimate_cost(self, request: Mapping[str, Any], *, endpoint: str = "images/generations") -> CostEstimate:
        """What a request would cost, without running it (a dry run); approximate.

        Source: https://docs.lumenfall.ai/api-reference/cost-estimation

        Args:
            request: The body of the real request, at most 1 MiB of JSON, such as
                ``{"model": ..., "prompt": ..., "n": 4}``.
            endpoint: ``images/generations``, ``images/edits``, ``videos`` or ``chat/completions``.

        Raises:
            ConfigurationError: ``request`` is not a JSON object, or the endpoint is unknown.
            LumenfallError: There is no estimate to be had.
        """
        path, document = f"/openai/v1/{check_endpoint(endpoint)}?dryRun=true", check_request(request)
        try:
            return self._call("POST", path, json.dumps(document).encode(), read_estimate, find_prompts(document))
        except LumenfallError as error:
            if error.code == "MODEL_NOT_FOUND":
                error.hint = f"check the model in the request: {describe_value(document.get('model'))}"
            raise

    def _call(self, method: str, path: str, body: bytes | None, read: _Reader[_T], prompts: Secrets = ()) -> _T:
        from .http import Transport, seconds_until

        if self._is_closed:
            raise ConfigurationError("this client is closed", hint="make a new LumenfallClient")
        transport = self._transport = self._transport or Transport(self._settings)
        end = time.monotonic() + self._settings.timeout
        secrets = (*self._settings.secrets, *prompts)
        attempt = 0
        result: _T | LumenfallError | None = None
        while True:
            attempt += 1
            previous = result
            try:
                result = self._read(transport.send(method, path, body, end), read, secrets)
            except LumenfallError as error:
                result = error.with_traceback(None)
            asked = result.retry_after_seconds if isinstance(result, LumenfallError) else None
            wait = max(backoff_seconds(attempt - 1), asked or 0.0)
            is_too_long = wait >= seconds_until(end)
            if is_too_long or attempt == self._settings.max_attempts or not _is_temporary(result):
                break
            time.sleep(wait)
        if not isinstance(result, LumenfallError):
            return result
        result.attempts = attempt
        if isinstance(result, DeadlineExceededError) and isinstance(previous, LumenfallError):
            result.args = (f"{result}; the attempt before failed: {previous}",)
        if asked:
            past = f", longer than the timeout of {self._settings.timeout:g} s allows" if is_too_long else ""
            result.args = (f"{result}; the server asks to wait {ceil(asked)} s{past}",)
            result.hint = f"run it again in {ceil(asked)} s"
        raise result

    def _read(self, response: Response, read: _Reader[_T], secrets: Secrets) -> _T:
        sent = _timestamp(response.headers.get("Date", ""))
        self.clock_skew_seconds = None if sent is None else time.time() - sent
        request_id = clean(response.headers.get("X-Lumenfall-Request-Id", ""), secrets) or None
        try:
            return replace(read(response, secrets), request_id=request_id)
        except LumenfallError as error:
            error.status, error.request_id = response.status, request_id
            if error.retryable:
                error.retry_after_seconds = parse_retry_after(response.headers.get("Retry-After", ""))
            if isinstance(error, (AuthenticationError, PermissionDeniedError)):
                error.hint = f"{error.hint} (the key came from {self._settings.sources['api_key']})"
            raise

    def close(self) -> None:
        """Close the connection. A closed client fetches no more; closing twice is fine."""
        self._is_closed = True
        if self._transport is not None:
            self._transport.close()

    def __enter__(self) -> LumenfallClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"LumenfallClient(base_url={self._settings.base_url!r})"


def _is_temporary(result: AccountBalance | CostEstimate | LumenfallError) -> bool:
    """Whether the same request may have another result soon."""
    if isinstance(result, LumenfallError):
        return result.retryable
    return isinstance(result, AccountBalance) and result.status == UNAVAILABLE


def backoff_seconds(retry: int) -> float:
    """The wait before retry number ``retry`` (0, 1, ...): exponential with full jitter, seconds."""
    return random.uniform(0, min(BACKOFF_MAX_SECONDS, BACKOFF_BASE_SECONDS * 2**retry))  # noqa: S311


def parse_retry_after(value: str) -> float | None:
    """Seconds that a ``Retry-After`` header asks to wait, or None where it is absent or makes no sense."""
    if re.fullmatch(r"\s*[0-9]{1,10}(\.[0-9]{1,9})?\s*", value, re.ASCII):
        seconds = float(value)
    else:
        seconds = (_timestamp(value) or 0.0) - time.time()
    return seconds if 0 <= seconds <= _MAX_RETRY_AFTER_SECONDS else None


def _timestamp(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
