# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Bodies that are odd as JSON, or as a balance."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from support.faults.expect import (
    API_ERROR,
    INVALID,
    KNOWN,
    KNOWN_OR_INVALID,
    SERVER_ERROR,
    UNAUTHORIZED,
    UNFINISHED,
    Expect,
    Table,
    expected,
    known,
)
from support.faults.wire import ACCENT, BALANCE, CHUNKED, POSTPAID, amount, answer, beside, error, says

if TYPE_CHECKING:
    from support.fault_server import Play


def _body(body: bytes, expect: Expect = INVALID) -> tuple[Play, Expect]:
    return says(answer(body)), expect


_EMPTY_ERROR = expected("APIError", "InvalidResponseError", requests=1)
_HUGE = Expect(frozenset({"known", "InvalidResponseError"}), 1, Decimal("1e400"))
_TINY = Expect(frozenset({"known", "InvalidResponseError"}), 1, Decimal("1e-400"))
_LONG = Expect(frozenset({"known", "InvalidResponseError"}), 1, Decimal("9" * 10_000))
_VAST = Expect(frozenset({"known", "InvalidResponseError"}), 1, Decimal("1e999999"))

JSON: Table = {
    "prepaid-null": _body(amount(b"null"), expected("unavailable", requests=3)),
    "postpaid-null": _body(POSTPAID, expected("postpaid", requests=1)),
    "postpaid-number": _body(BALANCE.replace(b"prepaid", b"postpaid"), KNOWN),
    "unknown-fields": _body(beside(b'"new": {"error": 1, "deep": [[[null]]]}'), KNOWN),
    "white-space-around": _body(b" \r\n\t" + BALANCE + b"\n\n", KNOWN),
    "keys-escaped": _body(BALANCE.replace(b"amount", rb"\u0061mount"), KNOWN),
    "nested-50-deep": _body(beside(b'"x": ' + b"[" * 50 + b"]" * 50), KNOWN),
    # Number forms.
    "integer": _body(amount(b"12"), known("12")),
    "exponent-upper-case": _body(amount(b"1E+2"), known("100")),
    "exponent-of-a-fraction": _body(amount(b"0.1e1"), known("1")),
    "just-above-5": _body(amount(b"5.0000001"), known("5.0000001")),
    "just-below-5": _body(amount(b"4.999999"), known("4.999999")),
    "exactly-5": _body(amount(b"5"), known("5")),
    "24-digits": _body(amount(b"9" * 24 + b".5"), known("9" * 24 + ".5")),
    "zero": _body(amount(b"0"), known("0")),
    "negative-zero": _body(amount(b"-0.0"), known("0")),
    "negative": _body(amount(b"-5.25"), known("-5.25")),
    "six-decimals": _body(amount(b"4.999999"), known("4.999999")),
    # As a float it is 5: what compares floats passes a gate at 5 that it must not pass.
    "a-float-below-5": _body(amount(b"4.99999999999999999999"), known("4.99999999999999999999")),
    "exponent": _body(amount(b"1.25E+1"), KNOWN),
    "exponent-negative": _body(amount(b"1250e-2"), KNOWN),
    "more-digits-than-a-float": _body(amount(b"90071992547409930.01"), known("90071992547409930.01")),
    # Six decimals are what the API documents. A finer or an absurd number is a number all the same, but no dollars.
    "seven-decimals": _body(amount(b"12.5000000"), KNOWN_OR_INVALID),
    "1e400": _body(amount(b"1e400"), _HUGE),
    "1e-400": _body(amount(b"1e-400"), _TINY),
    "1e999999": _body(amount(b"1e999999"), _VAST),
    "10000-digits": _body(amount(b"9" * 10_000), _LONG),
    "exponent-beyond-decimal": _body(amount(b"1e" + b"9" * 30)),
    "exponent-beyond-decimal-negative": _body(
        amount(b"-1e-" + b"9" * 30), KNOWN_OR_INVALID._replace(amount=Decimal(0))
    ),
    "10000-digits-elsewhere": _body(beside(b'"x": ' + b"9" * 10_000), KNOWN_OR_INVALID),
    "exponent-beyond-decimal-elsewhere": _body(beside(b'"x": 1e' + b"9" * 30), KNOWN_OR_INVALID),
    "nan": _body(amount(b"NaN")),
    "infinity": _body(amount(b"Infinity")),
    "negative-infinity": _body(amount(b"-Infinity")),
    "nan-elsewhere": _body(beside(b'"x": NaN')),
    "infinity-elsewhere": _body(beside(b'"x": [{"y": Infinity}]')),
    "plus": _body(amount(b"+12.50")),
    "leading-zero": _body(amount(b"012.50")),
    "no-integer": _body(amount(b".5")),
    "no-fraction": _body(amount(b"12.")),
    "hexadecimal": _body(amount(b"0xc")),
    "underscore": _body(amount(b"1_2.50")),
    "comma": _body(amount(b"12,50")),
    "digits-not-ascii": _body(amount("\u0661\u0662".encode())),
    "digits-full-width": _body(amount("\uff11\uff12".encode())),
    # Wrong types.
    "amount-string": _body(amount(b'"12.50"')),
    "amount-string-empty": _body(amount(b'""')),
    "amount-true": _body(amount(b"true")),
    "amount-false": _body(amount(b"false")),
    "amount-list": _body(amount(b"[12.50]")),
    "amount-object": _body(amount(b'{"value": 12.50}')),
    "amount-missing": _body(BALANCE.replace(b'"amount": 12.50, ', b"")),
    "amount-key-upper-case": _body(BALANCE.replace(b"amount", b"Amount")),
    "currency-missing": _body(BALANCE.replace(b', "currency": "usd"', b"")),
    "currency-null": _body(BALANCE.replace(b'"usd"', b"null")),
    "currency-number": _body(BALANCE.replace(b'"usd"', b"840")),
    "currency-list": _body(BALANCE.replace(b'"usd"', b'["usd"]')),
    "currency-empty": _body(BALANCE.replace(b"usd", b"")),
    "currency-unknown": _body(BALANCE.replace(b"usd", b"eur")),
    "currency-spaces": _body(BALANCE.replace(b"usd", b" usd ")),
    "currency-upper-case": _body(BALANCE.replace(b"usd", b"USD"), KNOWN),
    "currency-mixed-case": _body(BALANCE.replace(b"usd", b"Usd"), KNOWN),
    # "u\u017fd" with a long s: upper() and casefold() would take it for usd.
    "currency-long-s": _body(BALANCE.replace(b"usd", "u\u017fd".encode())),
    "currency-full-width": _body(BALANCE.replace(b"usd", "\uff55\uff53\uff44".encode())),
    "billing-type-unknown": _body(BALANCE.replace(b"prepaid", b"credit")),
    "billing-type-upper-case": _body(BALANCE.replace(b"prepaid", b"PREPAID")),
    "billing-type-spaces": _body(BALANCE.replace(b"prepaid", b" prepaid")),
    "billing-type-empty": _body(BALANCE.replace(b"prepaid", b"")),
    "billing-type-null": _body(BALANCE.replace(b'"prepaid"', b"null")),
    "billing-type-list": _body(BALANCE.replace(b'"prepaid"', b'["prepaid"]')),
    "billing-type-object": _body(BALANCE.replace(b'"prepaid"', b'{"prepaid": 1}')),
    "billing-type-missing": _body(BALANCE.replace(b'"billing_type": "prepaid", ', b"")),
    "billing-type-unknown-null": _body(POSTPAID.replace(b"postpaid", b"credit")),
    "available-missing": _body(b'{"object": "balance", "billing_type": "prepaid"}'),
    "available-null": _body(b'{"object": "balance", "billing_type": "prepaid", "available": null}'),
    "available-number": _body(b'{"object": "balance", "billing_type": "prepaid", "available": 12.50}'),
    "available-list": _body(b'{"object": "balance", "billing_type": "prepaid", "available": [12.50, "usd"]}'),
    "available-empty": _body(b'{"object": "balance", "billing_type": "prepaid", "available": {}}'),
    "postpaid-available-null": _body(b'{"object": "balance", "billing_type": "postpaid", "available": null}'),
    "object-wrong": _body(BALANCE.replace(b'"balance"', b'"list"')),
    "object-null": _body(BALANCE.replace(b'"balance"', b"null")),
    "object-missing": _body(BALANCE.replace(b'"object": "balance", ', b"")),
    "wrapped-in-data": _body(b'{"data": ' + BALANCE + b"}"),
    "wrapped-in-list": _body(b"[" + BALANCE + b"]"),
    "wrapped-in-string": _body(json.dumps(BALANCE.decode()).encode()),
    "null": _body(b"null"),
    "true": _body(b"true"),
    "number": _body(b"12.50"),
    "string": _body(b'"balance"'),
    "list-empty": _body(b"[]"),
    "object-empty": _body(b"{}"),
    # Duplicate keys, at each level.
    "duplicate-object": _body(beside(b'"object": "balance"')),
    "duplicate-billing-type": _body(beside(b'"billing_type": "postpaid"')),
    "duplicate-available": _body(beside(b'"available": {"amount": 1, "currency": "usd"}')),
    "duplicate-available-null": _body(beside(b'"available": null')),
    "duplicate-amount": _body(BALANCE.replace(b'"amount"', b'"amount": 0.01, "amount"')),
    "duplicate-amount-same": _body(BALANCE.replace(b'"amount"', b'"amount": 12.50, "amount"')),
    "duplicate-amount-escaped": _body(BALANCE.replace(b'"amount"', rb'"\u0061mount": 0.01, "amount"')),
    "duplicate-currency": _body(BALANCE.replace(b'"currency"', b'"currency": "eur", "currency"')),
    "duplicate-unknown": _body(beside(b'"x": 1, "x": 1')),
    "duplicate-nested": _body(beside(b'"x": {"y": 1, "y": 2}')),
    "duplicate-in-list": _body(beside(b'"x": [{"y": 1, "y": 2}]')),
    "duplicate-empty-key": _body(beside(b'"": 1, "": 1')),
    # Two rules meet: a non-null error, and a duplicate key.
    "duplicate-error": _body(b'{"error": {"code": "X"}, "error": {"code": "X"}}', _EMPTY_ERROR),
    "duplicate-error-null": _body(beside(b'"error": {"code": "X"}, "error": null'), _EMPTY_ERROR),
    "duplicate-in-error": _body(b'{"error": {"code": "X", "code": "Y"}}', _EMPTY_ERROR),
    # Nesting.
    "nested-100000-lists": _body(beside(b'"x": ' + b"[" * 100_000 + b"]" * 100_000)),
    "nested-100000-objects": _body(beside(b'"x": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
    "nested-100000-alone": _body(b"[" * 100_000 + b"]" * 100_000),
    # Absurd nesting, and JSON that ends early: either rule may speak first.
    "nested-100000-unclosed": _body(b"[" * 100_000, expected("InvalidResponseError", requests=None)),
    "nested-100000-in-503": (says(answer(b"[" * 100_000 + b"]" * 100_000, status=503)), SERVER_ERROR),
    "nested-100000-in-401": (says(answer(b'{"error":' * 50_000 + b"1" + b"}" * 50_000, status=401)), UNAUTHORIZED),
    # A non-null error, whatever else is there.
    "error": _body(error(), API_ERROR),
    "error-beside-balance": _body(beside(error()[1:-1]), API_ERROR),
    "error-behind-balance": _body(BALANCE[:-1] + b", " + error()[1:], API_ERROR),
    "error-null": _body(beside(b'"error": null'), KNOWN),
    "error-text": _body(beside(b'"error": "no"'), API_ERROR),
    "error-empty-text": _body(beside(b'"error": ""'), API_ERROR),
    "error-empty-object": _body(beside(b'"error": {}'), API_ERROR),
    "error-empty-list": _body(beside(b'"error": []'), API_ERROR),
    "error-false": _body(beside(b'"error": false'), API_ERROR),
    "error-zero": _body(beside(b'"error": 0'), API_ERROR),
    "error-rate-limited": _body(error(code="RATE_LIMITED"), API_ERROR),
    "error-insufficient-balance": _body(error(code="INSUFFICIENT_BALANCE"), API_ERROR),
    "error-authentication": _body(error(code="AUTHENTICATION_FAILED"), API_ERROR),
    "error-alone-null": _body(b'{"error": null}'),
    # Not JSON, or not only.
    "html": (says(answer(b"<!DOCTYPE html><title>Sign in</title>", kind=b"text/html")), INVALID),
    "text": _body(b"OK"),
    "empty": _body(b"", UNFINISHED),
    "empty-chunked": (says(CHUNKED, b"0\r\n\r\n"), UNFINISHED),
    # Empty, or JSON that ends before its value begins, or simply not JSON.
    "white-space-only": _body(b" \r\n", expected("InvalidResponseError", requests=None)),
    "null-byte-only": _body(b"\0"),
    "null-byte-behind": _body(BALANCE + b"\0"),
    "two-values": _body(BALANCE + b"\n" + BALANCE),
    "garbage-behind": _body(BALANCE + b"garbage"),
    "brace-behind": _body(BALANCE + b"}"),
    "garbage-before": _body(b")]}',\n" + BALANCE),
    "callback": _body(b"callback(" + BALANCE + b")"),
    "comment": _body(BALANCE[:-1] + b"/* */}"),
    "trailing-comma": _body(BALANCE[:-1] + b",}"),
    "single-quotes": _body(BALANCE.replace(b'"', b"'")),
    "unquoted-keys": _body(BALANCE.replace(b'"amount"', b"amount")),
    "newline-in-string": _body(beside(b'"x": "a\nb"')),
    "null-byte-in-string": _body(beside(b'"x": "a\0b"')),
    "bad-escape": _body(beside(rb'"x": "\x41"')),
    "python-none": _body(amount(b"None")),
    "vertical-tab": _body(b"\x0b" + BALANCE),
    "no-break-space": _body("\u00a0".encode() + BALANCE),
    "yaml": _body(b"object: balance\n"),
}

# Framed as whole, yet each ends before its value does.
TRUNCATED: Table = {
    **{f"prepaid-{end:03}": _body(BALANCE[:end], UNFINISHED) for end in range(1, len(BALANCE))},
    **{
        f"postpaid-{end:03}": _body(POSTPAID[:end], UNFINISHED)
        for end in range(POSTPAID.index(b"null"), POSTPAID.index(b"null") + 5)
    },
    "in-escape": _body(rb'{"object": "\u00', UNFINISHED),
    "after-backslash": _body(b'{"object": "\\', UNFINISHED),
    # A character cut in half: not UTF-8, or not finished.
    "in-character": _body(beside(ACCENT.encode())[:14], expected("InvalidResponseError", requests=None)),
}
