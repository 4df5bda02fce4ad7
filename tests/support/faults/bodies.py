# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Bodies in odd encodings and of odd sizes."""

from __future__ import annotations

import gzip
import zlib

from support.faults.expect import (
    API_ERROR,
    BROKEN,
    BROKEN_BUT_WHOLE,
    INVALID,
    KNOWN,
    KNOWN_OR_INVALID,
    SERVER_ERROR,
    UNAUTHORIZED,
    Table,
    expected,
)
from support.faults.wire import (
    ACCENT,
    BALANCE,
    CHUNKED,
    GZIP,
    MEBIBYTE,
    POSTPAID,
    ZIPPED,
    answer,
    beside,
    bomb,
    chunk,
    encoded,
    error,
    floods,
    head,
    later,
    says,
)


def _raw_deflate(body: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(body) + deflate.flush()


ENCODINGS: Table = {
    "gzip": (says(encoded(ZIPPED)), KNOWN),
    "gzip-chunked": (says(head(GZIP, b"Transfer-Encoding: chunked"), chunk(ZIPPED), b"0\r\n\r\n"), KNOWN),
    "gzip-postpaid": (says(encoded(gzip.compress(POSTPAID))), expected("postpaid", requests=1)),
    # Only gzip is sure to be unpacked.
    "gzip-upper-case": (says(encoded(ZIPPED, b"GZIP")), KNOWN_OR_INVALID),
    "x-gzip": (says(encoded(ZIPPED, b"x-gzip")), KNOWN_OR_INVALID),
    "deflate": (says(encoded(zlib.compress(BALANCE), b"deflate")), KNOWN_OR_INVALID),
    "deflate-raw": (says(encoded(_raw_deflate(BALANCE), b"deflate")), KNOWN_OR_INVALID),
    "identity": (says(encoded(BALANCE, b"identity")), KNOWN_OR_INVALID),
    "encoding-empty": (says(encoded(BALANCE, b"")), KNOWN_OR_INVALID),
    "encoding-unknown": (says(encoded(BALANCE, b"aes128gcm")), KNOWN_OR_INVALID),
    "gzip-in-gzip": (says(encoded(gzip.compress(ZIPPED), b"gzip, gzip")), KNOWN_OR_INVALID),
    "gzip-in-gzip-two-headers": (says(answer(gzip.compress(ZIPPED), GZIP, GZIP)), KNOWN_OR_INVALID),
    "gzip-two-members": (
        says(encoded(gzip.compress(BALANCE[:50]) + gzip.compress(BALANCE[50:]))),
        # One value in two members: RFC 1952 section 2.2 joins them; a client that stops at the first has half of it.
        expected("known", "InvalidResponseError", requests=None),
    ),
    "gzip-trailing-garbage": (says(encoded(ZIPPED + b"garbage")), KNOWN_OR_INVALID),
    "gzip-trailing-zeros": (says(encoded(ZIPPED + b"\0" * 512)), KNOWN_OR_INVALID),
    # The JSON is whole, only its checksum is missing: whether that counts as a cut is open.
    "gzip-without-checksum": (says(encoded(ZIPPED[:-8])), BROKEN_BUT_WHOLE),
    "gzip-claimed-but-plain": (says(encoded(BALANCE)), INVALID),
    "gzip-in-name-of-100": (says(encoded(ZIPPED, b"gzip, " * 99 + b"gzip")), INVALID),
    "gzip-not-announced": (says(answer(ZIPPED)), INVALID),
    "gzip-corrupt": (says(encoded(ZIPPED[:30] + b"\xff\xff\xff" + ZIPPED[33:])), INVALID),
    "gzip-corrupt-checksum": (says(encoded(ZIPPED[:-8] + b"\0" * 8)), INVALID),
    # Cut within, framed as whole: JSON that ends early, or a cut, but not a balance.
    "gzip-truncated": (says(encoded(ZIPPED[:40])), BROKEN),
    "gzip-header-only": (says(encoded(ZIPPED[:10])), BROKEN),
    "gzip-of-nothing": (says(encoded(gzip.compress(b""))), expected("InvalidResponseError", requests=None)),
    "gzip-bomb": (later(lambda: encoded(bomb())), INVALID),
    "gzip-bomb-in-gzip": (later(lambda: encoded(gzip.compress(bomb()), b"gzip, gzip")), INVALID),
    "gzip-bomb-chunked": (
        later(lambda: head(GZIP, b"Transfer-Encoding: chunked") + chunk(bomb()) + b"0\r\n\r\n"),
        INVALID,
    ),
    "gzip-bomb-in-401": (later(lambda: answer(bomb(), GZIP, status=401)), UNAUTHORIZED),
    "gzip-bomb-in-503": (later(lambda: answer(bomb(), GZIP, status=503)), SERVER_ERROR),
    "gzip-corrupt-in-401": (says(answer(b"not gzip", GZIP, status=401)), UNAUTHORIZED),
    "gzip-corrupt-in-503": (says(answer(b"not gzip", GZIP, status=503)), SERVER_ERROR),
    "gzip-truncated-in-404": (says(answer(ZIPPED[:20], GZIP, status=404)), API_ERROR),
    "deflate-corrupt": (says(encoded(b"not deflate", b"deflate")), INVALID),
    "brotli-corrupt": (says(encoded(b"not brotli at all", b"br")), INVALID),
    "zstd-corrupt": (says(encoded(b"not zstd at all", b"zstd")), INVALID),
    "utf-8": (says(answer(beside(ACCENT.encode()))), KNOWN),
    "utf-8-mark": (says(answer(b"\xef\xbb\xbf" + BALANCE)), KNOWN),
    "utf-8-mark-twice": (says(answer(b"\xef\xbb\xbf" * 2 + BALANCE)), INVALID),
    "utf-8-mark-alone": (says(answer(b"\xef\xbb\xbf")), expected("InvalidResponseError", requests=None)),
    "utf-16": (says(answer(BALANCE.decode().encode("utf-16"))), INVALID),
    "utf-16-le": (says(answer(BALANCE.decode().encode("utf-16-le"))), INVALID),
    "utf-16-be": (says(answer(BALANCE.decode().encode("utf-16-be"))), INVALID),
    "utf-32": (says(answer(BALANCE.decode().encode("utf-32"))), INVALID),
    "utf-16-declared": (
        says(answer(BALANCE.decode().encode("utf-16"), kind=b"application/json; charset=utf-16")),
        INVALID,
    ),
    "latin-1": (says(answer(beside(ACCENT.encode("latin-1")))), INVALID),
    "latin-1-declared": (
        says(answer(beside(ACCENT.encode("latin-1")), kind=b"application/json; charset=iso-8859-1")),
        INVALID,
    ),
    "utf-8-overlong": (says(answer(beside(b'"name": "\xc0\xaf"'))), INVALID),
    "utf-8-surrogate": (says(answer(beside(b'"name": "\xed\xa0\x80"'))), INVALID),
    "utf-8-beyond-unicode": (says(answer(beside(b'"name": "\xf4\x90\x80\x80"'))), INVALID),
    "utf-8-invalid-at-end": (says(answer(BALANCE + b"\xff")), INVALID),
    # JSON's grammar lets a lone surrogate be escaped; RFC 8259 section 8.2 calls the result unpredictable.
    "surrogate-escaped": (says(answer(beside(rb'"name": "\ud800"'))), KNOWN_OR_INVALID),
    "surrogate-escaped-in-billing-type": (says(answer(BALANCE.replace(b"prepaid", rb"\ud800"))), INVALID),
    "surrogate-escaped-in-currency": (says(answer(BALANCE.replace(b"usd", rb"\ud800"))), INVALID),
    # The body decides; what Content-Type may say is left open.
    "type-html": (says(answer(kind=b"text/html")), KNOWN_OR_INVALID),
    "type-missing": (says(answer().replace(b"Content-Type: application/json\r\n", b"")), KNOWN_OR_INVALID),
    "charset-unknown": (says(answer(kind=b"application/json; charset=nonsense")), KNOWN_OR_INVALID),
    "charset-codec-of-bytes": (says(answer(kind=b"application/json; charset=hex")), KNOWN_OR_INVALID),
    "charset-unknown-in-400": (says(answer(error(), status=400, kind=b"text/html; charset=nonsense")), API_ERROR),
    "utf-16-in-400": (says(answer(error().decode().encode("utf-16"), status=400)), API_ERROR),
}

SIZES: Table = {
    "1-mib": (says(answer(b" " * (MEBIBYTE - len(BALANCE)) + BALANCE)), KNOWN),
    "1-mib-and-a-byte": (says(answer(b" " * (MEBIBYTE - len(BALANCE) + 1) + BALANCE)), INVALID),
    "1-mib-chunked": (
        says(CHUNKED, chunk(b" " * (MEBIBYTE - len(BALANCE))), chunk(BALANCE), b"0\r\n\r\n"),
        KNOWN,
    ),
    "1-mib-and-a-byte-chunked": (
        says(CHUNKED, chunk(b" " * (MEBIBYTE - len(BALANCE) + 1)), chunk(BALANCE), b"0\r\n\r\n"),
        INVALID,
    ),
    "1-mib-gzip": (says(encoded(gzip.compress(b" " * (MEBIBYTE - len(BALANCE)) + BALANCE))), KNOWN),
    "1-mib-and-a-byte-gzip": (says(encoded(gzip.compress(b" " * (MEBIBYTE - len(BALANCE) + 1) + BALANCE))), INVALID),
    "5-mib-of-white-space-before": (later(lambda: answer(b" " * 5 * MEBIBYTE + BALANCE)), INVALID),
    "5-mib-of-white-space-behind": (later(lambda: answer(BALANCE + b"\n" * 5 * MEBIBYTE)), INVALID),
    "5-mib-of-white-space": (later(lambda: answer(b" " * 5 * MEBIBYTE)), INVALID),
    "5-mib-string": (later(lambda: answer(beside(b'"name": "' + b"x" * 5 * MEBIBYTE + b'"'))), INVALID),
    "200-mib": (floods(head(b"Content-Length: %d" % (200 * MEBIBYTE)), b" " * MEBIBYTE, times=200), INVALID),
    "200-mib-until-close": (floods(head(), b" " * MEBIBYTE, times=200), INVALID),
    "200-mib-in-one-chunk": (floods(CHUNKED + b"c800000\r\n", b" " * MEBIBYTE, times=200), INVALID),
    "endless": (floods(head(), b" " * 65_536), INVALID),
    "endless-json": (floods(head() + b'{"x": [0', b", 0" * 10_000), INVALID),
    "endless-chunks": (floods(CHUNKED, chunk(b" " * 65_536)), INVALID),
    "endless-after-balance": (floods(head() + BALANCE, b" " * 65_536), INVALID),
    "endless-401": (floods(head(status=401), b"x" * 65_536), UNAUTHORIZED),
    "endless-404": (floods(head(status=404), b"x" * 65_536), API_ERROR),
    "endless-503": (floods(head(status=503), b"x" * 65_536), SERVER_ERROR),
    "endless-202": (floods(head(status=202), b"x" * 65_536), INVALID),
    "5-mib-503": (later(lambda: answer(b"x" * 5 * MEBIBYTE, status=503)), SERVER_ERROR),
}
