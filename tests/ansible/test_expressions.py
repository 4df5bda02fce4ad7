# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The test ``funded`` and the lookup, within expressions."""

from __future__ import annotations

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY, OTHER_KEY, leaked

MODULE = "lumenfall.cloud.lumenfall_balance"
LOOKUP = f"lookup('{MODULE}'"
FUNDED = "lumenfall.cloud.funded"

GOOD = {
    "object": "balance",
    "billing_type": "prepaid",
    "available": {"amount": 5.1, "currency": "usd"},
    "status": "known",
}


def _with(**changes):
    return {**GOOD, **changes}


def _amount(amount):
    return _with(available={"amount": amount, "currency": "usd"})


# What is tested -> True, False, or the words of the error.
VALUES = {
    "enough": (GOOD, f"value is {FUNDED}(5.1)", True),
    "text minimum": (GOOD, f"value is {FUNDED}('5.10')", True),
    "keyword": (GOOD, f"value is {FUNDED}(minimum=5)", True),
    "a result": ({"balance": GOOD, "failed": False, "changed": False}, f"value is {FUNDED}(5)", True),
    "too low": (GOOD, f"value is {FUNDED}(5.100001)", False),
    "not": (GOOD, f"value is not {FUNDED}(99)", True),
    "negative": (_amount(-1), f"value is {FUNDED}(0)", False),
    "null": (_amount(None), f"value is {FUNDED}(0)", False),
    "null, allowed": (_amount(None), f"value is {FUNDED}(0, unavailable='allow')", True),
    "postpaid": (_with(billing_type="postpaid", available=_amount(None)["available"]), f"value is {FUNDED}(5)", True),
    "postpaid, denied": (
        _with(billing_type="postpaid", available=_amount(None)["available"]),
        f"value is {FUNDED}(5, postpaid='deny')",
        False,
    ),
    # Its status says known, but what counts is the amount.
    "null that claims to be known": (_amount(None), f"value.status == 'known' and value is not {FUNDED}(0)", True),
    "failed": ({"failed": True, "msg": "no way", "balance": GOOD}, f"value is {FUNDED}(0)", "failed: no way"),
    "a failure that was forgiven": (
        {"failed": False, "failure": {"type": "ServerError"}, "msg": "no way"},
        f"value is {FUNDED}(0)",
        "failed: no way",
    ),
    "skipped": ({"skipped": True, "changed": False}, f"value is {FUNDED}(0)", "was skipped"),
    "unreachable": ({"unreachable": True, "msg": "gone"}, f"value is {FUNDED}(0)", "failed: gone"),
    "hostile": (
        {"failed": True, "msg": "x\n::error::y \x1b[31m"},
        f"value is {FUNDED}(0)",
        "failed: x : :error: :y [31m",
    ),
    "loop": ({"results": [{"balance": GOOD}]}, f"value is {FUNDED}(0)", "result of a loop"),
    "job": ({"ansible_job_id": "1", "finished": 0}, f"value is {FUNDED}(0)", "in the background"),
    "another module's": ({"changed": False, "rc": 0}, f"value is {FUNDED}(0)", "holds no 'balance'"),
    "empty": ({}, f"value is {FUNDED}(0)", "holds no 'balance'"),
    "text": ("12.50", f"value is {FUNDED}(0)", "this is neither"),
    "number": (99, f"value is {FUNDED}(0)", "this is neither"),
    "none": (None, f"value is {FUNDED}(0)", "this is neither"),
    "text amount": (_amount("99"), f"value is {FUNDED}(0)", "neither a number of dollars nor null"),
    "boolean amount": (_amount(True), f"value is {FUNDED}(0)", "neither a number of dollars nor null"),
    "other currency": (
        _with(available={"amount": 99, "currency": "eur"}),
        f"value is {FUNDED}(0)",
        "its 'available.currency' is not 'usd'",
    ),
    "no amount": (_with(available={"currency": "usd"}), f"value is {FUNDED}(0)", "no 'available.amount'"),
    "other billing": (_with(billing_type="free"), f"value is {FUNDED}(0)", "neither 'prepaid' nor 'postpaid'"),
    "error inside": (_with(error={"code": "X"}), f"value is {FUNDED}(0)", "an error of the API"),
    "undefined": (GOOD, f"nothing_here is {FUNDED}(0)", "'nothing_here' is undefined"),
    "no minimum": (GOOD, f"value is {FUNDED}", "minimum: it is empty"),
    "empty minimum": (GOOD, f"value is {FUNDED}('')", "minimum: it is empty"),
    "undefined minimum": (GOOD, f"value is {FUNDED}(nothing_here)", "'nothing_here' is undefined"),
    "bad minimum": (GOOD, f"value is {FUNDED}('1,50')", "minimum: '1,50' is not an amount"),
    "nan": (GOOD, f"value is {FUNDED}('nan')", "minimum: 'nan' is not an amount"),
    "negative minimum": (GOOD, f"value is {FUNDED}(-1)", "minimum: -1 is not an amount"),
    "bad policy": (GOOD, f"value is {FUNDED}(1, postpaid='maybe')", "postpaid: 'maybe' is not a policy"),
    "unknown argument": (GOOD, f"value is {FUNDED}(1, postpayd='deny')", "it does not take postpayd: it takes"),
    "unnamed policy": (GOOD, f"value is {FUNDED}(1, 'deny')", "it does not take a second value without a name"),
}


