# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The key is nowhere that Ansible writes to: output of any verbosity and format, caches, temporary files."""

from __future__ import annotations

import pytest

from pulumi_lumenfall.sandbox import Answer, Sandbox
from support.fault_server import refused_port
from support.leaks import KEY, Processes, files, leaked, leaks

MODULE = "lumenfall.cloud.lumenfall_balance"
KEY_TEMPLATE = "{{ key }}"
# Options that are run here and delegated; those whose names start with a word of FAILING fail.
OPTIONS = {
    "option": {"minimum": 5},
    "refused": {"api_key": "{{ key }}x", "max_attempts": 1},
    "malformed": {"api_key": "{{ key }} x"},
    "unknown option": {"nope": 1},
    "in the wrong place": {"timeout": KEY_TEMPLATE},
    "in another wrong place": {"validate_certs": KEY_TEMPLATE},
    "in a policy": {"minimum": 5, "postpaid": KEY_TEMPLATE},
    "in a URL": {"base_url": "https://user:{{ key }}@example.com"},
}
FAILING = ("refused", "malformed", "unknown", "in ")
ENVIRONMENT = {"name": "environment", MODULE: None, "environment": {"LUMENFALL_API_KEY": KEY_TEMPLATE}}
PROXY = {
    "name": "in a proxy",
    MODULE: {"api_key": KEY_TEMPLATE, "base_url": "https://127.0.0.1:{{ refused }}", "max_attempts": 1},
    "environment": {"HTTPS_PROXY": "http://user:{{ key }}@127.0.0.1:{{ refused }}"},
}
LOOKUPS = {"lookup": "key, minimum=5", "refused lookup": "key ~ 'x', max_attempts=1", "malformed lookup": "key ~ ' x'"}
OTHERS = [
    {"name": "read", MODULE: {"api_key": KEY_TEMPLATE}, "register": "balance", "until": "balance.attempts == 2"}
    | {"delay": 0},
    {"name": "loop", MODULE: {"api_key": KEY_TEMPLATE}, "loop": [1, 2]},
    *(
        {"name": name, "ansible.builtin.debug": {"msg": "{{ lookup('" + MODULE + "', api_key=" + arguments + ") }}"}}
        for name, arguments in LOOKUPS.items()
    ),
    {"name": "result", "ansible.builtin.debug": {"var": "balance"}},
    {
        "module_defaults": {"group/lumenfall.cloud.lumenfall": {"api_key": KEY_TEMPLATE}},
        "block": [{"ansible.builtin.include_role": {"name": "lumenfall.cloud.require_balance"}}],
        "vars": {"require_balance_minimum": 5},
    },
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
    run = ansible.both_ways(
        [{"name": name, MODULE: {"api_key": KEY_TEMPLATE, **options}} for name, options in OPTIONS.items()]
        + [ENVIRONMENT],
        *("-e", f"key_file={key_file}", *arguments),
        more=[{"ignore_errors": True, **task} for task in (PROXY, *OTHERS)],
        vars=variables,
        environment=environment,
    )
    assert run.code == 0, run.output
    # Those that are to fail do, and the others do not.
    for line in run.lines:
        assert (line["event"] == "failed") is line["task"].startswith(FAILING), line
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
    nasty = f"{KEY} {{{{ lookup('pipe', 'id') }}}} \\u001b[31m ::error::x ##vso[task]"
    body = f'{{"error": {{"message": "{nasty}", "code": "{nasty}", "type": "{KEY}"}}}}'
    headers = {"X-Lumenfall-Request-Id": f"{{{{ 7*7 }}}} {KEY}", "Location": f"https://{KEY}.example/{KEY}"}
    api.script(*[Answer(status, body, headers) for status in (400, 400, 302, 503)])
    module = {"name": "case", MODULE: {"max_attempts": 1}, "register": "failure"}
    lookup = {
        "name": "case, lookup",
        "ansible.builtin.debug": {"msg": "{{ lookup('" + MODULE + "', max_attempts=1) }}"},
    }
    more = [
        {"name": "shown", "ansible.builtin.debug": {"msg": "{{ failure.msg }} {{ failure.failure.request_id }}"}},
        {**module, "ignore_errors": True},
        {**lookup, "ignore_errors": True},
    ]
    run = ansible.both_ways([module], "-vvvv", more=more, environment=api.environ)
    assert len(run.results(event="failed")) == len(api.requests) == 4
    for result in run.results():
        assert not any(text in result["msg"] for text in ("\x1b", "::error::", "##vso[", "uid=", "49"))
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
