# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The cases of the fault matrix: what is wrong, and the verdict that every gate at 5.00 must reach.

The servers' part is a choice from :mod:`support.faults`, each family of it, with one definite verdict where the library
leaves the choice open. Added are what only a surface can show: policies, proxies, names, and bad settings from every
source. A case knows nothing of the surface it is played through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from support.fault_server import Connection, Play
from support.faults import FAULTS, Fault, answer, bomb, says
from support.leaks import MARKER
from support.proxy import ESTABLISHED, LOGIN_PAGE, PROXY_PLAYS, sends, tunnel

__all__ = ["CASES", "CANNOT_TELL", "ENOUGH", "SAMPLE", "TOO_LOW", "Case"]

ENOUGH, TOO_LOW, CANNOT_TELL = "enough", "too low", "cannot tell"

#: Every case is asked with two attempts; the deadline is short where only it can end the case.
ATTEMPTS = 2
LONG_SECONDS, SHORT_SECONDS = 8.0, 1.0

ProxyPlay: TypeAlias = Callable[[Connection, int], None]
"""What a proxy does with a connection whose CONNECT has been read; the number is the port of the real server."""


@dataclass(frozen=True)
class Case:
    """One row of the matrix.

    Attributes:
        name: ``family/name``.
        verdict: What every gate must say.
        outcomes: What a surface that tells an error's class or a balance's status may tell; empty for any.
        play: What the server does; it has 12.50 usd by default.
        tls: The server's ``tls``.
        requests: How many connections the server, or the proxy, may see; None for up to two.
        timeout: The deadline, seconds.
        host: A name in the base URL, played by the resolver of ``fault_stage``.
        proxy: What a proxy on the way does, or None to go past it.
        given: Arguments, by their Python names, beside or instead of the good ones.
        environ: Environment variables, likewise.
        config: Pulumi config, likewise.
        ini: Ansible's ``[lumenfall]`` section, likewise.
    """

    name: str
    verdict: str
    outcomes: frozenset[str] = frozenset()
    play: Play = field(default=says(answer()), repr=False)
    tls: str | tuple[str, ...] | None = None
    requests: int | None = None
    timeout: float = LONG_SECONDS
    host: str = ""
    proxy: ProxyPlay | None = field(default=None, repr=False)
    given: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
    ini: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def passes(self) -> bool:
        """Whether a gate may let anything through."""
        return self.verdict == ENOUGH


_LIBRARY = {str(fault): fault for fault in FAULTS}


def _from_library(name: str, verdict: str) -> Case:
    fault: Fault = _LIBRARY[name]
    # Where an answer tells, an early deadline would be another fault.
    is_slow = verdict == CANNOT_TELL and (fault.slow or fault.family == "slow")
    return Case(
        name,
        verdict,
        fault.outcomes,
        fault.play,
        fault.tls,
        None if fault.requests is None else min(fault.requests, ATTEMPTS),
        SHORT_SECONDS if is_slow else LONG_SECONDS,
    )


def _family(family: str, verdict: str, *names: str) -> list[Case]:
    return [_from_library(f"{family}/{name}", verdict) for name in names]


# --- What must pass or stop exactly: without these, a gate that never passes would look perfect ---

_CONTROLS = [
    *_family("recovery", ENOUGH, "good", "500-then-good", "null-then-good", "cut-then-good"),
    *_family(
        "json", ENOUGH, "exactly-5", "just-above-5", "exponent-upper-case", "24-digits", "postpaid-null",
        "postpaid-number", "currency-upper-case", "keys-escaped", "unknown-fields",
    ),
    *_family(
        "json", TOO_LOW, "just-below-5", "a-float-below-5", "exponent-of-a-fraction", "zero", "negative-zero",
        "negative",
    ),
    *_family("json", CANNOT_TELL, "prepaid-null"),
    *_family("statuses", TOO_LOW, "402"),
    *_family("statuses", ENOUGH, "100-then-200"),
    *_family("encodings", ENOUGH, "gzip", "utf-8-mark"),
    *_family("sizes", ENOUGH, "1-mib"),
    *_family("slow", ENOUGH, "byte-by-byte-but-prompt", "complete-and-held-open"),
    *_family("framing", ENOUGH, "second-answer-behind", "http-1.0"),
    *_family("tls", ENOUGH, "good"),
    *_family("combined", ENOUGH, "cookies-of-1-mib", "trailers-with-a-status"),
    *_family("recovery", CANNOT_TELL, "500-then-null"),
    *_family("recovery", ENOUGH, "null-then-postpaid"),
]  # fmt: skip


