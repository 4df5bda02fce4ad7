# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The functions on the real engine: live in every run, out of the state, and clean when they stop it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest

from support.gated_stack import BILLING_TYPE, GatedStack, errors, gated_stack
from support.leaks import KEY, leaked

TOO_LOW = (
    "error: balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"
)


@pytest.fixture(scope="module")
def stack(pulumi_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatedStack]:
    """One stack for the module: each test puts its own program in."""
    with gated_stack(tmp_path_factory.mktemp("functions"), pulumi_bin) as stack:
        yield stack


def test_read_and_export(stack: GatedStack) -> None:
    """Both forms export the same, with camelCase keys, in preview and in up; 15 calls make one request in each.

    What is available is an input of a resource, too.
    """
    project = stack.program(
        """
for _ in range(10):
    funds = lumenfall.get_balance(minimum=5)
later = [lumenfall.get_balance_output(minimum=5, api_key=pulumi.Config("lumenfall").require_secret("apiKey"))]
later += [lumenfall.get_balance_output(minimum=number) for number in range(4)]
pulumi.export("funds", funds)
pulumi.export("later", later[0])
for name, available in dict(now=funds.available, then=later[0].available).items():
    pulumi.CustomResource("pulumi:index:Stash", name, dict(input=available, output=None))
pulumi.export("text", pulumi.Output.format("{0} {1}", later[0].available.amount, later[0].available.currency))
pulumi.export("all", pulumi.Output.all(funds, *later).apply(lambda all: [one.sufficient for one in all]))
"""
    )
    project.config_set("lumenfall:apiKey", KEY, secret=True)
    try:
        expected = {
            BILLING_TYPE: "prepaid",
            "available": {"amount": 12.5, "currency": "usd"},
            "status": "known",
            "sufficient": True,
        }
        preview = project.preview().check()
        assert BILLING_TYPE in preview.output
        # Not "warning": where the package is installed from a checkout, the engine warns of the plugin on PATH.
        assert "--secret" not in preview.output
        assert len(stack.api.requests) == 1
        stack.api.amount = "7"
        project.up().check()
        assert len(stack.api.requests) == 2
        expected["available"]["amount"] = 7  # type: ignore[index]
        outputs = project.stack_output()
        assert outputs["funds"] == outputs["later"] == expected
        assert outputs["text"] in ("7 usd", "7.0 usd")
        assert outputs["all"] == [True] * 6
        # The program is not run for these: no request, and a server that is gone stops nothing.
        project.refresh().check()
        assert len(stack.api.requests) == 2
    finally:
        project.run("config", "rm", "lumenfall:apiKey").check()


def test_a_key_in_plain_config(stack: GatedStack) -> None:
    """It works, with one warning that names the command that mends it."""
    project = stack.program("lumenfall.get_balance()\nlumenfall.get_balance()\n")
    project.config_set("lumenfall:apiKey", KEY)
    try:
        output = project.preview().check().output.partition("Diagnostics:")[2]
        assert output.count("run: pulumi config set --secret lumenfall:apiKey") == 1
        assert not leaked(output)
    finally:
        project.run("config", "rm", "lumenfall:apiKey").check()


def test_threads_belong_to_the_run(stack: GatedStack) -> None:
    """Whether started before the program's first call or after, and with no context of it: one request, one warning."""
    project = stack.program(
        """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda _: lumenfall.require_balance(5), range(8)))
    lumenfall.require_balance(5)
    list(pool.map(lambda _: lumenfall.get_balance(), range(8)))
"""
    )
    project.config_set("lumenfall:apiKey", KEY)
    try:
        output = project.up().check().output
        assert len(stack.api.requests) == 1
        assert output.partition("Diagnostics:")[2].count("run: pulumi config set --secret lumenfall:apiKey") == 1
        project.config_set("lumenfall:apiKey", KEY, secret=True)
        assert "--secret" not in project.up().check().output
    finally:
        project.run("config", "rm", "lumenfall:apiKey").check()


