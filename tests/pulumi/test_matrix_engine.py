# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every answer and policy through every gate on the real engine, in one stack: made or not made, and why."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import pulumi_lumenfall
from pulumi_lumenfall.sandbox import Sandbox
from support.fault_server import FaultServer, refused_port
from support.faults import answer, says
from support.gated_stack import GatedStack, errors, gated_stack
from support.leaks import KEY, leaked


class Account(NamedTuple):
    """What a server says, and the verdicts of four gates at 5.00: no policies, both allow, both deny, postpaid deny."""

    sandbox: dict[str, Any]
    default: str | None
    allow: str | None
    deny: str | None


TOO_LOW = "balance too low: have 3.20 usd, need 5.00 usd"
POSTPAID = "balance too low: a postpaid account holds no prepaid funds"
UNAVAILABLE = "cannot tell whether the balance is enough (need 5.00 usd)"


def always(words: str) -> tuple[str, str, str]:
    return words, words, words


ACCOUNTS = {
    "enough": Account({"amount": "5.00"}, None, None, None),
    "low": Account({"amount": "3.20"}, *always(TOO_LOW)),
    "postpaid": Account({"amount": None, "billing_type": "postpaid"}, None, None, POSTPAID),
    "unavailable": Account({"amount": None}, UNAVAILABLE, None, UNAVAILABLE),
    "bad-request": Account({"amount": 9, "status": 400}, *always("cannot tell .*HTTP 400")),
    "bad-key": Account({"amount": 9, "status": 401}, *always("cannot tell .*the API key was not accepted")),
    "no-funds": Account({"amount": 9, "status": 402}, *always("balance too low: .*HTTP 402")),
    "no-scope": Account({"amount": 9, "status": 403}, *always("cannot tell .*balance.read")),
    "rate": Account({"amount": 9, "status": 429}, *always("cannot tell .*HTTP 429")),
    "server": Account({"amount": 9, "status": 503}, *always("cannot tell .*HTTP 503")),
}
POLICIES = {
    "default": {},
    "allow": {"postpaid": "allow", "unavailable": "allow"},
    "deny": {"postpaid": "deny", "unavailable": "deny"},
}

HEAD = """
import json
import os

accounts, policies = json.loads(os.environ["ACCOUNTS"]), json.loads(os.environ["POLICIES"])
"""

PROGRAM = (
    HEAD
    + """
verdicts = {}
for name, url in accounts.items():
    for policy, words in policies.items():
        case = f"{name}.{policy}"
        try:
            verdicts[case] = lumenfall.require_balance(5, base_url=url, **words).status
        except pulumi.RunError as error:
            verdicts[case] = str(error)
        hook = lumenfall.balance_hook(5, base_url=url, **words)
        costly(f"hook.{case}", hooks=pulumi.ResourceHookBinding(before_create=[hook]))
        if verdicts[case] in ("known", "postpaid", "unavailable"):
            # One that fails ends the deployment, so those have a test of their own.
            funds = lumenfall.Balance(f"balance.{case}", 5, base_url=url, **words)
            costly(f"after.{case}", depends_on=[funds])
pulumi.export("verdicts", verdicts)
"""
)


@pytest.fixture(scope="module")
def stack(pulumi_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatedStack]:
    """A stack whose program asks a server of its own for each account, and two that speak no balance."""
    with contextlib.ExitStack() as servers:
        urls = {
            name: servers.enter_context(Sandbox(key=KEY, **account.sandbox)).url for name, account in ACCOUNTS.items()
        }
        urls["gone"] = f"http://127.0.0.1:{servers.enter_context(refused_port())}"
        urls["login-page"] = servers.enter_context(FaultServer(says(answer(b"<html>Log in</html>")))).url
        env = {"ACCOUNTS": json.dumps(urls), "POLICIES": json.dumps(POLICIES)}
        folder = tmp_path_factory.mktemp("matrix")
        yield servers.enter_context(gated_stack(folder, pulumi_bin, env=env))


