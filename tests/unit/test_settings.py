# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The settings chain: which source wins, what each refuses, and that errors name the source."""

from __future__ import annotations

import base64
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from pulumi_lumenfall.core import (
    SETTINGS,
    ConfigurationError,
    LumenfallClient,
    Settings,
    argument_layer,
    parse_cache_seconds,
    parse_duration,
    resolve_settings,
)
from support.leaks import KEY, MARKER, OTHER_KEY, leaked

KEYS_PAGE = "https://lumenfall.ai/app/api_keys"


def resolve(*layers: Any, **environ: str) -> Settings:
    """Resolve with a key from the last layer and nothing of the process's environment."""
    return resolve_settings(*layers, argument_layer(api_key=KEY), environ=environ)


def refused(*layers: Any, **environ: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        resolve(*layers, **environ)
    error = caught.value
    assert (error.attempts, error.__context__, error.__cause__) == (0, None, None)
    assert "\n" not in error.full_message
    assert not leaked(error.full_message)
    return error


def named(value: object) -> str:
    """A short name for a parameter."""
    return "huge" if isinstance(value, int) and abs(value) > 10**9 else ascii(value)[:30].replace("\\", "/")


# --- The chain ---

ENVIRONMENT = {"LUMENFALL_API_BASE": "https://env.example", "LUMENFALL_TIMEOUT": "7", "LUMENFALL_MAX_ATTEMPTS": "2"}


def test_defaults() -> None:
    settings = resolve()
    assert (settings.base_url, settings.timeout, settings.max_attempts) == ("https://api.lumenfall.ai", 30.0, 3)
    assert (settings.ca_bundle, settings.verify, settings.proxy) == (None, True, None)
    assert {setting.name: setting.default for setting in SETTINGS if setting.name != "api_key"} == {
        name: getattr(settings, name) for name in ("base_url", "timeout", "max_attempts", "verify", "ca_bundle")
    }


def test_the_chain() -> None:
    """Argument, then the surface's own layer, then environment, then default; empty is unset."""
    arguments = argument_layer(api_key=KEY, timeout=5, base_url="", max_attempts=None)
    config = {"timeout": ("lumenfall:timeout", "6"), "max_attempts": ("lumenfall:maxAttempts", "4")}
    settings = resolve_settings(arguments, config, environ=ENVIRONMENT)
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
    bundle = str(tmp_path)
    settings = resolve_settings(environ={**ENVIRONMENT, "LUMENFALL_API_KEY": KEY})
    assert (settings.base_url, settings.timeout, settings.max_attempts) == ("https://env.example", 7, 2)
    assert settings.api_key.reveal() == KEY
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        settings = resolve(**{name: bundle})
        assert (settings.ca_bundle, settings.sources["ca_bundle"]) == (bundle, name)
    # OpenSSL reads these two itself, and both.
    assert resolve(SSL_CERT_FILE="/nowhere", SSL_CERT_DIR="/nowhere").ca_bundle is None
    assert resolve(REQUESTS_CA_BUNDLE=" ", CURL_CA_BUNDLE=bundle).ca_bundle == bundle


def test_the_client_reads_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMENFALL_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("LUMENFALL_API_BASE", "http://127.0.0.1:1/openai/v1/")
    assert repr(LumenfallClient()) == "LumenfallClient(base_url='http://127.0.0.1:1')"


# --- Numbers ---

BAD_NUMBERS = [
    *("abc", "1,5", "nan", "inf", "-1", "0", "0x10", "٣", "1_0", "10 s", "s", KEY),
    *(True, [], b"5", 10**5000, float("nan"), -1, 0, Decimal("sNaN"), Decimal("1e99999")),
]


@pytest.mark.parametrize("value", [*BAD_NUMBERS, "3600.1", 3601, "2h"], ids=named)
def test_bad_timeout(value: Any) -> None:
    assert str(refused(argument_layer(timeout=value))).startswith("timeout: ")


@pytest.mark.parametrize(
    ("value", "problem", "valid"),
    [
        ("soon", "'soon' is not a duration", "seconds, or to text such as 30s, 15m or 1h30m"),
        ("2h", "'2h' is out of range", "a duration from 0 to 3600 seconds"),
        ("0", "'0' is not above 0", "seconds, such as 30"),
    ],
)
def test_an_error_says_where_what_and_what_to_do(value: str, problem: str, valid: str) -> None:
    error = refused(LUMENFALL_TIMEOUT=value)
    assert error.full_message == f"LUMENFALL_TIMEOUT: {problem}; set LUMENFALL_TIMEOUT to {valid}"
    with pytest.raises(ConfigurationError) as caught:
        resolve_settings(
            environ={"LUMENFALL_TIMEOUT": value, "LUMENFALL_API_KEY": KEY},
            origins={"LUMENFALL_TIMEOUT": "the environment of the task"},
        )
    assert str(caught.value) == f"LUMENFALL_TIMEOUT (set in the environment of the task): {problem}"


@pytest.mark.parametrize("value", [*BAD_NUMBERS, "1.5", 1.5, 11, "11", "3s"], ids=named)
def test_bad_max_attempts(value: Any) -> None:
    error = refused({"max_attempts": ("--max-attempts", value)})
    assert str(error).startswith("--max-attempts: ")
    assert str(error).endswith(" is not a whole number from 1 to 10")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0.5", 0.5), (" 30 ", 30), (3600, 3600), (0.001, 0.001), (Decimal("2.5"), 2.5), ("20s", 20), ("1m30s", 90)],
)
def test_good_timeout(value: Any, seconds: float) -> None:
    timeout = resolve(argument_layer(timeout=value)).timeout
    assert (timeout, type(timeout)) == (seconds, float)


