# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``doctor``: finds each planted fault, says what to do, and shows no key."""

from __future__ import annotations

import json
import re
import socket

import pytest

from pulumi_lumenfall.cli.doctor import mask_key
from pulumi_lumenfall.core import SETTINGS
from support.fault_server import FaultServer, refused_port
from support.leaks import KEY, MARKER, leaked
from support.plays import BALANCE, answer, says


@pytest.fixture
def examine(cli):
    """Runs the doctor with --json; gives its status, and by name what is not good: (level, message, hint)."""

    def run(*words, api=None, env=None):
        ended = cli("doctor", "--json", "--max-attempts", "1", *words, api=api, env=env)
        report = ended.json
        assert report["exit_status"] == ended.status
        assert {check["level"] for check in report["checks"]} <= {"ok", "note", "warn", "fail"}
        assert not leaked(ended.text)
        assert api is None or api.key not in ended.text
        bad = {
            check["name"]: (check["level"], check["message"], check["hint"] or "")
            for check in report["checks"]
            if check["level"] in ("warn", "fail")
        }
        assert (ended.status == 0) == all(level == "warn" for level, _, _ in bad.values())
        return ended.status, bad

    return run


def test_nothing_wrong(cli, api):
    """A line for each thing, with where each setting came from, and the key masked."""
    ended = cli("doctor", "--timeout", "7", api=api, env={"LUMENFALL_MAX_ATTEMPTS": "2"})
    lines = ended.out.splitlines()
    assert (ended.status, ended.err, lines[-1]) == (0, "", "problems: 0, warnings: 0")
    assert all(re.match(r"(ok|note) ", line) for line in lines[:-2])
    public, secret = api.key.split(".")
    assert f"{public}.…{secret[-4:]} (from LUMENFALL_API_KEY)" in ended.out
    assert secret not in ended.out
    for text in (f"{api.url} (from LUMENFALL_API_BASE)", "7 s (from --timeout)", "2 (from LUMENFALL_MAX_ATTEMPTS)"):
        assert text in ended.out
    for setting in SETTINGS:
        assert setting.flag is None or setting.label in ended.out
    for word in ("proxy", "clock", "12.50 usd available", "pulumi-lumenfall", "requests", "urllib3", "ansible-core"):
        assert word in ended.out


# name -> (words of the message, words of the hint)
BAD_SETTINGS = {
    "API key": ("LUMENFALL_API_KEY: the API key contains white space", "set LUMENFALL_API_KEY"),
    "base URL": ("LUMENFALL_API_BASE: the base URL must start with https", "https://"),
    "timeout": ("LUMENFALL_TIMEOUT: '10x' is not a duration", "30s"),
    "attempts": ("--max-attempts: '99'", "such as 3"),
    "CA bundle": ("the CA bundle '/gone'", "PEM"),
    "environment": ("LUMENFALL_APIKEY is set, but nothing reads it", "LUMENFALL_API_KEY"),
}


def test_bad_settings(examine, api):
    """Each is found, with its source: none hides another. Nothing is sent."""
    names = ("API_KEY", "TIMEOUT", "API_BASE", "APIKEY")
    env = {f"LUMENFALL_{name}": value for name, value in zip(names, ("a b", "10x", "ftp://x", KEY), strict=True)}
    status, bad = examine("--max-attempts", "99", api=api, env={**env, "REQUESTS_CA_BUNDLE": "/gone"})
    assert (status, bad.keys(), api.requests) == (3, BAD_SETTINGS.keys(), [])
    for name, (message, hint) in BAD_SETTINGS.items():
        assert bad[name][0] == ("warn" if name == "environment" else "fail")
        assert message in bad[name][1]
        assert hint in bad[name][2]


def test_no_key(examine, api):
    status, bad = examine(api=api, env={"LUMENFALL_API_KEY": ""})
    assert (status, bad.keys()) == (3, {"API key"})
    assert "create a key" in bad["API key"][2]


def test_a_credentials_file_that_others_can_read(folder, examine, api):
    """The refresh token in it is never shown."""
    (folder / "credentials.json").write_text(json.dumps({"api_key": api.key, "refresh_token": MARKER}))
    (folder / "credentials.json").chmod(0o644)
    status, bad = examine(env={"LUMENFALL_API_BASE": api.url, "LUMENFALL_CONFIG_DIR": str(folder)})
    [(level, found, hint)] = bad.values()
    assert (status, level) == (0, "warn")
    assert "can be read by other users" in found
    assert "chmod 600" in hint


