# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``show`` and ``check`` in text. That each verdict has its exit status is tested in ``tests/contract``."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_show_is_the_default(program, api):
    ended = program(api=api)
    assert (ended.status, ended.out, ended.err) == (0, "12.50 usd available (prepaid)\n", "")
    assert program("show", api=api) == ended


@pytest.mark.parametrize(
    ("amount", "billing_type", "sentence"),
    [
        ("-3", "prepaid", "-3.00 usd available (prepaid)"),
        ("0.000001", "prepaid", "0.000001 usd available (prepaid)"),
        (None, "prepaid", "the balance of this prepaid account is temporarily unavailable"),
        (None, "postpaid", "postpaid account, billed in arrears; there is no balance that can run out"),
    ],
)
def test_show_says_what_the_api_says(cli, api, amount, billing_type, sentence):
    """Whatever the balance is, showing it is a success."""
    api.amount, api.billing_type = amount, billing_type
    ended = cli("show", "--max-attempts", "1", api=api)
    assert (ended.status, ended.out, ended.err) == (0, f"{sentence}\n", "")


@pytest.mark.parametrize(
    ("minimum", "status", "sentence"),
    [
        ("5", 0, "enough: 12.50 usd available (prepaid), 7.50 more than the 5.00 needed"),
        (
            "12.500001",
            2,
            "balance too low: have 12.50 usd, need 12.500001 usd, 0.000001 short; "
            "add funds at https://lumenfall.ai/app/credits",
        ),
    ],
)
def test_an_amount_is_compared_exactly(cli, api, minimum, status, sentence):
    ended = cli("check", "--minimum", minimum, api=api)
    assert (ended.status, ended.out, ended.err) == (status, f"{sentence}\n", "")


@pytest.mark.parametrize(("answer", "status"), [(401, 3), (402, 2), (503, 3)])
@pytest.mark.parametrize("command", [["show"], ["check", "--minimum", "0"]], ids=["show", "check"])
def test_an_error_never_passes(cli, api, command, answer, status):
    """3, or 2 for a 402; one line on standard error with the verdict that was asked for."""
    api.script(answer)
    ended = cli(*command, "--max-attempts", "1", api=api)
    assert (ended.status, ended.out, ended.err.count("\n")) == (status, "", 1)
    verdict = {2: "balance too low: ", 3: "cannot tell whether the balance is enough: "}[status]
    assert ended.err.startswith(f"lumenfall-balance: {verdict if command[0] == 'check' else ''}")
    assert f"(HTTP {answer})" in ended.err


@pytest.mark.parametrize(("warn", "lines"), [("12.500001", 2), ("12.50", 1)])
def test_a_warning_does_not_fail(cli, api, warn, lines):
    """Below --warn but enough: a second line, and still 0."""
    ended = cli("check", "--minimum", "5", "--warn", warn, api=api)
    assert (ended.status, ended.out.count("\n")) == (0, lines)
    assert ("warning: 12.50 usd is below the" in ended.out) == (lines == 2)


def test_a_warning_that_would_never_come(cli, api):
    ended = cli("check", "--minimum", "5", "--warn", "3", api=api)
    assert (ended.status, api.requests) == (3, [])
    assert "--warn: it is below --minimum" in ended.err


def test_an_option_is_stronger_than_the_environment(cli, api):
    """And an empty one is unset."""
    env = {"LUMENFALL_API_BASE": "http://127.0.0.1:9"}
    assert cli("--base-url", f"{api.url}/openai/v1", api=api, env=env).status == 0
    assert cli("--base-url", "", "--timeout", " ", "--format=", api=api).status == 0


def test_it_runs_as_a_module(program, api):
    """``python -m pulumi_lumenfall.cli`` is the same program."""
    command = [sys.executable, "-m", "pulumi_lumenfall.cli", "check", "--minimum", "50"]
    assert subprocess.run(command, env=program.environment(api), capture_output=True, check=False).returncode == 2


def test_it_loads_neither_pulumi_nor_ansible_nor_shtab(program, api):
    """A check has to start fast."""
    code = (
        "import sys; from pulumi_lumenfall.cli import main\n"
        "assert main(['check', '--minimum', '5']) == 0\n"
        "print(sorted({'pulumi', 'ansible', 'shtab', 'getpass', 'difflib'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, env=program.environment(api), capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"
