# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The test ``funded`` and the lookup, within expressions."""

from __future__ import annotations

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


def _amount(amount, currency="usd"):
    return _with(available={"amount": amount, "currency": currency})


POSTPAID = {**_amount(None), "billing_type": "postpaid"}

# What is tested -> expression, and True, False, or the words of the error.
VALUES = {
    "enough": (GOOD, "(5.1)", True),
    "keyword": (GOOD, "(minimum=5)", True),
    "a result": ({"balance": GOOD, "failed": False, "changed": False}, "(5)", True),
    "too low": (GOOD, "(5.100001)", False),
    "negative": (_amount(-1), "(0)", False),
    "null": (_amount(None), "(0)", False),
    "null, allowed": (_amount(None), "(0, unavailable='allow')", True),
    "postpaid": (POSTPAID, "(5)", True),
    "postpaid, denied": (POSTPAID, "(5, postpaid='deny')", False),
    "failed": ({"failed": True, "msg": "no way", "balance": GOOD}, "(0)", "failed: no way"),
    "forgiven": ({"failed": False, "failure": {"type": "ServerError"}, "msg": "no way"}, "(0)", "failed: no way"),
    "skipped": ({"skipped": True, "changed": False}, "(0)", "was skipped"),
    "unreachable": ({"unreachable": True, "msg": "gone"}, "(0)", "failed: gone"),
    "hostile": ({"failed": True, "msg": "x\n::error::y \x1b[31m"}, "(0)", "failed: x : :error: :y [31m"),
    "loop": ({"results": [{"balance": GOOD}]}, "(0)", "result of a loop"),
    "another module's": ({"changed": False, "rc": 0}, "(0)", "neither the registered result"),
    "text": ("12.50", "(0)", "neither the registered result"),
    "text amount": (_amount("99"), "(0)", "neither a number of dollars nor null"),
    "other currency": (_amount(99, "eur"), "(0)", "'available.currency' is 'eur', not 'usd'"),
    "error inside": (_with(error={"code": "X"}), "(0)", "X"),
    "no minimum": (GOOD, "", "minimum: it is empty"),
    "undefined minimum": (GOOD, "(nothing_here)", "'nothing_here' is undefined"),
    "bad minimum": (GOOD, "('1,50')", "minimum: '1,50' is not an amount"),
    "unknown argument": (GOOD, "(1, postpayd='deny')", "unexpected keyword argument 'postpayd'"),
    "unnamed policy": (GOOD, "(1, 'deny')", "takes from 1 to 2 positional arguments"),
}


def test_funded(ansible):
    """True only for what is plainly a balance that is enough; an error for whatever is not a balance."""
    tasks = [
        {
            "name": name,
            "ansible.builtin.debug": {"msg": "{{ value is " + FUNDED + arguments + " }}"},
            "vars": {"value": value},
            "ignore_errors": True,
        }
        for name, (value, arguments, _outcome) in VALUES.items()
    ]
    run = ansible.play(tasks=tasks)
    for name, (_value, _arguments, expected) in VALUES.items():
        result = run.result(name)
        if isinstance(expected, bool):
            assert result["msg"] is expected, (name, result)
        else:
            assert result["failed"], name
            assert expected in result["msg"], name
    assert "Traceback" not in run.output


def test_funded_on_registered_results(funded, api):
    """What Ansible itself registers: skipped, failed and ignored, forgiven, in a loop; and by ``query``."""
    names = ("skipped", "ignored", "forgiven", "loop", "loop.results[0]", f"query('{MODULE}')", f"{LOOKUP})")
    tasks = [
        {MODULE: None, "register": "skipped", "when": False},
        {MODULE: {"timeout": "x"}, "register": "ignored", "ignore_errors": True},
        {MODULE: {"timeout": "x"}, "register": "forgiven", "failed_when": False},
        {MODULE: None, "register": "loop", "loop": [1]},
        *(
            {"name": name, "ansible.builtin.assert": {"that": f"{name} is {FUNDED}(0)", "quiet": True}}
            | {"ignore_errors": True}
            for name in names
        ),
    ]
    run = funded.play(tasks=tasks)
    assert [name for name in names if not run.result(name)["failed"]] == ["loop.results[0]", f"{LOOKUP})"]
    assert "this is a list; use lookup() instead of query(), or [0]" in run.output


def _case(name, expression, **task):
    message = "{{ " + expression + " }}"
    return {"name": name, "ansible.builtin.debug": {"msg": message}, "ignore_errors": True, **task}