def test_good_max_attempts() -> None:
    """Pulumi passes numbers as floats."""
    for value in (2, 2.0, " 2 ", Decimal(2)):
        assert resolve(argument_layer(max_attempts=value)).max_attempts == 2


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30), ("20s", 20), ("0.5s", 0.5), ("15m", 900), ("1h30m", 5400), ("8d", 691_200), ("1d1h1m1s", 90_061)],
)
def test_durations(value: Any, seconds: float) -> None:
    """One rule everywhere; a plain number is seconds."""
    assert parse_duration("--wait", value) == seconds


@pytest.mark.parametrize("value", ["", "m", "5 m", "1m1h", "1.5m", "-5s", "1h1", "9" * 5000, "400d", None], ids=named)
def test_bad_durations(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^--wait: "):
        parse_duration("--wait", value)


def test_cache_seconds() -> None:
    assert parse_cache_seconds({}) == 30
    assert parse_cache_seconds({"LUMENFALL_CACHE_SECONDS": " "}) == 30
    assert parse_cache_seconds({"LUMENFALL_CACHE_SECONDS": "0"}) == 0
    with pytest.raises(ConfigurationError, match=r"^LUMENFALL_CACHE_SECONDS: '31' is out of range$"):
        parse_cache_seconds({"LUMENFALL_CACHE_SECONDS": "31"})


@given(st.text() | st.floats() | st.integers() | st.none() | st.booleans())
def test_a_number_is_refused_or_in_range(value: Any) -> None:
    for name, low, high in (("timeout", 0, 3600), ("max_attempts", 1, 10)):
        try:
            assert low <= getattr(resolve({name: ("x", value)}), name) <= high
        except ConfigurationError:
            continue


# --- The base URL ---


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://api.lumenfall.ai", "https://api.lumenfall.ai"),
        ("https://api.lumenfall.ai/", "https://api.lumenfall.ai"),
        ("https://api.lumenfall.ai/v1", "https://api.lumenfall.ai"),
        ("https://api.lumenfall.ai/openai/v1/", "https://api.lumenfall.ai"),
        ("https://gate.example:8443/lumenfall/openai/v1//", "https://gate.example:8443/lumenfall"),
        ("https://gate.example/v1/v1", "https://gate.example/v1"),
        (" HTTPS://Api.Lumenfall.AI ", "https://api.lumenfall.ai"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://localhost:1/v1", "http://localhost:1"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_base_url(value: str, url: str) -> None:
    settings = resolve(argument_layer(base_url=value))
    assert settings.base_url == url


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        *((url, "must start with https://") for url in ("api.lumenfall.ai", "//x.example", "ftp://x.example", "file:///x")),
        *((url, "is malformed") for url in ("https://", "https:///v1", "https://x:99999", "https://x:0", "https://x:abc")),
        *((url, "is malformed") for url in ("https://a b", "https://a..b", "https://-", "https://[::1", "https://x/a\nb")),
        *((url, "is malformed") for url in (f"https://{'a' * 64}", f"https://x.{'a' * 64}", "https://caf\u00e9.example")),
        *((f"https://{who}@x.example", "must not contain a user or password") for who in ("user", f"user:{MARKER}")),
        *((f"https://x.example/{end}", "query or a fragment") for end in ("?", f"?key={MARKER}", f"#{MARKER}")),
        *((f"http://{host}", "would send the API key unencrypted") for host in ("x.example", "10.0.0.1", "0.0.0.0")),
        *((f"http://{host}", "would send the API key unencrypted") for host in ("localhost.evil.example", "127.1")),
        *((f"https://{text}", "was not filled in") for text in ("$(HOST)", "${HOST}", "{{ host }}", "<host>")),
        *((value, "looks like an API key") for value in (OTHER_KEY, f"https://{KEY}", f"https://x.example/{KEY}")),
        ("https://x.example\\@evil.example", "must not contain a user or password"),
        *((value, "must be text") for value in (5, True, [], b"https://x.example")),
    ],
    ids=named,
)  # fmt: skip
def test_bad_base_url(value: Any, problem: str) -> None:
    """Refused before anything is sent, and never shown: it may contain a password."""
    error = refused({"base_url": ("LUMENFALL_API_BASE", value)})
    assert str(error).startswith("LUMENFALL_API_BASE: ")
    assert problem in str(error)
    assert error.hint is not None


