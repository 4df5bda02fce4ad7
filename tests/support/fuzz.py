# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What is fuzzed: each target takes any bytes, gives them to the core, and checks the outcome against an oracle.

The oracles are in :mod:`support.fuzz_oracles`, what a run begins from in :mod:`support.fuzz_seeds`. The short run is
``tests/unit/test_fuzz.py``, the long one ``make fuzz``.
"""

from __future__ import annotations

import contextlib
import math
import re
import struct
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal
from email.message import Message
from fractions import Fraction
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

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
    ProxyError,
    Secret,
    Settings,
    argument_layer,
    clean,
    format_amount,
    resolve_settings,
    with_hint,
)
from support.fuzz_oracles import (
    NotJSON,
    check_error,
    check_line,
    check_no_key,
    check_no_marker,
    check_verdict,
    is_absurd,
    is_balance,
    read_json,
    reference_decimal,
)
from support.fuzz_seeds import SEEDS
from support.leaks import KEY

_NOW = 1_792_000_000.0


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
        # Shorter ones are words that the message may have on its own.
        shows = len(text) >= 12 and text in str(error)
        assert not shows
        return
    assert key == text.strip()
    assert re.fullmatch(r"[!-~]{1,4096}", key)


# No disk is worn by a million files.
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


def fuzz_credentials(data: bytes) -> None:
    """The credentials file gives the key that is in it, or an error that shows nothing of it."""
    try:
        with tempfile.TemporaryDirectory(prefix="lumenfall-fuzz-", dir=_MEMORY) as folder:
            Path(folder, "credentials.json").write_bytes(data)
            settings = resolve_settings(environ={"LUMENFALL_CONFIG_DIR": folder})
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


def fuzz_number(data: bytes) -> None:
    """``timeout`` and ``max_attempts`` as text: within their range and exact, or refused."""
    text = data.decode("utf-8", "surrogateescape")
    number = reference_decimal(text.strip())
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
        # Attempts are counted; seconds are measured.
        assert isinstance(found, int if setting == "max_attempts" else float)
        assert math.isfinite(found)


def _written(value: object) -> str:
    return value.strip() if isinstance(value, str) else f"{Decimal(value)}" if isinstance(value, int) else repr(value)


def fuzz_minimum(data: bytes) -> None:
    """A minimum is the decimal that is written, or refused; a float counts as its shortest text."""
    values: list[tuple[object, Decimal | None]] = []
    text = data.decode("utf-8", "surrogateescape")
    values.append((text, reference_decimal(text.strip())))
    if len(data) >= 8:
        (double,) = struct.unpack("d", data[:8])
        values.append((double, Decimal(repr(double)) if math.isfinite(double) else None))
        values.append((int.from_bytes(data, "big", signed=True), Decimal(int.from_bytes(data, "big", signed=True))))
    for value, expected in values:
        try:
            found = core_gate.parse_minimum(value)
        except ConfigurationError as error:
            check_error(error)
            # What every float is, in size and decimals, can be a minimum.
            fits = expected is not None and expected.is_finite() and 0 <= expected <= Decimal(repr(sys.float_info.max))
            assert not fits or is_absurd(_written(value), digits=324), "a minimum was refused"
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
    for write in (_as_in_a_url, _as_in_html, str.encode, reversed):
        echo = write(KEY)
        shown = clean(f"{text} {echo.hex() if isinstance(echo, bytes) else ''.join(echo)}", (Secret(KEY),))
        assert "***" in shown or len(text) > 200
        check_no_key(unescape(unquote(shown)))


def _as_in_a_url(text: str) -> str:
    return "".join(f"%{ord(character):02x}" for character in text)


def _as_in_html(text: str) -> str:
    return "".join(f"&#{ord(character)};" for character in text)


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


TARGETS = {
    name: Target(run, SEEDS[name])
    for name, run in (
        ("balance", fuzz_balance),
        ("answer", fuzz_answer),
        ("base_url", fuzz_base_url),
        ("key", fuzz_key),
        ("credentials", fuzz_credentials),
        ("number", fuzz_number),
        ("minimum", fuzz_minimum),
        ("retry_after", fuzz_retry_after),
        ("duration", fuzz_duration),
        ("clean", fuzz_clean),
        ("proxy", fuzz_proxy),
    )
}
