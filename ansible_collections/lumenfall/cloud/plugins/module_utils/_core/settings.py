# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The settings chain: arguments, then the caller's own layers, environment, credentials file.

The only code that reads settings. It sends nothing, and it names in every error the place
that the bad value came from. What only some settings need is imported where it is needed:
a program that imports the core pays for little more than the interpreter's own modules.
"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Tuple

from .errors import KEYS_PAGE, ConfigurationError
from .text import Secret, clean, describe

DEFAULT_BASE_URL = "https://api.lumenfall.ai"
DEFAULT_TIMEOUT_SECONDS = 30.0
MAX_TIMEOUT_SECONDS = 3600.0
DEFAULT_MAX_ATTEMPTS = 3
MAX_MAX_ATTEMPTS = 10

ENVIRONMENT = {
    "api_key": ("LUMENFALL_API_KEY",),
    "base_url": ("LUMENFALL_API_BASE",),
    "timeout": ("LUMENFALL_TIMEOUT",),
    "max_attempts": ("LUMENFALL_MAX_ATTEMPTS",),
    "ca_bundle": ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
}
PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
NO_PROXY_VARIABLES = ("no_proxy", "NO_PROXY")
INSECURE_VARIABLE = "LUMENFALL_ALLOW_INSECURE_HTTP"
CONFIG_DIR_VARIABLE = "LUMENFALL_CONFIG_DIR"
CREDENTIALS_FILE = "credentials.json"

_MAX_CREDENTIALS_BYTES = 1 << 20
_MAX_CA_BUNDLE_BYTES = 64 << 20
_NUMBER = re.compile(r"[+-]?([0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12})")
_URL_HOST = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(:[0-9]*)?")
_IPV6_ZONE = re.compile(r"[A-Za-z0-9._~%-]*")
_URL_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_HASHED_CA = re.compile(r"[0-9a-f]{8}\.[0-9]+")

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
        user_info = self.proxy[1].reveal().rpartition("@")[0].rpartition("//")[2]
        password = user_info.partition(":")[2]
        return (self.api_key, Secret(password)) if password else (self.api_key,)

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
            if not _is_unset(value):
                sources[setting] = name
                return name, value
        sources[setting] = "default"
        return None

    found = find("api_key")
    if found is None:
        looked_at = [layer["api_key"][0] for layer in layers if "api_key" in layer]
        found = _credentials_file_key(variables, looked_at, warnings)
        sources["api_key"] = found[0]
    api_key = parse_key(*found)

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
    no_proxy = next((variables[name] for name in NO_PROXY_VARIABLES if variables.get(name)), "")

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


def argument_layer(**values: Any) -> Layer:
    """A layer of Python arguments, which go by their own names in errors; a key in it does not show itself."""
    if not _is_unset(values.get("api_key")):
        values["api_key"] = Secret(values["api_key"])
    return {name: (name, value) for name, value in values.items()}


def _environment_layer(variables: Mapping[str, str]) -> Layer:
    layer = {}
    for setting, names in ENVIRONMENT.items():
        name = next((name for name in names if not _is_unset(variables.get(name))), names[0])
        layer[setting] = (name, variables.get(name))
    return layer