def test_plain_http_for_a_test_host() -> None:
    layer = argument_layer(base_url="http://test.example")
    assert resolve(layer, LUMENFALL_ALLOW_INSECURE_HTTP="1").base_url == "http://test.example"
    for value in ("", "0", "true"):
        assert "LUMENFALL_ALLOW_INSECURE_HTTP=1" in str(refused(layer, LUMENFALL_ALLOW_INSECURE_HTTP=value).hint)


@given(st.text() | st.from_regex(r"https?://\S*"))
def test_a_base_url_is_refused_or_safe(value: str) -> None:
    """What passes is https or loopback, and has nothing but scheme, host, port and path."""
    try:
        url = resolve(argument_layer(base_url=value)).base_url
    except ConfigurationError:
        return
    assert not set(url) & set("?# \t\n\\")
    assert "@" not in url.partition("://")[2].partition("/")[0]
    assert url.startswith(("https://", "http://localhost", "http://127.", "http://[::1]", "http://[0"))


# --- The key ---


@pytest.mark.parametrize("key", [KEY, f"\n {KEY}\t\r\n", "sk-other-shape", "x", "a'b", "lmnfl_$a.{b}", "bG1uZmwK"])
def test_any_printable_key_is_a_key(key: str) -> None:
    """Its shape is the API's business."""
    assert resolve_settings(argument_layer(api_key=key), environ={}).api_key.reveal() == key.strip()


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        *((f"{word} {KEY}", "starts with 'Bearer '") for word in ("Bearer", "bearer")),
        *((f"{quote}{KEY}{quote}", "is wrapped in quotes") for quote in ("'", '"')),
        *((f"{KEY}{space}{KEY}", "white space") for space in (" ", "\n")),
        *((f"{KEY}{odd}", "not printable ASCII") for odd in ("\x00", "é", "\u200b")),
        (base64.b64encode(KEY.encode()).decode(), "looks base64-encoded"),
        (base64.b64encode(f"{KEY}\n".encode()).decode().rstrip("="), "looks base64-encoded"),
        ("$(LUMENFALL_API_KEY)", "an Azure Pipelines variable that is not set"),
        *((name, "a variable that was not expanded") for name in ("${LUMENFALL_API_KEY}", "$LUMENFALL_API_KEY")),
        ("%LUMENFALL_API_KEY%", "a Windows variable that was not expanded"),
        ("{{ lumenfall_api_key }}", "a template that was not rendered"),
        *(
            (text, "a placeholder from the documentation")
            for text in ("<your-key>", "your-lumenfall-api-key", "lmnfl_...")
        ),
        *((text, "a masked value") for text in ("***", "••••••")),
        (True, "must be text, not bool"),
        (MARKER.encode(), "must be text, not bytes"),
    ],
    ids=named,
)
def test_bad_key(key: Any, problem: str) -> None:
    error = refused({"api_key": ("lumenfall:apiKey", key)})
    assert str(error).startswith("lumenfall:apiKey: the API key ")
    assert problem in str(error)
    assert KEYS_PAGE in str(error.hint)


