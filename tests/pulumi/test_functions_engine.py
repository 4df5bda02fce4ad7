# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The functions on the real engine: live in every run, out of the state, and clean when they stop it."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from support.gated_stack import BILLING_TYPE, TOO_LOW, GatedStack, errors
from support.leaks import KEY, leaked


@pytest.mark.smoke
def test_a_function_a_resource_and_a_hook(stack: GatedStack) -> None:
    """With funds and without; the one program on the real engine of `make test`."""
    project = stack.program(
        """
pulumi.export("available", lumenfall.get_balance().available.amount)
funds = lumenfall.Balance("funds", minimum=5)
hooks = pulumi.ResourceHookBinding(before_create=[lumenfall.balance_hook(5)])
costly("gpu", hooks=hooks, depends_on=[funds])
"""
    )
    project.up().check()
    assert project.stack_output() == {"available": 12.5}
    stack.api.amount = "3.20"
    stopped = project.up()
    assert stopped.returncode != 0
    assert TOO_LOW in stopped.output
    assert "Traceback" not in stopped.output
    project.destroy().check()
    assert stack.resources() == {}


def test_read_and_export(stack: GatedStack) -> None:
    """Both forms export the same, with camelCase keys; 15 calls make one request in each run.

    What is available is an input of a resource, too.
    """
    project = stack.program(
        """
for _ in range(10):
    funds = lumenfall.get_balance(minimum=5)
later = [lumenfall.get_balance_output(minimum=number, api_key=pulumi.Output.secret("KEY")) for number in range(5)]
pulumi.export("funds", funds)
pulumi.export("later", later[0])
for name, available in dict(now=funds.available, then=later[0].available).items():
    pulumi.CustomResource("pulumi:index:Stash", name, dict(input=available, output=None))
pulumi.export("text", pulumi.Output.format("{0} {1}", later[0].available.amount, later[0].available.currency))
pulumi.export("json", pulumi.Output.json_dumps([funds.available, later[0].available]))
pulumi.export("all", pulumi.Output.all(funds, *later).apply(lambda all: [one.sufficient for one in all]))
""".replace("KEY", KEY)
    )
    preview = project.preview().check()
    assert BILLING_TYPE in preview.output
    assert len(stack.api.requests) == 1
    stack.api.amount = "7"
    project.up().check()
    expected: dict[str, Any] = {BILLING_TYPE: "prepaid", "status": "known", "sufficient": True}
    expected["available"] = {"amount": 7, "currency": "usd"}
    outputs = project.stack_output()
    assert outputs["funds"] == outputs["later"] == expected
    assert outputs["text"] in ("7 usd", "7.0 usd")
    assert outputs["json"].replace("7.0", "7") == '[{"amount": 7, "currency": "usd"}, {"amount": 7, "currency": "usd"}]'
    assert outputs["all"] == [True] * 6
    # Refresh and destroy do not run the program.
    stack.api.status = 503
    project.refresh().check()
    project.destroy().check()
    assert len(stack.api.requests) == 2


def test_threads_belong_to_the_run(stack: GatedStack) -> None:
    """Whether started before the program's first call or after: one request, and one warning of a plain key.

    A misspelt key stops the program, although the environment has one.
    """
    project = stack.program(
        """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda _: lumenfall.require_balance(5), range(8)))
    lumenfall.require_balance(5)
    list(pool.map(lambda _: lumenfall.get_balance(), range(8)))
"""
    )
    try:
        project.config_set("lumenfall:apiKey", KEY)
        output = project.preview().check().output.partition("Diagnostics:")[2]
        assert len(stack.api.requests) == 1
        assert output.count("run: pulumi config set --secret lumenfall:apiKey") == 1
        assert not leaked(output)
        project.config_set("lumenfall:apiKey", KEY, secret=True)
        assert "--secret" not in project.preview().check().output
        project.config_set("lumenfall:apikey", KEY, secret=True)
        assert "lumenfall:apikey: there is no such setting; known are apiKey, " in errors(project.preview())[0]
        assert len(stack.api.requests) == 2
    finally:
        for name in ("apiKey", "apikey"):
            project.run("config", "rm", f"lumenfall:{name}").check()


@pytest.mark.parametrize(
    "program",
    [
        "lumenfall.require_balance(5)\ncostly('gpu')",
        pytest.param(
            "async def main():\n    lumenfall.require_balance(5)\n\npulumi.run(main)",
            marks=pytest.mark.skipif(not hasattr(pulumi, "run"), reason="this SDK has no pulumi.run yet"),
        ),
        "pulumi.Output.from_input(5).apply(lumenfall.require_balance)",
    ],
    ids=["before-a-resource", "async", "apply"],
)
def test_a_gate_that_stops(stack: GatedStack, program: str) -> None:
    """One line, no traceback, and nothing is made; an up never decides on what its preview saw."""
    project = stack.program(program)
    stack.api.script("12.50", "3.20")
    result = project.up(skip_preview=False)
    assert result.returncode != 0
    assert f"error: {TOO_LOW}" in errors(result)
    assert "Traceback" not in result.output
    assert [request.note for request in stack.api.requests] == ["12.50 usd", "3.20 usd"]
    assert stack.resources() == {}


@pytest.mark.parametrize(
    "program",
    [
        "lumenfall.get_balance()",
        "costly('gpu', lumenfall.get_balance_output().status)",
        "pulumi.export('amount', lumenfall.get_balance_output(minimum=pulumi.Output.from_input(5)).available.amount)",
    ],
    ids=["plain", "input", "lifted"],
)
def test_how_an_error_is_shown(stack: GatedStack, program: str) -> None:
    """An error is the same one line wherever it comes up."""
    project = stack.program(program)
    stack.api.status = 401
    result = project.preview()
    assert result.returncode != 0
    [line] = set(errors(result))
    assert line.startswith("error: the API key was not accepted (HTTP 401)")
    assert "Traceback" not in result.output


def test_what_a_preview_does_not_know(stack: GatedStack) -> None:
    """The preview says that it cannot tell and asks nothing; so it is with depends_on, in components too."""
    project = stack.program(
        """
class Cluster(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Cluster", name)
        costly("node", parent=self)

size = costly("size")
pulumi.export("enough", lumenfall.get_balance_output(minimum=size.id.apply(lambda _: 5)).sufficient)
funds = lumenfall.get_balance_output(opts=pulumi.InvokeOutputOptions(depends_on=[Cluster("cluster")]))
pulumi.export("status", funds.status)
"""
    )
    unknown = "get_balance_output: inputs are unknown during preview; checked during up"
    assert unknown in project.preview().check().output
    assert stack.api.requests == []
    stack.api.amount = "3.20"
    assert unknown not in project.up().check().output
    assert project.stack_output() == {"enough": False, "status": "known"}
    project.destroy().check()