@pytest.fixture(scope="module")
def tested(tmp_path_factory, new_ansible):
    """Every expression, evaluated in one run."""
    ansible = new_ansible(tmp_path_factory.mktemp("values"))
    tasks = [
        {
            "name": f"case {name}",
            "ansible.builtin.debug": {"msg": "{{ " + expression + " }}"},
            "vars": {"value": value},
            "ignore_errors": True,
        }
        for name, (value, expression, _outcome) in VALUES.items()
    ]
    return ansible.play(tasks=tasks)


@pytest.mark.parametrize("name", VALUES)
def test_funded(tested, name):
    """True only for what is plainly a balance that is enough; an error for whatever is no balance."""
    result, expected = tested.result(f"case {name}"), VALUES[name][2]
    if isinstance(expected, bool):
        assert result["msg"] is expected, result
    else:
        assert result["failed"]
        assert expected in result["msg"]
        assert "Traceback" not in tested.output


def test_funded_on_registered_results(funded, api):
    """What Ansible itself registers: skipped, failed and ignored, in a loop, and after ``until`` gave up."""
    api.amount = "3.20"
    tasks = [
        {MODULE: None, "register": "skipped", "when": False},
        {MODULE: {"timeout": "x"}, "register": "ignored", "ignore_errors": True},
        {MODULE: {"timeout": "x"}, "register": "forgiven", "failed_when": False},
        {MODULE: None, "register": "loop", "loop": [1]},
        {MODULE: {"minimum": 5}, "register": "waited", "until": "waited.sufficient", "retries": 1, "delay": 0}
        | {"ignore_errors": True},
        *(
            {
                "name": f"case {name}",
                "ansible.builtin.assert": {"that": f"{name} is {FUNDED}(0)", "quiet": True},
                "ignore_errors": True,
            }
            for name in ("skipped", "ignored", "forgiven", "loop", "waited", "loop.results[0]")
        ),
    ]
    run = funded.play(tasks=tasks)
    for name in ("skipped", "ignored", "forgiven", "loop", "waited"):
        assert run.result(f"case {name}")["failed"], name
    assert not run.result("case loop.results[0]")["failed"]


def _case(name, expression, **task):
    message = "{{ " + expression + " }}"
    return {"name": f"case {name}", "ansible.builtin.debug": {"msg": message}, "ignore_errors": True, **task}


BAD = {
    "minimum": (f"{LOOKUP}, minimum='abc')", "minimum: 'abc' is not an amount"),
    "empty minimum": (f"{LOOKUP}, minimum='')", "minimum: it is empty"),
    "policy": (f"{LOOKUP}, minimum=5, postpaid='maybe')", "postpaid: 'maybe' is not a policy"),
    "timeout": (f"{LOOKUP}, timeout='10s')", "timeout: '10s' is not a number of seconds"),
    "boolean": (f"{LOOKUP}, validate_certs='maybe')", "validate_certs: 'maybe' is not a boolean"),
    "unknown": (f"{LOOKUP}, postpayd='deny')", "no option postpayd; its options are api_key, base_url"),
    "term": (f"{LOOKUP}, 5)", "named options only"),
    "key": (f"{LOOKUP}, api_key='a b')", "api_key: the API key holds white space"),
}