KEYS = {"prod": {"key": KEY}, "other": OTHER_KEY}
BAD = {
    "empty minimum": (f"{LOOKUP}, minimum='')", {}, "minimum: it is empty"),
    "policy": (f"{LOOKUP}, minimum=5, postpaid='maybe')", {}, "postpaid: 'maybe' is not valid"),
    "boolean": (f"{LOOKUP}, validate_certs='maybe')", {}, "validate_certs: 'maybe' is not a boolean"),
    "unknown": (f"{LOOKUP}, postpayd='deny')", {}, "no option 'postpayd'; the options are api_key, base_url"),
    "require": (f"{LOOKUP}, require=true)", {}, "no option 'require'"),
    "term": (f"{LOOKUP}, 5)", {}, "named options only"),
    "dict": (f"{LOOKUP}, api_key=keys)", {}, "api_key: the API key must be text, not"),
    "list": (f"{LOOKUP}, base_url=keys.values() | list)", {}, "base_url: the base URL must be text, not a"),
    "key as policy": (f"{LOOKUP}, postpaid=keys.prod.key)", {}, "postpaid: what looks like an API key (not shown)"),
    "key as name": (f"{LOOKUP}, **{{keys.other: 1}})", {}, "no option what looks like an API key (not shown)"),
    "variable": (f"{LOOKUP})", {"lumenfall_api_key": KEYS}, "lumenfall_api_key: the API key must be text"),
    "template": (f"{LOOKUP})", {"lumenfall_api_key": "{{ keys }}"}, "lumenfall_api_key: the API key must be text"),
    "ini": (f"{LOOKUP}, timeout=9)", {}, "ansible.cfg: 'many' is not a whole number"),
    "environment": (f"{LOOKUP}, max_attempts=1)", {}, "LUMENFALL_TIMEOUT: 'later' is not a duration"),
    "named variable": (f"{LOOKUP})", {"lumenfall_timeout": "{{ 'no' ~ 'w' }}"}, "lumenfall_timeout: 'now' is not a"),
}


def test_the_lookup_refuses_bad_options(funded, api):
    """By the name of the option, variable, environment variable or file; before anything is sent, and without a key."""
    funded.write("ansible.cfg", "[lumenfall]\nmax_attempts = many\ntimeout = 9\n")
    tasks = [_case(name, expression, vars=variables) for name, (expression, variables, _words) in BAD.items()]
    run = funded.play("-vvvv", vars={"keys": KEYS}, tasks=tasks, environment={"LUMENFALL_TIMEOUT": "later"})
    for name, (_expression, _variables, words) in BAD.items():
        assert words in run.result(name)["msg"], name
    assert "Traceback" not in run.output
    assert not leaked(run.output)
    assert api.requests == []


def test_the_sources_of_the_lookup(ansible, api):
    """An option, else a variable, else the environment, else ansible.cfg; what is empty is unset."""
    ansible.write("ansible.cfg", f"[lumenfall]\nbase_url = {api.url}\nvalidate_certs = no\n")
    environment = {"LUMENFALL_API_KEY": api.key, "LUMENFALL_API_BASE": " ", "REQUESTS_CA_BUNDLE": ""}
    broken = {"lumenfall_api_key": "{{ nowhere }}", "lumenfall_minimum": "{{ nowhere }}"}
    show = f"{LOOKUP}).available.amount"
    with Sandbox(amount="7.25", key=api.key) as other:
        cases = {
            "file": (show, {}, 12.5),
            "empty variable": (show, {"lumenfall_base_url": "{{ nowhere | default('') }}"}, 12.5),
            "variable": (show, {"lumenfall_base_url": f"{{{{ '{other.url}' }}}}"}, 7.25),
            "option": (f"{LOOKUP}, base_url='{other.url}').available.amount", {"lumenfall_base_url": api.url}, 7.25),
            "not needed": (f"{LOOKUP}, api_key='{api.key}').available.amount", broken, 12.5),
            "empty options": (
                f"{LOOKUP}, minimum=5, postpaid='', timeout='', validate_certs='').verdict",
                {},
                "enough",
            ),
        }
        tasks = [_case(name, expression, vars=variables) for name, (expression, variables, _result) in cases.items()]
        run = ansible.play(tasks=tasks, environment=environment)
        for name, (_expression, _variables, result) in cases.items():
            assert run.result(name).get("msg") == result, run.output
        run = ansible.play(
            tasks=[_case("environment", show)], environment=environment | {"LUMENFALL_API_BASE": other.url}
        )
        assert run.result("environment")["msg"] == 7.25


def test_the_lookup_returns_the_balance(funded, api):
    """One dict, which ``funded`` takes; ``query`` gives a list of it."""
    tasks = [
        _case("dict", f"{LOOKUP})"),
        _case("list", f"query('{MODULE}')"),
        _case("judged", f"{LOOKUP}, minimum=50)"),
        _case("wrong key", f"{LOOKUP}, api_key='wrong', minimum=5)"),
    ]
    run = funded.play(tasks=tasks)
    assert run.result("dict")["msg"] == _amount(12.5)
    assert run.result("list")["msg"] == [_amount(12.5)]
    assert run.result("judged")["msg"] == {**_amount(12.5), "sufficient": False, "verdict": "too low"}
    assert "cannot tell whether the balance is enough: the API key was not accepted" in run.result("wrong key")["msg"]
    missing = funded.play(tasks=[_case("none", f"{LOOKUP})")], environment={"LUMENFALL_API_KEY": ""})
    assert "looked at api_key, LUMENFALL_API_KEY" in missing.result("none")["msg"]
