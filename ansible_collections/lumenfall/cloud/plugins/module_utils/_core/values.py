# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What the value of each setting has to be: checks that name, in their refusal, the place that it came from.

What only some values need is imported where it is needed: a program that imports the core
pays for little more than the interpreter's own modules.
"""

from __future__ import annotations

import os
import re
import stat
from decimal import Decimal

from .errors import KEYS_PAGE, ConfigurationError
from .text import Secret, clean, describe, describe_path, kind_of

DEFAULT_BASE_URL = "https://api.lumenfall.ai"
MAX_TIMEOUT_SECONDS = 3600.0
DEFAULT_MAX_ATTEMPTS = 3
MAX_MAX_ATTEMPTS = 10
INSECURE_VARIABLE = "LUMENFALL_ALLOW_INSECURE_HTTP"

_MAX_CA_BUNDLE_BYTES = 64 << 20
_NUMBER = re.compile(r"[+-]?([0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12})")
_URL_HOST = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(:[0-9]*)?")
_IPV6_ZONE = re.compile(r"[A-Za-z0-9._~%-]*")
_URL_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_HASHED_CA = re.compile(r"[0-9a-f]{8}\.[0-9]+")


def is_unset(value: object) -> bool:
    """Whether a value counts as none: empty text does, everywhere."""
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
            f"{source}: the API key must be text, not {kind_of(value)}",
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
        raise refuse(f"must be text, not {kind_of(value)}")
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
    # Not "*.localhost": not every system answers for such a name itself, and another's answer may be anything.
    if host.rstrip(".") == "localhost":
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
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    # Whole numbers, since a program may have Decimal refuse to be compared with floats.
    if isinstance(value, (int, float, Decimal)) and -(10**12) < value < 10**12:
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
        raise _bundle_error(source, f"must be a path, not {kind_of(value)}")
    path = os.path.expanduser(os.fsdecode(value))
    problem = None
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            if not holds_authorities(path):
                problem = "is a folder without hashed certificates (run 'openssl rehash' on it)"
        elif not stat.S_ISREG(mode):
            problem = "is not a file"
        else:
            with open(path, "rb") as bundle:
                if b"-----BEGIN " not in bundle.read(_MAX_CA_BUNDLE_BYTES):
                    problem = "holds no PEM certificate"
    except (OSError, ValueError) as error:
        problem = f"cannot be read ({reason_of(error)})"
    if problem:
        raise refuse_ca_bundle(source, path, problem)
    return path


def holds_authorities(folder: str) -> bool:
    """Whether a folder holds certificates under the names by which OpenSSL finds them.

    Raises:
        OSError: It cannot be read.
    """
    return any(_HASHED_CA.fullmatch(name) for name in os.listdir(folder))


def refuse_ca_bundle(source: str, path: str, problem: str) -> ConfigurationError:
    """The error for a CA bundle that cannot be used."""
    return _bundle_error(source, f"'{describe_path(path)}' {problem}")


def _bundle_error(source: str, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"{source}: the CA bundle {problem}",
        hint=f"set {source} to a PEM file of CA certificates, or leave it unset for the platform's",
    )


def reason_of(error: Exception) -> str:
    """The operating system's own words for what it refused."""
    return (getattr(error, "strerror", None) or "its name is malformed").lower()