def _is_unset(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def parse_key(source: str, value: object) -> Secret:
    """Check an API key: any non-empty printable ASCII without spaces.

    Args:
        source: What to call it in an error: the place that it came from.
        value: The key, or a :class:`Secret` of it.

    Raises:
        ConfigurationError: It is something else; the message does not show it.
    """
    if isinstance(value, Secret):
        value = value.reveal()
    if not isinstance(value, str):
        raise ConfigurationError(
            f"{source}: the API key must be text, not {type(value).__name__}",
            hint=f"set {source} to the key as shown at {KEYS_PAGE}",
        )
    key = value.strip()
    problem = None
    if key[:7].lower() == "bearer ":
        problem = "starts with 'Bearer ', which is not part of the key"
    elif len(key) > 1 and key[0] in "'\"`" and key[-1] == key[0]:
        problem = "is wrapped in quotes, which are not part of the key"
    elif not key or not all("!" <= character <= "~" for character in key):
        problem = "holds white space or a character that is not printable ASCII"
    elif len(key) > 4096:
        problem = "is longer than any key (4,096 characters)"
    if problem:
        raise ConfigurationError(
            f"{source}: the API key {problem}", hint=f"set {source} to the key alone, as shown at {KEYS_PAGE}"
        )
    return Secret(key)


def parse_base_url(source: str, value: object, *, allow_insecure: bool = False) -> str:
    """Check a base URL and bring it to ``scheme://host[:port][/prefix]``.

    A trailing ``/``, ``/v1`` or ``/openai/v1`` is dropped.

    Raises:
        ConfigurationError: It is not an https URL (or http to a loopback host), or holds
            user info, a query or a fragment. The message never shows the URL, since those
            parts may be secret.
    """
    from urllib.parse import urlsplit

    def refuse(problem: str, hint: str = f"set it to a URL such as {DEFAULT_BASE_URL}") -> ConfigurationError:
        return ConfigurationError(f"{source}: the base URL {problem}", hint=hint)

    if not isinstance(value, str):
        raise refuse(f"must be text, not {type(value).__name__}")
    text = value.strip()
    if any(character.isspace() or not character.isprintable() for character in text):
        # urlsplit would drop some of them silently.
        raise refuse("holds white space or an invisible character")
    if "?" in text or "#" in text:
        raise refuse("must not have a query or a fragment")
    parts, host, port = None, None, None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        # Its text quotes what may be a password: it must not become the context of ours.
        parts = None
    if parts is None:
        raise refuse("is malformed: check its host and port")
    scheme = parts.scheme.lower()
    if not text.lower().startswith(("https://", "http://")):
        given = "" if scheme in ("https", "http") else f" ({describe(text.partition(':')[0])} does not)"
        raise refuse(f"must start with https://{given}")
    if "@" in parts.netloc:
        raise refuse("must not hold user info (user:password@)")
    # What urlsplit calls the host leaves out what stands behind a bracket: "[::1].example.com".
    if not host or not _is_host(host) or not _URL_HOST.fullmatch(parts.netloc) or port == 0 or parts.netloc[-1] == ":":
        raise refuse("is malformed: check its host and port")
    if not _URL_PATH.fullmatch(parts.path):
        raise refuse("has a character in its path that a URL cannot hold")
    if scheme == "http" and not allow_insecure and not _is_loopback(host):
        raise refuse(
            f"must start with https://: plain http to {clean(host, limit=100)} would send the key in the clear",
            f"use https://, or for a test host alone set {INSECURE_VARIABLE}=1",
        )
    path = parts.path.rstrip("/")
    for suffix in ("/openai/v1", "/v1"):
        if path.endswith(suffix):
            path = path[: -len(suffix)].rstrip("/")
            break
    return f"{scheme}://{parts.netloc.lower()}{path}"


def _is_host(host: str) -> bool:
    if ":" in host:
        import ipaddress

        address, _percent, zone = host.partition("%")
        try:
            return bool(ipaddress.IPv6Address(address)) and _IPV6_ZONE.fullmatch(zone) is not None
        except ValueError:
            return False
    try:
        labels = host.rstrip(".").encode("idna").decode("ascii")
    except UnicodeError:
        return False
    return len(labels) <= 253 and re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?", labels) is not None


def _is_loopback(host: str) -> bool:
    if host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost"):
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_timeout(source: str, value: object) -> float:
    """Read the total deadline, seconds, 0 < t <= 3600.

    Raises:
        ConfigurationError: It is not such a number.
    """
    seconds = _to_number(value)
    if seconds is None or not 0 < seconds <= MAX_TIMEOUT_SECONDS:
        what = "is not a number of seconds" if seconds is None else "is out of range"
        raise ConfigurationError(
            f"{source}: {describe(value)} {what}",
            hint=f"set {source} to a number above 0 and up to 3600, such as 30",
        )
    return seconds


def parse_max_attempts(source: str, value: object) -> int:
    """Read the number of attempts in all, 1 to 10.

    Raises:
        ConfigurationError: It is not such a whole number.
    """
    attempts = _to_number(value)
    if attempts is None or attempts != int(attempts) or not 1 <= attempts <= MAX_MAX_ATTEMPTS:
        raise ConfigurationError(
            f"{source}: {describe(value)} is not a whole number from 1 to {MAX_MAX_ATTEMPTS}",
            hint=f"set {source} to a number such as {DEFAULT_MAX_ATTEMPTS}",
        )
    return int(attempts)


def _to_number(value: object) -> float | None:
    """A finite number from a number or plain decimal text; a boolean is not a number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        # float() takes off less than strip() does.
        text = value.strip()
        return float(text) if _NUMBER.fullmatch(text) else None
    if isinstance(value, (int, float)) and -1e12 < value < 1e12:
        return float(value)
    return None


def check_ca_bundle(source: str, value: object) -> str:
    """Check that a CA bundle is there and looks like one; loading it is the transport's job.

    Returns:
        The path, with ``~`` expanded.

    Raises:
        ConfigurationError: It is missing, unreadable, or holds no certificate.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise ConfigurationError(f"{source}: the CA bundle must be a path, not {type(value).__name__}")
    path = os.path.expanduser(os.fspath(value))
    problem = None
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            if not any(_HASHED_CA.fullmatch(name) for name in os.listdir(path)):
                problem = "is a folder without hashed certificates (run 'openssl rehash' on it)"
        elif not stat.S_ISREG(mode):
            problem = "is not a file"
        else:
            with open(path, "rb") as bundle:
                if b"-----BEGIN " not in bundle.read(_MAX_CA_BUNDLE_BYTES):
                    problem = "holds no PEM certificate"
    except (OSError, ValueError) as error:
        problem = f"cannot be read ({_reason(error)})"
    if problem:
        raise refuse_ca_bundle(source, path, problem)
    return path


def refuse_ca_bundle(source: str, path: str, problem: str) -> ConfigurationError:
    """The error for a CA bundle that cannot be used."""
    return ConfigurationError(
        f"{source}: the CA bundle {clean(path, limit=200)!r} {problem}",
        hint=f"set {source} to a PEM file of CA certificates, or leave it unset for the platform's",
    )


def credentials_path(variables: Mapping[str, str]) -> str:
    """Where the vendor's own command line keeps the key."""
    folder = variables.get(CONFIG_DIR_VARIABLE)
    if _is_unset(folder):
        folder = os.path.join(variables.get("HOME") or os.path.expanduser("~"), ".lumenfall")
    return os.path.join(os.path.expanduser(str(folder)), CREDENTIALS_FILE)


def _credentials_file_key(variables: Mapping[str, str], looked_at: list[str], warnings: list[str]) -> Tuple[str, Any]:
    """The key from the credentials file, or the error that says where a key was looked for."""
    path = credentials_path(variables)
    shown = clean(path, limit=200)
    problem = None
    document: Any = None
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            problem = "is not a file"
        else:
            with open(path, "rb") as file:
                raw = file.read(_MAX_CREDENTIALS_BYTES + 1)
            if len(raw) > _MAX_CREDENTIALS_BYTES:
                problem = "is too large to be one"
            else:
                document = json.loads(raw.decode("utf-8-sig"))
            if os.name == "posix" and mode & 0o077:
                warnings.append(f"{shown} can be read by other users of this machine; run: chmod 600 {shown}")
    except FileNotFoundError:
        places = ", ".join([*looked_at, *ENVIRONMENT["api_key"], shown])
        raise ConfigurationError(
            f"no API key: looked at {places}",
            hint=f"create a key at {KEYS_PAGE} and set LUMENFALL_API_KEY to it",
        ) from None
    except OSError as error:
        problem = f"cannot be read ({_reason(error)})"
    except (ValueError, RecursionError):
        problem = "is not JSON"
    if problem is None and not isinstance(document, dict):
        problem = "is not a JSON object"
    if problem is None:
        key = document.get("api_key")
        if not _is_unset(key):
            return f"'api_key' in {shown}", key
        problem = "has no 'api_key'"
    raise ConfigurationError(
        f"no API key: the credentials file {shown} {problem}",
        hint="set LUMENFALL_API_KEY, or log in again with the Lumenfall command line",
    )


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or "its name is malformed").lower()
