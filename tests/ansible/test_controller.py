# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What surrounds the plugins on the controller: its Python, TLS, proxies, warnings, limits of time, documentation."""

from __future__ import annotations

import json

import pytest

from support.fault_server import FaultServer
from support.faults import BALANCE, answer, says
from support.leaks import KEY
from support.proxy import ConnectProxy

MODULE = "lumenfall.cloud.lumenfall_balance"
LOOKUP = f"lookup('{MODULE}'"


@pytest.mark.parametrize(
    "content", ["raise ImportError('gone')\n", "class HTTPAdapter: pass\n"], ids=["missing", "broken"]
)
def test_requests_is_missing(funded, api, content):
    """The message names the interpreter and the command that installs it, on every path; nothing is sent."""
    funded.write("shadow/requests/__init__.py", content)
    show = "{{ " + LOOKUP + ") }}"
    tasks = [
        {"name": "action", MODULE: {"minimum": 5}, "ignore_errors": True},
        {"name": "module", MODULE: {"minimum": 5}, "ignore_errors": True, "delegate_to": "h002"},
        {"name": "lookup", "ansible.builtin.debug": {"msg": show}, "ignore_errors": True},
        {"name": "role", "ansible.builtin.import_role": {"name": "lumenfall.cloud.require_balance"}}
        | {"vars": {"require_balance_minimum": 5}},
    ]
    shadow = {"PYTHONPATH": str(funded.folder / "shadow")}
    run = funded.play("--limit", "h001", hosts=2, environment=shadow, tasks=tasks)
    assert run.code == 2
    failures = run.results(event="failed")
    assert len(failures) == 4
    for failure in failures:
        assert "the Python library requests is not installed for " in failure["msg"]
        assert "-m pip install 'requests>=2.32.4'" in failure["msg"]
    assert "Traceback" not in run.output
    assert api.requests == []


def test_tls_by_environment_option_and_not_at_all(ansible):
    """An authority named by ``environment`` or ``ca_path`` is trusted; without it, the message says what to do."""
    with FaultServer(says(answer(BALANCE)), tls="good") as server:
        task = {MODULE: {"base_url": server.url, "max_attempts": 1}}
        by_option = {MODULE: {"base_url": server.url, "ca_path": str(server.ca_file)}}
        without = {MODULE: {"base_url": server.url, "validate_certs": False}}
        environment = {"environment": {"SSL_CERT_FILE": str(server.ca_file)}}
        tasks = [
            {"name": "by environment", **task, **environment},
            {"name": "by environment, away", **task, **environment, "delegate_to": "h002"},
            {"name": "by option", **by_option},
            {"name": "by option, away", **by_option, "delegate_to": "h002"},
            {"name": "not verified", **without},
            {"name": "not trusted", **task, "ignore_errors": True},
            {"name": "not trusted, away", **task, "ignore_errors": True, "delegate_to": "h002"},
        ]
        key = {"LUMENFALL_API_KEY": KEY}
        run = ansible.play("--limit", "h001", hosts=2, environment=key, tasks=tasks)
    assert [line["event"] for line in run.lines] == ["ok"] * 5 + ["failed"] * 2, run.output
    for name in ("not trusted", "not trusted, away"):
        result = run.result(name)
        assert result["failure"]["type"] == "TLSError"
        assert "with the ca_path option or REQUESTS_CA_BUNDLE" in result["msg"]


def test_a_proxy_by_environment(ansible):
    """Set on the task, it is used; its password is shown nowhere."""
    with FaultServer(says(answer(BALANCE)), tls="good") as server, ConnectProxy(to=server.port) as proxy:
        environment = {
            "LUMENFALL_API_KEY": KEY,
            "HTTPS_PROXY": proxy.url.replace("http://", "http://user:proxypassword@"),
            "SSL_CERT_FILE": str(server.ca_file),
        }
        url = f"https://localhost:{server.port}"
        run = ansible.play("-vvvv", tasks=[{MODULE: {"base_url": url}, "environment": environment}])
        assert run.code == 0, run.output
        assert [connect.target for connect in proxy.connects] == [f"localhost:{server.port}"]
    # What the playbook itself says is shown by Ansible where a task fails; this one did not.
    assert "proxypassword" not in run.output


