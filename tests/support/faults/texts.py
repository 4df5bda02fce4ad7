# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Answers whose words are hostile: waits that nobody waits, controls, commands, the key itself."""

from __future__ import annotations

import base64
import re
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

from support.faults.expect import (
    API_ERROR,
    BROKEN,
    BROKEN_BUT_WHOLE,
    CUT,
    INVALID,
    KNOWN,
    KNOWN_OR_INVALID,
    RATE_LIMITED,
    REDIRECT,
    SERVER_ERROR,
    UNAUTHORIZED,
    UNFINISHED,
    Table,
    expected,
)
from support.faults.wire import (
    BALANCE,
    CHUNKED,
    amount,
    answer,
    asks_to_wait,
    beside,
    echoes,
    error,
    head,
    says,
    status_line,
)

if TYPE_CHECKING:
    from collections.abc import Callable


_DAY = 86_400


def _zoned(seconds: int) -> str:
    """An HTTP date but for its zone, two hours east."""
    return time.strftime("%a, %d %b %Y %H:%M:%S +0200", time.gmtime(time.time() + seconds + 7200))


def _rfc_850(seconds: int) -> str:
    return time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(time.time() + seconds))


# value, and how often the server is asked: 3 where the wait is short or the value is ignored, 1 where the wait would
# pass any sensible deadline, None where the documents do not say whether the value is a sane one.
_WAITS: dict[str, tuple[Callable[[], str], int | None]] = {
    "0": (lambda: "0", 3),
    "1": (lambda: "1", 3),
    "fraction": (lambda: "1.5", 3),
    "padded": (lambda: "  1  ", 3),
    "a-day": (lambda: str(_DAY), 1),
    "a-year": (lambda: str(365 * _DAY), 1),
    "negative": (lambda: "-1", 3),
    "negative-zero": (lambda: "-0", 3),
    "empty": (lambda: "", 3),
    "junk": (lambda: "soon", 3),
    "junk-with-number": (lambda: "120 seconds", 3),
    "hexadecimal": (lambda: "0xff", 3),
    "not-a-number": (lambda: "nan", 3),
    "infinite": (lambda: "inf", 3),
    "underscore": (lambda: "86_400", 3),
    "digits-not-ascii": (lambda: "\xb2\xb3", 3),
    "exponent": (lambda: "1e9", None),
    "10-to-the-400": (lambda: "1" + "0" * 400, None),
    "5000-digits": (lambda: "9" * 5000, None),
    "beyond-64-bits": (lambda: "9" * 25, None),
    "two-values": (lambda: "0, 86400", None),
    "two-headers": (lambda: "0\r\nRetry-After: 86400", None),
    "date-past": (lambda: formatdate(time.time() - _DAY, usegmt=True), 3),
    "date-now": (lambda: formatdate(usegmt=True), 3),
    "date-future": (lambda: formatdate(time.time() + _DAY, usegmt=True), 1),
    "date-year-9999": (lambda: "Fri, 31 Dec 9999 23:59:59 GMT", None),
    "date-year-1": (lambda: "Mon, 01 Jan 0001 00:00:00 GMT", 3),
    "date-zone-past": (lambda: _zoned(-_DAY), 3),
    "date-zone-future": (lambda: _zoned(_DAY), None),
    "date-rfc-850-past": (lambda: _rfc_850(-_DAY), 3),
    "date-rfc-850-future": (lambda: _rfc_850(_DAY), 1),
    "date-asctime-past": (lambda: time.asctime(time.gmtime(time.time() - _DAY)), 3),
    "date-asctime-future": (lambda: time.asctime(time.gmtime(time.time() + _DAY)), 1),
    "date-iso": (lambda: "2099-01-01T00:00:00Z", None),
    "date-impossible": (lambda: "Mon, 99 Foo 2099 99:99:99 GMT", 3),
    "date-zone-absurd": (lambda: "Thu, 01 Jan 2099 00:00:00 +9999999", None),
}

RETRY_AFTER: Table = {
    **{
        f"{status}-{name}": (asks_to_wait(status, value), expected(error_class, requests=requests))
        for status, error_class in ((429, "RateLimitedError"), (503, "ServerError"))
        for name, (value, requests) in _WAITS.items()
    },
    "401-a-day": (asks_to_wait(401, lambda: str(_DAY)), UNAUTHORIZED),
    # Documented for 429 and 503 alone; whether it counts elsewhere is open.
    "500-a-day": (asks_to_wait(500, lambda: str(_DAY)), expected("ServerError", requests=None)),
    "408-a-day": (asks_to_wait(408, lambda: str(_DAY)), expected("APIError", requests=None)),
    "200-a-day": (says(answer(BALANCE, b"Retry-After: 86400")), KNOWN),
}

