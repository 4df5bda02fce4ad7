# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``show`` and ``check`` in text: each verdict, its words and its exit status."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pulumi_lumenfall.sandbox import Answer
from support.fault_server import refused_port


def test_show_is_the_default(cli, api):
    """Without a command the balance is shown."""
    ended = cli(api=api)
    assert (ended.status, ended.out, ended.err) == (0, "12.50 usd available (prepaid)\n", "")
    assert cli("show", api=api) == ended


@pytest.mark.parametrize(
    ("amount", "billing_type", "sentence"),
    [
        ("-3", "prepaid", "-3.00 usd available (prepaid)"),
        ("0.000001", "prepaid", "0.000001 usd available (prepaid)"),
        (None, "prepaid", "the balance of this prepaid account is temporarily unavailable"),
        (None, "postpaid", "postpaid account, billed in arrears: there is no balance that could run out"),
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
        ("12.5", 0, "enough: 12.50 usd available (prepaid), exactly the 12.50 needed"),
        ("0", 0, "enough: 12.50 usd available (prepaid), 12.50 more than the 0.00 needed"),
        ("1e1", 0, "enough: 12.50 usd available (prepaid), 2.50 more than the 10.00 needed"),
        (
            "12.500001",
            2,
            "balance too low: have 12.50 usd, need 12.500001 usd, 0.000001 short; "
            "add funds at https://lumenfall.ai/app/credits",
        ),
    ],
)
def test_an_amount_is_compared_exactly(cli, api, minimum, status, sentence):
    """0 from the minimum on, 2 below, whatever the last digit."""
    ended = cli("check", "--minimum", minimum, api=api)
    assert (ended.status, ended.out, ended.err) == (status, f"{sentence}\n", "")


def test_sums_of_floats_cannot_flip_the_gate(cli, api):
    """0.3 is enough for 0.3, and 0.1 + 0.2 as a float program writes it is more than that."""
    api.amount = "0.3"
    assert cli("check", "--minimum", "0.3", api=api).status == 0
    assert cli("check", "--minimum", "0.30000000000000004", api=api).status == 2


@pytest.mark.parametrize(
    ("billing_type", "options", "status", "words"),
    [
        ("postpaid", [], 0, "counts as enough (postpaid: allow)"),
        ("postpaid", ["--postpaid", "allow"], 0, "counts as enough (postpaid: allow)"),
        ("postpaid", ["--postpaid", "deny"], 2, "balance too low: a postpaid account holds no prepaid funds"),
        ("postpaid", ["--unavailable", "deny"], 0, "counts as enough (postpaid: allow)"),
        ("prepaid", [], 3, "cannot tell whether the balance is enough (need 5.00 usd)"),
        ("prepaid", ["--unavailable", "deny"], 3, "cannot tell whether the balance is enough (need 5.00 usd)"),
        ("prepaid", ["--unavailable", "allow"], 0, "counts as enough (unavailable: allow)"),
        ("prepaid", ["--postpaid", "allow"], 3, "cannot tell whether the balance is enough (need 5.00 usd)"),
    ],
)
def test_an_unknown_amount_follows_its_policy(cli, api, billing_type, options, status, words):
    """A null amount is never 0 and never enough by itself; each policy decides its own case."""
    api.amount, api.billing_type = None, billing_type
    ended = cli("check", "--minimum", "5", "--max-attempts", "1", *options, api=api)
    assert ended.status == status
    assert words in ended.out
    assert ended.err == ""


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (400, 3, "the API refused the request (HTTP 400 INVALID_REQUEST"),
        (401, 3, "the API key was not accepted (HTTP 401 AUTHENTICATION_FAILED: Invalid API key); check the API key"),
        (402, 2, "the account has run out of funds (HTTP 402 INSUFFICIENT_BALANCE"),
        (403, 3, "the API key may not read the balance (HTTP 403"),
        (404, 3, "the API refused the request (HTTP 404"),
        (429, 3, "the API is asked too often (HTTP 429 RATE_LIMITED"),
        (500, 3, "the API failed (HTTP 500 INTERNAL_ERROR"),
        (502, 3, "the API failed (HTTP 502 ALL_PROVIDERS_EXHAUSTED"),
        (503, 3, "the API failed (HTTP 503 UPSTREAM_ERROR"),
        (Answer(302, b"", {"Location": "https://login.example/"}), 3, "the server answered with a redirect (HTTP 302"),
        (Answer(200, b"<html>Sign in</html>"), 3, "the answer is not a Lumenfall balance: it is an HTML page"),
        (Answer(200, b'{"error": {"message": "No", "code": "X"}}'), 3, "the API answered with an error (HTTP 200 X"),
    ],
    ids=lambda value: str(getattr(value, "status", value)),
)
@pytest.mark.parametrize("command", [["show"], ["check", "--minimum", "0"]], ids=["show", "check"])
def test_an_error_never_passes(cli, api, command, answer, status, words):
    """An error is 3, a 402 is 2; one line on standard error says what and what to do."""
    api.script(answer)
    ended = cli(*command, "--max-attempts", "1", api=api)
    assert ended.status == status
    assert ended.out == ""
    assert ended.err.startswith("lumenfall-balance: ")
    assert ended.err.count("\n") == 1
    verdict = {2: "balance too low: ", 3: "cannot tell whether the balance is enough: "}[status]
    assert f"lumenfall-balance: {verdict if command[0] == 'check' else ''}{words}" in ended.err
    assert api.key not in ended.text


