# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What is fuzzed: each target takes any bytes, gives them to the core, and checks the outcome against an oracle.

An oracle is written from the documents (RFC 8259, RFC 3986, CONTRACT) and shares no code with the core. The short run
is ``tests/unit/test_fuzz.py``, the long one ``make fuzz``.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import re
import struct
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal
from email.message import Message
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from requests.models import PreparedRequest

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import answer as core_answer
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import balance as core_balance
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import gate as core_gate
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import retry as core_retry
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import transport as core_transport
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import values as core_values
from pulumi_lumenfall.cli.wait import parse_duration
from pulumi_lumenfall.core import (
    AccountBalance,
    ConfigurationError,
    Gate,
    InvalidResponseError,
    LumenfallError,
    ProxyError,
    Secret,
    Settings,
    argument_layer,
    clean,
    format_amount,
    judge_error,
    resolve_settings,
    with_hint,
)

KEY = "lmnfl_abc.0s3cr3tmarker0"
_NOW = 1_792_000_000.0

# --- oracles -------------------------------------------------------------------------------------------------------

_JSON_SPACE = re.compile(r"[ \t\n\r]*")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_JSON_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"')
_JSON_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_DEEPEST = 64


class NotJSON(Exception):
    """By the book, this is not JSON, or it is of the kinds that we refuse."""


class Number(NamedTuple):
    """A number of a JSON text, as it is written."""

    text: str


def read_json(text: str) -> Any:
    """RFC 8259 to the letter, without duplicate keys or nesting beyond 64."""
    value, end = _json_value(text, _JSON_SPACE.match(text).end(), 0)  # type: ignore[union-attr]
    if _JSON_SPACE.match(text, end).end() != len(text):  # type: ignore[union-attr]
        raise NotJSON
    return value


def _json_value(text: str, at: int, depth: int) -> tuple[Any, int]:
    for word, value in (("true", True), ("false", False), ("null", None)):
        if text.startswith(word, at):
            return value, at + len(word)
    number = _JSON_NUMBER.match(text, at)
    if number:
        return Number(number.group()), number.end()
    if text[at : at + 1] == '"':
        return _json_string(text, at)
    if text[at : at + 1] not in ("{", "["):
        raise NotJSON
    return _json_container(text, at, depth)


def _json_string(text: str, at: int) -> tuple[str, int]:
    found = _JSON_STRING.match(text, at)
    if not found:
        raise NotJSON

    def unescape(escape: re.Match[str]) -> str:
        return chr(int(escape[1], 16)) if escape[1] else _ESCAPED.get(escape[2], escape[2])

    value = _JSON_ESCAPE.sub(unescape, found.group()[1:-1])
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"), found.end()


def _json_container(text: str, at: int, depth: int) -> tuple[Any, int]:
    # What is in a container on level 64 would be on level 65.
    close = {"{": "}", "[": "]"}[text[at]]
    members: dict[str, Any] = {}
    items: list[Any] = []
    at = _JSON_SPACE.match(text, at + 1).end()  # type: ignore[union-attr]
    if text[at : at + 1] == close:
        return (members if close == "}" else items), at + 1
    if depth >= _DEEPEST:
        raise NotJSON
    while True:
        if close == "}":
            name, at = _json_string(text, at)
            at = _JSON_SPACE.match(text, at).end()  # type: ignore[union-attr]
            if name in members or text[at : at + 1] != ":":
                raise NotJSON
            at = _JSON_SPACE.match(text, at + 1).end()  # type: ignore[union-attr]
            members[name], at = _json_value(text, at, depth + 1)
        else:
            item, at = _json_value(text, at, depth + 1)
            items.append(item)
        at = _JSON_SPACE.match(text, at).end()  # type: ignore[union-attr]
        if text[at : at + 1] == close:
            return (members if close == "}" else items), at + 1
        if text[at : at + 1] != ",":
            raise NotJSON
        at = _JSON_SPACE.match(text, at + 1).end()  # type: ignore[union-attr]


def is_absurd(text: str) -> bool:
    """Whether a decimal number is beyond 30 digits on a side, or written as nobody writes an amount."""
    exponent = re.search(r"[eE][+-]?([0-9]+)$", text)
    if len(text) > 100 or (exponent and len(exponent[1]) > 4):
        return True
    number = Decimal(text)
    return int(number.as_tuple().exponent) < -30 or number.adjusted() > 30


