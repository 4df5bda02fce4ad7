# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The settings chain: which source wins, what each refuses, and that the source is named."""

from __future__ import annotations

import json
import os
import traceback
from decimal import Decimal, FloatOperation, localcontext
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import values as core_values
from pulumi_lumenfall.core import (
    ConfigurationError,
    LumenfallClient,
    Secret,
    Settings,
    argument_layer,
    hide_key,
    resolve_settings,
)
from support.leaks import KEY, MARKER, OTHER_KEY, leaked


def resolve(*layers: Any, **environ: str) -> Settings:
    """Resolve with a key from the first layer and nothing of the process's environment."""
    return resolve_settings(*layers, argument_layer(api_key=KEY), environ=environ)


def refused(*layers: Any, **environ: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        resolve(*layers, **environ)
    error = caught.value
    assert error.attempts == 0
    assert "\n" not in str(error)
    assert not leaked(f"{error}{error.hint}")
    return error


def test_a_proxys_password_in_letters_that_cannot_be_sent_is_a_secret() -> None:
    """The proxy is refused later, in words that must not show it."""
    secrets = resolve(HTTPS_PROXY="http://user:ПАРОЛЬ12@proxy.example").secrets
    assert Secret("ПАРОЛЬ12") in secrets


def test_a_layer_of_arguments_does_not_show_the_key() -> None:
    """Nor does what hid it before, which stays as it is."""
    for key in (KEY, hide_key(KEY)):
        layer = argument_layer(api_key=key, timeout=5)
        assert not leaked(repr(layer))
        assert resolve_settings(layer, environ={}).api_key == Secret(KEY)


def test_defaults() -> None:
    settings = resolve()
    assert settings.balance_url == "https://api.lumenfall.ai/v1/balance"
    assert (settings.timeout, settings.max_attempts, settings.ca_bundle, settings.verify) == (30.0, 3, None, True)
    assert settings.sources["timeout"] == "default"


ENVIRONMENT = {"LUMENFALL_API_BASE": "https://env.example", "LUMENFALL_TIMEOUT": "7", "LUMENFALL_MAX_ATTEMPTS": "2"}


def test_chain_order() -> None:
    """Argument, then the surface's own layer, then environment, then default; empty is unset."""
    arguments = argument_layer(timeout=5, base_url="", max_attempts=None)
    config = {"timeout": ("lumenfall:timeout", "6"), "max_attempts": ("lumenfall:maxAttempts", "4")}
    settings = resolve(arguments, config, **ENVIRONMENT)
    assert (settings.timeout, settings.max_attempts, settings.base_url) == (5, 4, "https://env.example")
    assert dict(settings.sources) == {
        "api_key": "api_key",
        "base_url": "LUMENFALL_API_BASE",
        "timeout": "timeout",
        "max_attempts": "lumenfall:maxAttempts",
        "ca_bundle": "default",
        "verify": "default",
    }


def test_each_variable_is_read(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(authority)
    settings = resolve_settings(environ={**ENVIRONMENT, "LUMENFALL_API_KEY": KEY})
    assert (settings.base_url, settings.timeout, settings.max_attempts) == ("https://env.example", 7, 2)
    assert settings.api_key.reveal() == KEY
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        settings = resolve(**{name: str(authority)})
        assert (settings.ca_bundle, settings.sources["ca_bundle"]) == (str(authority), name)
    for name in ("no_proxy", "NO_PROXY"):
        assert resolve(**{name: "a.example"}).no_proxy == "a.example"
    assert resolve().no_proxy == ""
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        proxy = resolve(**{name: "http://p.example"}).proxy
        assert proxy is not None
        assert (proxy[0], proxy[1].reveal()) == (name, "http://p.example")


def test_client_reads_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMENFALL_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("LUMENFALL_API_BASE", "http://127.0.0.1:1/openai/v1/")
    assert repr(LumenfallClient()) == "LumenfallClient(base_url='http://127.0.0.1:1')"


BAD_NUMBERS = [
    "10s",
    "abc",
    "1,5",
    "nan",
    "inf",
    "-1",
    "0",
    "1e1",
    "0x10",
    "٣",
    True,
    False,
    [],
    10**5000,
    float("nan"),
    Decimal("NaN"),
    Decimal("Infinity"),
    Decimal("1e99999"),
]


@pytest.mark.parametrize(
    "value", [*BAD_NUMBERS, "3600.1", 3601], ids=lambda value: repr(value)[:9] if value != 10**5000 else "huge"
)
def test_bad_timeout(value: Any) -> None:
    assert str(refused(argument_layer(timeout=value))).startswith("timeout: ")
    if isinstance(value, str):
        assert str(refused(LUMENFALL_TIMEOUT=value)).startswith("LUMENFALL_TIMEOUT: ")


@pytest.mark.parametrize(
    "value", [*BAD_NUMBERS, "1.5", 11, "11"], ids=lambda value: repr(value)[:9] if value != 10**5000 else "huge"
)
def test_bad_max_attempts(value: Any) -> None:
    assert str(refused({"max_attempts": ("--max-attempts", value)})).startswith("--max-attempts: ")


def test_the_message_says_what_where_and_what_to_do() -> None:
    error = refused(LUMENFALL_TIMEOUT="10s")
    assert str(error) == "LUMENFALL_TIMEOUT: '10s' is not a number of seconds"
    assert error.hint == "set LUMENFALL_TIMEOUT to a number above 0 and up to 3600, such as 30"


@pytest.mark.parametrize(
    ("value", "seconds"), [("0.5", 0.5), (" 30 ", 30), (3600, 3600), (0.001, 0.001), (Decimal("2.5"), 2.5)]
)
def test_good_timeout(value: Any, seconds: float) -> None:
    with localcontext() as context:
        # As a program may have it that wants no float near its money.
        context.traps[FloatOperation] = True
        timeout = resolve(argument_layer(timeout=value)).timeout
    assert (timeout, type(timeout)) == (seconds, float)


def test_a_number_that_must_not_be_compared_is_refused() -> None:
    assert (
        str(refused(argument_layer(timeout=Decimal("sNaN")))) == "timeout: Decimal('sNaN') is not a number of seconds"
    )


def test_whole_floats_are_attempts() -> None:
    """Pulumi hands numbers over as floats."""
    assert resolve(argument_layer(max_attempts=3.0)).max_attempts == 3
    assert resolve(argument_layer(max_attempts=10)).max_attempts == 10


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://api.lumenfall.ai", "https://api.lumenfall.ai/v1/balance"),
        ("https://api.lumenfall.ai/", "https://api.lumenfall.ai/v1/balance"),
        ("https://api.lumenfall.ai/v1", "https://api.lumenfall.ai/v1/balance"),
        ("https://api.lumenfall.ai/v1/", "https://api.lumenfall.ai/v1/balance"),
        ("https://api.lumenfall.ai/openai/v1", "https://api.lumenfall.ai/v1/balance"),
        ("https://gate.example:8443/lumenfall/openai/v1//", "https://gate.example:8443/lumenfall/v1/balance"),
        (" HTTPS://Api.Lumenfall.AI ", "https://api.lumenfall.ai/v1/balance"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/balance"),
        ("http://127.8.9.10", "http://127.8.9.10/v1/balance"),
        ("http://localhost:1/v1", "http://localhost:1/v1/balance"),
        ("http://[::1]:8080/", "http://[::1]:8080/v1/balance"),
        ("https://gate.example/lumenfall", "https://gate.example/lumenfall/v1/balance"),
        ("https://gate.example/v1/v1", "https://gate.example/v1/v1/balance"),
    ],
)
def test_base_url(value: str, url: str) -> None:
    assert resolve(argument_layer(base_url=value)).balance_url == url


@pytest.mark.parametrize(
    "value",
    [
        *("api.lumenfall.ai", "//api.lumenfall.ai", "ftp://x.example", "file:///etc/passwd", "https:/x.example"),
        *("https://", "https:///v1", "https://x.example:99999", "https://x.example:0", "https://x.example:"),
        *(
            "https://x.example:abc",
            "https://a b.example",
            "https://a..example",
            "https://-",
            "https://[::1",
            "https://",
        ),
        *("https://user@x.example", f"https://user:{MARKER}@x.example", f"https://x.example/?key={MARKER}"),
        *(f"https://x.example/#{MARKER}", "https://x.example/?", "https://x.example/a b", "https://x.example/a\nb"),
        *(
            "https://x.example/ü",
            "http://x.example",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://localhost.evil.example",
            "http://api.localhost",
        ),
        *("http://127.0.0.1.evil.example", "http://127.1", "http://[::2]", "http://2130706433", OTHER_KEY),
        *("https://x.example\\@evil.example", "https://" + "a" * 64 + ".example", "https://" + "a." * 127 + "example"),
        *(5, True, [], b"https://x.example"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_bad_base_url(value: Any) -> None:
    """Refused before anything is sent, and never shown: it may hold a password."""
    error = refused({"base_url": ("LUMENFALL_API_BASE", value)})
    assert str(error).startswith("LUMENFALL_API_BASE: the base URL ")
    assert error.hint is not None


@pytest.mark.parametrize(("value", "allowed"), [("1", True), ("0", False), ("", False), ("true", False)])
def test_plain_http_for_a_test_host(value: str, allowed: bool) -> None:
    layer = argument_layer(base_url="http://test.example")
    if allowed:
        assert resolve(layer, LUMENFALL_ALLOW_INSECURE_HTTP=value).base_url == "http://test.example"
    else:
        assert "LUMENFALL_ALLOW_INSECURE_HTTP=1" in str(refused(layer, LUMENFALL_ALLOW_INSECURE_HTTP=value).hint)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("base_url", "https://api.example/{}"), ("timeout", "{}"), ("max_attempts", "{}"), ("ca_bundle", "/{}/ca.pem")],
)
def test_a_key_in_another_setting_is_refused(setting: str, value: str) -> None:
    """Also one of no known shape, which messages would show else; what a short one has in common may be chance."""
    key = "sk.0123456789.MARKER"
    with pytest.raises(ConfigurationError) as caught:
        resolve_settings({setting: ("THE_PLACE", value.format(key))}, environ={"LUMENFALL_API_KEY": key})
    assert str(caught.value) == "THE_PLACE: it holds the API key (not shown)"
    assert key not in str(caught.value.hint)
    layer = argument_layer(base_url="https://monkey.example")
    assert resolve_settings(layer, environ={"LUMENFALL_API_KEY": "key"}).base_url == "https://monkey.example"


@pytest.mark.parametrize("name", ["LUMENFALL_CONFIG_DIR", "SSL_CERT_FILE"])
def test_a_key_in_place_of_a_path_is_not_shown(clean_environment: Path, name: str) -> None:
    environ = {"HOME": str(clean_environment), name: KEY}
    with pytest.raises(ConfigurationError, match=r"what looks like an API key \(not shown\)") as caught:
        resolve_settings(argument_layer(api_key="" if name == "LUMENFALL_CONFIG_DIR" else OTHER_KEY), environ=environ)
    assert not leaked(str(caught.value))


@pytest.mark.parametrize("key", [KEY, f"\n {KEY}\t\r\n", "sk-other-shape", "x", "a'b", "~!@#$%^&*()"])
def test_any_printable_key_is_a_key(key: str) -> None:
    """The shape is the API's business."""
    assert resolve_settings(argument_layer(api_key=key), environ={}).api_key.reveal() == key.strip()


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (f"Bearer {KEY}", "starts with 'Bearer '"),
        (f"bearer {KEY}", "starts with 'Bearer '"),
        (f'"{KEY}"', "is wrapped in quotes"),
        (f"'{KEY}'", "is wrapped in quotes"),
        (f"{KEY} {KEY}", "white space"),
        (f"{KEY}\n{KEY}", "white space"),
        (f"{KEY}\x00", "not printable ASCII"),
        (f"{KEY}é", "not printable ASCII"),
        (f"{KEY}\u200b", "not printable ASCII"),
        (MARKER * 1000, "longer than any key"),
        (5, "must be text, not a number"),
        (True, "must be text, not a boolean"),
        (MARKER.encode(), "must be text, not bytes"),
    ],
)
def test_bad_key(key: Any, problem: str) -> None:
    error = refused({"api_key": ("lumenfall:apiKey", key)})
    assert str(error).startswith("lumenfall:apiKey: the API key ")
    assert problem in str(error)


