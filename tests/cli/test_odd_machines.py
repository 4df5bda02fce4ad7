# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Machines without IPv6 or authorities, a neighbour's files, and a bug of ours: nothing is made worse by them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import trustme

from support.fault_server import FaultServer
from support.faults import answer, says
from support.marks import linux


@pytest.fixture
def python(cli):
    """Runs the command line within Python, after code that makes the machine odd; the words are in ``sys.argv``."""
    interpreter = type(cli)(Path(sys.executable), cli.environ, cli.folder)

    def run(code, *words, api=None, env=None):
        main = "import sys; from pulumi_lumenfall.cli import main; sys.exit(main(sys.argv[1:]))"
        return interpreter("-c", f"{code}\n{main}", *words, api=api, env=env)

    return run


def test_the_temporary_file_of_another_process_stays(python, cli, api):
    """Processes of several containers may have the same number, and share a folder."""
    code = "import os; open(f'metrics.prom.{os.getpid()}.tmp', 'w').write('another one')"
    words = ("check", "--minimum", "5", "--format", "prometheus", "--output", "metrics.prom")
    ended = python(code, *words, api=api)
    assert ended.status == 0, ended.err
    (other,) = cli.folder.glob("*.tmp")
    assert other.read_text() == "another one"
    assert "lumenfall_balance_sufficient 1" in (cli.folder / "metrics.prom").read_text()


@pytest.mark.parametrize("words", [[], ["show"], ["check", "--minimum", "5"]], ids=lambda words: " ".join(words))
def test_a_bug_of_ours_is_status_3(python, api, words):
    """Also of the command that is not named: Python's own status 1 would mean "a warning" to Nagios."""
    broken = "import pulumi_lumenfall.cli.command as command; command._ask_once = None"
    ended = python(broken, *words, api=api)
    assert ended.status == 3
    assert "internal error" in ended.text


NO_IPV6 = """
import errno, socket
look_up, make = socket.getaddrinfo, socket.socket.__init__
def both(host, port, *rest, **more):
    if more.get("flags"):
        raise socket.gaierror(socket.EAI_NONAME, "no number")
    found = look_up("127.0.0.1", port, type=socket.SOCK_STREAM)
    return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)), *found]
def without(self, family=-1, *rest, **more):
    if family == socket.AF_INET6:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
    make(self, family, *rest, **more)
socket.getaddrinfo, socket.socket.__init__ = both, without
"""


def test_the_doctor_goes_on_without_ipv6(python, api):
    """To the address of the other family, as the request does."""
    ended = python(NO_IPV6, "doctor", api=api, env={"PATH": "/nowhere"})
    assert ended.status == 0, ended.text
    assert "answers" in ended.out


def test_the_doctor_trusts_what_the_request_trusts(python, cli):
    """On a platform without authorities, those that come with requests: here the test's own."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(cli.folder / "ca.pem"))
    code = (
        "import ssl, requests.utils; requests.utils.DEFAULT_CA_BUNDLE_PATH = 'ca.pem'\n"
        "ssl.SSLContext.load_default_certs = lambda *_: None\n"
        "nowhere = ssl.DefaultVerifyPaths(None, None, '', '', '', '')\n"
        "ssl.get_default_verify_paths = lambda: nowhere"
    )
    with FaultServer(says(answer()), tls="good", authority=authority) as server:
        env = {"PATH": "/nowhere", "LUMENFALL_API_KEY": "key", "LUMENFALL_API_BASE": server.url}
        ended = python(code, "doctor", "--max-attempts", "1", env=env)
    assert "certificate valid until" in ended.out, ended.text
    assert "certificate of" not in ended.text


@linux
@pytest.mark.parametrize("words", [["show"], ["doctor"]], ids=lambda words: words[0])
def test_an_openssl_that_is_told_to_load_nothing_useful(cli, words):
    """Its own configuration names the providers of all that TLS is made of; here not the default one."""
    (cli.folder / "n.cnf").write_text("openssl_conf = d\n[d]\nproviders=p\n[p]\nlegacy=l\n[l]\nactivate=1\n")
    with FaultServer(says(answer()), tls="good") as server:
        env = {"LUMENFALL_API_KEY": "key", "LUMENFALL_API_BASE": server.url, "OPENSSL_CONF": "n.cnf"}
        ended = cli(*words, env=env)
    assert ended.status == 3
    assert "OpenSSL cannot make a TLS context with the configuration that it was given" in ended.text
    assert "mend or unset OPENSSL_CONF" in ended.text
    assert "internal error" not in ended.text


def test_no_home_folder_is_no_folder_of_that_name(python, cli, api):
    """A uid without a name, as containers have it: whoever owns the working directory does not pick the account."""
    (cli.folder / "~" / ".lumenfall").mkdir(parents=True)
    (cli.folder / "~" / ".lumenfall" / "credentials.json").write_text(f'{{"api_key": "{api.key}"}}')
    nobody = "import os, pwd; os.environ.pop('HOME', 0); pwd.getpwuid = {}.__getitem__"
    for folder in ("", "~/.lumenfall"):
        env = {"LUMENFALL_API_BASE": api.url, "LUMENFALL_CONFIG_DIR": folder}
        ended = python(nobody, "show", env=env)
        assert ended.status == 3
        assert "~/.lumenfall/credentials.json (there is no such home folder); create a key at" in ended.err
    assert api.requests == []
