# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``Balance`` on the real engine: a data source that is live everywhere and never blocks a teardown."""

from __future__ import annotations

from support import gated_stack
from support.gated_stack import GatedStack, errors
from support.leaks import MARKER, leaked

TOO_LOW = f"error: pulumi-python:dynamic/lumenfall:Balance resource 'funds' has a problem: {gated_stack.TOO_LOW}"

PROGRAM = """
funds = lumenfall.Balance("funds", 5)
funds.available.amount.apply(lambda amount: print("applied", amount))
for name in ("billing_type", "status", "sufficient", "minimum"):
    pulumi.export(name, getattr(funds, name))
pulumi.export("available", funds.available)
pulumi.export("text", pulumi.Output.format("{0} {1}", funds.available.amount, funds.available.currency))
costly("gpu", depends_on=[funds])
"""


def test_a_balance_from_first_to_last(stack: GatedStack) -> None:
    """Preview and up show the live value, a move is an update, and a low balance stops what depends on it."""
    project = stack.program(PROGRAM)
    preview = project.preview("--diff").check()
    assert "amount  : 12.5\n" in preview.output
    assert "applied 12.5" in preview.output
    project.up().check()
    assert project.stack_output() == {
        "billing_type": "prepaid",
        "available": {"amount": 12.5, "currency": "usd"},
        "status": "known",
        "sufficient": True,
        "minimum": "5.00",
        "text": "12.5 usd",
    }
    project.preview("--expect-no-changes").check()
    assert len(stack.api.requests) == 3

    stack.api.amount = "13"
    moved = project.preview("--diff").check()
    assert "~ amount  : 12.5 => 13" in moved.output
    assert "applied 13" in moved.output
    assert project.preview("--expect-no-changes").returncode != 0

    # It falls between the preview and the rest of an up: one process of the provider, two answers.
    stack.api.script("13", "3.20")
    stack.api.amount = "3.20"
    for result in (project.up(skip_preview=False), project.preview()):
        assert result.returncode != 0
        assert errors(result) == [TOO_LOW]
        assert "Traceback" not in result.output
    refreshed = project.refresh("--diff").check()
    assert "~ amount  : 12.5 => 3.2" in refreshed.output

    stack.api.status = 503
    kept = project.refresh("--run-program").check()
    assert "the balance in the state is kept: cannot tell whether the balance is enough: " in kept.output
    assert "HTTP 503" in kept.output
    before = len(stack.api.requests)
    project.destroy("--run-program").check()
    assert stack.resources() == {}
    assert len(stack.api.requests) == before


def test_a_minimum_that_a_preview_does_not_know(stack: GatedStack) -> None:
    """The preview says so and asks nothing; up decides. What is awaitable is an Input like any other."""
    project = stack.program(
        """
async def later(value):
    return value

size = costly("size")
funds = lumenfall.Balance("funds", size.id.apply(lambda _: 5), postpaid=later("deny"), timeout=later("5s"))
costly("gpu", depends_on=[funds])
"""
    )
    stack.api.amount = "3.20"
    preview = project.preview().check()
    assert "Balance 'funds': inputs are unknown during preview; checked during up" in preview.output
    assert stack.api.requests == []
    result = project.up()
    assert result.returncode != 0
    assert TOO_LOW in errors(result)
    assert "never awaited" not in result.output
    assert stack.resources().keys() == {"size"}
    project.destroy().check()


def test_a_password_in_a_base_url_is_not_kept(stack: GatedStack) -> None:
    """Pulumi keeps all of stack config in the state of what is dynamic; an Output among the arguments too."""
    project = stack.program('lumenfall.Balance("funds", 5)\n')
    url = f"https://user:{MARKER}@example.invalid"
    message = "the base URL must not contain a user or password"
    project.config_set("lumenfall:baseUrl", url)
    try:
        result = project.up()
        assert any(f"lumenfall:baseUrl: {message}" in line for line in errors(result))
        assert "Traceback" not in result.output
        assert not leaked(str(project.export(show_secrets=True)))
    finally:
        project.run("config", "rm", "lumenfall:baseUrl").check()
    project = stack.program(f'lumenfall.Balance("funds", 5, base_url=pulumi.Output.from_input("{url}"))\n')
    result = project.up()
    assert any(f"base_url: {message}" in line for line in errors(result))
    assert not leaked(str(project.export(show_secrets=True)))
    assert stack.api.requests == []
