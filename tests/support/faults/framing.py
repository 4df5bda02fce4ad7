# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Answers whose HTTP is odd: framing, headers, status lines and statuses."""

from __future__ import annotations

import gzip
from http import HTTPStatus
from typing import TYPE_CHECKING

from support.faults.expect import (
    API_ERROR,
    BROKEN,
    BROKEN_BUT_WHOLE,
    INVALID,
    KNOWN,
    KNOWN_OR_INVALID,
    RATE_LIMITED,
    REDIRECT,
    SERVER_ERROR,
    UNAUTHORIZED,
    UNFINISHED,
    Expect,
    Table,
    expected,
)
from support.faults.wire import (
    BALANCE,
    CHUNKED,
    FRAMED,
    MEBIBYTE,
    amount,
    answer,
    bomb,
    chunk,
    error,
    floods,
    head,
    later,
    redirects,
    says,
    status_line,
)

if TYPE_CHECKING:
    from support.fault_server import Play

_LENGTH = b"%d" % len(BALANCE)
_LIMIT = expected("InvalidResponseError", "ConnectionFailedError", "DeadlineExceededError", requests=None)


def _length(value: bytes) -> bytes:
    return head(b"Content-Length: " + value) + BALANCE


def _header(line: bytes) -> bytes:
    return answer(BALANCE, line)


