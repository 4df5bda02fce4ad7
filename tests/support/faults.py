# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The table of faults: what a server does, and what must come of it.

A :class:`Fault` knows nothing of the surface it is played through::

    @pytest.mark.parametrize("fault", FAULTS, ids=str)
    def test_fault(fault):
        with FaultServer(fault.play, tls=fault.tls) as server:
            ...  # ask server.url with max_attempts=3
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import time
import zlib
from collections.abc import Mapping
from email.utils import formatdate
from typing import NamedTuple, TypeAlias

from support.fault_server import Connection, Play
from support.plays import (
    BALANCE,
    CHUNKED,
    FRAMED,
    MEBIBYTE,
    POSTPAID,
    after_hello,
    amount,
    answer,
    beside,
    bomb,
    chunk,
    drips,
    echoes,
    encoded,
    error,
    floods,
    hangs_up,
    head,
    in_turn,
    later,
    redirects,
    resets_after,
    says,
    says_nothing,
    stalls_after,
)


class Fault(NamedTuple):
    """One row.

    Attributes:
        name: ``family/name``.
        play: What the server does with each connection.
        outcome: The class of the error, ``postpaid``, ``unavailable``, or the amount of a known balance. ``A or B``
            where either is right.
        requests: How often the server is asked with ``max_attempts=3``; None where that is left open.
        words: What the message must contain.
        tls: The server's ``tls``.
    """

    name: str
    play: Play
    outcome: str
    requests: int | None = 1
    words: str = ""
    tls: str | None = None

    def __str__(self) -> str:
        return self.name


Plays: TypeAlias = "Mapping[str, Play | tuple[Play, str]]"


def rows(family: str, outcome: str, requests: int | None, plays: Plays, tls: str | None = None) -> list[Fault]:
    """The rows of a family that end alike: name -> what the server does, and the words that the message must have."""
    both = {name: play if isinstance(play, tuple) else (play, "") for name, play in plays.items()}
    return [Fault(f"{family}/{name}", play, outcome, requests, words, tls) for name, (play, words) in both.items()]


def bodies(family: str, outcome: str, requests: int | None, documents: Mapping[str, bytes | str]) -> list[Fault]:
    """The same for rows of a 200 with this body."""
    raw = {name: body.encode() if isinstance(body, str) else body for name, body in documents.items()}
    return rows(family, outcome, requests, {name: says(answer(body)) for name, body in raw.items()})


DEADLINE, CUT, INVALID = "DeadlineExceededError", "ConnectionFailedError", "InvalidResponseError"
SERVER, LIMITED, API = "ServerError", "RateLimitedError", "APIError"
BROKEN = f"{INVALID} or {CUT}"
GOOD, DOWN = says(answer()), says(answer(error(code="INTERNAL_ERROR"), status=500))
NULL = says(answer(amount(b"null")))
ZIPPED = gzip.compress(BALANCE, mtime=0)
HALF = BALANCE[:50]

# --- Too slow: only the deadline ends it ---

SLOW = [
    *rows("slow", DEADLINE, None, {
        "says-nothing": says_nothing,
        "stalls-in-header": stalls_after(b"HTTP/1.1 200 OK\r\nContent-Le"),
        "stalls-after-headers": stalls_after(FRAMED),
        "stalls-before-last-byte": stalls_after(FRAMED, BALANCE[:-1]),
        # The value is whole, the response is not: more might follow that makes it invalid.
        "stalls-before-last-chunk": stalls_after(CHUNKED, chunk(BALANCE)),
        "stalls-instead-of-closing": stalls_after(head(), BALANCE),
        "drips-headers": drips(answer()[17:], after=answer()[:17]),
        "drips-body": drips(BALANCE, after=FRAMED),
        "null-then-stall": in_turn(NULL, says_nothing),
    }),
    *rows("slow", DEADLINE, None, {"tls-handshake-stalls": after_hello(Connection.stall)}, tls="raw"),
    # A status that has arrived decides the class, even if its body stalls.
    *rows("slow", "AuthenticationError", 1, {"401-body-stalls": stalls_after(head(status=401), b"{")}),
    *rows("slow", "InsufficientBalanceError", 1, {"402-body-stalls": stalls_after(head(status=402))}),
    *rows("slow", SERVER, 3, {"503-body-drips": drips(error(), after=head(status=503))}),
    *rows("slow", "UnexpectedRedirectError", 1, {"302-body-stalls": stalls_after(head(b"Location: /", status=302))}),
    *rows("slow", INVALID, 1, {"202-body-stalls": stalls_after(head(status=202))}),
    # Not faults: what a client must not be too strict about.
    *rows("slow", "12.50", 1, {"complete-and-held-open": stalls_after(FRAMED, BALANCE)}),
]  # fmt: skip