@pytest.mark.parametrize(
    "program",
    [
        "lumenfall.require_balance(5)",
        "lumenfall.require_balance(5)\ncostly('gpu')",
        pytest.param(
            "async def main():\n    lumenfall.require_balance(5)\n\npulumi.run(main)",
            marks=pytest.mark.skipif(not hasattr(pulumi, "run"), reason="this SDK has no pulumi.run yet"),
        ),
        "pulumi.Output.from_input(5).apply(lumenfall.require_balance)",
    ],
    ids=["top", "before-a-resource", "async", "apply"],
)
def test_a_gate_that_stops(stack: GatedStack, program: str) -> None:
    """One line, no traceback, and nothing is made."""
    project = stack.program(program)
    stack.api.amount = "3.20"
    for result in (project.preview(), project.up()):
        assert result.returncode != 0
        assert errors(result) == [TOO_LOW]
        assert "Traceback" not in result.output
    assert stack.resources() == {}


@pytest.mark.parametrize(
    "program",
    [
        "lumenfall.get_balance()",
        "lumenfall.get_balance_output()",
        "pulumi.export('funds', lumenfall.get_balance_output())",
        "lumenfall.get_balance_output().apply(lambda funds: funds.status)",
        "costly('gpu', lumenfall.get_balance_output().status)",
        "lumenfall.get_balance_output(minimum=pulumi.Output.from_input(5)).available.amount",
    ],
    ids=["plain", "output", "export", "apply", "input", "lifted"],
)
def test_how_an_error_is_shown(stack: GatedStack, program: str) -> None:
    """An error is the same one line wherever it comes up."""
    project = stack.program(program)
    stack.api.status = 401
    result = project.preview()
    assert result.returncode != 0
    [line] = set(errors(result))
    assert line.startswith("error: the API key was not accepted (HTTP 401 AUTHENTICATION_FAILED: Invalid API key); ")
    assert "Traceback" not in result.output


def test_a_balance_that_changes_between_preview_and_up(stack: GatedStack) -> None:
    """An up never decides on what its preview saw."""
    project = stack.program("lumenfall.require_balance(5)\ncostly('gpu')\n")
    stack.api.script("12.50", "3.20")
    result = project.up(skip_preview=False)
    assert result.returncode != 0
    assert TOO_LOW in errors(result)
    assert [request.note for request in stack.api.requests] == ["12.50 usd", "3.20 usd"]
    assert stack.resources() == {}


def test_a_minimum_that_a_preview_does_not_know(stack: GatedStack) -> None:
    """The preview says that it cannot tell and asks nothing; up decides, both ways."""
    project = stack.program(
        """
size = costly("size")
funds = lumenfall.get_balance_output(minimum=size.id.apply(lambda _: 5))
pulumi.export("enough", funds.sufficient)
"""
    )
    preview = project.preview().check()
    assert "is not known in this preview; up will decide" in preview.output
    assert stack.api.requests == []
    up = project.up().check()
    assert "is not known" not in up.output
    assert project.stack_output() == {"enough": True}
    stack.api.amount = "3.20"
    project.up().check()
    assert project.stack_output() == {"enough": False}
    project.destroy().check()


def test_depends_on(stack: GatedStack) -> None:
    """The question waits for the resources, those within a component too; in a preview the answer is then unknown."""
    project = stack.program(
        """
class Cluster(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Cluster", name)
        costly("node", parent=self)

funds = lumenfall.get_balance_output(opts=pulumi.InvokeOutputOptions(depends_on=[Cluster("cluster")]))
pulumi.export("status", funds.status)
"""
    )
    assert "is not known in this preview" in project.preview().check().output
    assert stack.api.requests == []
    project.up().check()
    assert project.stack_output() == {"status": "known"}
    project.preview().check()
    assert len(stack.api.requests) == 2
    project.destroy().check()


def test_a_teardown_needs_no_funds(stack: GatedStack) -> None:
    """Refresh and destroy do not run the program, so no gate in it can stop them."""
    project = stack.program("lumenfall.require_balance(5)\ncostly('gpu')\n")
    project.up().check()
    stack.api.status = 503
    project.refresh().check()
    project.destroy().check()
    assert stack.resources() == {}
    assert len(stack.api.requests) == 1