def test_the_lookup_refuses_bad_options(funded, api):
    """By name, and before anything is sent."""
    run = funded.play(tasks=[_case(name, expression) for name, (expression, _words) in BAD.items()])
    for name, (_expression, words) in BAD.items():
        assert words in run.result(f"case {name}")["msg"]
    assert "Traceback" not in run.output
    assert api.requests == []


def test_the_lookup_shows_no_value_of_another_kind(funded, api):
    """Nor does Ansible: what is given for text, or for a policy, may hold keys."""
    keys = {"prod": {"key": KEY}, "other": OTHER_KEY}
    tasks = [
        _case("dict", f"{LOOKUP}, api_key=keys)"),
        _case("list", f"{LOOKUP}, base_url=keys.values() | list)"),
        _case("policy", f"{LOOKUP}, postpaid=keys.prod.key)"),
        _case("variable", f"{LOOKUP})", vars={"lumenfall_api_key": keys}),
        _case("template", f"{LOOKUP})", vars={"lumenfall_api_key": "{{ keys }}"}),
    ]
    run = funded.play("-vvvv", vars={"keys": keys}, tasks=tasks)
    assert "api_key: it must be text, not a dict" in run.result("case dict")["msg"]
    assert "base_url: it must be text, not a list" in run.result("case list")["msg"]
    assert "postpaid: what looks like an API key (not shown) is not a policy" in run.result("case policy")["msg"]
    assert "lumenfall_api_key: it must be text, not a dict" in run.result("case variable")["msg"]
    assert "lumenfall_api_key: it must be text, not a dict" in run.result("case template")["msg"]
    assert not leaked(run.output)
    assert api.requests == []


def test_the_lookup_names_the_source_of_a_bad_value(funded, api):
    """A variable, the environment and ansible.cfg are named as such, in Ansible's order of precedence."""
    funded.write("ansible.cfg", "[lumenfall]\nmax_attempts = many\ntimeout = 9\n")
    environment = {"LUMENFALL_TIMEOUT": "9s"}
    tasks = [
        _case("ini", f"{LOOKUP}, timeout=9)"),
        _case("env", f"{LOOKUP}, max_attempts=1)"),
        _case("var", f"{LOOKUP})", vars={"lumenfall_timeout": "{{ '8' ~ 's' }}"}),
    ]
    run = funded.play(tasks=tasks, environment=environment)
    assert "ansible.cfg: 'many' is not a whole number" in run.result("case ini")["msg"]
    assert "max_attempts in " in run.result("case ini")["msg"]
    assert "LUMENFALL_TIMEOUT: '9s' is not a number" in run.result("case env")["msg"]
    assert "lumenfall_timeout: '8s' is not a number" in run.result("case var")["msg"]
    assert api.requests == []


def test_an_empty_source_of_the_lookup_is_unset(ansible, api):
    """A variable or an environment variable that is empty does not hide what ansible.cfg says: the key goes there."""
    ansible.write("ansible.cfg", f"[lumenfall]\nbase_url = {api.url}\n")
    environment = {"LUMENFALL_API_KEY": api.key, "HTTPS_PROXY": "nonsense://x"}
    show = f"{LOOKUP}).available.amount"
    tasks = [_case("variable", show, vars={"lumenfall_base_url": "{{ nowhere | default('') }}"}), _case("none", show)]
    blank = {"LUMENFALL_API_BASE": " ", "REQUESTS_CA_BUNDLE": ""}
    for more in ({}, blank):
        run = ansible.play(tasks=tasks, environment=environment | more)
        assert [run.result(f"case {name}")["msg"] for name in ("variable", "none")] == [12.5, 12.5]
    ansible.write("ansible.cfg", "[lumenfall]\nca_path = /does/not/exist\n")
    run = ansible.play(tasks=[_case("bundle", show)], environment=environment | blank)
    assert "ca_path in " in run.result("case bundle")["msg"]


def test_a_variable_that_the_lookup_does_not_need_is_not_read(funded, api):
    """Where the option is given, and where the name is only like one of its own."""
    broken = {"lumenfall_api_key": "{{ nowhere }}", "lumenfall_minimum": "{{ nowhere }}"}
    run = funded.play(tasks=[_case("given", f"{LOOKUP}, api_key='{api.key}').available.amount", vars=broken)])
    assert run.result("case given")["msg"] == 12.5


