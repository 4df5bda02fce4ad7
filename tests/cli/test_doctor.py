# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``doctor``: finds each planted fault, says what to do, and shows no key."""

from __future__ import annotations

import json
import re

import pytest

from pulumi_lumenfall.cli.doctor.settings import mask_key
from pulumi_lumenfall.sandbox import Answer
from support.fault_server import FaultServer, refused_port
from support.faults import BALANCE, answer, says, stalls_after
from support.leaks import KEY, MARKER, leaked
from support.proxy import ConnectProxy


@pytest.fixture
def examine(cli):
    """Runs the doctor with --json; gives its status and the findings that are not good, by name."""

    def run(*words, api=None, env=None):
        # No programs of the machine: they are slow, and a test of their own plants them.
        ended = cli("doctor", "--json", "--max-attempts", "1", *words, api=api, env={"PATH": "/nowhere", **(env or {})})
        report = ended.json
        assert report["exit_status"] == ended.status
        assert {check["level"] for check in report["checks"]} <= {"ok", "note", "warn", "fail"}
        assert not leaked(ended.text)
        assert api is None or api.key not in ended.text
        bad = {}
        for check in report["checks"]:
            if check["level"] in ("warn", "fail"):
                bad[check["name"]] = (check["level"], check["message"], check["hint"] or "")
        assert (ended.status == 0) == all(level == "warn" for level, _, _ in bad.values())
        return ended.status, bad

    return run