def test_a_server_that_is_gone_is_an_error(cli, api):
    """Nothing listens: 3."""
    with refused_port() as port:
        url = f"http://127.0.0.1:{port}"
        ended = cli("check", "--minimum", "5", "--max-attempts", "1", "--base-url", url, api=api)
    assert ended.status == 3
    assert f"cannot read from {url}: connection refused" in ended.err


@pytest.mark.parametrize(
    ("warn", "lines"),
    [
        ("20", 2),
        ("12.500001", 2),
        ("12.50", 1),
        ("5", 1),
    ],
)
def test_a_warning_does_not_fail(cli, api, warn, lines):
    """Below --warn but enough: a second line, and still 0."""
    ended = cli("check", "--minimum", "5", "--warn", warn, api=api)
    assert ended.status == 0
    assert ended.out.count("\n") == lines
    assert ("warning: 12.50 usd is less than the" in ended.out) == (lines == 2)


def test_no_warning_beside_a_failure(cli, api):
    """Too low is said once, not as a warning too."""
    api.amount = "3.20"
    ended = cli("check", "--minimum", "5", "--warn", "20", api=api)
    assert ended.status == 2
    assert "warning" not in ended.text


def test_transient_errors_are_asked_again(cli, api):
    """The attempts of the core are in force, and --max-attempts sets them."""
    api.script(503, "12.50")
    assert cli("check", "--minimum", "5", api=api).status == 0
    api.script(503, "12.50")
    assert cli("check", "--minimum", "5", "--max-attempts", "1", api=api).status == 3


def test_settings_come_from_the_options_first(cli, api):
    """An option is stronger than the environment, and an empty one is unset."""
    assert (
        cli("--base-url", f"{api.url}/openai/v1", api=api, env={"LUMENFALL_API_BASE": "http://127.0.0.1:9"}).status == 0
    )
    assert cli("--base-url", "", "--timeout", " ", api=api).status == 0


def test_a_timeout_bounds_the_run(cli, api):
    """A server that is slower than --timeout is an error, at once."""
    api.delay = 30
    ended = cli("check", "--minimum", "5", "--timeout", "0.3", api=api)
    assert ended.status == 3
    assert "within 0.3 s" in ended.err


def test_it_runs_as_a_module(cli, api):
    """``python -m pulumi_lumenfall.cli`` is the same program."""
    ended = subprocess.run(
        [sys.executable, "-m", "pulumi_lumenfall.cli", "check", "--minimum", "50"],
        env=cli.environment(api),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, cli("check", "--minimum", "50", api=api).out)


def test_neither_pulumi_nor_ansible_is_loaded(cli, api):
    """The path of a check imports the core and its own files, and nothing heavy."""
    code = (
        "import sys; from pulumi_lumenfall.cli import main; status = main(sys.argv[1:]);"
        "print(status, sorted(name for name in sys.modules if name.partition('.')[0] in"
        " {'pulumi', 'ansible', 'rich', 'click', 'grpc', 'yaml', 'google'}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "check", "--minimum", "5"],
        env=cli.environment(api),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == "0 []"
