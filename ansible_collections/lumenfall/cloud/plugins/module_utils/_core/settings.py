# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The settings chain: arguments, then the caller's own layers, environment, credentials file.

The only code that walks it. It sends nothing, and it names in every error the place that the
bad value came from. What a value has to be is in ``values``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, Mapping, Tuple

from .errors import ConfigurationError
from .text import Secret, describe
from .values import (
    DEFAULT_BASE_URL,
    DEFAULT_MAX_ATTEMPTS,
    INSECURE_VARIABLE,
    check_ca_bundle,
    is_unset,
    parse_base_url,
    parse_key,
    parse_max_attempts,
    parse_timeout,
)

DEFAULT_TIMEOUT_SECONDS = 30.0

ENVIRONMENT = {
    "api_key": ("LUMENFALL_API_KEY",),
    "base_url": ("LUMENFALL_API_BASE",),
    "timeout": ("LUMENFALL_TIMEOUT",),
    "max_attempts": ("LUMENFALL_MAX_ATTEMPTS",),
    "ca_bundle": ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
}
PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
NO_PROXY_VARIABLES = ("no_proxy", "NO_PROXY")
# What a shorter key has in common with another setting may be chance: "key" is in "https://monkey.example".
_TELLING_CHARACTERS = 12

#: One layer of the chain: setting -> (what to call it in an error, its value or None).
Layer = Mapping[str, Tuple[str, Any]]