_HOSTILE_TEXTS = {
    "ansi": "\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b[2J",
    "c1-controls": "\x9b31mred\x9d0;title\x9c",
    "bidi": "\u202eevil\u202c\u2066isolate\u2069\u200f\u061c",
    "invisible": "a\u200bb\u00adc\ufeffd\U000e0041\u2060e",
    "newlines": "one\ntwo\rthree\r\nfour\x0bfive\x0csix\x85seven\u2028eight\u2029nine",
    "null-byte": "a\0b",
    "backspaces": "password\b\b\b\b\b\b\b\b",
    "github-command": "::error::pwned",
    "github-command-on-a-line": "x\n::set-output name=a::b\n::add-mask::c",
    "azure-command": "##vso[task.setvariable variable=a]b",
    "azure-log-command": "##[error]pwned",
    "teamcity-command": "##teamcity[buildStatus status='SUCCESS']",
    "split-command": ":\u200b:error:\x00:pwned",
    "gitlab-section": "\x1b[0Ksection_start:0:a\r\x1b[0K",
    "template": "{{ lookup('env', 'HOME') }}{% set a = 1 %}{# b #}",
    "format": "%s %(a)s %n {0} {a.__class__} $HOME $(id) `id`",
    "markup": "<script>alert(1)</script>[bold]rich[/bold] ![x](http://example.invalid)",
    "nagios-performance-data": "fine | balance=99;;;0;",
    "prometheus-label": 'a"} 99\nlumenfall_balance_usd 99',
    "long": "x" * 5000,
    "long-wide": "\u6f22" * 5000,
    "combining": "a" + "\u0301" * 2000,
    "lone-surrogate": "a\ud800b",
    "empty": "",
}


def _on_the_line(text: str) -> bytes:
    """The text as a header or a reason can carry it: without line ends, which would end the header itself."""
    return re.sub(r"[\r\n]", " ", text).encode("utf-8", "surrogatepass")


# http.client and others differ on what a null byte or a line end of other alphabets does to a header.
_HEADER_ERROR = expected("APIError", "InvalidResponseError", "ConnectionFailedError", requests=None)
HOSTILE: Table = {}
for _name, _text in _HOSTILE_TEXTS.items():
    _line = _on_the_line(_text)
    _in_header = _HEADER_ERROR if _name in ("null-byte", "newlines", "split-command") else API_ERROR
    HOSTILE[f"message-{_name}"] = (says(answer(error(message=_text), status=400)), API_ERROR)
    HOSTILE[f"code-{_name}"] = (says(answer(error(code=_text), status=400)), API_ERROR)
    HOSTILE[f"reason-{_name}"] = (says(answer(b"", status=400, reason=_line)), _in_header)
    HOSTILE[f"request-id-{_name}"] = (
        says(answer(error(), b"X-Lumenfall-Request-Id: " + _line, status=400)),
        _in_header,
    )
    # A balance is a balance, whatever its request id; but a client may refuse such a header as broken.
    HOSTILE[f"request-id-of-200-{_name}"] = (
        says(answer(BALANCE, b"X-Lumenfall-Request-Id: " + _line)),
        KNOWN if _in_header is API_ERROR else BROKEN_BUT_WHOLE,
    )
HOSTILE.update(
    {
        "request-id-folded": (
            says(answer(error(), b"X-Lumenfall-Request-Id: a\r\n ::error::b", status=400)),
            _HEADER_ERROR,
        ),
        "request-id-twice": (
            says(answer(error(), b"X-Lumenfall-Request-Id: a", b"X-Lumenfall-Request-Id: b", status=400)),
            API_ERROR,
        ),
        "request-id-c1-bytes": (says(answer(error(), b"X-Lumenfall-Request-Id: \x9b31m", status=400)), API_ERROR),
        "reason-c1-bytes": (says(answer(b"", status=400, reason=b"\x9b31mred")), API_ERROR),
        "billing-type": (says(answer(BALANCE.replace(b"prepaid", rb"\u001b[31m\n::error::"))), INVALID),
        "currency": (says(answer(BALANCE.replace(b"usd", rb"\u001b[31m\n::error::"))), INVALID),
        "key-name": (says(answer(beside(rb'"\u001b[31m\n::error::": 1, "\u001b[31m\n::error::": 2'))), INVALID),
        "location": (says(answer(b"", b"Location: http://x/\x1b[31m::error::", status=302)), REDIRECT),
        "html-page": (says(answer(b"<html>\x1b[31m\n::error::", status=502, kind=b"text/html")), SERVER_ERROR),
    }
)