def test_the_lookup_takes_vaulted_variables(funded, api):
    """Whatever the option: a vault may hold all that belongs to an account."""
    funded.write("password", "password\n")
    _code, vaulted = funded.command("ansible-vault", "encrypt_string", "--vault-password-file", "password", "7")
    value = "\n".join(f"        {line.strip()}" for line in vaulted.partition("|\n")[2].splitlines())
    value = value.partition("Encryption successful")[0]
    tasks = f"""
- hosts: all
  gather_facts: false
  vars:
    lumenfall_timeout: !vault |
{value}
  tasks:
    - ansible.builtin.debug:
        msg: "{{{{ {LOOKUP}).available.amount }}}}"
"""
    run = funded.run(str(funded.write("vaulted.yml", tasks)), "--vault-password-file", "password")
    assert run.result()["msg"] == 12.5, run.output


def test_the_lookup_says_where_it_looked_for_a_key(ansible, api):
    """Without a key anywhere."""
    run = ansible.play(tasks=[_case("none", f"{LOOKUP}, minimum=5)")], environment={"LUMENFALL_API_BASE": api.url})
    assert "looked at api_key, LUMENFALL_API_KEY, " in run.result("case none")["msg"]
    assert api.requests == []


def test_the_lookup_returns_the_balance(funded, api):
    """One dict, which ``funded`` takes; ``query`` gives a list of it."""
    tasks = [
        _case("dict", f"{LOOKUP})"),
        _case("list", f"query('{MODULE}')"),
        _case("judged", f"{LOOKUP}, minimum=50)"),
        _case("unset", f"{LOOKUP}, minimum=5, postpaid='', unavailable='', timeout='', validate_certs='').verdict"),
        _case("funded", f"{LOOKUP}) is {FUNDED}(5)"),
        _case("variables", f"{LOOKUP})", vars={"lumenfall_api_key": "{{ 'wrong' }}", "lumenfall_max_attempts": 1}),
    ]
    run = funded.play(tasks=tasks)
    expected = _amount(12.5)
    assert run.result("case dict")["msg"] == expected
    assert run.result("case list")["msg"] == [expected]
    assert run.result("case judged")["msg"] == {**expected, "sufficient": False, "verdict": "too low"}
    assert run.result("case unset")["msg"] == "enough"
    assert run.result("case funded")["msg"] is True
    assert "the API key was not accepted" in run.result("case variables")["msg"]


def test_the_lookup_asks_once_within_a_process(funded, api):
    """A variable that is a lookup is evaluated at each use, and still costs one call; another key is another call."""
    with Sandbox(amount="1.00") as other:
        that = [f"balance is {FUNDED}({minimum})" for minimum in (1, 2, 3)]
        that.append(f"{LOOKUP}, api_key='{other.key}', base_url='{other.url}').available.amount == 1")
        variables = {"balance": "{{ " + LOOKUP + ") }}"}
        run = funded.play(vars=variables, tasks=[{"ansible.builtin.assert": {"that": that}}])
        assert run.code == 0, run.output
        assert (len(api.requests), len(other.requests)) == (1, 1)


@pytest.mark.parametrize("play", [{"serial": 1}, {}], ids=["batches", "tasks"])
def test_the_condition_of_a_meta_task_is_judged_anew(funded, api, play):
    """Ansible evaluates it in its own process, where an answer would be kept for the next hosts and tasks."""
    api.script("9.00", "1.00")
    gate = {"ansible.builtin.meta": "end_play", "when": f"{LOOKUP}) is not {FUNDED}(5)"}
    work = {"name": "work", "ansible.builtin.debug": {"msg": "x"}}
    run = funded.play(hosts=2, tasks=[gate, work] if play else [gate, work, gate, work], **play)
    assert len(run.results("work")) == (1 if play else 2)
    assert len(api.requests) == 2


def test_the_lookup_asks_again_after_an_error(funded, api):
    """An error is never kept."""
    api.script(401)
    expression = f"{LOOKUP}, errors='ignore') or {LOOKUP})"
    run = funded.play(tasks=[_case("second", expression)])
    assert run.result("case second")["msg"] == _amount(12.5)
    assert len(api.requests) == 2