FRAMING: Table = {
    # RFC 9112 section 6.3: lengths that differ must not be believed, whichever comes first.
    "lengths-differ": (says(head(b"Content-Length: " + _LENGTH, b"Content-Length: 500"), BALANCE), BROKEN),
    "lengths-differ-long-first": (says(head(b"Content-Length: 500", b"Content-Length: " + _LENGTH), BALANCE), BROKEN),
    "lengths-differ-in-list": (says(_length(_LENGTH + b", 500")), BROKEN),
    "lengths-agree": (says(head(*[b"Content-Length: " + _LENGTH] * 2), BALANCE), BROKEN_BUT_WHOLE),
    "lengths-agree-in-list": (says(_length(_LENGTH + b", " + _LENGTH)), BROKEN_BUT_WHOLE),
    "length-negative": (says(_length(b"-1")), BROKEN_BUT_WHOLE),
    "length-is-text": (says(_length(b"many")), BROKEN_BUT_WHOLE),
    "length-is-empty": (says(_length(b"")), BROKEN_BUT_WHOLE),
    "length-plus": (says(_length(b"+" + _LENGTH)), BROKEN_BUT_WHOLE),
    "length-hexadecimal": (says(_length(b"0x63")), BROKEN_BUT_WHOLE),
    "length-underscore": (says(_length(b"9_9")), BROKEN_BUT_WHOLE),
    "length-decimal-point": (says(_length(_LENGTH + b".0")), BROKEN_BUT_WHOLE),
    "length-leading-zeros": (says(_length(b"0000" + _LENGTH)), BROKEN_BUT_WHOLE),
    # Cut, says the framing; too large, says the announcement.
    "length-beyond-64-bits": (says(_length(b"9" * 30)), BROKEN),
    "length-of-5000-digits": (says(_length(b"9" * 5000)), BROKEN_BUT_WHOLE),
    "length-zero": (says(_length(b"0")), UNFINISHED),
    "length-short": (says(_length(b"50")), UNFINISHED),
    "length-short-of-garbage": (says(_length(_LENGTH), b"garbage"), KNOWN),
    "second-answer-behind": (says(FRAMED, BALANCE, answer(amount(b"99999"))), KNOWN),
    "length-and-chunked": (
        says(head(b"Content-Length: 500", b"Transfer-Encoding: chunked"), chunk(BALANCE), b"0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "chunked-but-plain": (says(CHUNKED, BALANCE), BROKEN),
    # Read as plain text, the chunks' sizes are in the way of the JSON.
    "plain-but-chunks": (says(answer(chunk(BALANCE) + b"0\r\n\r\n")), INVALID),
    "chunked-twice": (
        says(head(b"Transfer-Encoding: chunked, chunked"), chunk(BALANCE), b"0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "transfer-gzip": (
        says(head(b"Transfer-Encoding: gzip, chunked"), chunk(gzip.compress(BALANCE)), b"0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "transfer-unknown": (says(head(b"Transfer-Encoding: wormhole"), BALANCE), BROKEN_BUT_WHOLE),
    "chunked-in-http-1.0": (
        says(CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0"), chunk(BALANCE), b"0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "chunk-size-is-text": (says(CHUNKED, b"zz\r\n", BALANCE), BROKEN),
    "chunk-size-is-empty": (says(CHUNKED, b"\r\n", BALANCE), BROKEN),
    "chunk-size-negative": (says(CHUNKED, b"-1\r\n", BALANCE, b"\r\n0\r\n\r\n"), BROKEN),
    # A library that hands -1 to read() would read for ever.
    "chunk-size-negative-endless": (floods(CHUNKED + b"-1\r\n", b" " * 65_536), _LIMIT),
    "chunk-size-beyond-64-bits": (says(CHUNKED, b"f" * 30, b"\r\n", BALANCE), BROKEN),
    "chunk-size-prefixed": (says(CHUNKED, b"0x", chunk(BALANCE), b"0\r\n\r\n"), BROKEN_BUT_WHOLE),
    "chunk-size-underscore": (says(CHUNKED, b"0_", chunk(BALANCE), b"0\r\n\r\n"), BROKEN_BUT_WHOLE),
    "chunk-size-short": (says(CHUNKED, b"5\r\n", BALANCE, b"\r\n0\r\n\r\n"), BROKEN),
    "chunk-size-long": (says(CHUNKED, b"ff\r\n", BALANCE, b"\r\n0\r\n\r\n"), BROKEN),
    "chunk-line-feeds-only": (says(CHUNKED, b"63\n", BALANCE, b"\n0\n\n"), BROKEN_BUT_WHOLE),
    "chunk-size-endless": (floods(CHUNKED, b"0" * 65_536), _LIMIT),
    "chunk-extension-endless": (floods(CHUNKED + b"63;", b"x" * 65_536), _LIMIT),
    "chunk-extension-of-1-mib": (
        says(CHUNKED, b"63;", b"x" * MEBIBYTE, b"\r\n", BALANCE, b"\r\n0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "chunks-endless": (floods(CHUNKED, chunk(b" ")), _LIMIT),
    # All of the body is there: a client may stop reading at the last chunk.
    "trailers-endless": (
        floods(CHUNKED + chunk(BALANCE) + b"0\r\n", b"X: y\r\n" * 1000),
        expected("known", *_LIMIT.outcomes, requests=None),
    ),
    "trailer-line-endless": (
        floods(CHUNKED + chunk(BALANCE) + b"0\r\nX: ", b"y" * 65_536),
        expected("known", *_LIMIT.outcomes, requests=None),
    ),
    "trailer-with-length": (says(CHUNKED, chunk(BALANCE), b"0\r\nContent-Length: 3\r\n\r\n"), BROKEN_BUT_WHOLE),
    "header-line-of-100-kib": (says(_header(b"X: " + b"y" * 102_400)), BROKEN_BUT_WHOLE),
    "header-line-of-2-mib": (says(_header(b"X: " + b"y" * 2 * MEBIBYTE)), BROKEN),
    "header-line-endless": (floods(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65_536), _LIMIT),
    "headers-10000": (says(answer(BALANCE, *[b"X: y"] * 10_000)), BROKEN_BUT_WHOLE),
    "headers-endless": (floods(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000), _LIMIT),
    "headers-endless-of-100": (floods(b"HTTP/1.1 100 Continue\r\n", b"X: y\r\n" * 1000), _LIMIT),
    "status-line-endless": (floods(b"HTTP/1.1 200 ", b"OK" * 32_768), _LIMIT),
    "100-endless": (floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), _LIMIT),
    "blank-lines-endless": (floods(b"", b"\r\n" * 1000), _LIMIT),
    "garbage": (says(bytes(range(256)) * 4), BROKEN),
    "garbage-line": (says(b"220 mail.example.invalid ESMTP\r\n"), BROKEN),
    "ssh-banner": (says(b"SSH-2.0-OpenSSH_9.9\r\n"), BROKEN),
    "http-0.9": (says(BALANCE), BROKEN),
    "http-2-preface": (says(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), BROKEN),
    "http-2-settings": (says(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"), BROKEN),
    "http-1.0": (says(status_line(b"HTTP/1.0 200 OK")), KNOWN),
    "http-3.0": (says(status_line(b"HTTP/3.0 200 OK")), BROKEN_BUT_WHOLE),
    "http-lower-case": (says(status_line(b"http/1.1 200 OK")), BROKEN_BUT_WHOLE),
    "icy": (says(status_line(b"ICY 200 OK")), BROKEN_BUT_WHOLE),
    "no-reason": (says(status_line(b"HTTP/1.1 200")), KNOWN),
    "leading-blank-line": (says(b"\r\n", answer()), BROKEN_BUT_WHOLE),
    "line-feeds-only": (says(answer().replace(b"\r\n", b"\n")), BROKEN_BUT_WHOLE),
    "header-without-colon": (says(_header(b"no colon here")), BROKEN_BUT_WHOLE),
    "header-without-colon-before-chunks": (
        says(head(b"no colon here", b"Transfer-Encoding: chunked"), chunk(BALANCE), b"0\r\n\r\n"),
        BROKEN_BUT_WHOLE,
    ),
    "header-without-name": (says(_header(b": value")), BROKEN_BUT_WHOLE),
    "header-space-before-colon": (says(_header(b"X : y")), BROKEN_BUT_WHOLE),
    "header-folded": (says(_header(b"X: y\r\n z")), BROKEN_BUT_WHOLE),
    "header-folded-first": (says(b"HTTP/1.1 200 OK\r\n X: y\r\n", answer()[17:]), BROKEN_BUT_WHOLE),
    "header-null-in-value": (says(_header(b"X: a\0b")), BROKEN_BUT_WHOLE),
    "header-null-in-name": (says(_header(b"X\0: y")), BROKEN_BUT_WHOLE),
    "header-bare-carriage-return": (says(_header(b"X: a\rContent-Encoding: gzip")), BROKEN_BUT_WHOLE),
    "header-not-ascii": (says(_header(b"X-\xff: \xfe\x80")), BROKEN_BUT_WHOLE),
    "cookie": (says(_header(b"Set-Cookie: session=1; Path=/")), KNOWN),
}

_ODD_STATUSES: Table = {
    "099": (says(status_line(b"HTTP/1.1 099 Low")), BROKEN),
    "000": (says(status_line(b"HTTP/1.1 000 None")), BROKEN),
    "1000": (says(status_line(b"HTTP/1.1 1000 High")), BROKEN),
    "20": (says(status_line(b"HTTP/1.1 20 Short")), BROKEN),
    "negative": (says(status_line(b"HTTP/1.1 -200 OK")), BROKEN),
    "text": (says(status_line(b"HTTP/1.1 OK 200")), BROKEN),
    "letters": (says(status_line(b"HTTP/1.1 2OO OK")), BROKEN),
    "glued": (says(status_line(b"HTTP/1.1 200OK")), BROKEN),
    # Python's int() takes these for 200, as does http.client.
    "0200": (says(status_line(b"HTTP/1.1 0200 OK")), BROKEN),
    "plus": (says(status_line(b"HTTP/1.1 +200 OK")), BROKEN),
    "underscores": (says(status_line(b"HTTP/1.1 2_0_0 OK")), BROKEN),
    # An interim answer, then the real one: RFC 9110 section 15.2 lets a client go on to it.
    "100-then-200": (says(b"HTTP/1.1 100 Continue\r\n\r\n", answer()), KNOWN_OR_INVALID),
    "103-then-200": (says(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", answer()), KNOWN_OR_INVALID),
    "100-then-401": (
        says(b"HTTP/1.1 100 Continue\r\n\r\n", answer(error(), status=401)),
        expected("AuthenticationError", "InvalidResponseError", requests=1),
    ),
    "401-html": (says(answer(b"<html>", status=401, kind=b"text/html")), UNAUTHORIZED),
    "401-empty": (says(answer(b"", status=401)), UNAUTHORIZED),
    "401-other-code": (says(answer(error(code="RATE_LIMITED"), status=401)), UNAUTHORIZED),
    "400-error-is-text": (says(answer(b'{"error": "no"}', status=400)), API_ERROR),
    "400-error-is-list": (says(answer(b'{"error": [1]}', status=400)), API_ERROR),
    "400-fields-of-wrong-types": (
        says(answer(b'{"error": {"message": {"a": 1}, "code": [2], "type": null}}', status=400)),
        API_ERROR,
    ),
    "400-null": (says(answer(b"null", status=400)), API_ERROR),
    "400-nan": (says(answer(b'{"error": {"code": NaN}}', status=400)), API_ERROR),
    "502-html": (says(answer(b"<html>Bad Gateway</html>", status=502, kind=b"text/html")), SERVER_ERROR),
    "503-balance": (says(answer(status=503)), SERVER_ERROR),
    "200-then-garbage-reason": (says(answer(reason=b"\xff\xfe")), KNOWN),
    "302-without-location": (says(answer(status=302)), REDIRECT),
    "302-to-same-host": (redirects(302, b"127.0.0.1"), REDIRECT),
    "302-to-relative": (says(answer(b"", b"Location: /v1/balance?again", status=302)), REDIRECT),
    "302-to-file": (says(answer(b"", b"Location: file:///etc/passwd", status=302)), REDIRECT),
    "302-to-garbage": (says(answer(b"", b"Location: http://[::1", status=302)), REDIRECT),
    "302-gzip-bomb": (
        later(lambda: answer(bomb(), b"Location: /", b"Content-Encoding: gzip", status=302)),
        REDIRECT,
    ),
    "302-endless": (floods(head(b"Location: /", status=302), b" " * 65_536), REDIRECT),
    "302-corrupt-gzip": (
        says(answer(b"not gzip", b"Location: /", b"Content-Encoding: gzip", status=302)),
        REDIRECT,
    ),
    **{
        f"{status}-to-another-host": (redirects(status, b"localhost"), REDIRECT) for status in (301, 302, 303, 307, 308)
    },
}

_CLASSES = {
    401: UNAUTHORIZED,
    402: expected("InsufficientBalanceError", requests=1),
    403: expected("PermissionDeniedError", requests=1),
    407: expected("ProxyError", requests=1),
    408: expected("APIError", requests=3),
    425: expected("APIError", requests=3),
    429: RATE_LIMITED,
}
_FAMILIES = {1: INVALID, 2: INVALID, 3: REDIRECT, 4: API_ERROR, 5: SERVER_ERROR}
_STATUSES = sorted({*(int(status) for status in HTTPStatus), 199, 299, 399, 499, 599, 600, 999} - {100, 200})


def _status(status: int) -> tuple[Play, Expect]:
    """A good balance under a status that is not 200: it must never pass."""
    if status < 200:
        # Invalid, like all that is neither a 200 nor an error; a client may also skip an interim answer, and then finds
        # that nothing follows.
        interim = expected("InvalidResponseError", "ConnectionFailedError", requests=None)
        return says(b"HTTP/1.1 %d Interim\r\n\r\n" % status), interim
    return says(answer(status=status)), _CLASSES.get(status, _FAMILIES.get(status // 100, INVALID))


STATUSES: Table = {**{str(status): _status(status) for status in _STATUSES}, **_ODD_STATUSES}