# --- Cut off ---

CUTS = [
    *rows("cuts", CUT, 3, {
        "before-request": hangs_up,
        "before-response": says(b""),
        "reset-before-request": Connection.reset,
        "reset-before-response": resets_after(),
        "before-blank-line": says(FRAMED[:-2]),
        "after-headers": says(FRAMED),
        "in-body": says(FRAMED, HALF),
        # A whole balance, and a length that says there was more, which might have made it invalid.
        "after-whole-value": says(head(b"Content-Length: 500"), BALANCE),
        "chunked-in-data": says(CHUNKED, b"63\r\n", HALF),
        "chunked-without-last-chunk": says(CHUNKED, chunk(BALANCE)),
    }),
    *rows("cuts", CUT, 3, {"tls-before-response": says(b""), "tls-in-body": says(FRAMED, HALF)}, tls="good"),
    # To http.client the head is complete, and the body empty.
    *rows("cuts", BROKEN, 3, {"after-status-line": says(b"HTTP/1.1 200 OK\r\n")}),
    # Only the connection's end frames these, so the JSON must tell.
    *rows("cuts", INVALID, 3, {"until-close-in-value": says(head(), HALF), "until-close-empty": says(head())}),
    *rows("cuts", "12.50", 1, {"until-close-after-value": says(head(), BALANCE)}),
    # The body is cut, the status is not.
    *rows("cuts", "AuthenticationError", 1, {"in-401-body": says(head(b"Content-Length: 9", status=401), b"{")}),
    *rows("cuts", SERVER, 3, {"in-503-body": says(head(b"Content-Length: 90", status=503), b"{")}),
]  # fmt: skip

# --- Not what HTTP should be ---