@pytest.mark.parametrize(
    ("answer", "status", "name", "message", "key_level"),
    [
        (401, 3, "API key", "HTTP 401", "note"),
        (402, 2, "request", "HTTP 402", "ok"),
        (403, 3, "request", "HTTP 403", "note"),
        (None, 0, "balance", "temporarily unavailable", "ok"),
    ],
)
def test_what_the_server_answers(cli, examine, api, answer, status, name, message, key_level):
    """A key is only ok if the server accepts it."""
    api.script(answer, answer)
    ended, bad = examine(api=api)
    assert (ended, bad.keys()) == (status, {name})
    assert message in bad[name][1]
    assert bad[name][2]
    checks = cli("doctor", "--json", "--max-attempts", "1", api=api).json["checks"]
    assert next(check["level"] for check in checks if check["name"] == "API key") == key_level


@pytest.mark.parametrize(
    ("amount", "billing_type", "status"),
    [("12.50", "prepaid", 0), ("3.20", "prepaid", 2), (None, "postpaid", 0), (None, "prepaid", 3)],
)
def test_a_minimum(examine, api, amount, billing_type, status):
    """The verdict of a gate, with its status."""
    api.amount, api.billing_type = amount, billing_type
    assert examine("--minimum", "5", api=api)[0] == status


def test_a_key_file_that_is_gone(cli, api):
    """What was asked for is refused, not examined."""
    ended = cli("doctor", "--api-key-file", "gone", api=api)
    assert (ended.status, ended.out, api.requests) == (3, "", [])
    assert "--api-key-file: it cannot be read (no such file or directory)" in ended.err


def test_a_name_that_does_not_resolve(examine, monkeypatch):
    """Not by the machine's own resolver: some networks have an answer to any name."""

    def unknown(*_address, **_more):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    status, bad = examine("--base-url", "https://nowhere.example", env={"LUMENFALL_API_KEY": KEY})
    assert status == 3
    assert "nowhere.example" in bad["request"][1]
    assert "resolve" in bad["request"][1]


@pytest.mark.parametrize(("tls", "message"), [("unknown-ca", "certificate"), ("expired", "expired")])
def test_a_certificate_that_is_not_accepted(examine, tls, message):
    with FaultServer(says(answer()), tls=tls) as server:
        words = ["--base-url", server.url, "--ca-bundle", str(server.ca_file)]
        status, bad = examine(*words, env={"LUMENFALL_API_KEY": KEY})
    assert (status, bad.keys()) == (3, {"TLS"})
    assert message in bad["TLS"][1]
    assert bad["TLS"][2]


def test_the_option_for_another_ca_is_named(cli):
    """In the words of the command line."""
    with FaultServer(says(answer()), tls="good") as server:
        env = {"LUMENFALL_API_KEY": KEY, "LUMENFALL_API_BASE": server.url}
        assert "--ca-bundle" in cli("show", "--max-attempts", "1", env=env).err


def test_a_proxy_that_is_gone(examine):
    """Its variable is named, its password is not."""
    with refused_port() as port:
        env = {"LUMENFALL_API_KEY": KEY, "HTTPS_PROXY": f"http://user:{MARKER}@127.0.0.1:{port}"}
        status, bad = examine(env=env)
    assert (status, bad.keys()) == (3, {"proxy"})
    assert "HTTPS_PROXY" in bad["proxy"][1]


@pytest.mark.parametrize(
    ("date", "words"), [("Thu, 01 Jan 2015 00:00:00 GMT", "ahead of"), ("Fri, 01 Jan 2100 00:00:00 GMT", "behind")]
)
def test_a_wrong_clock(examine, date, words):
    """Compared with the server's date."""
    with FaultServer(says(answer(BALANCE, b"Date: " + date.encode()))) as server:
        status, bad = examine("--base-url", server.url, env={"LUMENFALL_API_KEY": KEY})
    assert (status, bad.keys()) == (0, {"clock"})
    assert words in bad["clock"][1]
    assert "NTP" in bad["clock"][2]


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (KEY, "lmnfl_kid.…ests"),
        ("lmnfl_kid.only15letters", "lmnfl_kid.… (short)"),
        ("short", "… (short)"),
    ],
)
def test_a_masked_key(key, shown):
    """Its public id and the end of a long secret, no more."""
    assert mask_key(key) == shown