# The key comes back, as a server's debug page, a proxy or a thief's server would have it. None of it may be shown.
ECHO: Table = {
    "message": (echoes(lambda key: answer(error(message=f"bad key {key.decode()}!"), status=401)), UNAUTHORIZED),
    "message-of-400": (echoes(lambda key: answer(error(message=f"Bearer {key.decode()}"), status=400)), API_ERROR),
    "message-of-503": (echoes(lambda key: answer(error(message=key.decode()), status=503)), SERVER_ERROR),
    "message-of-200": (echoes(lambda key: answer(error(message=key.decode()))), API_ERROR),
    # Cut at 300 characters, only a part of the key is left, which no search for the whole key finds.
    "message-at-the-cut": (
        echoes(lambda key: answer(error(message="x" * (300 - len(key) // 2) + key.decode()), status=400)),
        API_ERROR,
    ),
    # Once the controls are taken out, the key stands there again.
    "message-with-controls-within": (
        echoes(lambda key: answer(error(message="\u200b".join(key.decode())), status=400)),
        API_ERROR,
    ),
    "message-with-newline-within": (
        echoes(lambda key: answer(error(message=f"{key.decode()[:9]}\n{key.decode()[9:]}"), status=400)),
        API_ERROR,
    ),
    "message-secret-half": (
        echoes(lambda key: answer(error(message=key.decode().rpartition(".")[2]), status=400)),
        API_ERROR,
    ),
    "message-often": (echoes(lambda key: answer(error(message=key.decode() * 20), status=400)), API_ERROR),
    "message-base64": (
        echoes(lambda key: answer(error(message=base64.b64encode(b"Bearer " + key).decode()), status=400)),
        API_ERROR,
    ),
    "request-id-base64": (
        echoes(lambda key: answer(error(), b"X-Lumenfall-Request-Id: " + base64.b64encode(key), status=400)),
        API_ERROR,
    ),
    "code": (echoes(lambda key: answer(error(code=key.decode()), status=400)), API_ERROR),
    "type": (echoes(lambda key: answer(error(kind=key.decode()), status=400)), API_ERROR),
    "error-text": (echoes(lambda key: answer(b'{"error": "%s"}' % key, status=400)), API_ERROR),
    "html-page": (
        echoes(lambda key: answer(b"<pre>Authorization: Bearer %s</pre>" % key, status=502, kind=b"text/html")),
        SERVER_ERROR,
    ),
    "request-id": (echoes(lambda key: answer(error(), b"X-Lumenfall-Request-Id: " + key, status=400)), API_ERROR),
    "request-id-of-200": (echoes(lambda key: answer(BALANCE, b"X-Lumenfall-Request-Id: " + key)), KNOWN),
    "reason": (echoes(lambda key: answer(b"", status=400, reason=key)), API_ERROR),
    "header": (echoes(lambda key: answer(error(), b"WWW-Authenticate: Bearer " + key, status=401)), UNAUTHORIZED),
    "cookie": (echoes(lambda key: answer(BALANCE, b"Set-Cookie: key=" + key)), KNOWN),
    "retry-after": (echoes(lambda key: answer(error(), b"Retry-After: " + key, status=429)), RATE_LIMITED),
    "location": (echoes(lambda key: answer(b"", b"Location: http://x/?key=" + key, status=302)), REDIRECT),
    "billing-type": (echoes(lambda key: answer(BALANCE.replace(b"prepaid", key))), INVALID),
    "currency": (echoes(lambda key: answer(BALANCE.replace(b"usd", key))), INVALID),
    "object": (echoes(lambda key: answer(BALANCE.replace(b'"balance"', b'"%s"' % key))), INVALID),
    "amount": (echoes(lambda key: answer(amount(b'"%s"' % key))), INVALID),
    "duplicate-key": (echoes(lambda key: answer(beside(b'"%s": 1, "%s": 2' % (key, key)))), INVALID),
    "not-json": (echoes(lambda key: answer(b"Bearer " + key)), INVALID),
    "truncated-json": (echoes(lambda key: answer(b'{"object": "%s' % key)), UNFINISHED),
    "status-line": (echoes(lambda key: status_line(b"HTTP/1.1 " + key)), BROKEN),
    "instead-of-http": (echoes(lambda key: key + b"\r\n\r\n"), BROKEN),
    "content-length": (echoes(lambda key: head(b"Content-Length: 5, " + key) + BALANCE), BROKEN_BUT_WHOLE),
    "content-encoding": (echoes(lambda key: answer(BALANCE, b"Content-Encoding: " + key)), KNOWN_OR_INVALID),
    "content-type": (echoes(lambda key: answer(kind=b"text/html; charset=" + key)), KNOWN_OR_INVALID),
    "chunk-size": (echoes(lambda key: CHUNKED + key + b"\r\n" + BALANCE), BROKEN),
    "header-without-colon": (echoes(lambda key: answer(BALANCE, key)), BROKEN_BUT_WHOLE),
    "header-name": (echoes(lambda key: answer(BALANCE, key + b": x")), BROKEN_BUT_WHOLE),
    "cut-body": (echoes(lambda key: head(b"Content-Length: 900") + b'{"object": "%s"' % key), CUT),
}