def test_nothing_wrong(cli, api):
    """A line for each thing, with where each setting came from, and the key masked."""
    ended = cli("doctor", api=api)
    assert (ended.status, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[-1] == "nothing wrong"
    assert all(re.match(r"(ok|note) ", line) for line in lines[:-2])
    public, secret = api.key.split(".")
    assert f"{public}.…{secret[-4:]} (from LUMENFALL_API_KEY)" in ended.out
    assert secret not in ended.out
    assert f"{api.url} (from LUMENFALL_API_BASE)" in ended.out
    for word in ("DNS", "TLS", "clock", "HTTP 200", "12.50 usd available", "requests", "urllib3", "Pulumi", "Ansible"):
        assert word in ended.out


def test_sources_are_named(cli, api):
    """Option, environment, file and default."""
    (cli.folder / "key").write_text(api.key)
    (cli.folder / "key").chmod(0o600)
    words = ["--api-key-file", "key", "--timeout", "7"]
    ended = cli("doctor", *words, env={"LUMENFALL_API_BASE": api.url, "LUMENFALL_MAX_ATTEMPTS": "2"})
    assert ended.status == 0
    for text in ("(from --api-key-file)", "7 s (from --timeout)", "2 (from LUMENFALL_MAX_ATTEMPTS)", "(the default)"):
        assert text in ended.out


# name -> (the environment, options, the status, what is found, its level, words of the message, words of the hint)
SETTINGS = {
    "no key": ({"LUMENFALL_API_KEY": ""}, [], 3, "key", "fail", "no API key", "create a key"),
    "bearer": ({"LUMENFALL_API_KEY": f"Bearer {KEY}"}, [], 3, "key", "fail", "starts with 'Bearer '", "the key alone"),
    "quotes": ({"LUMENFALL_API_KEY": f"'{KEY}'"}, [], 3, "key", "fail", "wrapped in quotes", "the key alone"),
    "key file": ({}, ["--api-key-file", "gone"], 3, "key", "fail", "it cannot be read", "name a file"),
    "URL": (
        {"LUMENFALL_API_BASE": "http://example.com"},
        [],
        3,
        "base URL",
        "fail",
        "must start with https",
        "https://",
    ),
    "timeout": ({"LUMENFALL_TIMEOUT": "10s"}, [], 3, "timeout", "fail", "LUMENFALL_TIMEOUT: '10s'", "number"),
    "attempts": ({}, ["--max-attempts", "99"], 3, "attempts", "fail", "--max-attempts: '99'", "such as 3"),
    "bundle": ({"SSL_CERT_FILE": "/gone"}, [], 3, "CA bundle", "fail", "SSL_CERT_FILE: the CA bundle '/gone'", "PEM"),
    "typo": ({"LUMENFALL_APIKEY": KEY}, [], 0, "environment", "warn", "LUMENFALL_APIKEY is set", "LUMENFALL_API_KEY?"),
    "insecure": ({"LUMENFALL_ALLOW_INSECURE_HTTP": "1"}, [], 0, "environment", "warn", "plain http", "unset it"),
    "minimum": ({}, ["--minimum", "x"], 3, "command line", "fail", "--minimum: 'x'", "such as 5"),
}


@pytest.mark.parametrize("fault", SETTINGS)
def test_a_bad_setting(examine, api, fault):
    """Each is found, with its source."""
    env, words, status, name, level, message, hint = SETTINGS[fault]
    ended, bad = examine(*words, api=api, env=env)
    assert ended == status
    assert bad[name][0] == level
    assert message in bad[name][1]
    assert hint in bad[name][2]


def test_one_bad_setting_does_not_hide_another(examine, api):
    """All of them in one run."""
    env = {
        "LUMENFALL_API_KEY": "a b",
        "LUMENFALL_TIMEOUT": "x",
        "LUMENFALL_API_BASE": "ftp://x",
        "SSL_CERT_FILE": "/gone",
    }
    _, bad = examine(api=api, env=env)
    assert bad.keys() == {"key", "timeout", "base URL", "CA bundle"}


def test_files_that_others_can_read(cli, examine, api):
    """The credentials file and a key file; the refresh token in the former is never shown."""
    folder = cli.folder / "config"
    folder.mkdir()
    path = folder / "credentials.json"
    path.write_text(json.dumps({"api_key": api.key, "refresh_token": MARKER}))
    path.chmod(0o644)
    env = {"LUMENFALL_API_BASE": api.url, "LUMENFALL_CONFIG_DIR": str(folder)}
    status, bad = examine(env=env)
    assert status == 0
    assert "can be read by other users" in bad["credentials"][1]
    assert "chmod 600" in bad["credentials"][2]
    path.chmod(0o600)
    (cli.folder / "key").write_text(api.key)
    (cli.folder / "key").chmod(0o640)
    _, bad = examine("--api-key-file", "key", env=env)
    assert bad.keys() == {"key file"}


@pytest.mark.parametrize("content", ["", "[]", "{}", "{"])
def test_a_broken_credentials_file(cli, examine, content):
    """It says what is wrong with it."""
    folder = cli.folder / "config"
    folder.mkdir()
    (folder / "credentials.json").write_text(content)
    with refused_port() as port:
        env = {"LUMENFALL_CONFIG_DIR": str(folder), "LUMENFALL_API_BASE": f"http://127.0.0.1:{port}"}
        status, bad = examine(env=env)
    assert status == 3
    assert "the credentials file" in bad["key"][1]


def test_a_name_that_does_not_resolve(cli, examine):
    """Not by the machine's own resolver: some networks have an answer to any name."""
    (cli.folder / "sitecustomize.py").write_text(
        "import socket\n"
        "def unknown(*_, **__): raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')\n"
        "socket.getaddrinfo = unknown\n"
    )
    env = {"LUMENFALL_API_KEY": KEY, "PYTHONPATH": str(cli.folder)}
    status, bad = examine("--base-url", "https://nowhere.example", env=env)
    assert status == 3
    assert "nowhere.example" in bad["DNS"][1]
    assert "request" in bad


def test_a_server_that_is_gone(examine, api):
    """The step that breaks is named."""
    with refused_port() as port:
        status, bad = examine("--base-url", f"http://127.0.0.1:{port}", api=api)
    assert status == 3
    assert "connection refused" in bad["connection"][1]
    assert "firewall" in bad["connection"][2]


@pytest.mark.parametrize(
    ("tls", "message", "hint"),
    [
        ("unknown-ca", "certificate of", "--ca-bundle"),
        ("expired", "expired", "check the clock"),
        ("other-host", "mismatch", "another name"),
    ],
)
def test_a_certificate_that_is_not_accepted(examine, tls, message, hint):
    """What is wrong with it, and what that may come from."""
    with FaultServer(says(answer()), tls=tls) as server:
        words = ["--base-url", server.url, "--ca-bundle", str(server.ca_file)]
        status, bad = examine(*words, env={"LUMENFALL_API_KEY": KEY})
    assert status == 3
    assert message in bad["TLS"][1]
    assert hint in bad["TLS"][2]
    assert "request" in bad


def test_a_server_that_speaks_no_tls(examine, api):
    """Plain http behind an https URL."""
    status, bad = examine(api=api, env={"LUMENFALL_API_BASE": api.url.replace("http:", "https:")})
    assert status == 3
    assert "handshake" in bad["TLS"][1]


def test_good_tls(examine):
    """Nothing wrong there."""
    with FaultServer(says(answer()), tls="good") as server:
        words = ["--base-url", server.url, "--ca-bundle", str(server.ca_file)]
        assert examine(*words, env={"LUMENFALL_API_KEY": KEY}) == (0, {})


@pytest.mark.parametrize(
    ("date", "words"), [("Thu, 01 Jan 2015 00:00:00 GMT", "ahead of"), ("Fri, 01 Jan 2100 00:00:00 GMT", "behind")]
)
def test_a_wrong_clock(examine, date, words):
    """Compared with the server's date."""

    def play(connection):
        connection.read_request()
        connection.send(
            f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {len(BALANCE)}\r\nConnection: close\r\n\r\n".encode()
        )
        connection.send(BALANCE)

    with FaultServer(play) as server:
        status, bad = examine("--base-url", server.url, env={"LUMENFALL_API_KEY": KEY})
    assert status == 0
    assert words in bad["clock"][1]
    assert "NTP" in bad["clock"][2]


def test_a_server_that_says_nothing(examine):
    """All steps and the request together keep to the one timeout."""
    with FaultServer(stalls_after()) as server:
        status, bad = examine("--base-url", server.url, "--timeout", "4", env={"LUMENFALL_API_KEY": KEY})
    assert status == 3
    assert re.search(r"no complete answer from .* within (2|2\.1) s", bad["request"][1])


def test_no_key_before_the_request(examine):
    """The steps on the way are made without it."""
    with FaultServer(says(answer())) as server:
        examine("--base-url", server.url, env={"LUMENFALL_API_KEY": KEY})
        heads = server.requests
    assert [b"authorization" in head.lower() for head in heads] == [False, True]


@pytest.mark.parametrize(("refuse", "message"), [(407, "HTTP 407"), (403, "HTTP 403")])
def test_a_proxy_that_refuses(examine, refuse, message):
    """Its variable is named, its password is not."""
    with ConnectProxy(refuse=refuse) as proxy:
        url = proxy.url.replace("//", f"//user:{MARKER}@")
        status, bad = examine(env={"LUMENFALL_API_KEY": KEY, "HTTPS_PROXY": url})
    assert status == 3
    assert "HTTPS_PROXY" in bad["request"][1]
    assert message in bad["request"][1]


def test_a_proxy_that_is_gone(examine):
    """It cannot be reached."""
    with refused_port() as port:
        status, bad = examine(env={"LUMENFALL_API_KEY": KEY, "HTTPS_PROXY": f"http://127.0.0.1:{port}"})
    assert status == 3
    assert "the proxy set in HTTPS_PROXY cannot be reached" in bad["request"][1]


@pytest.mark.parametrize(
    ("reply", "status", "name", "message"),
    [
        (401, 3, "request", "HTTP 401"),
        (402, 2, "request", "HTTP 402"),
        (403, 3, "request", "HTTP 403"),
        (429, 3, "request", "HTTP 429"),
        (503, 3, "request", "HTTP 503"),
        (Answer(302, b"", {"Location": "https://login.example"}), 3, "request", "redirect"),
        (Answer(200, b"<html>"), 3, "answer", "an HTML page"),
        (Answer(200, b'{"object": "balance"}'), 3, "answer", "billing_type"),
        (None, 0, "balance", "temporarily unavailable"),
    ],
    ids=["401", "402", "403", "429", "503", "redirect", "html", "shape", "unavailable"],
)
def test_what_the_server_answers(examine, api, reply, status, name, message):
    """Status, shape and balance, each with what to do."""
    api.script(reply)
    ended, bad = examine(api=api)
    assert ended == status
    assert bad.keys() == {name}
    assert message in bad[name][1]
    assert bad[name][2]


@pytest.mark.parametrize(
    ("amount", "billing_type", "status"),
    [("12.50", "prepaid", 0), ("3.20", "prepaid", 2), (None, "postpaid", 0), (None, "prepaid", 3)],
)
def test_a_minimum(examine, api, amount, billing_type, status):
    """The verdict of a gate, with its status."""
    api.amount, api.billing_type = amount, billing_type
    assert examine("--minimum", "5", api=api)[0] == status


@pytest.mark.parametrize(
    ("package", "version", "words"),
    [
        ("requests", "2.31.0", "CVE-2024-47081"),
        ("urllib3", "1.26.20", "CVE-2025-50181"),
        ("urllib3", "2.6.3", "CVE-2026-44431"),
        ("pulumi-lumenfall", "0.0.1", "pip says 0.0.1"),
    ],
)
def test_old_packages(cli, examine, api, package, version, words):
    """Known holes are named, and the command that closes them."""
    info = cli.folder / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    status, bad = examine(api=api, env={"PYTHONPATH": str(cli.folder)})
    assert status == 0
    [(level, message, hint)] = bad.values()
    assert level == "warn"
    assert words in message
    assert "pip" in hint
    assert ("CVE-2025-50181" in message) == (version == "1.26.20")


@pytest.mark.parametrize(
    ("version", "words"), [("0.0.9", "an older copy (0.0.9)"), ("99.0.0", "a newer copy"), ('"x', "has no version")]
)
def test_a_collection_that_shadows_ours(cli, examine, api, version, words):
    """Another version in a place where Ansible looks first."""
    copy = cli.folder / "galaxy/ansible_collections/lumenfall/cloud"
    copy.mkdir(parents=True)
    (copy / "MANIFEST.json").write_text(f'{{"collection_info": {{"version": "{version}"}}}}')
    status, bad = examine(api=api, env={"ANSIBLE_COLLECTIONS_PATH": str(cli.folder / "galaxy")})
    assert status == 0
    assert words in bad["collection"][1]
    assert "remove" in bad["collection"][2]


def test_what_the_engines_say(cli, api):
    """The Pulumi CLI and Ansible are asked; they get no key."""
    folder = cli.folder / "bin"
    folder.mkdir()
    for name, version in (
        ("pulumi", "v3.201.0"),
        ("ansible", "ansible [core 2.99.1]\n  ansible collection location = /c"),
    ):
        program = folder / name
        program.write_text(f"#!/bin/sh\nprintenv >'{folder}/env-{name}'\nprintf '%s\\n' '{version}'\n")
        program.chmod(0o755)
    ended = cli("doctor", api=api, env={"PATH": f"{folder}:{cli.environ['PATH']}"})
    assert ended.status == 0
    assert "CLI v3.201.0" in ended.out
    assert "ansible-core 2.99.1" in ended.out
    for name in ("pulumi", "ansible"):
        assert api.key not in (folder / f"env-{name}").read_text()


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (KEY, "lmnfl_kid.…ests"),
        ("sk-0123456789abcdefghij", "…ghij"),
        ("lmnfl_kid.only15letters", "lmnfl_kid.… (short)"),
        ("short", "… (short)"),
    ],
)
def test_a_masked_key(key, shown):
    """Its public id and the end of a long secret, no more."""
    assert mask_key(key) == shown