def is_balance(body: bytes) -> tuple[str, Number | None] | str | None:
    """The documented balance in a body: billing type and amount; ``"error"`` for an error object; else None."""
    try:
        text = body.decode("utf-8")
        document = read_json(text[1:] if text[:1] == "\ufeff" else text)
    except (UnicodeDecodeError, NotJSON):
        return None
    if not isinstance(document, dict):
        return None
    if document.get("error") is not None:
        return "error"
    available = document.get("available")
    if document.get("object") != "balance" or document.get("billing_type") not in ("prepaid", "postpaid"):
        return None
    if not isinstance(available, dict) or str(available.get("currency")).lower() != "usd":
        return None
    amount = available.get("amount", ...)
    return (document["billing_type"], amount) if amount is None or isinstance(amount, Number) else None


def check_line(text: str | None, limit: int = 1000) -> None:
    """One clean line."""
    if text is None:
        return
    assert len(text) <= limit, text
    for character in text:
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"), ascii(text)
    # The only marks that we write ourselves are in addresses.
    bare = re.sub(r"https?://|\[::1\]", " ", text)
    for mark in ("::", "##", "{{", "{%", "{#", "}}", "%}", "#}"):
        assert mark not in bare, ascii(text)


def check_no_key(text: str | None) -> None:
    """No 8 characters of the key in a row."""
    shown = (text or "").lower()
    for start in range(len(KEY) - 7):
        assert KEY[start : start + 8] not in shown, "the key"


def check_no_marker(text: str) -> None:
    """Nothing of the refresh token or the key."""
    assert "marker" not in text


def check_error(error: LumenfallError) -> None:
    """What every error promises."""
    for text in (str(error), error.hint, with_hint(error), judge_error(error).message):
        check_line(text, 1500)
    check_line(error.code, 300)
    check_line(error.request_id, 300)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert not judge_error(error).sufficient


# --- targets -------------------------------------------------------------------------------------------------------


def fuzz_balance(data: bytes) -> None:
    """A body is a balance exactly where the documents say so, and its amount is the one that is written there."""
    expected = is_balance(data)
    try:
        found = core_balance.parse_balance(data)
    except InvalidResponseError as error:
        check_error(error)
        if isinstance(expected, tuple):
            assert expected[1] is not None, "a balance without an amount was refused"
            assert is_absurd(expected[1].text), "a balance was refused"
        else:
            assert expected is None, "an error object was refused"
        return
    if not isinstance(found, AccountBalance):
        assert expected == "error"
        return
    assert isinstance(expected, tuple), "not a balance, but read as one"
    assert found.billing_type == expected[0]
    assert found.amount == (None if expected[1] is None else Decimal(expected[1].text))
    check_verdict(found, "5")


def check_verdict(balance: AccountBalance, minimum: str) -> None:
    """A gate says what exact fractions say, in one line."""
    for postpaid in ("allow", "deny"):
        for unavailable in ("allow", "deny"):
            verdict = Gate(minimum, postpaid=postpaid, unavailable=unavailable).judge(balance)
            check_line(verdict.message)
            if balance.amount is not None:
                assert verdict.sufficient == (Fraction(balance.amount) >= Fraction(minimum))
            else:
                policy = postpaid if balance.billing_type == "postpaid" else unavailable
                assert verdict.sufficient == (policy == "allow")


def fuzz_answer(data: bytes) -> None:
    """Only a 200 with the documented body is a balance; every other answer is an error whose words are clean."""
    status = int.from_bytes(data[:2], "big") % 700
    header, _, body = data[2:].partition(b"\n")
    headers = Message()
    for name in ("X-Lumenfall-Request-Id", "Location", "Retry-After"):
        headers[name] = header.decode("latin-1").replace("\r", " ")
    found = core_answer.read_answer(core_transport.Answer(status, headers, body, None), (Secret(KEY),))
    if isinstance(found, AccountBalance):
        assert status == 200
        assert isinstance(is_balance(body), tuple)
        check_line(found.request_id, 300)
    else:
        check_error(found)
        for text in (str(found), found.code, found.request_id, repr(found.__dict__)):
            check_no_key(text)
        assert found.status == status
        assert (found.__class__.__name__ == "InsufficientBalanceError") == (status == 402)


_AUTHORITY = re.compile(r"(https?)://([^/?#]*)", re.IGNORECASE)


