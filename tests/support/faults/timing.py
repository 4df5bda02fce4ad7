# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Answers that come too slowly, or stop: only a deadline, or the framing, can tell."""

from __future__ import annotations

import gzip

from support.faults.expect import (
    API_ERROR,
    CUT,
    DEADLINE,
    INVALID,
    KNOWN,
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
    FRAMED,
    answer,
    chunk,
    cut_unread,
    drips,
    error,
    head,
    reset_unread,
    resets_after,
    says,
    says_nothing,
    stalls_after,
)

SLOW: Table = {
    "says-nothing": (says_nothing, DEADLINE),
    "drips-status-line": (drips(answer()), DEADLINE),
    "drips-headers": (drips(answer()[17:], after=answer()[:17]), DEADLINE),
    "drips-endless-headers": (drips(b"X: y\r\n" * 1000, after=b"HTTP/1.1 200 OK\r\n"), DEADLINE),
    "drips-body": (drips(BALANCE, after=FRAMED), DEADLINE),
    "drips-body-until-close": (drips(BALANCE, after=head()), DEADLINE),
    "drips-white-space": (drips(b" " * 1000, after=head()), DEADLINE),
    "drips-white-space-after-balance": (drips(b" " * 1000, after=head() + BALANCE), DEADLINE),
    "drips-chunks": (drips(*(chunk(bytes([byte])) for byte in BALANCE), after=CHUNKED), DEADLINE),
    "drips-in-one-chunk": (drips(chunk(BALANCE), after=CHUNKED), DEADLINE),
    "drips-chunk-size": (drips(b"0" * 1000, after=CHUNKED), DEADLINE),
    "drips-chunk-extension": (drips(b"x" * 1000, after=CHUNKED + b"1;"), DEADLINE),
    # All of the body is there. A client need not wait for trailers that it does not read.
    "drips-trailers": (
        drips(b"X: y\r\n" * 1000, after=CHUNKED + chunk(BALANCE) + b"0\r\n"),
        expected("DeadlineExceededError", "known", requests=None),
    ),
    "drips-gzip": (drips(gzip.compress(BALANCE), after=head(b"Content-Encoding: gzip")), DEADLINE),
    "stalls-in-status-line": (stalls_after(b"HTTP/1.1 20"), DEADLINE),
    "stalls-after-status-line": (stalls_after(b"HTTP/1.1 200 OK\r\n"), DEADLINE),
    "stalls-in-header": (stalls_after(b"HTTP/1.1 200 OK\r\nContent-Le"), DEADLINE),
    "stalls-before-blank-line": (stalls_after(FRAMED[:-2]), DEADLINE),
    "stalls-after-headers": (stalls_after(FRAMED), DEADLINE),
    "stalls-after-headers-chunked": (stalls_after(CHUNKED), DEADLINE),
    "stalls-in-body": (stalls_after(FRAMED, BALANCE[:50]), DEADLINE),
    "stalls-before-last-byte": (stalls_after(FRAMED, BALANCE[:-1]), DEADLINE),
    "stalls-in-chunk-size": (stalls_after(CHUNKED, b"6"), DEADLINE),
    "stalls-in-chunk": (stalls_after(CHUNKED, b"63\r\n", BALANCE[:50]), DEADLINE),
    # The value is whole, the answer is not: more might follow that makes it invalid.
    "stalls-before-last-chunk": (stalls_after(CHUNKED, chunk(BALANCE)), DEADLINE),
    "stalls-instead-of-closing": (stalls_after(head(), BALANCE), DEADLINE),
    "stalls-in-gzip": (stalls_after(head(b"Content-Encoding: gzip"), gzip.compress(BALANCE)[:40]), DEADLINE),
    "stalls-after-100": (stalls_after(b"HTTP/1.1 100 Continue\r\n\r\n"), DEADLINE),
    "drips-100s": (
        drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        # A client may also stop counting at some number of them.
        expected("DeadlineExceededError", "InvalidResponseError", requests=None),
    ),
    # A status that has arrived decides the class. Whether an attempt's body may use up the deadline is open.
    "stalls-in-401-body": (stalls_after(head(b"Content-Length: 90", status=401), b"{"), UNAUTHORIZED),
    "stalls-in-402-body": (
        stalls_after(head(b"Content-Length: 90", status=402)),
        expected("InsufficientBalanceError", requests=1),
    ),
    "stalls-in-403-body": (
        stalls_after(head(b"Transfer-Encoding: chunked", status=403)),
        expected("PermissionDeniedError", requests=1),
    ),
    "stalls-in-404-body": (stalls_after(head(status=404), b"<html>"), API_ERROR),
    "stalls-in-429-body": (
        stalls_after(head(b"Content-Length: 90", status=429)),
        expected("RateLimitedError", requests=None),
    ),
    "stalls-in-503-body": (
        stalls_after(head(b"Content-Length: 90", status=503), b"{"),
        expected("ServerError", requests=None),
    ),
    "drips-503-body": (drips(error(), after=head(status=503)), expected("ServerError", requests=None)),
    "stalls-in-302-body": (stalls_after(head(b"Content-Length: 90", b"Location: /", status=302)), REDIRECT),
    "stalls-in-202-body": (stalls_after(head(b"Content-Length: 90", status=202)), INVALID),
    # The status has arrived, but not one header: a client may not know it yet.
    "stalls-after-401-status-line": (
        stalls_after(b"HTTP/1.1 401 Unauthorized\r\n"),
        expected("AuthenticationError", "DeadlineExceededError", requests=None),
    ),
    # Not faults: what a client must not be too strict about.
    "byte-by-byte-but-prompt": (drips(answer(), seconds=0), KNOWN),
    "complete-and-held-open": (stalls_after(FRAMED, BALANCE), KNOWN),
    "complete-chunked-and-held-open": (stalls_after(CHUNKED, chunk(BALANCE), b"0\r\n\r\n"), KNOWN),
}

