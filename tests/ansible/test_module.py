# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The module, on the controller and on a host that it is delegated to: the same task, the same result."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.fault_server import refused_port
from support.leaks import KEY, leaked

MODULE = "lumenfall.cloud.lumenfall_balance"


def test_it_reads_the_balance(funded, api):
    """All that the contract says a result holds, and nothing is changed."""
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
    assert not {"failed", "sufficient", "verdict", "failure"} & {name for name, value in result.items() if value}


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "enough": {"minimum": 12.5},
    "exact text": {"minimum": "12.500000"},
    "too low": {"minimum": 12.51},
    "integer": {"minimum": 5},
    "null minimum": {"minimum": None},
    "empty settings": {"minimum": 5, "timeout": "", "max_attempts": "", "base_url": "", "ca_path": ""},
    "empty policies": {"minimum": 5, "postpaid": "", "unavailable": " ", "validate_certs": ""},
    "text settings": {"timeout": "20", "max_attempts": "2", "validate_certs": "yes"},
    "bad minimum": {"minimum": "abc"},
    "comma": {"minimum": "1,50"},
    "nan": {"minimum": "nan"},
    "yaml nan": {"minimum": ".nan"},
    "negative": {"minimum": -1},
    "empty minimum": {"minimum": ""},
    "boolean minimum": {"minimum": True},
    "list minimum": {"minimum": [5]},
    "bad policy": {"minimum": 5, "postpaid": "maybe"},
    "other bad policy": {"unavailable": "perhaps"},
    "bad timeout": {"timeout": "10s"},
    "timeout too long": {"timeout": 3601},
    "bad attempts": {"max_attempts": 2.5},
    "bad boolean": {"validate_certs": "maybe"},
    "bad url": {"base_url": "ftp://example.com"},
    "clear text": {"base_url": "http://example.com"},
    "query": {"base_url": "https://example.com/?a=b"},
    "no bundle": {"base_url": "https://127.0.0.1:9", "ca_path": "/does/not/exist.pem"},
    "key with a space": {"api_key": "lmnfl_a b"},
    "unknown option": {"minimun": 5},
}
SAME = ("msg", "failed", "changed", "balance", "sufficient", "verdict", "failure")


@pytest.fixture(scope="module")
def both_ways(tmp_path_factory, new_ansible):
    """The results of every case: in the controller's process, and as a module on another host."""
    ansible = new_ansible(tmp_path_factory.mktemp("both"))
    with Sandbox(amount="12.50") as api:
        ansible.environment |= api.environ
        tasks = []
        for name, arguments in CASES.items():
            task = {MODULE: arguments, "ignore_errors": True}
            tasks.append({"name": f"here, {name}", **task})
            tasks.append({"name": f"away, {name}", **task, "delegate_to": "h002"})
        run = ansible.play("--limit", "h001", hosts=2, tasks=tasks)
    assert run.code == 0, run.output
    return run, len(api.requests)


@pytest.mark.parametrize("name", CASES)
def test_the_module_says_the_same_there(both_ways, name):
    """One table of tasks, run both ways: what a user sees and a playbook reads is the same."""
    run, _requests = both_ways
    here, there = run.result(f"here, {name}"), run.result(f"away, {name}")
    for result in (here, there):
        result.pop("request_id", None)
    assert {key: here[key] for key in SAME if key in here} == {key: there[key] for key in SAME if key in there}
    if here.get("failed"):
        assert "balance" not in here
        assert "sufficient" not in here


def test_bad_options_send_nothing(both_ways):
    """Only the tasks with good options made a request."""
    run, requests = both_ways
    good = [line for line in run.lines if line["event"] == "ok"]
    assert requests == len(good) == 2 * 9


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bad minimum", "minimum: 'abc' is not an amount of dollars"),
        ("comma", "minimum: '1,50' is not"),
        ("nan", "minimum: 'nan' is not"),
        ("negative", "minimum: -1 is not"),
        ("empty minimum", "minimum: it is empty"),
        ("boolean minimum", "minimum: True is not"),
        ("list minimum", "minimum: a list is not"),
        ("bad policy", "postpaid: 'maybe' is not a policy; set postpaid to 'allow' or 'deny'"),
        ("other bad policy", "unavailable: 'perhaps' is not a policy"),
        ("bad boolean", "argument 'validate_certs' is of type str and we were unable to convert to bool"),
        ("bad timeout", "timeout: '10s' is not a number of seconds"),
        ("bad attempts", "max_attempts: 2.5 is not a whole number from 1 to 10"),
        ("clear text", "base_url: the base URL must start with https://"),
        ("no bundle", "ca_path: the CA bundle '/does/not/exist.pem' cannot be read"),
        ("key with a space", "api_key: the API key holds white space"),
        ("unknown option", "minimun. Supported parameters include: api_key, base_url"),
    ],
)
def test_a_bad_option_is_named(both_ways, name, words):
    """The message names the option and what is wrong with it; a playbook can branch on it; no traceback."""
    run, _requests = both_ways
    result = run.result(f"here, {name}")
    assert words in result["msg"]
    assert (result["failure"]["type"], result["failure"]["attempts"]) == ("ConfigurationError", 0)
    assert "Traceback" not in run.output


