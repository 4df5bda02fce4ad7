# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The module: its results and its settings, on the controller and on a host that it is delegated to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.fault_server import FaultServer, refused_port
from support.leaks import KEY
from support.plays import BALANCE, answer, says
from support.proxy import ConnectProxy

MODULE = "lumenfall.cloud.lumenfall_balance"
LOOKUP = f"lookup('{MODULE}'"
GROUP = "group/lumenfall.cloud.lumenfall"


def test_it_reads_the_balance(funded, api):
    """All that the contract says a result contains, and nothing is changed."""
    result = funded.play(tasks=[{MODULE: None}]).result()
    assert result["balance"] == {
        "object": "balance",
        "billing_type": "prepaid",
        "available": {"amount": 12.5, "currency": "usd"},
        "status": "known",
    }
    assert result["request_id"] == api.requests[0].request_id
    assert result["msg"] == "12.50 usd available (prepaid)"
    assert result["changed"] is False
    assert not {"sufficient", "verdict", "failure"} & set(result)


# Options -> words of the error, or None.
CASES: dict[str, tuple[dict[str, Any], str | None]] = {
    "plain": ({}, None),
    "exact text": ({"minimum": "12.500000"}, None),
    "too low": ({"minimum": 12.51}, None),
    "null": ({"minimum": None, "timeout": None, "postpaid": None}, None),
    "empty": ({"minimum": 5, "timeout": "", "max_attempts": "", "base_url": "", "ca_path": "", "postpaid": " "}, None),
    "text": ({"timeout": "20s", "max_attempts": "2", "validate_certs": "yes"}, None),
    "bad minimum": ({"minimum": "1,50"}, "minimum: '1,50' is not an amount of dollars"),
    "empty minimum": ({"minimum": ""}, "minimum: it is empty"),
    "bad policy": ({"minimum": 5, "postpaid": "maybe"}, "postpaid: 'maybe' is not valid"),
    "policy alone": ({"unavailable": "perhaps"}, "unavailable: 'perhaps' is not valid"),
    "bad timeout": ({"timeout": "soon"}, "timeout: 'soon' is not"),
    "bad attempts": ({"max_attempts": 2.5}, "max_attempts: 2.5 is not a whole number from 1 to 10"),
    "bad boolean": ({"validate_certs": "maybe"}, "validate_certs: 'maybe' is not a boolean"),
    "bad url": ({"base_url": "ftp://example.com"}, "base_url: the base URL must start with https://"),
    "bundle": ({"base_url": "https://127.0.0.1:9", "ca_path": "/no/ca.pem"}, "ca_path: the CA bundle '/no/ca.pem' can"),
    "space": ({"api_key": "lmnfl_a b"}, "api_key: the API key contains white space"),
    "list": ({"api_key": ["x"]}, "api_key: the API key must be text, not"),
    "placeholder": ({"api_key": "$(LUMENFALL_API_KEY)"}, "api_key: the API key looks like"),
    "require alone": ({"require": True}, "require needs a minimum"),
    "wait alone": ({"wait": "5m"}, "wait needs a minimum"),
    "bad require": ({"minimum": 5, "require": "maybe"}, "require: 'maybe' is not a boolean"),
    "bad wait": ({"minimum": 5, "wait": -1}, "wait: -1 is"),
    "bad poll": ({"minimum": 5, "poll": 0.5}, "poll: 0.5 is out of range"),
    "unknown": ({"minimun": 5}, "there is no option 'minimun'; the options are api_key, base_url"),
}


def test_a_task_is_the_same_here_and_delegated(funded, api):
    """One table of options, run both ways; a bad one is named, and nothing is sent for it."""
    run = funded.both_ways([{"name": name, MODULE: options} for name, (options, _words) in CASES.items()])
    for name, (options, words) in CASES.items():
        here, there = run.result(name), run.result(f"{name}, delegated")
        for key in ("msg", "failed", "changed", "balance", "sufficient", "verdict", "failure"):
            assert here.get(key) == there.get(key), (name, key)
        assert here["failed"] is (words is not None), here
        if words:
            assert words in here["msg"]
            assert (here["failure"]["type"], here["failure"]["attempts"]) == ("ConfigurationError", 0)
            assert here.get("sufficient") is (False if options.get("minimum") is not None else None)
    assert "Traceback" not in run.output
    assert len(api.requests) == 2 * 6


def test_an_error_has_its_facts(funded, api):
    """What a playbook may branch on."""
    api.status = 429
    facts = funded.play(tasks=[{MODULE: {"max_attempts": 1}}]).result()["failure"]
    assert (facts["type"], facts["status"], facts["attempts"]) == ("RateLimitedError", 429, 1)
    assert set(facts) == {"type", "status", "code", "request_id", "attempts", "retryable", "hint"}


