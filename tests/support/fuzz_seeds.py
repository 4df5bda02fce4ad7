# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What the fuzz targets begin from, and what the seeded mutator makes of it."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

from support.leaks import KEY

_REFRESH_TOKEN = "refreshmarker"

_BODIES = (
    b'{"object": "balance", "billing_type": "prepaid", "available": {"amount": 12.50, "currency": "usd"}}',
    b'{"object": "balance", "billing_type": "postpaid", "available": {"amount": null, "currency": "USD"}}',
    b'{"object":"balance","billing_type":"prepaid","available":{"amount":-1.25e-5,"currency":"usd"},"x":[1,[{}]]}',
    b'{"error": {"message": "no \\u001b[31m {{ x }}", "type": "a", "code": "RATE_LIMITED"}}',
    b'\xef\xbb\xbf{"object": "balance", "available": {"amount": 0, "currency": "usd"}, "billing_type": "prepaid"}',
)

SEEDS: dict[str, Sequence[bytes]] = {
    "balance": _BODIES,
    "answer": [
        status.to_bytes(2, "big") + header + b"\n" + body
        for status in (200, 302, 402, 429, 503)
        for header in (b"req_1", b"https://login.example/", KEY.encode())
        for body in (*_BODIES, b'{"error": {"message": "%s", "code": "##vso[x]"}}' % KEY.encode())
    ],
    "base_url": [
        *(b"https://api.lumenfall.ai/v1", b"https://Host.example:8443/a/openai/v1/", b"http://localhost:80"),
        *(b"http://[::1]:1/x", b"https://user:password@host/", b"https://a\\@b/", b"http://127.0.0.1#@b"),
        "https://stra\u00dfe.example/\u00e9".encode(),
        b"https://x.localhost./v1/v1",
    ],
    "key": [KEY.encode(), b"Bearer x", b'"quoted"', b" padded \n", b"sk-1234"],
    "credentials": [
        b'{"api_key": "lmnfl_a.b", "refresh_token": "%s"}' % _REFRESH_TOKEN.encode(),
        b'{"api_key": ""}',
        b'\xef\xbb\xbf{"api_key": " x\\n"}',
        b'{"refresh_token": "%s", "api_key": ["%s"]}' % (_REFRESH_TOKEN.encode(), _REFRESH_TOKEN.encode()),
        b"[" * 2000,
    ],
    "number": [b"30", b" 1.5 ", b"10.0", b"3600.000001", b".5", b"+1", b"1e3", b"0.0"],
    "minimum": [b"5", b"7.50", b"-0.0", b"1e30", b"1E-30", b"+.5", b" 1 ", struct.pack("d", 0.1), b"9" * 31],
    "retry_after": [
        *(b"120", b"1.5", b"Wed, 14 Oct 2026 17:48:40 GMT", b"Wednesday, 14-Oct-26 17:48:40 GMT"),
        *(b"Wed Oct 14 17:48:40 2026", b"Wed, 14 Oct 2026 19:48:40 +0200", b"0"),
    ],
    "duration": [b"15m", b"1h30m", b"20s", b"1.5h", b"168h", b"1h2m3.125s", b"90", b"1H 2M"],
    "clean": [
        *(b"::error::x", b"##vso[task]", b"{{ x }}{% y %}{# z #}", KEY.encode(), b"\x1b[31m\r\n\x00"),
        *("\u202e\u2066\u200b\ufeff\u2028\u00e9\U0001f600".encode(), b":" * 400, b"a " * 200),
    ],
    "proxy": [b"http://u:p@proxy.example:8080", b"proxy:3128", b"socks5://x", b"[::1]:80", b"http://[", b"a@b@c"],
}

_WORDS = rb"""
    " \ \u0000 \ud800 { } [ ] , : :: ## {{ }} %}
    null true NaN -Infinity 1e400 1e-31 0 - . e usd "error" "amount"
    // @ ? # % %00 /v1 localhost http:// https:// h m s GMT +9999
"""
# What those lines cannot hold.
_OTHERS = (b"\n", b"\r", b"\t", b"\x00", b"\xc2\xa0", b" ", b"\xe2\x80\xae", b"\xff", KEY.encode())
TOKENS = (*_WORDS.split(), *_OTHERS)


def mutate(source: random.Random, seeds: Sequence[bytes]) -> bytes:
    """A seed with a few things changed: bytes, tokens, pieces moved, doubled or taken from another seed."""
    data = bytearray(source.choice(seeds))
    for _ in range(source.choice((0, 1, 1, 2, 3, 5, 8))):
        at, to = sorted((source.randint(0, len(data)), source.randint(0, len(data))))
        to = min(to, at + 24)
        action = source.randrange(6)
        if action == 0:
            del data[at:to]
        elif action == 1:
            data[at:at] = source.choice(TOKENS)
        elif action == 2:
            data[at:to] = source.choice(TOKENS)
        elif action == 3:
            data[at:at] = data[at:to] * source.choice((1, 1, 2, 70))
        elif action == 4 and data:
            data[at % len(data)] = source.randrange(256)
        else:
            other = source.choice(seeds)
            start = source.randint(0, len(other))
            data[at:to] = other[start : start + source.randint(0, 40)]
    return bytes(data[:2000])