def test_a_server_that_says_nothing_more(ansible):
    """The deadline holds, on both sides of a delegation."""
    with FaultServer(lambda connection: (connection.read_request(), connection.stall())) as server:
        task = {MODULE: {"base_url": server.url, "timeout": 1}}
        tasks = [
            {"name": "here", **task, "ignore_errors": True},
            {"name": "away", **task, "ignore_errors": True, "delegate_to": "h002"},
        ]
        run = ansible.play("--limit", "h001", hosts=2, environment={"LUMENFALL_API_KEY": KEY}, tasks=tasks)
    assert {result["failure"]["type"] for result in run.results()} == {"DeadlineExceededError"}
    assert all("within 1 s" in result["msg"] for result in run.results())


def test_the_timeout_of_a_task_ends_it(funded, api):
    """Ansible's own keyword interrupts the request, and what was cut short is no answer for the next host."""
    api.delay = 60
    run = funded.play("--forks", "1", hosts=2, tasks=[{MODULE: None, "timeout": 3}])
    assert run.code == 2
    assert len(run.results(event="failed")) == 2
    assert len(api.requests) == 2


def test_a_credentials_file_that_others_can_read(ansible, api):
    """It is used, with a warning, by each path."""
    file = ansible.home / ".lumenfall" / "credentials.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"api_key": api.key, "refresh_token": "do not show this"}))
    file.chmod(0o644)
    show = "{{ " + LOOKUP + ") }}"
    for task in ({MODULE: None}, {MODULE: None, "delegate_to": "h002"}, {"ansible.builtin.debug": {"msg": show}}):
        environment = {"LUMENFALL_API_BASE": api.url}
        run = ansible.play("--limit", "h001", "-vvvv", hosts=2, environment=environment, tasks=[task])
        assert run.code == 0, run.output
        # Ansible breaks the line to the width of a terminal.
        assert "chmod 600" in " ".join(run.output.split())
        assert "do not show this" not in run.output
        assert api.key not in run.output
    assert len(api.requests) == 3


def test_amounts_are_exact(funded, api):
    """What no float can hold decides all the same, in Ansible's own numbers as in text."""
    api.amount = "0.3"
    minimums = [0.3, "0.30", "0.300000000000000000000000000001", 0.30000000000000004]
    run = funded.play(tasks=[{MODULE: {"minimum": minimum}} for minimum in minimums])
    assert [result["sufficient"] for result in run.results()] == [True, True, False, False]


def test_an_answer_that_is_not_a_balance(ansible):
    """What looks like funds but is not what the API documents fails."""
    body = b'{"object": "balance", "billing_type": "prepaid", "available": {"amount": "99", "currency": "usd"}}'
    with FaultServer(says(answer(body))) as server:
        key = {"LUMENFALL_API_KEY": KEY, "LUMENFALL_API_BASE": server.url}
        run = ansible.play(tasks=[{MODULE: {"minimum": 5}, "failed_when": False}], environment=key)
    result = run.result()
    assert result["failure"]["type"] == "InvalidResponseError"
    assert "sufficient" not in result


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("module", MODULE, "least amount, in dollars"),
        ("module", f"{MODULE}_info", "least amount, in dollars"),
        ("lookup", MODULE, "lumenfall_api_key"),
        ("test", "lumenfall.cloud.funded", "never true, if the value is no balance"),
        ("role", "lumenfall.cloud.require_balance", "require_balance_on_low"),
    ],
)
def test_the_documentation_is_there(ansible, kind, name, words):
    """``ansible-doc`` shows each piece."""
    code, output = ansible.command("ansible-doc", "-t", kind, name)
    assert code == 0, output
    assert words in " ".join(output.split())
