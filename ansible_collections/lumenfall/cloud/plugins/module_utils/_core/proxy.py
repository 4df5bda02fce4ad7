# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Which hosts ``NO_PROXY`` names.

Pure. requests has the same, but sets an environment variable while it looks: threads that look at the same moment fail
over it, or leave it set.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_ENTRY = re.compile(r"(\[[^]]*\]|[^:]*|.*:.*:.*?)(?::([0-9]{1,5}))?")


def goes_direct(url: str, no_proxy: str) -> bool:
    """Whether a URL is among the ones that no proxy is asked for.

    Args:
        url: An https URL.
        no_proxy: Value of ``NO_PROXY``: host names (with the ones below them), addresses and networks, each with a
            port if need be, separated by commas or spaces; or ``*`` for all.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    address = _address(host)
    for entry in re.split(r"[\s,]+", no_proxy.lower()):
        matched = _ENTRY.fullmatch(entry)
        if not entry or matched is None:
            continue
        name, port = matched.groups()
        if port is not None and int(port) != (parts.port or 443):
            continue
        if name == "*":
            return True
        name = name.strip("[]")
        if address is not None:
            if _holds(name, address):
                return True
            continue
        # ".example" and "*.example" are in use beside "example", and all mean the same.
        name = name.lstrip("*.").rstrip(".")
        if name and f".{host}".endswith(f".{name}"):
            return True
    return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _holds(network: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