_HALF = answer()[: answer().index(b"\r\n\r\n") - 10]
_CHUNKS = CHUNKED + chunk(BALANCE[:50])
CUTS: Table = {
    "before-request": (cut_unread, CUT),
    "before-answer": (says(b""), CUT),
    "reset-before-request": (reset_unread, CUT),
    "reset-before-answer": (resets_after(), CUT),
    "in-protocol-name": (says(b"HT"), CUT),
    "before-status": (says(b"HTTP/1.1 "), CUT),
    "in-status": (says(b"HTTP/1.1 20"), CUT),
    "after-status": (says(b"HTTP/1.1 200"), CUT),
    "in-reason": (says(b"HTTP/1.1 200 O"), CUT),
    "before-line-feed": (says(b"HTTP/1.1 200 OK\r"), CUT),
    "after-status-line": (says(b"HTTP/1.1 200 OK\r\n"), CUT),
    "in-header-name": (says(b"HTTP/1.1 200 OK\r\nContent-Ty"), CUT),
    "in-header-value": (says(_HALF), CUT),
    "after-header": (says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"), CUT),
    "before-blank-line": (says(FRAMED[:-2]), CUT),
    "in-blank-line": (says(FRAMED[:-1]), CUT),
    "reset-in-headers": (resets_after(_HALF), CUT),
    "after-headers": (says(FRAMED), CUT),
    "in-body": (says(FRAMED, BALANCE[:50]), CUT),
    "before-last-byte": (says(FRAMED, BALANCE[:-1]), CUT),
    "reset-in-body": (resets_after(FRAMED, BALANCE[:50]), CUT),
    # A whole balance, and a length that says there was more: what was lost might have made it invalid.
    "after-whole-value": (says(head(b"Content-Length: 500"), BALANCE), CUT),
    "after-whole-value-by-a-byte": (says(head(b"Content-Length: %d" % (len(BALANCE) + 1)), BALANCE), CUT),
    "chunked-after-headers": (says(CHUNKED), CUT),
    "chunked-in-size": (says(CHUNKED, b"6"), CUT),
    "chunked-in-size-line-end": (says(CHUNKED, b"63\r"), CUT),
    "chunked-after-size": (says(CHUNKED, b"63\r\n"), CUT),
    "chunked-in-data": (says(CHUNKED, b"63\r\n", BALANCE[:50]), CUT),
    "chunked-after-data": (says(CHUNKED, chunk(BALANCE)[:-2]), CUT),
    "chunked-in-data-line-end": (says(CHUNKED, chunk(BALANCE)[:-1]), CUT),
    "chunked-between-chunks": (says(_CHUNKS), CUT),
    "chunked-in-second-size": (says(_CHUNKS, b"3"), CUT),
    "chunked-in-second-data": (says(_CHUNKS, chunk(BALANCE[50:])[:20]), CUT),
    "chunked-reset": (resets_after(_CHUNKS), CUT),
    "chunked-without-last-chunk": (says(CHUNKED, chunk(BALANCE)), CUT),
    # This zero might have become "0a": the body's end was not reached.
    "chunked-in-last-chunk": (says(CHUNKED, chunk(BALANCE), b"0"), CUT),
    # All of the body is there, and all that is missing is the line that ends the trailers.
    "chunked-before-trailers": (
        says(CHUNKED, chunk(BALANCE), b"0\r\n"),
        expected("ConnectionFailedError", "known", requests=None),
    ),
    "chunked-in-trailers": (
        says(CHUNKED, chunk(BALANCE), b"0\r\nX: "),
        expected("ConnectionFailedError", "known", requests=None),
    ),
    # Nothing but the connection's end frames this one, so the JSON must tell.
    "until-close-in-value": (says(head(), BALANCE[:50]), UNFINISHED),
    "until-close-before-value": (says(head()), UNFINISHED),
    "until-close-after-value": (says(head(), BALANCE), KNOWN),
    # A status that has arrived decides the class, whatever becomes of its body.
    "in-401-body": (says(head(b"Content-Length: 90", status=401), b"{"), UNAUTHORIZED),
    "in-402-body": (
        says(head(b"Content-Length: 90", status=402), b"{"),
        expected("InsufficientBalanceError", requests=1),
    ),
    "in-404-chunk": (says(head(b"Transfer-Encoding: chunked", status=404), b"63\r\n{"), API_ERROR),
    "in-503-body": (says(head(b"Content-Length: 90", status=503), b"{"), SERVER_ERROR),
    "in-302-body": (says(head(b"Content-Length: 90", b"Location: /", status=302), b"{"), REDIRECT),
    "in-202-body": (says(head(b"Content-Length: 500", status=202), BALANCE), INVALID),
    # RST may overtake the status that was sent before it.
    "reset-in-401-body": (
        resets_after(head(b"Content-Length: 90", status=401)),
        expected("AuthenticationError", "ConnectionFailedError", requests=None),
    ),
    # Two rules meet: the status has arrived, and the framing shows a cut in the headers.
    "in-401-headers": (
        says(b"HTTP/1.1 401 Unauthorized\r\nContent-Ty"),
        expected("AuthenticationError", "ConnectionFailedError", requests=None),
    ),
    "in-503-headers": (
        says(b"HTTP/1.1 503 Service Unavailable\r\nContent-Ty"),
        expected("ServerError", "ConnectionFailedError", requests=3),
    ),
    # 100 is interim: the answer itself never came. Yet what is neither a 200 nor an error is invalid.
    "after-100": (
        says(b"HTTP/1.1 100 Continue\r\n\r\n"),
        expected("ConnectionFailedError", "InvalidResponseError", requests=None),
    ),
}