def test_the_sources_of_a_missing_key_are_named(ansible, api):
    """Without a key anywhere, the places that were looked at are all named, and nothing is sent."""
    run = ansible.play(environment={"LUMENFALL_API_BASE": api.url}, tasks=[{MODULE: {"minimum": 5}}])
    assert run.code == 2
    result = run.result()
    assert f"looked at api_key, LUMENFALL_API_KEY, {ansible.home}/.lumenfall/credentials.json" in result["msg"]
    assert result["failure"]["type"] == "ConfigurationError"
    assert result["verdict"] == "cannot tell"
    assert api.requests == []


@pytest.mark.parametrize("delegate", [{}, {"delegate_to": "h002"}], ids=["here", "there"])
@pytest.mark.parametrize(
    ("status", "kind", "verdict"),
    [
        (401, "AuthenticationError", "cannot tell"),
        (402, "InsufficientBalanceError", "too low"),
        (429, "RateLimitedError", "cannot tell"),
        (500, "ServerError", "cannot tell"),
    ],
)
def test_an_error_fails(funded, api, delegate, status, kind, verdict):
    """An error of the API fails the task, 402 included, and its facts can be branched on."""
    api.status = status
    task = {MODULE: {"minimum": 5, "max_attempts": 1}, **delegate}
    run = funded.play("--limit", "h001", hosts=2, tasks=[task])
    result = run.result()
    assert run.code == 2
    assert result["failed"] is True
    assert result["verdict"] == verdict
    assert result["msg"].startswith("balance too low" if verdict == "too low" else "cannot tell")
    facts = result["failure"]
    assert (facts["type"], facts["status"], facts["attempts"]) == (kind, status, 1)
    assert set(facts) == {"type", "status", "code", "request_id", "attempts", "retryable", "hint"}
    assert "balance" not in result
    assert "Traceback" not in run.output


@pytest.mark.parametrize(
    ("billing", "arguments", "status", "sufficient"),
    [
        ("prepaid", {"minimum": 0}, "unavailable", False),
        ("prepaid", {"minimum": 0, "unavailable": "allow"}, "unavailable", True),
        ("postpaid", {"minimum": 5}, "postpaid", True),
        ("postpaid", {"minimum": 0, "postpaid": "deny"}, "postpaid", False),
    ],
)
def test_null_is_not_zero(funded, api, billing, arguments, status, sufficient):
    """A null amount stays null, and the policies say what it counts as."""
    api.amount, api.billing_type = None, billing
    result = funded.play(tasks=[{MODULE: {"max_attempts": 1, **arguments}}]).result()
    assert result["balance"]["available"] == {"amount": None, "currency": "usd"}
    assert result["balance"]["status"] == status
    assert result["sufficient"] is sufficient


@pytest.mark.parametrize("delegate", [{}, {"delegate_to": "h002"}], ids=["here", "there"])
def test_a_low_balance_is_shown_though_the_task_is_ok(funded, api, delegate):
    """Ansible itself shows nothing of a task that is ok, as one with enough is."""
    enough, low = (
        funded.play("--limit", "h001", hosts=2, tasks=[{MODULE: {"minimum": minimum}, **delegate}])
        for minimum in (12.5, 12.51)
    )
    assert "usd" not in enough.output
    assert low.code == 0
    assert "balance too low: have 12.50 usd, need 12.51 usd" in low.output


def test_the_info_name_redirects(funded, api):
    """Ansible's name for modules that only read leads to the same plugin, module defaults included."""
    tasks = [
        {"name": "by redirect", f"{MODULE}_info": None},
        {"name": "by redirect there", f"{MODULE}_info": None, "delegate_to": "h002"},
    ]
    defaults = {"group/lumenfall.cloud.lumenfall": {"minimum": 99}}
    run = funded.play("--limit", "h001", hosts=2, tasks=tasks, module_defaults=defaults)
    assert [result["sufficient"] for result in run.results()] == [False, False]