def fuzz_base_url(data: bytes) -> None:
    """A base URL is refused, or the request goes to the host, port and path that are written there."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        url = core_values.parse_base_url("base_url", text)
    except ConfigurationError as error:
        check_error(error)
        return
    assert url.isprintable()
    given = _AUTHORITY.match(text.strip())
    assert given is not None
    request = PreparedRequest()
    try:
        request.prepare(method="GET", url=f"{url}/v1/balance")
    except (ValueError, UnicodeError):
        # InvalidURL, and nothing is sent; but names in other scripts are requests' business alone.
        assert not given[2].isascii(), "accepted, but cannot be sent"
        return
    sent = _AUTHORITY.match(request.url or "")
    assert sent is not None
    assert sent[1].lower() == given[1].lower()
    if given[2].isascii():
        # A port is a number: requests writes it without zeros in front.
        assert sent[2].lower() == re.sub(r":0+([0-9]+)$", r":\1", given[2].lower())
    else:
        assert "@" not in sent[2]
    assert (request.url or "").endswith("/v1/balance")
    if sent[1].lower() == "http":
        host = sent[2].rpartition(":")[0] if re.search(r":[0-9]*$", sent[2]) else sent[2]
        host = host.strip("[]").partition("%")[0].rstrip(".").lower()
        assert (
            host == "localhost" or host.startswith("127.") or re.fullmatch(r"[0:]*:0*1", host) or ("::ffff:" in host)
        ), host


def fuzz_key(data: bytes) -> None:
    """A key is refused without being shown, or can be sent in a header as it is."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        key = core_values.parse_key("api_key", text).reveal()
    except ConfigurationError as error:
        check_error(error)
        shows = len(text) >= 30 and text in str(error)
        assert not shows
        return
    assert key == text.strip()
    assert re.fullmatch(r"[!-~]{1,4096}", key)


