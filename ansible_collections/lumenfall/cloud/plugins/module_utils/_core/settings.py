# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The table of settings, and the chain that finds and checks their values.

To add a setting: one row in :data:`SETTINGS` and one field of :class:`Settings`. Ansible's options, the options of the
command line, Pulumi's config, the provider's config, ``doctor`` and the documentation loop over the table.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Tuple
from urllib.parse import unquote

from .credentials import KEY_VARIABLE, parse_key, read_credentials
from .errors import ConfigurationError, bad_value
from .text import Secret, clean, describe_path, describe_value, is_unset, looks_like_key, number_text, os_reason

DEFAULT_BASE_URL = "https://api.lumenfall.ai"
MAX_TIMEOUT_SECONDS = 3600.0
MAX_ATTEMPTS = 10
SHARED_SECONDS = 30.0

_PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_NO_PROXY_VARIABLES = ("no_proxy", "NO_PROXY")
_INSECURE_VARIABLE = "LUMENFALL_ALLOW_INSECURE_HTTP"
_CACHE_VARIABLE = "LUMENFALL_CACHE_SECONDS"
# A shorter part of the key may be in a server's text by chance.
_MIN_SECRET_PART = 4

_URL = re.compile(
    r"(https?)://(\[[0-9a-f]*:[0-9a-f:.]+(?:%[\w.~-]+)?\]|\w[\w-]{0,62}(?:\.[\w-]{1,63})*\.?)(?::([0-9]{1,5}))?"
    r"(/[\w.~!$&'()*+,;=:@%/-]*)?",
    re.IGNORECASE | re.ASCII,
)
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?", re.ASCII)
_SECONDS = re.compile(r"[+-]?(\d{1,9}(\.\d{0,9})?|\.\d{1,9})", re.ASCII)

#: One layer of the chain: setting -> (what to call it in an error, its value or None).
Layer = Mapping[str, Tuple[str, Any]]


class Setting(NamedTuple):
    """A row of the table."""

    name: str  #: Python and Pulumi argument
    label: str  #: what people call it
    #: ``(source, value, environ)`` -> the checked value; raises ConfigurationError
    parse: Callable[[str, Any, Mapping[str, str]], Any]
    variables: Tuple[str, ...]  #: environment variables, the strongest first
    config_key: str | None  #: Pulumi config key after ``lumenfall:``
    ansible: str  #: Ansible option
    flag: str | None  #: command line option
    default: Any
    help: str
    #: Ansible's type; numbers are ``raw``, so that the core words the refusal
    ansible_type: str = "str"
    metavar: str = ""
    secret: bool = False  #: never shown


