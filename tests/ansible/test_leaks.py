# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The key is nowhere that Ansible writes to: output of any verbosity and format, caches, temporary files."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest

from pulumi_lumenfall.sandbox import Answer

MODULE = "lumenfall.cloud.lumenfall_balance"
# The key as an option, from a variable, on each path; and each path failing in each way.
KEY = "{{ key }}"
TASKS = [
    {"name": "option", MODULE: {"api_key": KEY, "minimum": 5}, "register": "balance"},
    {"name": "option, there", MODULE: {"api_key": KEY, "minimum": 5}, "delegate_to": "h002"},
    {"name": "environment", MODULE: None, "environment": {"LUMENFALL_API_KEY": KEY}},
    {"name": "environment, there", MODULE: None, "environment": {"LUMENFALL_API_KEY": KEY}, "delegate_to": "h002"},
    {"name": "refused", MODULE: {"api_key": KEY + "x", "max_attempts": 1}},
    {"name": "refused, there", MODULE: {"api_key": KEY + "x", "max_attempts": 1}, "delegate_to": "h002"},
    {"name": "malformed", MODULE: {"api_key": KEY + " x"}},
    {"name": "malformed, there", MODULE: {"api_key": KEY + " x"}, "delegate_to": "h002"},
    {"name": "unknown option", MODULE: {"api_key": KEY, "nope": 1}},
    {"name": "in the wrong place", MODULE: {"api_key": KEY, "timeout": KEY}},
    {"name": "in the wrong place, there", MODULE: {"api_key": KEY, "timeout": KEY}, "delegate_to": "h002"},
    {"name": "in another wrong place", MODULE: {"api_key": KEY, "validate_certs": KEY}},
    {"name": "in a policy", MODULE: {"api_key": KEY, "minimum": 5, "postpaid": KEY}},
    {"name": "in a URL", MODULE: {"api_key": KEY, "base_url": "https://user:" + KEY + "@example.com"}},
    {"name": "in a URL, there", MODULE: {"api_key": KEY, "base_url": "https://user:" + KEY + "@example.com"}}
    | {"delegate_to": "h002"},
    {"name": "in a proxy", MODULE: {"api_key": KEY, "base_url": "https://127.0.0.1:9", "max_attempts": 1}}
    | {"environment": {"HTTPS_PROXY": "http://user:" + KEY + "@127.0.0.1:9"}},
    {"name": "retried", MODULE: {"api_key": KEY}, "register": "r", "until": "r.attempts == 2", "delay": 0},
    {"name": "loop", MODULE: {"api_key": KEY}, "loop": [1, 2]},
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
    "debug": (("-vvvv",), {"ANSIBLE_DEBUG": "1"}),
    "json": (("-vvvv",), {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}),
    "yaml": (("-vvvv",), {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml", "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1"}),
    "minimal": (("-vvvv",), {"ANSIBLE_STDOUT_CALLBACK": "minimal"}),
    "diff and check": (("-vvvv", "--diff", "--check"), {}),
}


def forms_of(key):
    """The key, and what it looks like after the usual encodings; and its secret half alone."""
    secret = key.partition(".")[2]
    yield from (key, secret, key[::-1])
    for shift in range(3):
        # Whatever it is in the middle of, one of these is what base64 makes of it.
        encoded = base64.b64encode(b"x" * shift + secret.encode()).decode()
        yield encoded[8:-8]


@pytest.mark.parametrize("form", FORMS)
def test_the_key_is_nowhere(ansible, api, form):
    """Run every path with the key, in this form, and look through everything that was written."""
    arguments, environment = FORMS[form]
    variables = {"key": "{{ lookup('ansible.builtin.file', key_file) }}"}
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
        module_defaults={"group/lumenfall.cloud.lumenfall": {"api_key": KEY}},
    )
    assert run.code == 0, run.output
    # The list of tasks does what it says: those that are to fail do, and the others do not.
    failed = {line["task"] for line in run.lines if line["event"] == "failed"}
    expected = ("refused", "malformed", "unknown", "in ")
    assert {name for name in failed if name} == {
        task["name"] for task in TASKS if task["name"].removeprefix("lookup, ").startswith(expected)
    }
    written = {"output": run.output.encode()}
    for path in ansible.folder.rglob("*"):
        if path.is_file():
            written[str(path)] = path.read_bytes()
    assert any("facts" in name for name in written)
    assert any("ansible.log" in name for name in written)
    leaks = [
        (name, data[max(0, at - 300) : at + 60])
        for name, data in written.items()
        for text in forms_of(api.key)
        if (at := data.find(text.encode())) >= 0
    ]
    assert leaks == []
    assert not list(remote.rglob("AnsiballZ*"))


def test_a_module_that_stays_on_its_host_would_hold_the_key_only_there(ansible, api):
    """Without a delegation nothing is sent to a host at all: no temporary folder is made, and no Python is needed."""
    remote = ansible.folder / "remote"
    run = ansible.play(
        vars={"ansible_python_interpreter": "/does/not/exist", "ansible_remote_tmp": str(remote)},
        environment=api.environ | {"ANSIBLE_KEEP_REMOTE_FILES": "1"},
        tasks=[{MODULE: None}],
    )
    assert run.code == 0, run.output
    assert not remote.exists()


def test_the_connection_of_a_host_does_not_matter(ansible, api):
    """An unreachable host, a Windows host, privileges to gain: the controller asks all the same."""
    connections = (
        {"ansible_connection": "ansible.builtin.ssh", "ansible_host": "127.0.0.1", "ansible_port": 9},
        {"ansible_connection": "ansible.builtin.winrm", "ansible_shell_type": "powershell"},
        {"ansible_connection": "ansible.builtin.psrp"},
    )
    plays = [
        {"hosts": "h001", "gather_facts": False, "vars": variables, "become": True, "become_user": "nobody"}
        | {"tasks": [{"name": variables["ansible_connection"], MODULE: None}]}
        for variables in connections
    ]
    run = ansible.run(str(ansible.write("playbook.yml", plays)), environment=api.environ)
    outcomes = {line["task"]: line["event"] for line in run.lines}
    assert outcomes == {variables["ansible_connection"]: "ok" for variables in connections}, run.output


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


def test_the_key_is_in_no_process_list(ansible, api):
    """Delegated, it travels on standard input or in a file that is removed: never in a command line."""
    script = ansible.write(
        "watch.py",
        "import os, pathlib, sys, time\n"
        "end = time.monotonic() + 100\n"
        "needle = os.environ['NEEDLE'].encode()\n"
        "print('watching', flush=True)\n"
        "while time.monotonic() < end and os.getppid() != 1 and not pathlib.Path(sys.argv[1]).exists():\n"
        "    for line in pathlib.Path('/proc').glob('[0-9]*/cmdline'):\n"
        "        try:\n"
        "            if needle in line.read_bytes():\n"
        "                print('LEAK', flush=True)\n"
        "        except OSError:\n"
        "            pass\n",
    )
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    done = ansible.folder / "done"
    with subprocess.Popen(
        [sys.executable, str(script), str(done)], env={"NEEDLE": api.key}, stdout=subprocess.PIPE, text=True
    ) as watcher:
        assert watcher.stdout.readline() == "watching\n"
        api.delay = 0.5
        key_file = ansible.write("key", api.key)
        variables = {"key": "{{ lookup('ansible.builtin.file', '" + str(key_file) + "') }}"}
        tasks = [
            {MODULE: {"api_key": KEY}},
            {MODULE: {"api_key": KEY}, "delegate_to": "h002"},
            {MODULE: None, "environment": {"LUMENFALL_API_KEY": KEY}, "delegate_to": "h002"},
        ]
        environment = {"LUMENFALL_API_BASE": api.url}
        run = ansible.play("--limit", "h001", hosts=2, vars=variables, tasks=tasks, environment=environment)
        done.touch()
        seen = watcher.stdout.read()
    assert run.code == 0, run.output
    assert len(api.requests) == 3
    assert seen == ""