def _policy(name: str, verdict: str, fault: str, **given: str) -> Case:
    return replace(_from_library(fault, verdict), name=f"policies/{name}", given=given)


_POLICIES = [
    _policy("postpaid-allowed", ENOUGH, "json/postpaid-null", postpaid="allow"),
    _policy("postpaid-denied", TOO_LOW, "json/postpaid-null", postpaid="deny"),
    _policy("postpaid-denied-with-amount", ENOUGH, "json/postpaid-number", postpaid="deny"),
    _policy("unavailable-allowed", ENOUGH, "json/prepaid-null", unavailable="allow"),
    _policy("unavailable-denied", CANNOT_TELL, "json/prepaid-null", unavailable="deny"),
    _policy("low-with-both-allowed", TOO_LOW, "json/just-below-5", postpaid="allow", unavailable="allow"),
    # "allow" speaks of a balance that is not there, and of nothing else.
    _policy("error-with-unavailable-allowed", CANNOT_TELL, "statuses/503-balance", unavailable="allow"),
    _policy("stall-after-null-with-unavailable-allowed", CANNOT_TELL, "combined/null-then-stall", unavailable="allow"),
    _policy(
        "page-after-null-with-unavailable-allowed", CANNOT_TELL, "combined/null-then-not-json", unavailable="allow"
    ),
    _policy("no-amount-with-both-allowed", CANNOT_TELL, "json/amount-missing", postpaid="allow", unavailable="allow"),
    _policy("402-with-both-allowed", TOO_LOW, "statuses/402", postpaid="allow", unavailable="allow"),
]

# --- What a server, or something that plays one, does ---