@pytest.mark.parametrize(
    ("variable", "advice"),
    [
        ("GITHUB_ACTIONS", "GitHub passes no secrets to pull requests from forks"),
        ("GITLAB_CI", "GitLab passes protected variables to protected branches only"),
        ("TF_BUILD", "Azure Pipelines passes none to builds of forks"),
    ],
)
@pytest.mark.parametrize("key", ["", "$(LUMENFALL_API_KEY)"])
def test_the_usual_cause_in_ci(clean_environment: Path, variable: str, advice: str, key: str) -> None:
    """A secret that is not passed on is empty, or its own placeholder."""
    environ = {"HOME": str(clean_environment), "LUMENFALL_API_KEY": key, variable: "true"}
    with pytest.raises(ConfigurationError) as caught:
        resolve_settings(environ=environ)
    assert advice in str(caught.value.hint)
    assert key or "LUMENFALL_API_KEY (empty)" in str(caught.value)


@given(st.text())
def test_a_key_is_refused_or_can_be_sent(value: str) -> None:
    try:
        key = resolve_settings(argument_layer(api_key=value), environ={"HOME": "/nowhere"}).api_key.reveal()
    except ConfigurationError:
        return
    assert key.isascii()
    assert key.isprintable()
    assert " " not in key


# --- The credentials file ---


def write_credentials(home: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = home / ".lumenfall" / "credentials.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def test_the_credentials_file_comes_last(clean_environment: Path) -> None:
    """It is read where nothing else gives a key, and only then."""
    path = write_credentials(clean_environment, json.dumps({"api_key": KEY, "refresh_token": "r"}))
    environ = {"HOME": str(clean_environment)}
    settings = resolve_settings(environ=environ)
    assert (settings.api_key.reveal(), settings.warnings) == (KEY, ())
    assert settings.sources["api_key"] == f"'api_key' in {path}"
    path.write_text("not JSON")
    assert resolve_settings(environ={**environ, "LUMENFALL_API_KEY": "k"}).api_key.reveal() == "k"
    moved = path.rename(path.parent.parent / path.name)
    moved.write_text(json.dumps({"api_key": KEY}))
    assert resolve_settings(environ={"LUMENFALL_CONFIG_DIR": str(moved.parent)}).api_key.reveal() == KEY


def test_a_credentials_file_that_others_can_read(clean_environment: Path) -> None:
    """Used, with a warning that says how to fix it."""
    path = write_credentials(clean_environment, json.dumps({"api_key": KEY}), 0o640)
    settings = resolve_settings(environ={"HOME": str(clean_environment)})
    assert settings.warnings == (f"{path} can be read by other users of this machine; run: chmod 600 {path}",)
    with pytest.warns(UserWarning, match="chmod 600"):
        LumenfallClient()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        *((text, "is not JSON") for text in ("", "{", b"\xff\xfe", "[" * 100_000)),
        (" " * ((1 << 20) + 1) + json.dumps({"api_key": KEY}), "is not JSON"),
        *((text, "has no 'api_key'") for text in ("[]", "{}", '{"api_key": ""}')),
        (json.dumps({"api_key": None, "refresh_token": MARKER}), "has no 'api_key'"),
    ],
    ids=named,
)
def test_a_bad_credentials_file(clean_environment: Path, text: str | bytes, problem: str) -> None:
    path = write_credentials(clean_environment, text)
    with pytest.raises(ConfigurationError) as caught:
        resolve_settings(environ={"HOME": str(clean_environment)})
    assert str(caught.value) == f"no API key: the credentials file {path} {problem}"
    # The traceback of another library's error would show what is in the file.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("kind", ["folder", "fifo", "unreadable"])
