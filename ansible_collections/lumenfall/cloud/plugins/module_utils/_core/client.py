# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""LumenfallClient: one question, asked as often as it takes within one deadline."""

from __future__ import annotations

import time
import warnings
from math import ceil
from typing import TYPE_CHECKING, Any, Tuple

from .answer import read_answer, retry_after
from .balance import UNAVAILABLE, AccountBalance
from .errors import (
    AuthenticationError,
    ConfigurationError,
    DeadlineExceededError,
    LumenfallError,
    PermissionDeniedError,
)
from .retry import backoff_seconds, parse_retry_after
from .settings import Settings, argument_layer, resolve_settings

if TYPE_CHECKING:
    import ssl

    from .wire import Deadline


class LumenfallClient:
    """Reads the balance of one Lumenfall account.

    An argument that is None or empty is looked up in the environment, and the key in the
    vendor's credentials file last. Nothing is sent before :meth:`fetch_balance`.

    Retried, up to ``max_attempts`` requests in all: 408, 425, 429, 5xx, a connection that
    failed or was cut, a proxy that cannot be reached, an empty 200 or one whose JSON ends
    early, and a prepaid balance that is temporarily unavailable. The wait before retry n
    (0, 1, ...) is uniform between 0 and ``0.5 * 2**n`` seconds, at most 8, or the server's
    ``Retry-After`` if that is longer. A wait that would pass the deadline ends the call.

    One client may be used from several threads and after a fork. It keeps no connection.

    Args:
        api_key: The API key (``LUMENFALL_API_KEY``).
        base_url: ``https://`` URL, or ``http://`` to a loopback host; may end in ``/``,
            ``/v1`` or ``/openai/v1`` (``LUMENFALL_API_BASE``; https://api.lumenfall.ai).
        timeout: Total deadline of one fetch in seconds, 0 < t <= 3600: name resolution,
            connection, every byte, every attempt and the waits between them
            (``LUMENFALL_TIMEOUT``; 30).
        max_attempts: Requests in all, 1 to 10 (``LUMENFALL_MAX_ATTEMPTS``; 3).
        ca_bundle: PEM file or hashed folder of CA certificates (``REQUESTS_CA_BUNDLE``,
            ``CURL_CA_BUNDLE``, ``SSL_CERT_FILE``; the platform's).
        verify: Whether to verify the server's certificate. False is for tests.

    Raises:
        ConfigurationError: A setting is malformed, or there is no key anywhere.
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
        problem = None
        try:
            arguments = argument_layer(
                api_key=api_key,
                base_url=base_url,
                timeout=timeout,
                max_attempts=max_attempts,
                ca_bundle=ca_bundle,
                verify=verify,
            )
            self._start(resolve_settings(arguments))
        except ConfigurationError as error:
            problem = error.with_traceback(None)
        # As in resolve_settings: a tool that shows local variables finds none of a caller's here.
        del api_key, base_url, timeout, max_attempts, ca_bundle, verify, arguments
        if problem is not None:
            raise problem
        for warning in self._settings.warnings:
            warnings.warn(warning, stacklevel=2)

    @classmethod
    def from_settings(cls, settings: Settings) -> LumenfallClient:
        """A client for settings that have been resolved already; it shows none of their warnings."""
        client = cls.__new__(cls)
        client._start(settings)
        return client

    def _start(self, settings: Settings) -> None:
        self._settings = settings
        self._closed = False
        self._tls: ssl.SSLContext | None = None
        if settings.is_https and settings.ca_bundle is not None:
            from .transport import tls_context

            # A bundle that cannot be loaded is a bad setting: said now, not at the first fetch.
            self._tls = tls_context(settings)

    def fetch_balance(self) -> AccountBalance:
        """Ask for the balance; blocks for ``timeout`` seconds at the most.

        Returns:
            The balance. Its status is ``unavailable`` if it was so on the last attempt.

        Raises:
            LumenfallError: There is no balance to be had; see the hierarchy in ``errors``.
                ``ConfigurationError`` if the client was closed.
        """
        from . import transport, wire

        if self._closed:
            raise ConfigurationError("this client is closed", hint="make a new LumenfallClient")
        # Kept here too: another thread may close this client meanwhile.
        tls = self._tls
        if tls is None and self._settings.is_https:
            tls = self._tls = transport.tls_context(self._settings)
        deadline = wire.Deadline(self._settings.timeout)
        outcome: AccountBalance | LumenfallError | None = None
        for attempt in range(1, self._settings.max_attempts + 1):
            before = outcome
            outcome, asked_wait = self._attempt(tls, deadline)
            if isinstance(outcome, LumenfallError):
                outcome.attempts = 0 if isinstance(outcome, ConfigurationError) else attempt
                outcome.retry_after_seconds = asked_wait
                if isinstance(outcome, DeadlineExceededError):
                    if isinstance(before, LumenfallError):
                        outcome.args = (f"{outcome}; the attempt before it: {before}",)
                    break
                if not outcome.retryable:
                    break
            elif outcome.status != UNAVAILABLE:
                return outcome
            wait = max(backoff_seconds(attempt - 1), asked_wait or 0.0)
            too_long = wait >= deadline.remaining_seconds()
            if too_long or attempt == self._settings.max_attempts:
                if asked_wait and isinstance(outcome, LumenfallError):
                    self._tell_to_wait(outcome, asked_wait, too_long)
                break
            time.sleep(wait)
        if isinstance(outcome, AccountBalance):
            return outcome
        if outcome is None:
            raise AssertionError("at least one attempt is made")
        raise outcome

    def _attempt(
        self, tls: ssl.SSLContext | None, deadline: Deadline
    ) -> Tuple[AccountBalance | LumenfallError, float | None]:
        """Ask once: the outcome, and how long the server asked to be left alone, in seconds."""
        from . import transport

        answer = transport.exchange(self._settings, tls, deadline)
        if isinstance(answer, LumenfallError):
            return answer, None
        outcome = read_answer(answer, self._settings.secrets)
        source = self._settings.sources.get("api_key")
        if source and isinstance(outcome, (AuthenticationError, PermissionDeniedError)):
            # Often another key than the one that its reader thinks of.
            outcome.hint = f"{outcome.hint} (the key came from {source})"
        return outcome, parse_retry_after(retry_after(answer))

    def _tell_to_wait(self, error: LumenfallError, seconds: float, too_long: bool) -> None:
        """Add to an error how long the server asked to be left alone."""
        asked = f"{ceil(seconds)} s"
        past = f", which is past the deadline of {self._settings.timeout:g} s" if too_long else ""
        error.args = (f"{error}; the server asks to wait {asked}{past}",)
        error.hint = f"run it again in {asked}"

    def close(self) -> None:
        """Let go of the TLS context; a closed client fetches no more. Safe to call twice."""
        self._closed = True
        self._tls = None

    def __enter__(self) -> LumenfallClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        # A traceback with locals shows a client whose settings were refused, and so has none.
        settings = vars(self).get("_settings")
        return f"LumenfallClient(base_url={settings.base_url!r})" if settings else "LumenfallClient(not configured)"

    def __reduce__(self) -> Any:
        raise TypeError("a LumenfallClient holds a key, so it is not pickled or copied")
