# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The key is nowhere that Ansible writes to: output of any verbosity and format, caches, temporary files."""

from __future__ import annotations

import pytest

from pulumi_lumenfall.sandbox import Answer, Sandbox
from support.fault_server import refused_port
from support.leaks import KEY, Processes, files, leaked, leaks

MODULE = "lumenfall.cloud.lumenfall_balance"
# The key as an option, from a variable, on each path; and each path failing in each way.
KEY_TEMPLATE = "{{ key }}"
TASKS = [
    {"name": "option", MODULE: {"api_key": KEY_TEMPLATE, "minimum": 5}, "register": "balance"},
    {"name": "option, there", MODULE: {"api_key": KEY_TEMPLATE, "minimum": 5}, "delegate_to": "h002"},
    {"name": "environment", MODULE: None, "environment": {"LUMENFALL_API_KEY": KEY_TEMPLATE}},
    {
        "name": "environment, there",
        MODULE: None,
        "environment": {"LUMENFALL_API_KEY": KEY_TEMPLATE},
        "delegate_to": "h002",
    },
    {"name": "refused", MODULE: {"api_key": KEY_TEMPLATE + "x", "max_attempts": 1}},
    {"name": "refused, there", MODULE: {"api_key": KEY_TEMPLATE + "x", "max_attempts": 1}, "delegate_to": "h002"},
    {"name": "malformed", MODULE: {"api_key": KEY_TEMPLATE + " x"}},
    {"name": "malformed, there", MODULE: {"api_key": KEY_TEMPLATE + " x"}, "delegate_to": "h002"},
    {"name": "unknown option", MODULE: {"api_key": KEY_TEMPLATE, "nope": 1}},
    {"name": "in the wrong place", MODULE: {"api_key": KEY_TEMPLATE, "timeout": KEY_TEMPLATE}},
    {
        "name": "in the wrong place, there",
        MODULE: {"api_key": KEY_TEMPLATE, "timeout": KEY_TEMPLATE},
        "delegate_to": "h002",
    },
    {"name": "in another wrong place", MODULE: {"api_key": KEY_TEMPLATE, "validate_certs": KEY_TEMPLATE}},
    {"name": "in a policy", MODULE: {"api_key": KEY_TEMPLATE, "minimum": 5, "postpaid": KEY_TEMPLATE}},
    {
        "name": "in a URL",
        MODULE: {"api_key": KEY_TEMPLATE, "base_url": "https://user:" + KEY_TEMPLATE + "@example.com"},
    },
    {
        "name": "in a URL, there",
        MODULE: {"api_key": KEY_TEMPLATE, "base_url": "https://user:" + KEY_TEMPLATE + "@example.com"},
    }
    | {"delegate_to": "h002"},
    {
        "name": "in a proxy",
        MODULE: {"api_key": KEY_TEMPLATE, "base_url": "https://127.0.0.1:{{ refused }}", "max_attempts": 1},
    }
    | {"environment": {"HTTPS_PROXY": "http://user:" + KEY_TEMPLATE + "@127.0.0.1:{{ refused }}"}},
    {"name": "retried", MODULE: {"api_key": KEY_TEMPLATE}, "register": "r", "until": "r.attempts == 2", "delay": 0},
    {"name": "loop", MODULE: {"api_key": KEY_TEMPLATE}, "loop": [1, 2]},
    {
        "name": "lookup",
        "ansible.builtin.debug": {"msg": "{{ lookup('" + MODULE + "', api_key=key, minimum=5) }}"},
    },
    {
        "name": "lookup, refused",
        "ansible.builtin.debug": {"msg": "{{ lookup('" + MODULE + "', api_key=key ~ 'x', max_attempts=1) }}"},
    },
    {
        "name": "lookup, malformed",
        "ansible.builtin.debug": {"msg": "{{ lookup('" + MODULE + "', api_key=key ~ ' x') }}"},
    },
    {"name": "result", "ansible.builtin.debug": {"var": "balance"}},
    {"name": "gate", "ansible.builtin.include_role": {"name": "lumenfall.cloud.require_balance"}}
    | {"vars": {"require_balance_minimum": 5}},
    {"name": "fact", "ansible.builtin.set_fact": {"kept": "{{ balance }}", "cacheable": True}},
]
FORMS = {
    "plain": ((), {}),
    "verbose": (("-vvvv",), {}),
    "json": (("-vvvv",), {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}),
    "yaml": (
        ("-vvvvvv", "--diff", "--check"),
        {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml", "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1"},
    ),
    "minimal": (("-vvvv",), {"ANSIBLE_STDOUT_CALLBACK": "minimal"}),
}


@pytest.fixture
def seen():
    """What processes show while a request is answered."""
    return Processes()


@pytest.fixture
def refused():
    """A port where nobody listens."""
    with refused_port() as port:
        yield port


@pytest.fixture
def api(seen):
    """A sandbox whose key the leak detector knows."""
    with Sandbox(amount="12.50", key=KEY, on_request=seen) as sandbox:
        yield sandbox


@pytest.mark.parametrize("form", FORMS)
def test_the_key_is_nowhere(ansible, api, seen, refused, form):
    """Run every path with the key, in this form, and look through everything that was written."""
    arguments, environment = FORMS[form]
    variables = {"key": "{{ lookup('ansible.builtin.file', key_file) }}", "refused": refused}
    key_file = ansible.folder.parent / f"{ansible.folder.name}-key"
    key_file.write_text(api.key)
    remote = ansible.folder / "remote"
    environment = {
        "LUMENFALL_API_BASE": api.url,
        "ANSIBLE_LOG_PATH": str(ansible.folder / "ansible.log"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(ansible.folder / "facts"),
        "ANSIBLE_REMOTE_TEMP": str(remote),
        "ANSIBLE_LOCAL_TEMP": str(ansible.folder / "local"),
        "ANSIBLE_CALLBACKS_ENABLED": "recorder,junit,tree",
        "JUNIT_OUTPUT_DIR": str(ansible.folder / "junit"),
        "ANSIBLE_CALLBACK_TREE_DIR": str(ansible.folder / "tree"),
        **environment,
    }
    run = ansible.play(
        "--limit",
        "h001",
        "-e",
        f"key_file={key_file}",
        *arguments,
        hosts=2,
        vars=variables,
        environment=environment,
        tasks=[{"ignore_errors": True, **task} for task in TASKS],
        module_defaults={"group/lumenfall.cloud.lumenfall": {"api_key": KEY_TEMPLATE}},
    )
    assert run.code == 0, run.output
    # The list of tasks does what it says: those that are to fail do, and the others do not.
    failed = {line["task"] for line in run.lines if line["event"] == "failed"}
    expected = ("refused", "malformed", "unknown", "in ")
    assert {name for name in failed if name} == {
        task["name"] for task in TASKS if task["name"].removeprefix("lookup, ").startswith(expected)
    }
    written = {"output": run.output.encode(), **files(ansible.folder)}
    assert any("facts" in name for name in written)
    assert any("ansible.log" in name for name in written)
    assert leaks(written) == []
    # Delegated, it travels on standard input or in a file that is removed: never in a command line, and not in the
    # environment of any process either.
    assert leaks(seen.written(str(ansible.folder), may_know=lambda command: False)) == []
    assert not list(remote.rglob("AnsiballZ*"))


def test_a_server_that_echoes_the_key_does_not_show_it(ansible, api):
    """Nor does it act on a terminal, a template or a CI runner through an error message or a request id."""
    nasty = f"{api.key} {{{{ lookup('pipe', 'id') }}}} \\u001b[31m ::error::x ##vso[task]"
    body = f'{{"error": {{"message": "{nasty}", "code": "{nasty}"}}}}'
    headers = {"X-Lumenfall-Request-Id": f"{{{{ 7*7 }}}} {api.key}"}
    api.script(*[Answer(400, body, headers)] * 2)
    tasks = [
        {"name": "case here", MODULE: {"max_attempts": 1}, "register": "here", "ignore_errors": True},
        {"name": "case there", MODULE: {"max_attempts": 1}, "ignore_errors": True, "delegate_to": "h002"},
        {"name": "shown", "ansible.builtin.debug": {"msg": "{{ here.msg }} {{ here.failure.request_id }}"}},
    ]
    run = ansible.play("--limit", "h001", "-vvvv", hosts=2, environment=api.environ, tasks=tasks)
    assert run.result("case here")["failed"]
    for text in (api.key, "\x1b", "::error::", "##vso[", "uid=", "49"):
        assert text not in run.result("shown")["msg"]
        assert text not in run.result("case here")["msg"]
        assert text not in run.result("case there")["msg"]
    assert api.key not in run.output


def test_a_server_that_echoes_the_key_with_each_kind_of_error(ansible, api):
    """In the message, the code, the request id and the target of a redirect."""
    statuses = (200, 302, 400, 403, 503)
    body = f'{{"error": {{"message": "bad {KEY} x", "code": "{KEY}", "type": "{KEY}"}}}}'
    headers = {"X-Lumenfall-Request-Id": KEY, "Location": f"https://{KEY}.example/{KEY}"}
    api.script(*[Answer(status, body, headers) for status in statuses for _path in range(2)])
    show = {"ansible.builtin.debug": {"msg": "{{ lookup('" + MODULE + "', max_attempts=1) }}"}, "ignore_errors": True}
    run = ansible.play(environment=api.environ, tasks=[{MODULE: {"max_attempts": 1}, "ignore_errors": True}, show] * 5)
    assert len(run.results(event="failed")) == len(api.requests) == 10
    assert leaks({"output": run.output.encode(), **files(ansible.folder)}) == []


def test_a_key_in_place_of_an_option_is_not_shown_again(ansible, api):
    """One that ends in '=' is the name of an option, if that of its own is left out."""
    code, output = ansible.command("ansible", "localhost", "-m", MODULE, "-a", f"{KEY}=")
    assert code != 0
    assert "the options are api_key, base_url" in output
    assert not leaked(output)


@pytest.mark.parametrize("console", [False, True], ids=["ad hoc", "console"])
def test_a_key_on_the_command_line_is_not_shown_again(ansible, api, console):
    """Ansible shows the source of a task that fails, which there is the task itself."""
    api.status = 401
    options = f"api_key={KEY} base_url={api.url} max_attempts=1"
    if console:
        _code, output = ansible.command("ansible-console", "localhost", typed=f"{MODULE} {options}\nexit\n")
    else:
        _code, output = ansible.command("ansible", "localhost", "-m", MODULE, "-a", options)
    assert "AuthenticationError" in output
    assert not leaked(output)
    assert len(api.requests) == 1