def test_module_defaults_and_check_mode(funded, api):
    """The action group sets defaults, for the task as for the module there; check mode reads all the same."""
    tasks = [
        {"name": "by group", MODULE: None},
        {"name": "by group there", MODULE: None, "delegate_to": "h002"},
        {"name": "by name", MODULE: {"minimum": 1}},
    ]
    defaults = {"group/lumenfall.cloud.lumenfall": {"minimum": 99}}
    run = funded.play("--check", "--limit", "h001", hosts=2, tasks=tasks, module_defaults=defaults)
    assert [result["sufficient"] for result in run.results()] == [False, False, True]


def test_async_is_refused(funded, api):
    """With the reason, and without a request."""
    run = funded.play(tasks=[{MODULE: None, "async": 10, "poll": 1}])
    assert run.code == 2
    assert "does not run async: its answer is for now, and timeout bounds it; remove 'async'" in run.result()["msg"]
    assert run.result()["failure"]["type"] == "ConfigurationError"
    assert api.requests == []


def test_the_environment_keyword_counts(ansible, api):
    """``environment`` of play, block and task reach the plugin, the nearest one winning, both ways."""
    name = "LUMENFALL_API_BASE"
    task = {MODULE: {"max_attempts": 1}}
    tasks = [
        {"name": "of the play", **task},
        {"name": "of the block", "block": [task], "environment": {name: "{{ gone }}"}, "ignore_errors": True},
        {
            "block": [{"name": "of the task", **task, "environment": {name: "{{ url }}"}}],
            "environment": {name: "{{ gone }}"},
        },
        {"name": "there", **task, "delegate_to": "h002"},
        {"name": "by proxy", **task, "ignore_errors": True}
        | {"environment": {name: "https://127.0.0.1:9", "HTTPS_PROXY": "nonsense://x"}},
        {"name": "by bundle", **task, "ignore_errors": True}
        | {"environment": {name: "https://127.0.0.1:9", "SSL_CERT_FILE": "/does/not/exist"}},
        {"name": "by home", **task, "ignore_errors": True}
        | {"environment": {"LUMENFALL_API_KEY": "", "HOME": "/does/not/exist"}},
    ]
    play = {
        "hosts": "h001",
        "gather_facts": False,
        "environment": {"LUMENFALL_API_KEY": "{{ key }}", name: "{{ url }}"},
        "tasks": tasks,
    }
    with refused_port() as port:
        play["vars"] = {"url": api.url, "key": api.key, "gone": f"http://127.0.0.1:{port}"}
        playbook = ansible.write("playbook.yml", [play])
        run = ansible.run(str(playbook), hosts=2, environment={"LUMENFALL_API_KEY": "wrong"})
    assert [line["event"] for line in run.lines] == ["ok", "failed", "ok", "ok", "failed", "failed", "failed"]
    assert run.results("lumenfall_balance")[0]["failure"]["type"] == "ConnectionFailedError"
    assert "HTTPS_PROXY: proxies of the kind 'nonsense'" in run.result("by proxy")["msg"]
    assert "SSL_CERT_FILE: the CA bundle" in run.result("by bundle")["msg"]
    assert "/does/not/exist/.lumenfall/credentials.json" in run.result("by home")["msg"]


@pytest.mark.parametrize("delegate", [{}, {"delegate_to": "h002"}], ids=["here", "there"])
def test_a_blank_key_in_the_environment_is_none(funded, api, delegate):
    """Unset, both ways: the next place is looked at."""
    task = {MODULE: {"api_key": api.key}, "environment": {"LUMENFALL_API_KEY": "  "}, **delegate}
    assert funded.play("--limit", "h001", hosts=2, tasks=[task]).code == 0
    unset = {**task, MODULE: {}, "environment": {"LUMENFALL_API_KEY": "  ", "HOME": "/does/not/exist"}}
    assert "no API key: looked at" in funded.play("--limit", "h001", hosts=2, tasks=[unset]).result()["msg"]


@pytest.mark.parametrize("delegate", [{}, {"delegate_to": "h002"}], ids=["here", "there"])
def test_null_is_unset(funded, api, delegate):
    """As an option and in ``environment``, both ways: Ansible's own modules would be given the word None."""
    options = {"api_key": None, "timeout": None, "postpaid": None, "unavailable": None, "minimum": 5}
    environment = {"LUMENFALL_API_KEY": None, "LUMENFALL_TIMEOUT": None}
    task = {MODULE: options, "environment": environment, **delegate}
    run = funded.play("--limit", "h001", hosts=2, tasks=[task])
    assert run.result()["verdict"] == "enough", run.output
    assert api.requests[0].status == 200