def test_module_defaults_the_info_name_and_check_mode(funded, api):
    """The action group sets defaults for each name of the module; check mode reads as well."""
    tasks = [{"name": name, name: None} for name in (MODULE, f"{MODULE}_info")]
    run = funded.both_ways(tasks, "--check", module_defaults={GROUP: {"minimum": 99}})
    assert [result["sufficient"] for result in run.results()] == [False] * 4


def test_the_environment_of_the_task_and_what_it_inherits(ansible, api):
    """The task's own counts in full; of what it inherits only LUMENFALL_*. An error says where a value came from."""
    base, proxies = "LUMENFALL_API_BASE", {"https_proxy": "nonsense://x", "REQUESTS_CA_BUNDLE": "/no/ca.pem"}
    task = {MODULE: {"max_attempts": 1}, "ignore_errors": True}
    https = {MODULE: {"max_attempts": 1, "base_url": "https://127.0.0.1:9"}, "ignore_errors": True}
    with refused_port() as port:
        gone = f"http://127.0.0.1:{port}"
        tasks = [
            {"name": "play", **task},
            {"block": [{"name": "block", **task}], "environment": {base: gone}},
            {"block": [{"name": "task", **task, "environment": {base: "{{ url }}"}}], "environment": {base: gone}},
            {"name": "list", **task, "environment": ["{{ own }}", {base: "{{ url }}"}], "vars": {"own": {base: gone}}},
            {"name": "inherited proxy", **https},
            {"name": "own proxy", **https, "environment": {"https_proxy": gone}},
            {"name": "own bundle", **https, "environment": {"REQUESTS_CA_BUNDLE": "/no/ca.pem"}},
            {"name": "own home", **task, "environment": {"LUMENFALL_API_KEY": " ", "HOME": "/no/home"}},
            {"name": "own timeout", **task, "environment": {"LUMENFALL_TIMEOUT": "soon"}},
            {"block": [{"name": "its timeout", **task}], "environment": {"LUMENFALL_TIMEOUT": "soon"}},
            {"name": "delegated", **task, "delegate_to": "h002", "environment": {"REQUESTS_CA_BUNDLE": ""}},
            {"name": "delegated timeout", **task, "delegate_to": "h002", "environment": {"LUMENFALL_TIMEOUT": "soon"}},
        ]
        environment = {"LUMENFALL_API_KEY": api.key, base: "{{ url }}", "LUMENFALL_MAX_ATTEMPTS": 2, **proxies}
        play = {"hosts": "h001", "vars": {"url": api.url}, "environment": environment, "tasks": tasks}
        run = ansible.plays([play], hosts=2)
    ok = {line["task"] for line in run.lines if line["event"] == "ok"}
    assert ok == {"play", "task", "list", "delegated"}, run.output
    assert run.result("block")["failure"]["type"] == "ConnectionFailedError"
    assert run.result("inherited proxy")["failure"]["type"] == "ConnectionFailedError"
    assert run.result("own proxy")["failure"]["type"] == "ProxyError"
    assert "https_proxy" in run.result("own proxy")["msg"]
    assert "REQUESTS_CA_BUNDLE (set in the environment of the task): the CA" in run.result("own bundle")["msg"]
    assert "/no/home/.lumenfall/credentials.json" in run.result("own home")["msg"]
    for name, place in (("own timeout", "task"), ("delegated timeout", "task"), ("its timeout", "play")):
        assert f"LUMENFALL_TIMEOUT (set in the environment of the {place}): 'soon'" in run.result(name)["msg"]


@pytest.mark.parametrize("content", ["raise ImportError('gone')\n", "class HTTPAdapter: pass\n"])
def test_requests_is_missing(funded, api, content):
    """The message names the interpreter and the command that installs it, on every path; nothing is sent."""
    funded.write("shadow/requests/__init__.py", content)
    lookup = {"ansible.builtin.debug": {"msg": "{{ " + LOOKUP + ") }}"}, "ignore_errors": True}
    shadow = {"PYTHONPATH": str(funded.folder / "shadow")}
    run = funded.both_ways([{"name": "module", MODULE: {"minimum": 5}}], more=[lookup], environment=shadow)
    failures = run.results(event="failed")
    assert len(failures) == 3
    for failure in failures:
        assert "requests" in failure["msg"]
        assert "-m pip install 'requests>=2.32.4'" in failure["msg"]
    assert "Traceback" not in run.output
    assert api.requests == []