@dataclass(frozen=True)
class Settings:
    """Checked settings; made by :func:`resolve_settings`."""

    api_key: Secret
    base_url: str  #: scheme, host and prefix, without ``/v1``
    timeout: float  #: total deadline of one call, seconds
    max_attempts: int
    ca_bundle: str | None  #: file or folder of CA certificates; None: the system's
    verify: bool
    proxy: Secret | None = None  #: URL of the proxy to use
    no_proxy: str | None = None  #: value of ``NO_PROXY``; None: requests reads the process's
    #: setting -> where its value came from; ``"default"`` where nothing set it
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)
    #: setting -> what the caller's users call it
    names: Mapping[str, str] = field(default_factory=dict, compare=False)
    warnings: Tuple[str, ...] = field(default=(), compare=False)

    @property
    def secrets(self) -> Tuple[Secret, ...]:
        """What must not be shown: the key, its part after the dot, and the proxy's password."""
        key = self.api_key.reveal()
        parts = [key, key.partition(".")[2]]
        if self.proxy is not None:
            user, _colon, password = self.proxy.reveal().partition("://")[2].rpartition("@")[0].partition(":")
            # A user without a password is a token.
            parts += [password or user, unquote(password or user)]
        return tuple(Secret(part) for part in parts if part == key or len(part) >= _MIN_SECRET_PART)

    def digest(self, salt: bytes) -> bytes:
        """A keyed hash, equal where the settings are equal; ``salt`` is random and stays within the program."""
        values = (getattr(self, part.name) for part in fields(self) if part.compare)
        facts = [value.reveal() if isinstance(value, Secret) else value for value in values]
        return hmac.new(salt, repr(facts).encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def resolve_settings(
    *layers: Layer, environ: Mapping[str, str] | None = None, origins: Mapping[str, str] | None = None
) -> Settings:
    """Find each setting in the layers, then the environment, then the credentials file (the key), and check it.

    Args:
        layers: What the caller was given, the strongest first; None or blank text is unset.
        environ: The environment, by default the process's.
        origins: Environment variable -> where it was set, for errors; such as ``the environment of the task``.
    """
    variables = os.environ if environ is None else environ
    chain = [*layers, _environment_layer(variables, origins or {})]
    values: Dict[str, Any] = {}
    sources: Dict[str, str] = {}
    names: Dict[str, str] = {}
    warnings: List[str] = []
    for setting in SETTINGS:
        name = setting.name
        found = [layer[name] for layer in chain if name in layer]
        names[name] = found[0][0] if found else name
        source, value = next((pair for pair in found if not is_unset(pair[1])), ("default", None))
        if name == "ca_bundle" and not values["verify"]:
            value = None
        if setting.secret and value is None:
            source, value = read_credentials(variables, [place for place, _value in found], warnings)
        sources[name] = source
        values[name] = setting.default if value is None else setting.parse(source, value, variables)
    proxy = next((name for name in _PROXY_VARIABLES if not is_unset(variables.get(name))), None)
    if proxy is not None and values["base_url"].startswith("https:"):
        url = variables[proxy].strip()
        values["proxy"] = Secret(url if "://" in url else f"http://{url}")
        sources["proxy"] = _with_origin(proxy, origins or {})
        if variables is not os.environ:
            values["no_proxy"] = next((variables[name] for name in _NO_PROXY_VARIABLES if variables.get(name)), "")
    return Settings(**values, sources=sources, names=names, warnings=tuple(warnings))


def argument_layer(**values: Any) -> Layer:
    """A layer of Python arguments, which are called by their own names in errors."""
    return {name: (name, value) for name, value in values.items()}


def parse_duration(source: str, value: object, *, minimum: float = 0.0, maximum: float = 366 * 86400.0) -> float:
    """Seconds from a number of seconds, or from text such as ``30``, ``20s``, ``15m``, ``1h30m`` or ``8d``."""
    text = number_text(value)
    parts = _DURATION.fullmatch(text)
    if _SECONDS.fullmatch(text):
        seconds = float(text)
    elif text and parts:
        days, hours, minutes, rest = map(float, parts.groups("0"))
        seconds = days * 86400 + hours * 3600 + minutes * 60 + rest
    else:
        raise bad_value(source, value, "is not a duration", "seconds, or to text such as 30s, 15m or 1h30m")
    if not minimum <= seconds <= maximum:
        raise bad_value(source, value, "is out of range", f"a duration from {minimum:g} to {maximum:.0f} seconds")
    return seconds


def parse_cache_seconds(environ: Mapping[str, str] | None = None) -> float:
    """How long an answer may be shared within one run, seconds (``LUMENFALL_CACHE_SECONDS``, 0 to 30)."""
    value = (os.environ if environ is None else environ).get(_CACHE_VARIABLE)
    return SHARED_SECONDS if is_unset(value) else parse_duration(_CACHE_VARIABLE, value, maximum=SHARED_SECONDS)


def _parse_base_url(source: str, value: object, environ: Mapping[str, str]) -> str:
    text = value.strip() if isinstance(value, str) else ""
    match = _URL.fullmatch(text)
    refusals = (
        (not isinstance(value, str), f"must be text, not {describe_value(value)}"),
        (looks_like_key(text), "contains what looks like an API key (not shown)"),
        (re.search(r"\$[({]|\{\{|<", text), "contains a variable or template that was not filled in"),
        (not text.lower().startswith(("https://", "http://")), "must start with https://"),
        ("@" in text.partition("://")[2].partition("/")[0], "must not contain a user or password"),
        (re.search("[?#]", text), "must not have a query or a fragment"),
        (match is None or int(match[3] or 1) not in range(1, 65536), "is malformed"),
        (match and match[2].startswith("[") and _ip_address(match[2]) is None, "is malformed"),
    )
    problem = next((words for is_wrong, words in refusals if is_wrong), None)
    if match is None or problem:
        raise ConfigurationError(
            f"{source}: the base URL {problem}", hint=f"set {source} to a URL like {DEFAULT_BASE_URL}"
        )
    scheme, host = match[1].lower(), match[2].lower()
    if scheme == "http" and not _is_loopback(host) and environ.get(_INSECURE_VARIABLE, "").strip() != "1":
        raise ConfigurationError(
            f"{source}: plain http to {clean(host, limit=100)} would send the API key unencrypted",
            hint=f"use https://, or for a test host set {_INSECURE_VARIABLE}=1",
        )
    path = re.sub(r"(/openai)?/v1$", "", (match[4] or "").rstrip("/")).rstrip("/")
    return f"{scheme}://{host}{f':{match[3]}' if match[3] else ''}{path}"


def _ip_address(host: str) -> Any:
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _ip_address(host)
    return host.rstrip(".") == "localhost" if address is None else bool(address.is_loopback)


def _parse_timeout(source: str, value: object, _environ: Mapping[str, str]) -> float:
    seconds = parse_duration(source, value, maximum=MAX_TIMEOUT_SECONDS)
    if not seconds:
        raise bad_value(source, value, "is not above 0", "seconds, such as 30")
    return seconds


def _parse_max_attempts(source: str, value: object, _environ: Mapping[str, str]) -> int:
    text = re.sub(r"\.0*$", "", number_text(value))
    if text not in [str(number) for number in range(1, MAX_ATTEMPTS + 1)]:
        raise bad_value(source, value, f"is not a whole number from 1 to {MAX_ATTEMPTS}", "a number such as 3")
    return int(text)


def _parse_verify(source: str, value: object, _environ: Mapping[str, str]) -> bool:
    if isinstance(value, bool):
        return value
    raise bad_value(source, value, "is not a boolean", "true or false")


def _parse_ca_bundle(source: str, value: object, _environ: Mapping[str, str]) -> str:
    if not isinstance(value, (str, os.PathLike)):
        raise ca_bundle_error(source, f"must be a path, not {describe_value(value)}")
    path = os.path.expanduser(os.fsdecode(value))
    try:
        if stat.S_IFMT(os.stat(path).st_mode) in (stat.S_IFREG, stat.S_IFDIR):
            return path
        reason = "it is neither a file nor a folder"
    except (OSError, ValueError) as error:
        reason = os_reason(error)
    raise ca_bundle_error(source, f"'{describe_path(path)}' cannot be read ({reason})")


def ca_bundle_error(source: str, problem: str) -> ConfigurationError:
    """The error for a CA bundle that cannot be used."""
    return ConfigurationError(
        f"{source}: the CA bundle {problem}",
        hint=f"set {source} to a PEM file of CA certificates, or unset it to use the system's",
    )


# fmt: off
SETTINGS: Tuple[Setting, ...] = (
    Setting(name="api_key", label="API key", parse=parse_key, variables=(KEY_VARIABLE,), default=None,
            config_key="apiKey", ansible="api_key", flag="--api-key-file", metavar="FILE", secret=True,
            help="The API key. The last place is ~/.lumenfall/credentials.json (LUMENFALL_CONFIG_DIR moves it)."),
    Setting(name="base_url", label="base URL", parse=_parse_base_url, variables=("LUMENFALL_API_BASE",),
            default=DEFAULT_BASE_URL, config_key="baseUrl", ansible="base_url", flag="--base-url", metavar="URL",
            help="Where the API is. It may end in /, /v1 or /openai/v1."),
    Setting(name="timeout", label="timeout", parse=_parse_timeout, variables=("LUMENFALL_TIMEOUT",), default=30.0,
            config_key="timeout", ansible="timeout", ansible_type="raw", flag="--timeout", metavar="SECONDS",
            help="Total deadline of one call in seconds, above 0 and up to 3600, with all attempts and waits."),
    Setting(name="max_attempts", label="attempts", parse=_parse_max_attempts, variables=("LUMENFALL_MAX_ATTEMPTS",),
            default=3, config_key="maxAttempts", ansible="max_attempts", ansible_type="raw", flag="--max-attempts",
            metavar="N", help="Requests in all, 1 to 10. Only temporary failures are retried."),
    Setting(name="verify", label="TLS verification", parse=_parse_verify, variables=(), default=True,
            config_key=None, ansible="validate_certs", ansible_type="bool", flag=None,
            help="Whether the server's certificate is verified. False is for tests only."),
    Setting(name="ca_bundle", label="CA bundle", parse=_parse_ca_bundle, default=None,
            variables=("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), config_key="caBundle", ansible="ca_path",
            ansible_type="path", flag="--ca-bundle", metavar="PATH",
            help="PEM file or folder of CA certificates to trust instead of the system's."),
)
# fmt: on


def _environment_layer(environ: Mapping[str, str], origins: Mapping[str, str]) -> Layer:
    layer = {}
    for setting in SETTINGS:
        if setting.variables:
            set_ones = [name for name in setting.variables if not is_unset(environ.get(name))]
            name = (set_ones or setting.variables)[0]
            layer[setting.name] = (_with_origin(name, origins), environ.get(name))
    return layer


def _with_origin(variable: str, origins: Mapping[str, str]) -> str:
    return f"{variable} (set in {origins[variable]})" if variable in origins else variable