@dataclass(frozen=True)
class Settings:
    """Settings that have been read and checked; build them with :func:`resolve_settings`.

    Attributes:
        api_key: The key.
        base_url: Scheme, host and prefix, without ``/v1``.
        timeout: Total deadline of one fetch, seconds.
        max_attempts: Requests in all, 1 to 10.
        ca_bundle: File or folder of CA certificates, or None for the platform's.
        verify: Whether the server's certificate is verified.
        proxy: ``(variable, URL)`` of the proxy to use, or None.
        no_proxy: Value of ``NO_PROXY``.
        sources: Setting -> where its value came from, for people.
        warnings: What the user should hear although nothing failed, each one line.
    """

    api_key: Secret
    base_url: str
    timeout: float
    max_attempts: int
    ca_bundle: str | None
    verify: bool
    proxy: Tuple[str, Secret] | None
    no_proxy: str
    sources: Mapping[str, str] = field(compare=False)
    warnings: Tuple[str, ...] = field(compare=False, default=())

    @property
    def balance_url(self) -> str:
        """The one URL that is ever requested."""
        return f"{self.base_url}/v1/balance"

    @property
    def is_https(self) -> bool:
        """Whether the request goes over TLS (else: plain http, directly)."""
        return self.base_url.startswith("https:")

    @property
    def secrets(self) -> Tuple[Secret, ...]:
        """Everything here that must never be shown, for :func:`text.clean`."""
        if self.proxy is None:
            return (self.api_key,)
        return (self.api_key, *_secrets_of_proxy(self.proxy[1].reveal()))

    def digest(self, salt: bytes) -> bytes:
        """A keyed hash that is equal where the settings are, and gives nothing of them away.

        Args:
            salt: Random bytes that never leave the program.
        """
        import hashlib
        import hmac

        proxy = (self.proxy[0], self.proxy[1].reveal()) if self.proxy else None
        facts = (
            self.api_key.reveal(),
            self.base_url,
            self.timeout,
            self.max_attempts,
            self.ca_bundle,
            self.verify,
            proxy,
            self.no_proxy,
        )
        return hmac.new(salt, repr(facts).encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def resolve_settings(*layers: Layer, environ: Mapping[str, str] | None = None) -> Settings:
    """Walk the chain and check what it gives.

    Args:
        layers: What the caller was given, the strongest first. A value of None, or empty
            text, is unset. Known settings: ``api_key``, ``base_url``, ``timeout``,
            ``max_attempts``, ``ca_bundle``, ``verify``.
        environ: The environment, by default the process's.

    Returns:
        The checked settings.

    Raises:
        ConfigurationError: A setting is malformed, or there is no key anywhere.
    """
    outcome = _resolve(layers, os.environ if environ is None else environ)
    if isinstance(outcome, Settings):
        return outcome
    # An error reporter that shows local variables would show the layers, and the key in them.
    del layers, environ
    raise outcome


def _resolve(layers: Tuple[Layer, ...], variables: Mapping[str, str]) -> Settings | ConfigurationError:
    """The settings, or the error that there is instead, without the frames that saw the key or the credentials file."""
    try:
        return _walk(layers, variables)
    except ConfigurationError as error:
        error.__context__ = None
        return error.with_traceback(None)


def _walk(layers: Tuple[Layer, ...], variables: Mapping[str, str]) -> Settings:
    chain = [*layers, _environment_layer(variables)]
    sources: Dict[str, str] = {}
    warnings: list[str] = []

    def find(setting: str) -> Tuple[str, Any] | None:
        for layer in chain:
            name, value = layer.get(setting, ("", None))
            if not is_unset(value):
                sources[setting] = name
                return name, value
        sources[setting] = "default"
        return None

    found = find("api_key")
    if found is None:
        # Imported here: most keys come from elsewhere.
        from .credentials import read_credentials

        looked_at = [layer["api_key"][0] for layer in layers if "api_key" in layer]
        found = read_credentials(variables, [*looked_at, *ENVIRONMENT["api_key"]], warnings)
        sources["api_key"] = found[0]
    api_key = parse_key(*found)
    for setting in ("base_url", "timeout", "max_attempts", "ca_bundle"):
        _refuse_key(api_key.reveal(), *(find(setting) or ("", None)))

    found = find("base_url")
    insecure = variables.get(INSECURE_VARIABLE, "").strip() == "1"
    base_url = parse_base_url(*found, allow_insecure=insecure) if found else DEFAULT_BASE_URL

    found = find("timeout")
    timeout = parse_timeout(*found) if found else DEFAULT_TIMEOUT_SECONDS

    found = find("max_attempts")
    max_attempts = parse_max_attempts(*found) if found else DEFAULT_MAX_ATTEMPTS

    found = find("verify")
    verify = True
    if found is not None:
        if not isinstance(found[1], bool):
            raise ConfigurationError(
                f"{found[0]}: {describe(found[1])} is not a boolean", hint=f"set {found[0]} to true or false"
            )
        verify = found[1]

    found = find("ca_bundle")
    ca_bundle = check_ca_bundle(*found) if found and verify else None

    proxy = None
    if base_url.startswith("https:"):
        for variable in PROXY_VARIABLES:
            value = variables.get(variable, "").strip()
            if value:
                proxy = (variable, Secret(value))
                sources["proxy"] = variable
                break
    no_proxy = next((variables[name] for name in NO_PROXY_VARIABLES if not is_unset(variables.get(name))), "")

    return Settings(
        api_key=api_key,
        base_url=base_url,
        timeout=timeout,
        max_attempts=max_attempts,
        ca_bundle=ca_bundle,
        verify=verify,
        proxy=proxy,
        no_proxy=no_proxy,
        sources=sources,
        warnings=tuple(warnings),
    )


def _secrets_of_proxy(url: str) -> Iterator[Secret]:
    """What of a proxy's URL must not be shown: its password, and user and password as the proxy is told them."""
    from base64 import b64encode
    from urllib.parse import unquote

    user_info = url.partition("://")[2] if "://" in url else url
    user, colon, password = user_info.rpartition("@")[0].partition(":")
    if not colon:
        return
    # As they stand there, and as they are sent.
    for name, word in dict.fromkeys(((user, password), (unquote(user), unquote(password)))):
        # What has no place in Latin-1 is never sent.
        yield Secret(b64encode(f"{name}:{word}".encode("latin-1", "ignore")).decode())
        # A user whose password is empty is a token.
        yield Secret(word or name)


def _refuse_key(key: str, name: str, value: Any) -> None:
    """Refuse a value that holds the key, before a message shows it.

    Raises:
        ConfigurationError: It does.
    """
    text = os.fsdecode(value) if isinstance(value, (str, os.PathLike)) else ""
    if len(key) >= _TELLING_CHARACTERS and key in text:
        raise ConfigurationError(
            f"{name}: it holds the API key (not shown)",
            hint=f"set {name} to what it is for, and leave the key to the setting for the key",
        )


def argument_layer(**values: Any) -> Layer:
    """A layer of Python arguments, which go by their own names in errors; a key in it does not show itself."""
    return {name: (name, hide_key(value) if name == "api_key" else value) for name, value in values.items()}


def hide_key(value: Any) -> Any:
    """A key as something that does not show itself, for whoever keeps it in a variable; None and blanks stay."""
    return value if is_unset(value) or isinstance(value, Secret) else Secret(value)


def _environment_layer(variables: Mapping[str, str]) -> Layer:
    layer = {}
    for setting, names in ENVIRONMENT.items():
        name = next((name for name in names if not is_unset(variables.get(name))), names[0])
        layer[setting] = (name, variables.get(name))
    return layer