@pytest.mark.parametrize("delegate", [{}, {"delegate_to": "h002"}], ids=["here", "there"])
@pytest.mark.parametrize("value", [["{{ key }}"], {"prod": "{{ key }}"}, True, 5])
def test_a_key_that_is_no_text_is_refused_and_not_shown(funded, api, delegate, value):
    """Ansible would make text of it, and send that."""
    task = {MODULE: {"api_key": value, "minimum": 5}, **delegate}
    run = funded.play("--limit", "h001", "-vvvv", hosts=2, vars={"key": KEY}, tasks=[task])
    assert "api_key: it must be text, not a" in run.result()["msg"]
    assert not leaked(run.output)
    assert api.requests == []


@pytest.mark.parametrize(
    "options", [{"minimum": "abc"}, {"postpaid": "Deny"}, {"minimun": 5}, {"timeout": 0}, {"api_key": []}]
)
def test_a_gate_has_a_verdict_whatever_is_wrong(funded, api, options):
    """Also where the gate itself, or an option beside it, is malformed; with something to do about it."""
    result = funded.play(tasks=[{MODULE: {"minimum": 5, **options}}]).result()
    assert result["verdict"] == "cannot tell"
    assert result["msg"].startswith("cannot tell whether the balance is enough: ")
    assert result["failure"]["hint"]


def test_an_option_whose_name_is_no_text_is_not_supported(funded, api):
    """As YAML reads a number or nothing in its place; in the same words as any other."""
    tasks = "".join(f"    - {MODULE}: {{{name}: 5}}\n      ignore_errors: true\n" for name in ("1", "null"))
    playbook = funded.write("odd.yml", "- hosts: all\n  gather_facts: false\n  tasks:\n" + tasks)
    run = funded.run(str(playbook))
    for result, name in zip(run.results(), ("1", "None"), strict=True):
        assert f"{name}. Supported parameters include: api_key, base_url" in result["msg"]
    assert api.requests == []


def test_the_place_of_a_key_is_named_there_too(ansible, api):
    """A key from ``environment`` travels as an option, and is not called one."""
    task = {MODULE: {"minimum": 5}, "delegate_to": "h002", "environment": {"LUMENFALL_API_KEY": "wrong"}}
    run = ansible.play(hosts=2, environment={"LUMENFALL_API_BASE": api.url}, tasks=[task])
    for result in run.results():
        assert "(the key came from LUMENFALL_API_KEY)" in result["msg"]
        assert result["failure"]["hint"].endswith("(the key came from LUMENFALL_API_KEY)")
    assert "came from api_key" not in " ".join(run.output.split())
    assert len(api.requests) == 1


def test_the_module_is_no_file_there(funded, api):
    """It would hold the key, and stay behind when its worker is killed."""
    folder = funded.folder / "remote"
    task = {MODULE: {"minimum": 5}, "delegate_to": "h002", "vars": {"ansible_remote_tmp": str(folder)}}
    run = funded.play("--limit", "h001", hosts=2, tasks=[task])
    assert run.result()["verdict"] == "enough", run.output
    assert not folder.exists()


@pytest.mark.parametrize(
    ("proxy", "delegate", "warned"),
    [
        ("http://user:pa55word@127.0.0.1:9", {"delegate_to": "h002"}, True),
        ("http://user:pa55word@127.0.0.1:9", {}, False),
        ("http://127.0.0.1:9", {"delegate_to": "h002"}, False),
    ],
)
def test_a_password_that_ansible_shows_is_warned_of(funded, api, proxy, delegate, warned):
    """A proxy's password in the environment of a task that is delegated: it cannot be hidden, so it is said."""
    run = funded.play(
        "--limit", "h001", hosts=2, tasks=[{MODULE: {}, "environment": {"HTTPS_PROXY": proxy}, **delegate}]
    )
    assert run.code == 0
    assert ("HTTPS_PROXY in this task's environment may hold a password" in run.output) is warned
    assert "pa55word" not in run.output


@pytest.mark.parametrize("options", [{}, {"base_url": "{{ url }}"}], ids=["used", "not used"])
def test_a_password_in_a_base_url_is_not_shown(funded, api, options):
    """Refused before Ansible puts the task's environment into a command line, or left away where nobody needs it."""
    environment = {"LUMENFALL_API_BASE": "https://user:pa55word@example.test"}
    task = {MODULE: options, "environment": environment, "delegate_to": "h002"}
    run = funded.play("--limit", "h001", "-vvv", hosts=2, vars={"url": api.url}, tasks=[task])
    assert (run.code == 0) is bool(options)
    assert options or "LUMENFALL_API_BASE: the base URL must not hold user info" in run.result()["msg"]
    assert "pa55word" not in run.output