_SERVERS = [
    *_family(
        "slow", CANNOT_TELL, "says-nothing", "drips-body", "drips-chunks",
        "drips-white-space-after-balance", "stalls-before-last-byte", "stalls-before-last-chunk",
        "stalls-in-401-body", "drips-503-body",
    ),
    *_family("slow", TOO_LOW, "stalls-in-402-body"),
    *_family(
        "cuts", CANNOT_TELL, "before-request", "reset-before-answer", "before-blank-line",
        "before-last-byte", "reset-in-body", "after-whole-value", "after-whole-value-by-a-byte",
        "chunked-without-last-chunk", "until-close-in-value", "after-100",
    ),
    *_family(
        "framing", CANNOT_TELL, "lengths-differ", "length-and-chunked",
        "length-short", "chunked-but-plain", "chunk-size-negative-endless",
        "header-line-endless", "headers-endless", "100-endless", "header-without-colon",
        "garbage", "http-0.9", "http-2-preface",
    ),
    *_family(
        "statuses", CANNOT_TELL, "401", "403", "429", "503-balance", "202",
        "600", "999", "letters", "103-then-200", "400-fields-of-wrong-types",
        "302-to-same-host", "302-gzip-bomb", "302-endless", "307-to-another-host",
    ),
    *_family(
        "encodings", CANNOT_TELL, "gzip-bomb", "gzip-bomb-in-401", "gzip-truncated",
        "gzip-corrupt", "gzip-claimed-but-plain", "encoding-unknown",
        "utf-8-mark-twice", "utf-16", "utf-8-surrogate", "surrogate-escaped-in-currency",
    ),
    *_family(
        "sizes", CANNOT_TELL, "1-mib-and-a-byte", "200-mib", "endless",
        "endless-chunks", "endless-503",
    ),
    *_family(
        "json", CANNOT_TELL, "1e400", "nan", "plus",
        "comma", "digits-full-width", "amount-string", "amount-true", "amount-list",
        "amount-missing", "currency-unknown", "currency-spaces",
        "billing-type-unknown", "billing-type-unknown-null", "available-list",
        "object-wrong", "wrapped-in-data", "wrapped-in-string",
        "duplicate-amount", "duplicate-amount-escaped", "duplicate-nested",
        "nested-100000-lists", "nested-100000-in-503", "error-beside-balance",
        "html", "empty", "null-byte-behind", "two-values",
        "garbage-behind",
    ),
    *_family("truncated", CANNOT_TELL, "prepaid-098", "in-escape"),
    *_family(
        "retry-after", CANNOT_TELL, "429-a-day", "429-date-zone-future", "429-date-zone-past",
        "429-junk", "503-date-zone-absurd",
    ),
    *_family(
        "hostile", CANNOT_TELL, "message-ansi", "message-bidi", "message-newlines",
        "message-github-command-on-a-line", "message-azure-command", "message-template", "message-format",
        "message-lone-surrogate", "message-long-wide",
        "code-github-command", "code-template", "request-id-ansi", "request-id-azure-command",
        "request-id-c1-bytes", "billing-type", "location",
    ),
    *_family("hostile", ENOUGH, "request-id-of-200-ansi", "request-id-of-200-template", "request-id-of-200-long"),
    *_family(
        "echo", CANNOT_TELL, "message", "message-of-200", "message-at-the-cut",
        "message-base64", "code", "request-id-base64", "duplicate-key",
        "status-line", "cut-body",
    ),
    *_family("echo", ENOUGH, "request-id-of-200", "cookie"),
    *_family(
        "recovery", CANNOT_TELL, "null-then-401", "null-then-500", "500-then-302",
    ),
    *_family(
        "tls", CANNOT_TELL, "other-host", "expired", "unknown-authority", "plain-http", "garbage",
        "stalls", "cut", "reset-in-body",
    ),
    *_family(
        "combined", CANNOT_TELL, "redirect-with-dripped-body", "429-bomb-and-a-day", "gzip-dripped-in-one-chunk",
        "gzip-balance-then-bomb", "cut-within-amount-by-length", "cut-within-amount-in-chunks",
        "cut-within-amount-until-close", "short-length-within-amount", "reset-after-status-line", "half-close",
        "header-lines-slowly", "cookies-1000", "100-then-100-then-drip", "103-then-other-amount",
        "null-then-redirect", "certificate-turns-bad", "host-turns-wrong", "tls-1.0-only",
        "record-announced-and-withheld", "record-forged", "stalls-after-handshake",
    ),
]  # fmt: skip

# --- What a proxy does; the server behind it is a good one ---


def _late_then_stalls(connection: Connection) -> None:
    connection.pause(SHORT_SECONDS * 0.8)
    PROXY_PLAYS["stall-in-tunnel"](connection)


def _drips(connection: Connection) -> None:
    connection.drip(ESTABLISHED * 20, 0.1)