HTTP = [
    *rows("http", BROKEN, None, {
        "garbage": says(bytes(range(256)) * 4),
        "ssh-banner": says(b"SSH-2.0-OpenSSH_9.9\r\n"),
        "http-0.9": says(BALANCE),
        "lengths-differ": says(head(b"Content-Length: %d" % len(BALANCE), b"Content-Length: 500"), BALANCE),
        "chunked-but-plain": says(CHUNKED, BALANCE),
        "header-line-of-2-mib": says(answer(BALANCE, b"X: " + b"y" * 2 * MEBIBYTE)),
    }),
    *rows("http", f"{BROKEN} or {DEADLINE}", None, {
        "header-line-endless": floods(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65_536),
        "chunks-endless": floods(CHUNKED, chunk(b" ")),
    }),
    *rows("http", "12.50", 1, {
        "good": GOOD,
        "http-1.0": says(answer().replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
        "reason-not-ascii": says(answer(reason=b"\xff\xfe")),
        "100-then-200": says(b"HTTP/1.1 100 Continue\r\n\r\n", answer()),
        "more-behind-the-body": says(FRAMED, BALANCE, answer(amount(b"99999"))),
    }),
]  # fmt: skip

# --- A good balance under a status that is not 200: it must never pass ---

_CLASSES = {
    401: ("AuthenticationError", 1),
    402: ("InsufficientBalanceError", 1),
    403: ("PermissionDeniedError", 1),
    407: ("ProxyError", 1),
    408: (API, 3),
    425: (API, 3),
    429: (LIMITED, 3),
}
_FAMILIES = {2: (INVALID, 1), 3: ("UnexpectedRedirectError", 1), 4: (API, 1), 5: (SERVER, 3)}
_STATUSES = (201, 202, 204, 206, 300, 304, 399, 400, 401, 402, 403, 404, 407, 408, 422,
             425, 429, 499, 500, 502, 503, 504, 599, 600, 999)  # fmt: skip
STATUSES = [
    Fault(
        f"statuses/{status}",
        says(answer(status=status)),
        *_CLASSES.get(status, _FAMILIES.get(status // 100, (INVALID, 1))),
        str(status),
    )
    for status in _STATUSES
]
STATUSES += [
    *rows("statuses", "AuthenticationError", 1, {
        "401-empty": says(answer(b"", status=401)),
        "401-other-code": (says(answer(error(code="RATE_LIMITED"), status=401)), "(HTTP 401): RATE_LIMITED"),
    }),
    *rows("statuses", API, 1, {
        "400-text": (says(answer(b'{"error": "said so"}', status=400)), "said so"),
        "400-message-and-code": (says(answer(error("said so", "CODE"), status=400)), "(HTTP 400): CODE: said so"),
        "400-top-level-message": (says(answer(b'{"message": "said so"}', status=400)), "said so"),
        "400-top-level-detail": (says(answer(b'{"detail": "said so"}', status=400)), "said so"),
    }),
    *rows("statuses", "PermissionDeniedError", 1, {
        "403-html": (says(answer(b"<html>Blocked</html>", status=403, kind=b"text/html")), "not the API"),
        "403-locked": (says(answer(error("Account locked"), status=403)), "Account locked"),
    }),
    *rows("statuses", SERVER, 3, {
        "502-html": says(answer(b"<html>Bad Gateway</html>", status=502, kind=b"text/html")),
    }),
    *rows("statuses", "UnexpectedRedirectError", 1, {
        **{f"{status}-to-another-host": (redirects(status, b"localhost"), "localhost")
           for status in (301, 302, 303, 307, 308)},
        "302-to-same-host": redirects(302, b"127.0.0.1"),
        "302-to-garbage": says(answer(b"", b"Location: http://[::1", status=302)),
        "302-gzip-bomb": later(lambda: encoded(bomb(), status=302)),
    }),
]  # fmt: skip

# --- Encodings and sizes ---

ENCODINGS = [
    *rows("encodings", "12.50", 1, {
        "gzip": says(encoded(ZIPPED)),
        "deflate": says(encoded(zlib.compress(BALANCE), b"deflate")),
        "identity": says(encoded(BALANCE, b"identity")),
        "gzip-chunked": says(head(b"Content-Encoding: gzip", b"Transfer-Encoding: chunked"), chunk(ZIPPED), chunk(b"")),
        "utf-8": says(answer(beside('"name": "caf\u00e9"'.encode()))),
        "utf-8-mark": says(answer(b"\xef\xbb\xbf" + BALANCE)),
    }),
    *rows("encodings", INVALID, 1, {
        "gzip-claimed-but-plain": says(encoded(BALANCE)),
        "gzip-corrupt-checksum": says(encoded(ZIPPED[:-8] + b"\0" * 8)),
        "gzip-bomb": later(lambda: encoded(bomb())),
        "latin-1": says(answer(beside('"name": "caf\u00e9"'.encode("latin-1")))),
    }),
    *rows("encodings", BROKEN, None, {"gzip-truncated": says(encoded(ZIPPED[:40]))}),
    *rows("encodings", "AuthenticationError", 1, {
        "gzip-bomb-in-401": later(lambda: encoded(bomb(), status=401)),
    }),
]  # fmt: skip

_PADDED = b" " * (MEBIBYTE - len(BALANCE)) + BALANCE
SIZES = [
    *rows("sizes", "12.50", 1, {
        "1-mib": says(answer(_PADDED)),
        "1-mib-gzip": says(encoded(gzip.compress(_PADDED))),
    }),
    *rows("sizes", INVALID, 1, {
        "1-mib-and-a-byte": (says(answer(b" " + _PADDED)), "1 MiB"),
        "1-mib-and-a-byte-gzip": says(encoded(gzip.compress(b" " + _PADDED))),
        "endless": floods(head(), b" " * 65_536),
    }),
    *rows("sizes", "AuthenticationError", 1, {"endless-401": floods(head(status=401), b"x" * 65_536)}),
]  # fmt: skip

# --- JSON: number forms, types, duplicate keys, what is not JSON ---

JSON = [
    *bodies("json", "12.50", 1, {
        "white-space-around": b" \r\n\t" + BALANCE + b"\n\n",
        "unknown-fields": beside(b'"new": {"error": 1, "deep": [[[null]]]}'),
        "postpaid-number": BALANCE.replace(b"prepaid", b"postpaid"),
        "currency-upper-case": BALANCE.replace(b"usd", b"USD"),
        "exponent": amount(b"1.25E+1"),
        "error-null": beside(b'"error": null'),
    }),
    *bodies("json", "0.00", 1, {"zero": amount(b"0"), "negative-zero": amount(b"-0.0")}),
    *bodies("json", "postpaid", 1, {"postpaid-null": POSTPAID}),
    *bodies("json", "unavailable", 3, {"prepaid-null": amount(b"null")}),
    *(
        Fault(f"json/amount-{name}", says(answer(amount(text))), INVALID)
        for name, text in {
            "nan": b"NaN", "infinity": b"Infinity", "1e400": b"1e400", "huge": b"1e99999999999999999999",
            "plus": b"+12.50", "leading-zero": b"012.50", "no-integer": b".5", "no-fraction": b"12.",
            "comma": b"12,50", "digits-not-ascii": "\u0661\u0662".encode(),
            "string": b'"12.50"', "true": b"true", "list": b"[12.50]",
        }.items()
    ),
    *rows("json", INVALID, 1, {
        "currency-unknown": (says(answer(BALANCE.replace(b"usd", b"eur"))), "eur"),
        "html": (says(answer(b"<!DOCTYPE html><title>Sign in</title>", kind=b"text/html")), "HTML"),
    }),
    *bodies("json", INVALID, 1, {
        "amount-missing": BALANCE.replace(b'"amount": 12.50, ', b""),
        "currency-null": BALANCE.replace(b'"usd"', b"null"),
        # With a long s, which upper() and casefold() take for an s.
        "currency-long-s": BALANCE.replace(b"usd", "u\u017fd".encode()),
        "billing-type-unknown": BALANCE.replace(b"prepaid", b"credit"),
        "billing-type-missing": BALANCE.replace(b'"billing_type": "prepaid", ', b""),
        "available-null": b'{"object": "balance", "billing_type": "postpaid", "available": null}',
        "available-missing": b'{"object": "balance", "billing_type": "prepaid"}',
        "object-wrong": BALANCE.replace(b'"balance"', b'"list"'),
        "wrapped-in-data": b'{"data": ' + BALANCE + b"}",
        "wrapped-in-string": json.dumps(BALANCE.decode()),
        "duplicate-amount": BALANCE.replace(b'"amount"', b'"amount": 0.01, "amount"'),
        "duplicate-available": beside(b'"available": {"amount": 1, "currency": "usd"}'),
        "duplicate-elsewhere": beside(b'"x": [{"y": 1, "y": 2}]'),
        "nested-100000-lists": beside(b'"x": ' + b"[" * 100_000 + b"]" * 100_000),
        "text": b"OK",
        "two-values": BALANCE + b"\n" + BALANCE,
        "garbage-behind": BALANCE + b"garbage",
        "trailing-comma": BALANCE[:-1] + b",}",
    }),
    # Empty, or ended before its value does: the one kind of invalid response that is asked for again.
    *bodies("json", INVALID, 3, {
        "empty": b"",
        "ends-in-a-number": BALANCE[: BALANCE.index(b".50")],
        "ends-before-the-last-brace": BALANCE[:-1],
        "ends-in-an-escape": rb'{"object": "\u00',
    }),
    *bodies("json", API, 1, {
        "error": error(),
        "error-beside-balance": beside(error()[1:-1]),
        "error-empty": beside(b'"error": {}'),
        "error-false": beside(b'"error": false'),
    }),
    *rows("json", SERVER, 3, {"nested-in-503": says(answer(b"[" * 100_000 + b"]" * 100_000, status=503))}),
]  # fmt: skip

# --- Retry-After ---

_DAY = 86_400


def _waits(text: str, status: int = 429) -> Play:
    return says(answer(error(), b"Retry-After: " + text.encode(), status=status))


def _dated(days: int) -> Play:
    header = b"Retry-After: %s"
    return later(
        lambda: answer(error(), header % formatdate(time.time() + days * _DAY, usegmt=True).encode(), status=429)
    )


RETRY_AFTER = [
    *rows("retry-after", LIMITED, 3, {"0": _waits("0"), "junk": _waits("soon")}),
    *rows("retry-after", LIMITED, 3, {"date-past": _dated(-1)}),
    *rows("retry-after", LIMITED, 1, {"a-day": (_waits(str(_DAY)), "86400 s"), "date-in-a-day": _dated(1)}),
    *rows("retry-after", LIMITED, None, {"huge": _waits("9" * 400), "two": _waits("0\r\nRetry-After: 86400")}),
    *rows("retry-after", SERVER, 1, {"503-a-day": (_waits(str(_DAY), 503), "86400 s")}),
    *rows("retry-after", "AuthenticationError", 1, {"401-a-day": _waits(str(_DAY), 401)}),
    *rows("retry-after", "12.50", 1, {"200-a-day": says(answer(BALANCE, b"Retry-After: 86400"))}),
]

# --- Hostile text, in all places that are shown ---

_TEXTS = {
    "ansi": "\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b[2J",
    "c1-controls": "\x9b31mred\x9d0;title\x9c",
    "bidi": "\u202eevil\u202c\u2066isolate\u2069\u200f\u061c",
    "newlines": "one\ntwo\rthree\r\nfour\x0bfive\x0csix\x85seven\u2028eight\u2029nine",
    "null-byte": "a\0b",
    "github-command": "x\n::error::pwned\n::add-mask::c",
    "azure-command": "##vso[task.setvariable variable=a]b ##[error]pwned",
    "template": "{{ lookup('env', 'HOME') }}{% set a = 1 %}{# b #}",
    "long": "x" * 5000,
    "lone-surrogate": "a\ud800b",
}
_LINES = {name: re.sub(r"[\r\n\0\x0b\x0c\x85\u2028\u2029]", " ", text).encode("utf-8", "surrogatepass")
          for name, text in _TEXTS.items()}  # fmt: skip
HOSTILE = [
    *rows("hostile", API, 1, {
        f"message-{name}": says(answer(error(text), status=400)) for name, text in _TEXTS.items()
    }),
    *rows("hostile", API, 1, {
        f"code-{name}": says(answer(error(code=_TEXTS[name]), status=400))
        for name in ("ansi", "newlines", "github-command", "template", "long")
    }),
    *rows("hostile", API, 1, {
        f"request-id-{name}": says(answer(error(), b"X-Lumenfall-Request-Id: " + _LINES[name], status=400))
        for name in ("ansi", "bidi", "azure-command")
    }),
    *rows("hostile", "12.50", 1, {
        f"request-id-of-200-{name}": says(answer(BALANCE, b"X-Lumenfall-Request-Id: " + _LINES[name]))
        for name in ("ansi", "template", "long")
    }),
    *bodies("hostile", INVALID, 1, {
        "billing-type": BALANCE.replace(b"prepaid", rb"\u001b[31m\n::error::"),
        "currency": BALANCE.replace(b"usd", rb"\u001b[31m\n::error::"),
    }),
    *rows("hostile", "UnexpectedRedirectError", 1, {
        "location-host": says(answer(b"", b"Location: http://\x1b[31m::error::/", status=302)),
    }),
]  # fmt: skip

# --- The key comes back, as a debug page or a proxy would have it ---

ECHO = [
    *rows("echo", "AuthenticationError", 1, {
        "message": (echoes(lambda key: answer(error(f"bad key {key.decode()}!"), status=401)), "bad key ***!"),
    }),
    *rows("echo", API, 1, {
        "secret-part": echoes(lambda key: answer(error(key.decode().rpartition(".")[2]), status=400)),
        # Cut at 300 characters, only a part of the key is left, which no search for the whole key finds.
        "at-the-cut": echoes(lambda key: answer(error("x" * (300 - len(key) // 2) + key.decode()), status=400)),
        # Once the invisible characters are removed, the key stands there again.
        "controls-within": echoes(lambda key: answer(error("\u200b".join(key.decode())), status=400)),
        "code": echoes(lambda key: answer(error(code=key.decode()), status=400)),
        "request-id": echoes(lambda key: answer(error(), b"X-Lumenfall-Request-Id: " + key, status=400)),
        "of-200": echoes(lambda key: answer(error(key.decode()))),
    }),
    *rows("echo", SERVER, 3, {
        "html-page": echoes(lambda key: answer(b"<pre>Bearer %s</pre>" % key, status=502, kind=b"text/html")),
    }),
    *rows("echo", "UnexpectedRedirectError", 1, {
        "location-host": echoes(lambda key: answer(b"", b"Location: http://" + key + b"/", status=302)),
    }),
    *rows("echo", INVALID, 1, {
        "currency": echoes(lambda key: answer(BALANCE.replace(b"usd", key))),
        "not-json": echoes(lambda key: answer(b"Bearer " + key)),
    }),
    *rows("echo", BROKEN, None, {
        "status-line": echoes(lambda key: answer().replace(b"200 OK", key, 1)),
        "instead-of-http": echoes(lambda key: key + b"\r\n\r\n"),
        "cut-body": echoes(lambda key: head(b"Content-Length: 900") + b'{"object": "%s"' % key),
    }),
    *rows("echo", f"12.50 or {BROKEN}", None, {
        "header-without-colon": echoes(lambda key: answer(BALANCE, key)),
        "content-encoding": echoes(lambda key: encoded(BALANCE, key)),
    }),
    *rows("echo", "12.50", 1, {
        "request-id-of-200": echoes(lambda key: answer(BALANCE, b"X-Lumenfall-Request-Id: " + key)),
    }),
]  # fmt: skip

# --- Several attempts ---

RECOVERY = [
    *rows("recovery", "12.50", 2, {
        "500-then-good": in_turn(DOWN, GOOD),
        "429-then-good": in_turn(_waits("0"), GOOD),
        "cut-then-good": in_turn(hangs_up, GOOD),
        "empty-then-good": in_turn(says(answer(b"")), GOOD),
        "null-then-good": in_turn(NULL, GOOD),
        # A kept connection that the server closed without a word.
        "closed-while-kept-then-good": in_turn(
            says(answer(error(), status=500).replace(b"Connection: close\r\n", b"")), GOOD
        ),
    }),
    *rows("recovery", "12.50", 3, {"500-twice-then-good": in_turn(DOWN, DOWN, GOOD)}),
    # An error never counts as a balance, also where "unavailable" came before it.
    *rows("recovery", "AuthenticationError", 2, {
        "null-then-401": in_turn(NULL, says(answer(error(), status=401))),
        "500-then-401": in_turn(DOWN, says(answer(error(), status=401))),
    }),
    *rows("recovery", "unavailable", 3, {"500-then-null": in_turn(DOWN, NULL)}),
]  # fmt: skip

# --- TLS ---

_ALERT = b"\x15\x03\x03\x00\x02\x02"


def _forges(connection: Connection) -> None:
    """Sends a record that is not the server's own, below TLS."""
    says(FRAMED)(connection)
    socket.socket.sendall(connection.link, b"\x17\x03\x03\x00\x20" + b"x" * 32)
    connection.stall()


def _alert(kind: bytes) -> Play:
    return after_hello(lambda connection: connection.send(_ALERT + kind))


TLS = [
    *rows("tls", "12.50", 1, {"good": GOOD}, tls="good"),
    *rows("tls", "TLSError", 1, {"other-host": GOOD}, tls="other-host"),
    *rows("tls", "TLSError", 1, {"expired": (GOOD, "expired")}, tls="expired"),
    *rows("tls", "TLSError", 1, {"not-yet-valid": (GOOD, "not yet valid")}, tls="not-yet"),
    *rows("tls", "TLSError", 1, {"unknown-authority": GOOD}, tls="unknown-ca"),
    *rows("tls", "TLSError", 1, {
        "plain-http": after_hello(lambda connection: connection.send(answer())),
        "alert-handshake-failure": _alert(b"\x28"),
    }, tls="raw"),
    # A handshake, and a connection that ended: either class fits.
    *rows("tls", f"TLSError or {CUT}", None, {
        "cut": after_hello(hangs_up),
        "reset": after_hello(Connection.reset),
    }, tls="raw"),
    *rows("tls", f"TLSError or {CUT}", None, {"record-forged": _forges}, tls="good"),
]  # fmt: skip

FAULTS: tuple[Fault, ...] = (
    *SLOW, *CUTS, *HTTP, *STATUSES, *ENCODINGS, *SIZES, *JSON, *RETRY_AFTER, *HOSTILE, *ECHO, *RECOVERY, *TLS,
)  # fmt: skip
"""Every fault, by family."""