_FOLDER = tempfile.mkdtemp(prefix="lumenfall-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
_REFRESH_TOKEN = "refreshmarker"


def fuzz_credentials(data: bytes) -> None:
    """The credentials file gives the key that is in it, or an error that shows nothing of it."""
    path = Path(_FOLDER, f"{os.getpid()}", "credentials.json")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    try:
        settings = resolve_settings(environ={"LUMENFALL_CONFIG_DIR": str(path.parent)})
    except ConfigurationError as error:
        check_error(error)
        check_no_marker(with_hint(error))
        with contextlib.suppress(NotJSON, UnicodeDecodeError):
            document = read_json(data.decode("utf-8"))
            key = document.get("api_key") if isinstance(document, dict) else None
            assert not isinstance(key, str) or not re.fullmatch("[0-9A-Za-z_.-]{1,4000}", key), "a key was refused"
        return
    key = settings.api_key.reveal()
    check_no_marker(repr(settings))
    assert key
    with contextlib.suppress(NotJSON, UnicodeDecodeError):
        assert read_json(data.decode("utf-8"))["api_key"].strip() == key


def _reference_decimal(text: str) -> Decimal | None:
    """A plain ASCII decimal number, or None."""
    if not text.isascii() or "_" in text or not re.search("[0-9]", text) or re.search("[^0-9eE+.-]", text):
        return None
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


def fuzz_number(data: bytes) -> None:
    """``timeout`` and ``max_attempts`` as text: within their range and exact, or refused."""
    text = data.decode("utf-8", "surrogateescape")
    number = _reference_decimal(text.strip())
    for setting, parse, least, most in (
        ("timeout", core_values.parse_timeout, Decimal(0), Decimal(3600)),
        ("max_attempts", core_values.parse_max_attempts, Decimal(1), Decimal(10)),
    ):
        try:
            found = parse(setting, text)
        except ConfigurationError as error:
            check_error(error)
            if number is not None and re.fullmatch("[0-9]{1,12}([.][0-9]{1,12})?", text):
                whole = setting == "timeout" or number == number.to_integral_value()
                assert not (least < number <= most and whole) or (float(number) == 0), "a number was refused"
            continue
        assert number is not None
        assert float(number) == found
        assert least <= found <= most
        assert found > 0
        check_timeout_kind(setting, found)


def check_timeout_kind(setting: str, found: float) -> None:
    """Attempts are counted; seconds are measured."""
    assert isinstance(found, int if setting == "max_attempts" else float)
    assert math.isfinite(found)


def _written(value: object) -> str:
    return value.strip() if isinstance(value, str) else f"{Decimal(value)}" if isinstance(value, int) else repr(value)


def fuzz_minimum(data: bytes) -> None:
    """A minimum is the decimal that is written, or refused; a float counts as its shortest text."""
    values: list[tuple[object, Decimal | None]] = []
    text = data.decode("utf-8", "surrogateescape")
    values.append((text, _reference_decimal(text.strip())))
    if len(data) >= 8:
        (double,) = struct.unpack("d", data[:8])
        values.append((double, Decimal(repr(double)) if math.isfinite(double) else None))
        values.append((int.from_bytes(data, "big", signed=True), Decimal(int.from_bytes(data, "big", signed=True))))
    for value, expected in values:
        try:
            found = core_gate.parse_minimum(value)
        except ConfigurationError as error:
            check_error(error)
            # Digits are limited to 30 before and after the point, text to 100 characters.
            fits = expected is not None and expected.is_finite() and expected >= 0 and not is_absurd(_written(value))
            assert not fits, "a minimum was refused"
            continue
        assert expected is not None
        assert Fraction(found) == Fraction(expected)
        assert found >= 0
        check_verdict(AccountBalance("prepaid", Decimal("12.50"), "usd"), format_amount(found))
        assert Gate(value).judge(AccountBalance("prepaid", found, "usd")).sufficient


def fuzz_retry_after(data: bytes) -> None:
    """Whole or decimal seconds are what they say; all else is a time in the future, now, or nothing."""
    text = data.decode("latin-1")
    seconds = core_retry.parse_retry_after(text, _NOW)
    assert seconds is None or 0 <= seconds <= 366 * 24 * 3600
    if re.fullmatch(r"[0-9]{1,7}", text):
        assert seconds == int(text)
    if seconds is not None and re.fullmatch(r"[\s0-9.]+", text):
        assert seconds == float(text.strip())


_UNITS = {"h": 3600, "m": 60, "s": 1}


def fuzz_duration(data: bytes) -> None:
    """``--wait``: hours, minutes and seconds in that order, summed exactly, up to a week; or refused."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        found = parse_duration("--wait", text)
    except ConfigurationError as error:
        check_error(error)
        assert not re.fullmatch(r"[0-9]{1,3}h|[0-9]{1,4}m|[0-9]{1,5}s?", text) or int(text.rstrip("hms")) > 168
        return
    assert 0 <= found <= 7 * 24 * 3600
    expected, digits, last = Fraction(0), "", 10**6
    for character in text.strip().lower():
        if character in _UNITS:
            assert _UNITS[character] < last, "units out of order"
            last = _UNITS[character]
            expected += Fraction(digits) * last
            digits = ""
        else:
            digits += character
    if digits:
        assert last > 1
        expected += Fraction(digits)
    assert abs(Fraction(found) - expected) < Fraction(1, 10**6)


def fuzz_clean(data: bytes) -> None:
    """Text from outside: one short clean line, without the secret, and the same when it is cleaned again."""
    text = data.decode("utf-8", "surrogateescape")
    for shown in (clean(text), clean(f"{text}{KEY}{text}", (Secret(KEY),))):
        for character in shown:
            assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"), ascii(shown)
        for mark in ("::", "##", "{{", "{%", "{#", "}}", "%}", "#}"):
            assert mark not in shown, ascii(shown)
        assert len(shown) <= 300
        assert shown == clean(shown), ascii(shown)
    check_no_key(shown)


def _settings(proxy: str) -> Settings:
    return resolve_settings(argument_layer(api_key=KEY), environ={"HTTPS_PROXY": proxy})


def fuzz_proxy(data: bytes) -> None:
    """A proxy is used or refused; no word about it shows its password."""
    text = data.decode("utf-8", "surrogateescape")
    settings = _settings(f"http://user:{KEY}@{text}") if len(data) % 2 else _settings(text)
    found = core_transport._proxies(settings)
    check_no_key(repr(settings))
    if isinstance(found, ProxyError):
        check_error(found)
        check_no_key(with_hint(found))
    else:
        assert not found or list(found) == ["https"]


class Target(NamedTuple):
    """Something to fuzz, and what to begin from."""

    run: Callable[[bytes], None]
    seeds: Sequence[bytes]


_BODIES = (
    b'{"object": "balance", "billing_type": "prepaid", "available": {"amount": 12.50, "currency": "usd"}}',
    b'{"object": "balance", "billing_type": "postpaid", "available": {"amount": null, "currency": "USD"}}',
    b'{"object":"balance","billing_type":"prepaid","available":{"amount":-1.25e-5,"currency":"usd"},"x":[1,[{}]]}',
    b'{"error": {"message": "no \\u001b[31m {{ x }}", "type": "a", "code": "RATE_LIMITED"}}',
    b'\xef\xbb\xbf{"object": "balance", "available": {"amount": 0, "currency": "usd"}, "billing_type": "prepaid"}',
)

TARGETS: dict[str, Target] = {
    "balance": Target(fuzz_balance, _BODIES),
    "answer": Target(
        fuzz_answer,
        [
            status.to_bytes(2, "big") + header + b"\n" + body
            for status in (200, 302, 402, 429, 503)
            for header in (b"req_1", b"https://login.example/", KEY.encode())
            for body in (*_BODIES, b'{"error": {"message": "%s", "code": "##vso[x]"}}' % KEY.encode())
        ],
    ),
    "base_url": Target(
        fuzz_base_url,
        [
            *(b"https://api.lumenfall.ai/v1", b"https://Host.example:8443/a/openai/v1/", b"http://localhost:80"),
            *(b"http://[::1]:1/x", b"https://user:password@host/", b"https://a\\@b/", b"http://127.0.0.1#@b"),
            "https://stra\u00dfe.example/\u00e9".encode(),
            b"https://x.localhost./v1/v1",
        ],
    ),
    "key": Target(fuzz_key, [KEY.encode(), b"Bearer x", b'"quoted"', b" padded \n", b"sk-1234"]),
    "credentials": Target(
        fuzz_credentials,
        [
            b'{"api_key": "lmnfl_a.b", "refresh_token": "%s"}' % _REFRESH_TOKEN.encode(),
            b'{"api_key": ""}',
            b'\xef\xbb\xbf{"api_key": " x\\n"}',
            b'{"refresh_token": "%s", "api_key": ["%s"]}' % (_REFRESH_TOKEN.encode(), _REFRESH_TOKEN.encode()),
            b"[" * 2000,
        ],
    ),
    "number": Target(fuzz_number, [b"30", b" 1.5 ", b"10.0", b"3600.000001", b".5", b"+1", b"1e3", b"0.0"]),
    "minimum": Target(
        fuzz_minimum, [b"5", b"7.50", b"-0.0", b"1e30", b"1E-30", b"+.5", b" 1 ", struct.pack("d", 0.1), b"9" * 31]
    ),
    "retry_after": Target(
        fuzz_retry_after,
        [
            *(b"120", b"1.5", b"Wed, 14 Oct 2026 17:48:40 GMT", b"Wednesday, 14-Oct-26 17:48:40 GMT"),
            *(b"Wed Oct 14 17:48:40 2026", b"Wed, 14 Oct 2026 19:48:40 +0200", b"0"),
        ],
    ),
    "duration": Target(fuzz_duration, [b"15m", b"1h30m", b"20s", b"1.5h", b"168h", b"1h2m3.125s", b"90", b"1H 2M"]),
    "clean": Target(
        fuzz_clean,
        [
            *(b"::error::x", b"##vso[task]", b"{{ x }}{% y %}{# z #}", KEY.encode(), b"\x1b[31m\r\n\x00"),
            *("\u202e\u2066\u200b\ufeff\u2028\u00e9\U0001f600".encode(), b":" * 400, b"a " * 200),
        ],
    ),
    "proxy": Target(
        fuzz_proxy, [b"http://u:p@proxy.example:8080", b"proxy:3128", b"socks5://x", b"[::1]:80", b"http://[", b"a@b@c"]
    ),
}

_TOKENS = (
    *(b'"', b"\\", b"\\u0000", b"\\ud800", b"{", b"}", b"[", b"]", b",", b":", b"::", b"##", b"{{", b"}}", b"%}"),
    *(
        b"null",
        b"true",
        b"NaN",
        b"-Infinity",
        b"1e400",
        b"1e-31",
        b"0",
        b"-",
        b".",
        b"e",
        b"usd",
        b'"error"',
        b'"amount"',
    ),
    *(b"//", b"@", b"?", b"#", b"%", b"%00", b"/v1", b"localhost", b"http://", b"https://", b"\xe2\x80\xae", b"\xff"),
    *(b"\n", b"\r", b"\t", b"\x00", b"\xc2\xa0", b" ", b"h", b"m", b"s", b"GMT", b"+9999", KEY.encode()),
)


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
            data[at:at] = source.choice(_TOKENS)
        elif action == 2:
            data[at:to] = source.choice(_TOKENS)
        elif action == 3:
            data[at:at] = data[at:to] * source.choice((1, 1, 2, 70))
        elif action == 4 and data:
            data[at % len(data)] = source.randrange(256)
        else:
            other = source.choice(seeds)
            start = source.randint(0, len(other))
            data[at:to] = other[start : start + source.randint(0, 40)]
    return bytes(data[:2000])