def write_credentials(home: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = home / ".lumenfall" / "credentials.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def test_credentials_file_comes_last(clean_environment: Path) -> None:
    """The file is read where nothing else gives a key, and only then."""
    path = write_credentials(clean_environment, json.dumps({"api_key": KEY, "refresh_token": "r"}))
    environ = {"HOME": str(clean_environment)}
    settings = resolve_settings(environ=environ)
    assert (settings.api_key.reveal(), settings.sources["api_key"], settings.warnings) == (
        KEY,
        f"'api_key' in {path}",
        (),
    )
    path.write_text("not JSON")
    assert resolve_settings(environ={**environ, "LUMENFALL_API_KEY": "k"}).api_key.reveal() == "k"


def test_credentials_folder_can_be_moved(tmp_path: Path, clean_environment: Path) -> None:
    (tmp_path / "credentials.json").write_text(json.dumps({"api_key": KEY}))
    assert resolve_settings(environ={"LUMENFALL_CONFIG_DIR": str(tmp_path)}).api_key.reveal() == KEY


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_credentials_file_that_others_can_read(clean_environment: Path, mode: int) -> None:
    """Used, with a warning that says how to mend it, on every surface and in plain Python."""
    path = write_credentials(clean_environment, json.dumps({"api_key": KEY}), mode)
    settings = resolve_settings(environ={"HOME": str(clean_environment)})
    assert settings.warnings == (f"{path} can be read by other users of this machine; run: chmod 600 {path}",)
    with pytest.warns(UserWarning, match="chmod 600"):
        LumenfallClient()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a JSON object"),
        ("{}", "has no 'api_key'"),
        ('{"api_key": ""}', "has no 'api_key'"),
        (json.dumps({"api_key": None, "refresh_token": MARKER}), "has no 'api_key'"),
        (" " * ((1 << 20) + 1), "is too large"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_bad_credentials_file(clean_environment: Path, text: str | bytes, problem: str) -> None:
    path = write_credentials(clean_environment, text)
    with pytest.raises(ConfigurationError) as caught:
        resolve_settings(environ={"HOME": str(clean_environment)})
    assert str(caught.value).startswith(f"no API key: the credentials file {path} {problem}")
    assert not leaked(str(caught.value))
    assert caught.value.__context__ is None


@pytest.mark.parametrize("kind", ["folder", "fifo", "below a file"])
def test_credentials_that_are_no_file(clean_environment: Path, kind: str) -> None:
    """Nothing is opened that could block."""
    folder = clean_environment / ".lumenfall"
    if kind == "below a file":
        folder.write_text("")
    else:
        folder.mkdir()
        make = os.mkfifo if kind == "fifo" else os.mkdir
        make(folder / "credentials.json")
    with pytest.raises(ConfigurationError, match=r"the credentials file .* (is not a file|cannot be read)"):
        resolve_settings(environ={"HOME": str(clean_environment)})


def test_no_key_says_where_it_was_looked_for(clean_environment: Path) -> None:
    layers = ({"api_key": ("api_key", None)}, {"api_key": ("lumenfall:apiKey", " ")})
    with pytest.raises(ConfigurationError) as caught:
        resolve_settings(*layers, environ={"HOME": str(clean_environment), "LUMENFALL_API_KEY": ""})
    path = clean_environment / ".lumenfall/credentials.json"
    assert str(caught.value) == f"no API key: looked at api_key, lumenfall:apiKey, LUMENFALL_API_KEY, {path}"
    assert "https://lumenfall.ai/app/api_keys" in str(caught.value.hint)


def test_ca_bundle(tmp_path: Path) -> None:
    """The first variable that is set wins; a file and a hashed folder are both fine."""
    authority = trustme.CA()
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    folder = tmp_path / "folder"
    folder.mkdir()
    authority.cert_pem.write_to_path(str(folder / "0a1b2c3d.0"))
    assert resolve(SSL_CERT_FILE=str(file)).sources["ca_bundle"] == "SSL_CERT_FILE"
    assert resolve(SSL_CERT_FILE="/nowhere", CURL_CA_BUNDLE="", REQUESTS_CA_BUNDLE=str(folder)).ca_bundle == str(folder)
    LumenfallClient(KEY, ca_bundle=str(file))


# OpenSSL takes it for a CA bundle too.
LIST_OF_REVOKED_CERTIFICATES = b"""\
-----BEGIN X509 CRL-----
MIGTMDsCAQEwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBYRcNMjYwMTAxMDAwMDAw
WhcNMjYwMTAyMDAwMDAwWjAKBggqhkjOPQQDAgNIADBFAiEA/3d9yzH/sz2DaOHC
TppW8sv5Pl6slrP1M7KXUlS2Ko4CIAk1tBnEile4FCemclem1eOEEtWiuWMycy0I
H0hslgAv
-----END X509 CRL-----
"""


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "key", "folder", "fifo", "NUL", "corrupt", "crl", "int"])
def test_bad_ca_bundle(tmp_path: Path, kind: str) -> None:
    """Named at once, not as a TLS error later."""
    path = tmp_path / "ca.pem"
    value: Any = str(path)
    authority = trustme.CA()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "NUL":
        value = "a\x00b"
    elif kind == "int":
        value = 5
    elif kind != "missing":
        path.write_bytes(
            {
                "empty": b"",
                "text": b"not a certificate",
                "key": authority.private_key_pem.bytes(),
                "corrupt": b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n",
                "crl": LIST_OF_REVOKED_CERTIFICATES,
            }[kind]
        )
    with pytest.raises(ConfigurationError, match=r"^ca_bundle: the CA bundle ") as caught:
        LumenfallClient(KEY, ca_bundle=value)
    assert caught.value.__context__ is None
    LumenfallClient(KEY, ca_bundle=value, verify=False)