def expected() -> dict[str, str | None]:
    """What is to be said of each case, or None where it passes."""
    cases = {f"{name}.{policy}": getattr(account, policy) for name, account in ACCOUNTS.items() for policy in POLICIES}
    cases |= {f"gone.{policy}": "cannot tell .*cannot read from" for policy in POLICIES}
    cases |= {f"login-page.{policy}": "cannot tell .*not a Lumenfall balance" for policy in POLICIES}
    return cases


def says_so(text: str, words: str | None) -> bool:
    """Whether a text begins with the words, where `.*` stands for any."""
    assert words is not None
    return re.match(re.escape(words).replace(r"\.\*", ".*"), text) is not None


def test_every_answer_through_every_gate(stack: GatedStack) -> None:
    """Exactly what has funds is made, each refusal is one line that says why, and a teardown needs nothing."""
    project = stack.program(PROGRAM)
    up = project.up("--continue-on-error", timeout_seconds=300)
    assert up.returncode != 0
    assert "Traceback" not in up.output
    assert not leaked(up.output)
    verdicts = project.stack_output()["verdicts"]
    made = stack.resources().keys()
    lines = [line.strip() for line in up.output.partition("Diagnostics:")[2].splitlines() if "error:" in line]
    assert verdicts.keys() == expected().keys()
    for case, words in expected().items():
        gates = {f"hook.{case}", f"balance.{case}", f"after.{case}"}
        if words is None:
            assert verdicts[case] in ("known", "postpaid", "unavailable")
            assert gates <= made
        else:
            assert says_so(verdicts[case], words), (case, verdicts[case])
            assert not gates & made
            # Request ids differ; all else is in the same words.
            reason = verdicts[case].partition(" (request id")[0]
            [hook] = [line for line in lines if f" failed: hook.{case} (" in line]
            assert f"): {reason}" in hook

    again = project.preview(timeout_seconds=300)
    assert again.returncode != 0
    project.refresh(timeout_seconds=300).check()
    project.destroy(timeout_seconds=300).check()
    assert stack.resources() == {}


FAILING = [case for case, words in expected().items() if words and case.endswith(".default")] + ["postpaid.deny"]


@pytest.mark.parametrize("case", FAILING)
def test_a_balance_that_fails(stack: GatedStack, case: str) -> None:
    """One line, in a preview already, and nothing after it is touched."""
    name, _, policy = case.partition(".")
    project = stack.program(
        HEAD
        + f"""
funds = lumenfall.Balance("funds", 5, base_url=accounts["{name}"], **policies["{policy}"])
costly("gpu", depends_on=[funds])
"""
    )
    preview = project.preview()
    assert preview.returncode != 0
    [line] = errors(preview)
    problem = line.removeprefix("error: pulumi-python:dynamic/lumenfall:Balance resource 'funds' has a problem: ")
    assert says_so(problem, expected()[case]), line
    assert "Traceback" not in preview.output
    assert "gpu" not in preview.output.partition("Diagnostics:")[0]


def test_the_package_asks_for_no_plugin(stack: GatedStack, tmp_path: Path) -> None:
    """Pulumi takes every installed package pulumi-* for one with a plugin, and looks for that in the network."""
    project = stack.program("pulumi.export('version', lumenfall.__version__)\n")
    package = Path(pulumi_lumenfall.__file__).parent
    shutil.copytree(package, tmp_path / "pulumi_lumenfall", ignore=shutil.ignore_patterns("__pycache__"))
    installed = tmp_path / "pulumi_lumenfall-9.9.9.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: pulumi-lumenfall\nVersion: 9.9.9\n")
    (installed / "RECORD").touch()
    env = {"PYTHONPATH": f"{tmp_path}:{package.parent}"}
    required = "package lumenfall-9.9.9"
    assert required not in project.run("-v=7", "--logtostderr", "preview", env=env).check().stderr
    (tmp_path / "pulumi_lumenfall" / "pulumi-plugin.json").unlink()
    assert required in project.run("-v=7", "--logtostderr", "preview", env=env).check().stderr