def test_tls_a_proxy_and_a_server_that_says_nothing(ansible):
    """By environment and by option, here and delegated; the deadline holds on both sides."""
    with (
        FaultServer(says(answer(BALANCE)), tls="good") as server,
        FaultServer(lambda connection: (connection.read_request(), connection.stall())) as silent,
        ConnectProxy(to=server.port) as proxy,
    ):
        task = {MODULE: {"base_url": f"https://localhost:{server.port}", "max_attempts": 1}}
        trusted = {"SSL_CERT_FILE": str(server.ca_file)}
        password = {"HTTPS_PROXY": proxy.url.replace("http://", "http://user:proxypassword@")}
        tasks = [
            {"name": "environment", **task, "environment": trusted},
            {"name": "option", MODULE: {**task[MODULE], "ca_path": str(server.ca_file)}},
            {"name": "unverified", MODULE: {**task[MODULE], "validate_certs": False}},
            {"name": "untrusted", **task},
            {"name": "silent", MODULE: {"base_url": silent.url, "timeout": 2}},
        ]
        more = [{"name": "proxy", **task, "environment": {**trusted, **password}}]
        run = ansible.both_ways(tasks, "-vvvv", more=more, environment={"LUMENFALL_API_KEY": KEY})
        assert [target for target, _is_authorized in proxy.connects] == [f"localhost:{server.port}"]
    ok = {line["task"].partition(",")[0] for line in run.lines if line["event"] == "ok"}
    assert ok == {"environment", "option", "unverified", "proxy"}, run.output
    assert "proxypassword" not in run.output
    for name in ("untrusted", "untrusted, delegated"):
        assert run.result(name)["failure"]["type"] == "TLSError"
        assert "ca_path" in run.result(name)["msg"]
    for name in ("silent", "silent, delegated"):
        assert run.result(name)["failure"]["type"] == "DeadlineExceededError"
        assert "within 2 s" in run.result(name)["msg"]


def test_a_password_that_ansible_shows_is_a_warning(funded):
    """A proxy's, in the command line on the host that the task is delegated to."""
    environment = {"HTTPS_PROXY": "http://user:proxypassword@127.0.0.1:9"}
    task = {MODULE: None, "delegate_to": "h002", "environment": environment}
    run = funded.play("--limit", "h001", hosts=2, tasks=[task])
    assert "a password, which Ansible shows in the command line on h002" in " ".join(run.output.split())
    assert "proxypassword" not in run.output


def test_the_timeout_of_a_task_ends_it(funded, api):
    """Ansible's own keyword interrupts the request, and what was cut short is no answer for the next host."""
    api.delay = 60
    run = funded.play("--forks", "1", hosts=2, tasks=[{MODULE: None, "timeout": 3}])
    assert len(run.results(event="failed")) == 2
    assert len(api.requests) == 2


def test_a_credentials_file_that_others_can_read(ansible, api):
    """It is used, with a warning, by each path."""
    file = ansible.home / ".lumenfall" / "credentials.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"api_key": api.key, "refresh_token": "do not show this"}))
    file.chmod(0o644)
    more = [{"ansible.builtin.debug": {"msg": "{{ " + LOOKUP + ") }}"}}]
    environment = {"LUMENFALL_API_BASE": api.url}
    run = ansible.both_ways([{"name": "module", MODULE: None}], "-vvvv", more=more, environment=environment)
    assert len(api.requests) == 3, run.output
    # Ansible breaks the line to the width of a terminal.
    assert "chmod 600" in " ".join(run.output.split())
    assert "do not show this" not in run.output
    assert api.key not in run.output


def test_the_connection_of_a_host_does_not_matter(ansible, api):
    """An unreachable host, a Windows host, privileges to gain: the controller asks all the same, and sends nothing."""
    remote = ansible.folder / "remote"
    hosts = {
        "ssh": {"ansible_connection": "ansible.builtin.ssh", "ansible_host": "127.0.0.1", "ansible_port": 9},
        "winrm": {"ansible_connection": "ansible.builtin.winrm", "ansible_shell_type": "powershell"},
        "psrp": {"ansible_connection": "ansible.builtin.psrp"},
        "local": {"ansible_python_interpreter": "/does/not/exist", "ansible_remote_tmp": str(remote)},
    }
    play = {"become": True, "become_user": "nobody", "tasks": [{"name": "ask", MODULE: None}]}
    run = ansible.plays([play], hosts=hosts, environment=api.environ | {"ANSIBLE_KEEP_REMOTE_FILES": "1"})
    assert run.hosts("ask") == set(hosts), run.output
    assert not remote.exists()


def test_a_vaulted_key(ansible, api):
    """An encrypted string, here and delegated."""
    ansible.write("password", "password")
    encrypt = ("encrypt_string", "--vault-password-file", "password", "--name", "vaulted", api.key)
    _code, output = ansible.command("ansible-vault", *encrypt)
    variables = ansible.write("vars.yml", output[output.index("vaulted:") : output.rindex("\n")])
    tasks = [{"name": "ask", MODULE: {"api_key": "{{ vaulted }}", "base_url": api.url}}]
    run = ansible.both_ways(tasks, "-e", f"@{variables}", "--vault-password-file", "password")
    assert [result["msg"] for result in run.results()] == ["12.50 usd available (prepaid)"] * 2, run.output