def test_a_ca_bundle_may_be_any_path(tmp_path: Path) -> None:
    """Of bytes too; and none shows the key."""
    (tmp_path / "text.pem").write_text("not a certificate")
    (entry,) = os.scandir(os.fsencode(tmp_path))
    text = str(tmp_path / "text.pem")
    assert str(refused(argument_layer(ca_bundle=entry))).startswith(f"ca_bundle: the CA bundle '{text}' holds no")
    trustme.CA().cert_pem.write_to_path(text)
    assert resolve(argument_layer(ca_bundle=entry)).ca_bundle == text
    error = refused(argument_layer(api_key="sk.0123456789.MARKER", ca_bundle=Path("/sk.0123456789.MARKER")))
    assert str(error) == "ca_bundle: it holds the API key (not shown)"


@pytest.mark.parametrize("value", ["false", 0, 1, "yes", []])
def test_verify_is_a_boolean(value: Any) -> None:
    assert str(refused(argument_layer(verify=value))).startswith("verify: ")


def test_no_key_comes_out_of_settings() -> None:
    """repr is safe, and the digest tells settings apart without giving them away."""
    settings = resolve(HTTPS_PROXY=f"http://user:{MARKER}@proxy.example:8080")
    assert not leaked(repr(settings))
    assert settings == resolve(HTTPS_PROXY=f"http://user:{MARKER}@proxy.example:8080")
    assert settings.digest(b"salt") != settings.digest(b"pepper")
    assert settings.digest(b"salt") != resolve().digest(b"salt")