def test_credentials_that_cannot_be_read(clean_environment: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Nothing is opened that could block."""
    path = clean_environment / ".lumenfall" / "credentials.json"
    path.parent.mkdir()
    if kind == "unreadable":
        path.write_text("{}")
        # A file's mode does not stop root, who may run the tests.
        monkeypatch.setattr("builtins.open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    else:
        (os.mkfifo if kind == "fifo" else os.mkdir)(path)
    with pytest.raises(ConfigurationError, match=r"the credentials file .* cannot be read \(") as caught:
        resolve_settings(environ={"HOME": str(clean_environment)})
    assert str(path) in str(caught.value)


def test_no_key_says_where_it_was_looked_for(clean_environment: Path) -> None:
    layers = ({"api_key": ("api_key", None)}, {"api_key": ("lumenfall:apiKey", " ")})
    path = clean_environment / ".lumenfall/credentials.json"
    for environ in ({}, {"HOME": str(clean_environment)}):
        with pytest.raises(ConfigurationError) as caught:
            resolve_settings(*layers, environ=environ)
        assert str(caught.value) == f"no API key: looked at api_key, lumenfall:apiKey, LUMENFALL_API_KEY, {path}"
        assert KEYS_PAGE in str(caught.value.hint)


# --- TLS and proxies ---


@pytest.mark.parametrize("kind", ["missing", "fifo", "NUL", "key", "int", "long"])
def test_bad_ca_bundle(tmp_path: Path, kind: str) -> None:
    """Named at once, not as a TLS error later."""
    path = tmp_path / "ca.pem"
    if kind == "fifo":
        os.mkfifo(path)
    value: Any = {"NUL": "a\x00b", "int": 5, "key": f"/run/{KEY}", "long": "x" * 10_000}.get(kind, str(path))
    error = refused(argument_layer(ca_bundle=value))
    assert str(error).startswith("ca_bundle: the CA bundle ")
    assert len(error.full_message) < 500
    assert resolve(argument_layer(ca_bundle=value, verify=False)).ca_bundle is None


def test_a_ca_bundle_may_be_any_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in (tmp_path, tmp_path / "ca.pem", str(tmp_path), "~/ca.pem"):
        assert resolve(argument_layer(ca_bundle=value)).ca_bundle == os.path.expanduser(value)


@pytest.mark.parametrize("value", ["false", 0, 1, KEY, []], ids=named)
def test_verify_is_a_boolean(value: Any) -> None:
    assert str(refused(argument_layer(verify=value))).startswith("verify: ")


@pytest.mark.parametrize(
    ("environ", "source", "url"),
    [
        ({}, None, None),
        ({"HTTPS_PROXY": "http://b.example", "ALL_PROXY": "http://c.example"}, "HTTPS_PROXY", "http://b.example"),
        ({"HTTPS_PROXY": "http://b.example", "https_proxy": "http://a.example"}, "https_proxy", "http://a.example"),
        ({"HTTPS_PROXY": " ", "all_proxy": "c.example:1"}, "all_proxy", "http://c.example:1"),
        ({"HTTP_PROXY": "http://d.example", "http_proxy": "http://d.example"}, None, None),
    ],
)
def test_proxy(environ: dict[str, str], source: str | None, url: str | None) -> None:
    """For https only: plain http goes direct, so that no proxy sees the key in the clear."""
    settings = resolve(**environ)
    assert settings.sources.get("proxy") == source
    assert (settings.proxy.reveal() if settings.proxy else None) == url
    assert resolve(argument_layer(base_url="http://127.0.0.1:1"), **environ).proxy is None


# --- Secrets ---


@pytest.mark.parametrize(
    ("proxy", "secrets"),
    [
        ("", []),
        ("http://p.example:8080", []),
        ("http://user@p.example", ["user"]),
        ("http://user:p%40ss@p.example:8080", ["p%40ss", "p@ss"]),
        ("user:p:word@p.example", ["p:word"]),
        # Shorter than that, it would be found by chance.
        ("http://user:abc@p.example", []),
    ],
)
def test_what_must_not_be_shown(proxy: str, secrets: list[str]) -> None:
    """The key, its part after the dot, and the proxy's password, or the user where that is a token."""
    found = {secret.reveal() for secret in resolve(HTTPS_PROXY=proxy).secrets}
    assert found == {KEY, MARKER, *secrets}


def test_each_setting_is_in_the_digest(tmp_path: Path) -> None:
    """Settings that differ never share a response; where they came from makes no difference. None shows the key."""
    assert not leaked(repr(resolve(HTTPS_PROXY=f"http://user:{MARKER}@proxy.example:8080")))
    different = [
        resolve(),
        resolve(argument_layer(api_key=OTHER_KEY)),
        resolve(argument_layer(base_url="https://b.example")),
        resolve(argument_layer(timeout=1)),
        resolve(argument_layer(max_attempts=1)),
        resolve(argument_layer(verify=False)),
        resolve(argument_layer(ca_bundle=str(tmp_path))),
        resolve(HTTPS_PROXY="http://p.example"),
        resolve(HTTPS_PROXY="http://p.example", NO_PROXY="\udcff"),
    ]
    assert len({settings.digest(b"salt") for settings in different}) == len(different)
    assert resolve(LUMENFALL_TIMEOUT="30").digest(b"salt") == resolve().digest(b"salt") != resolve().digest(b"pepper")