def _floods(connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.send(b"y" * 65_536)


def _proxy(name: str, play: Play, *outcomes: str, slow: bool = False) -> Case:
    return Case(
        f"proxy/{name}",
        CANNOT_TELL,
        frozenset(outcomes),
        tls="good",
        timeout=SHORT_SECONDS if slow else LONG_SECONDS,
        proxy=lambda connection, port: play(connection),
    )


_PROXIES = [
    Case("proxy/good", ENOUGH, frozenset({"known"}), tls="good", proxy=tunnel),
    _proxy("login-page", PROXY_PLAYS["login"], "TLSError"),
    _proxy("200-then-plain-http", sends(ESTABLISHED, answer()), "TLSError"),
    _proxy("balance-instead-of-a-tunnel", sends(answer()), "TLSError"),
    _proxy("407", sends(answer(b"", b'Proxy-Authenticate: Basic realm="x"', status=407)), "ProxyError"),
    _proxy("403-page", sends(answer(LOGIN_PAGE, status=403)), "ProxyError"),
    _proxy("302-to-login", sends(answer(b"", b"Location: http://login.test/", status=302)), "ProxyError"),
    _proxy("502-bomb", lambda connection: connection.send(answer(bomb(), status=502)), "ProxyError"),
    _proxy("503-balance", sends(answer(status=503)), "ProxyError"),
    _proxy("garbage", PROXY_PLAYS["garbage"], "ProxyError"),
    _proxy("cut", PROXY_PLAYS["cut"], "ProxyError"),
    _proxy("cut-in-tunnel", PROXY_PLAYS["cut-in-tunnel"], "TLSError", "ConnectionFailedError"),
    _proxy("headers-endless", _floods, "ProxyError", "InvalidResponseError"),
    _proxy("stalls", PROXY_PLAYS["stall"], "DeadlineExceededError", slow=True),
    _proxy("drips", _drips, "DeadlineExceededError", slow=True),
    _proxy("late-then-stalls", _late_then_stalls, "DeadlineExceededError", slow=True),
    _proxy("stalls-in-tunnel", PROXY_PLAYS["stall-in-tunnel"], "DeadlineExceededError", slow=True),
]

_NAMES = [
    Case("names/ipv6-first-where-ipv4-listens", ENOUGH, frozenset({"known"}), tls="good", host="v6-first.faults.test"),
    Case(
        "names/unknown",
        CANNOT_TELL,
        frozenset({"ConnectionFailedError"}),
        tls="good",
        host="no-such.faults.test",
        requests=0,
    ),
    Case(
        "names/resolver-hangs",
        CANNOT_TELL,
        frozenset({"DeadlineExceededError"}),
        tls="good",
        host="hangs.faults.test",
        requests=0,
        timeout=SHORT_SECONDS,
    ),
]

# --- Settings that are wrong, by source; a good server stands by and must not hear of it ---


def _bad(name: str, outcome: str = "ConfigurationError", **more: Any) -> Case:
    return Case(f"settings/{name}", CANNOT_TELL, frozenset({outcome}), requests=0, **more)


_GIVEN: dict[str, dict[str, Any]] = {
    "api_key": {
        "space": f"lmnfl_a {MARKER}",
        "bearer": f"Bearer lmnfl_{MARKER}",
        "quotes": f"'lmnfl_{MARKER}'",
        "not-ascii": f"lmnfl_\u20ac{MARKER}",
        "escape": f"lmnfl_\x1b[31m{MARKER}",
        "too-long": f"lmnfl_{MARKER}" * 1000,
    },
    "base_url": {
        "ftp": "ftp://example.test",
        "clear-text": "http://example.test",
        "loopback-lookalike": "http://127.0.0.1.example.test",
        "user-info": f"https://user:{MARKER}@example.test",
        "query": f"https://example.test/?key={MARKER}",
        "no-scheme": "example.test",
        "bracket": "https://[::1",
        "newline": "https://example.test\n.evil.test",
        "command": "::error::https://example.test",
    },
    "timeout": {
        "zero": 0, "negative": -1, "too-long": 3601, "text": "abc", "unit": "10s", "nan": "nan", "infinite": "inf",
        "underscore": "1_0", "boolean": True,
    },
    "max_attempts": {"zero": 0, "eleven": 11, "fraction": 2.5, "text": "three"},
    "minimum": {
        "text": "abc", "empty": "", "negative": -1, "nan": "nan", "infinite": "inf", "comma": "1,50", "huge": "1e400",
        "full-width": "\uff15", "boolean": True, "list": [5], "command": "::error::5",
    },
    "postpaid": {"word": "maybe", "upper-case": "ALLOW", "number": 1},
    "unavailable": {"word": "perhaps", "space": "allow "},
}  # fmt: skip

_ENVIRON: dict[str, dict[str, str]] = {
    "key-with-space": {"LUMENFALL_API_KEY": f"lmnfl_a {MARKER}"},
    "base-url-clear-text": {"LUMENFALL_API_BASE": f"http://user:{MARKER}@example.test"},
    "timeout-text": {"LUMENFALL_TIMEOUT": "soon"},
    "attempts-many": {"LUMENFALL_MAX_ATTEMPTS": "99"},
    "bundle-missing": {"SSL_CERT_FILE": "/does/not/exist.pem"},
    "bundle-is-a-folder": {"SSL_CERT_FILE": "/proc/self/fd"},
    "bundle-is-no-pem": {"SSL_CERT_FILE": "/etc/passwd"},
    "credentials-broken": {"LUMENFALL_API_KEY": "", "LUMENFALL_CONFIG_DIR": "{credentials}/broken"},
    "credentials-without-key": {"LUMENFALL_API_KEY": "", "LUMENFALL_CONFIG_DIR": "{credentials}/without-key"},
    "credentials-list": {"LUMENFALL_API_KEY": "", "LUMENFALL_CONFIG_DIR": "{credentials}/list"},
    "credentials-key-with-space": {"LUMENFALL_API_KEY": "", "LUMENFALL_CONFIG_DIR": "{credentials}/space"},
}
#: What is in the credentials files above.
CREDENTIALS: dict[str, bytes] = {
    "broken": b'{"api_key": "lmnfl_%s' % MARKER.encode(),
    "without-key": b'{"refresh_token": "%s"}' % MARKER.encode(),
    "list": b'["%s"]' % MARKER.encode(),
    "space": b'{"api_key": "lmnfl_a %s"}' % MARKER.encode(),
}

_BAD_PROXIES = {
    "socks": f"socks5h://user:{MARKER}@127.0.0.1:9",
    "port": f"http://user:{MARKER}@127.0.0.1:99999",
    "host": f"http://user:{MARKER}@a..b:9",
    "password": f"http://user:\u20ac{MARKER}@127.0.0.1:9",
    "nobody-there": f"http://user:{MARKER}@127.0.0.1:1",
}

_CONFIG: dict[str, dict[str, str]] = {
    "key-with-space": {"lumenfall:apiKey": f"lmnfl_a {MARKER}"},
    "base-url-query": {"lumenfall:baseUrl": f"https://example.test/?key={MARKER}"},
    "timeout-unit": {"lumenfall:timeout": "10s"},
    "attempts-fraction": {"lumenfall:maxAttempts": "2.5"},
    "bundle-missing": {"lumenfall:caBundle": "/does/not/exist.pem"},
}

_INI: dict[str, dict[str, str]] = {
    "base-url-ftp": {"base_url": "ftp://example.test"},
    "timeout-nan": {"timeout": "nan"},
    "attempts-zero": {"max_attempts": "0"},
    "verify-neither": {"validate_certs": "perhaps"},
}

_SETTINGS = [
    *(
        _bad(f"{setting}-{name}", given={setting: value})
        for setting, values in _GIVEN.items()
        for name, value in values.items()
    ),
    _bad("ca_bundle-missing", tls="good", given={"ca_bundle": "/does/not/exist.pem"}),
    _bad("ca_bundle-no-pem", tls="good", given={"ca_bundle": "/etc/passwd"}),
    *(_bad(f"environment-{name}", tls="good", environ=environ) for name, environ in _ENVIRON.items()),
    *(
        _bad(f"proxy-{name}", "ProxyError", tls="good", proxy=tunnel, environ={"HTTPS_PROXY": value})
        for name, value in _BAD_PROXIES.items()
    ),
    *(_bad(f"config-{name}", tls="good", config=config) for name, config in _CONFIG.items()),
    *(_bad(f"ini-{name}", tls="good", ini=ini) for name, ini in _INI.items()),
]

CASES: tuple[Case, ...] = (*_CONTROLS, *_POLICIES, *_SERVERS, *_PROXIES, *_NAMES, *_SETTINGS)
"""Every case, by family."""

_NAMED = {case.name: case for case in CASES}
SAMPLE: tuple[Case, ...] = tuple(
    _NAMED[name]
    for name in (
        "recovery/good", "json/a-float-below-5", "json/prepaid-null", "policies/postpaid-denied",
        "policies/unavailable-allowed", "statuses/402", "slow/drips-body", "cuts/after-whole-value",
        "framing/lengths-differ", "statuses/302-to-same-host", "encodings/gzip-bomb", "json/duplicate-amount-escaped",
        "hostile/message-github-command-on-a-line", "echo/message-base64", "combined/certificate-turns-bad",
        "proxy/late-then-stalls", "names/ipv6-first-where-ipv4-listens", "settings/minimum-comma",
        "settings/base_url-user-info", "settings/timeout-nan", "settings/environment-bundle-missing",
        "settings/proxy-socks",
    )
)  # fmt: skip
"""Some of each kind, for every run of the tests."""