@pytest.mark.parametrize(
    ("proxy", "secrets"),
    [
        (None, [KEY]),
        ("http://p.example:8080", [KEY]),
        ("http://user@p.example", [KEY]),
        ("http://user:@p.example", [KEY, "dXNlcjo=", "user"]),
        ("http://user:p:w@p.example:8080", [KEY, "dXNlcjpwOnc=", "p:w"]),
        ("user:p@w@p.example", [KEY, "dXNlcjpwQHc=", "p@w"]),
        ("http://u%3A:p%21@p.example", [KEY, "dSUzQTpwJTIx", "p%21", "dTo6cCE=", "p!"]),
    ],
)
def test_what_must_not_be_shown(proxy: str | None, secrets: list[str]) -> None:
    """The key, and the password of a proxy: alone and, in base64, with its user; as it is written and as it is sent."""
    settings = resolve(**({"HTTPS_PROXY": proxy} if proxy else {}))
    assert [secret.reveal() for secret in settings.secrets] == secrets


def test_each_setting_is_in_the_digest(tmp_path: Path) -> None:
    """Settings that differ never share an answer."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    proxy = "http://p.example"
    different = [
        resolve(),
        resolve(argument_layer(api_key=OTHER_KEY)),
        resolve(argument_layer(base_url="https://b.example")),
        resolve(argument_layer(timeout=1)),
        resolve(argument_layer(max_attempts=1)),
        resolve(argument_layer(verify=False)),
        resolve(argument_layer(ca_bundle=str(tmp_path / "ca.pem"))),
        resolve(HTTPS_PROXY=proxy),
        resolve(https_proxy=proxy),
        resolve(HTTPS_PROXY=f"{proxy}:1"),
        resolve(NO_PROXY="\udcff"),
    ]
    assert len({settings.digest(b"salt") for settings in different}) == len(different)
    assert resolve(NO_PROXY="\udcff").digest(b"salt") == different[-1].digest(b"salt")


def test_a_refusal_holds_nothing_of_the_value() -> None:
    """Neither in its frames, for a tool that shows local variables, nor in an exception behind it."""
    for bad in (argument_layer(base_url=f"https://user:{KEY}/@host"), argument_layer(timeout=0)):
        error = refused(bad, LUMENFALL_API_KEY=KEY)
        assert error.__context__ is None
        assert error.__cause__ is None
        frame = error.__traceback__
        while frame is not None:
            if "_core" in frame.tb_frame.f_code.co_filename:
                assert not leaked(repr(frame.tb_frame.f_locals))
            frame = frame.tb_next


def test_a_blank_proxy_variable_is_unset() -> None:
    """It hides no other one."""
    settings = resolve(https_proxy=" ", HTTPS_PROXY="http://p.example:1", no_proxy=" ", NO_PROXY="host.example")
    assert (settings.sources["proxy"], settings.no_proxy) == ("HTTPS_PROXY", "host.example")


def test_proxy_is_for_https_only() -> None:
    """Plain http goes direct, so that no proxy sees the key in the clear."""
    environ = {"HTTPS_PROXY": "http://b.example", "ALL_PROXY": "http://c.example", "http_proxy": "http://d.example"}
    assert resolve(argument_layer(base_url="http://127.0.0.1:1"), **environ).proxy is None
    proxy = resolve(**environ).proxy
    assert proxy is not None
    assert (proxy[0], proxy[1].reveal()) == ("HTTPS_PROXY", "http://b.example")
    lower = resolve(**environ, https_proxy="http://a.example").proxy
    assert lower is not None
    assert lower[0] == "https_proxy"


@given(st.text() | st.from_regex(r"https?://\S*"))
def test_a_base_url_is_refused_or_safe(value: str) -> None:
    """Whatever passes is https or loopback, and has nothing but scheme, host, port and path."""
    try:
        url = core_values.parse_base_url("x", value)
    except ConfigurationError:
        return
    assert not set(url) & set("@?# \t\n\\")
    assert url.startswith(("https://", "http://localhost", "http://127.", "http://[::1]"))


@given(st.text() | st.floats() | st.integers() | st.none() | st.booleans())
def test_a_number_is_refused_or_in_range(value: Any) -> None:
    for parse, low, high in (
        (core_values.parse_timeout, 0, 3600),
        (core_values.parse_max_attempts, 1, 10),
    ):
        try:
            assert low <= parse("x", value) <= high
        except ConfigurationError:
            continue


@given(st.text())
def test_a_key_is_refused_or_can_be_sent(value: str) -> None:
    try:
        key = core_values.parse_key("x", value).reveal()
    except ConfigurationError:
        return
    key.encode("ascii")
    assert key.isprintable()
    assert " " not in key


@pytest.mark.parametrize("place", ["argument", "environment", "file", "file without a key", "broken file"])
@pytest.mark.parametrize("bad", ["key", "timeout", "ca_bundle"])
def test_a_traceback_with_locals_shows_no_secret(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch, place: str, bad: str
) -> None:
    """Error reporters and debuggers show local variables: neither the key nor the refresh token may be among them."""
    # This frame is in the traceback too, so it has them only as secrets.
    key, token = Secret(f"{KEY} {MARKER}" if bad == "key" else KEY), Secret(f"rt_{MARKER}")
    name = "other" if place == "file without a key" else "api_key"
    write_credentials(
        clean_environment,
        json.dumps({name: key.reveal(), "refresh_token": token.reveal()})[: -1 if place == "broken file" else None],
    )
    if place == "environment":
        monkeypatch.setenv("LUMENFALL_API_KEY", key.reveal())
    arguments: dict[str, Any] = {"timeout": {"timeout": "soon"}, "key": {}, "ca_bundle": {}}[bad]
    if bad == "ca_bundle":
        (clean_environment / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
        arguments["ca_bundle"] = str(clean_environment / "ca.pem")
    with pytest.raises(ConfigurationError) as caught:
        LumenfallClient(key.reveal() if place == "argument" else None, **arguments)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "LumenfallClient(" in shown
    assert not leaked(shown)
    assert caught.value.__context__ is None


def test_what_a_refused_client_shows_of_itself() -> None:
    """A traceback with locals asks for the repr of a client that came to nothing."""
    client = LumenfallClient.__new__(LumenfallClient)
    with pytest.raises(ConfigurationError):
        client.__init__(KEY, timeout=0)  # type: ignore[misc]
    assert repr(client) == "LumenfallClient(not configured)"
