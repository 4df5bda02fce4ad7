# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The gates on the real engine: they stop exactly what they should, and one call is enough for all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.gated_stack import GatedStack, errors, gated_stack

GATED = """
funded = lumenfall.balance_hook(5)
gates = pulumi.ResourceHookBinding(before_create=[funded], before_update=[funded])
costly("gpu", "{value}", hooks=gates)
costly("free")
"""


@pytest.fixture(scope="module")
def stack(pulumi_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatedStack]:
    with gated_stack(tmp_path_factory.mktemp("hooks"), pulumi_bin) as stack:
        yield stack


def too_low(name: str, have: str = "3.20", *, preview: bool = False) -> str:
    return (
        f'error: {"Preview failed: " if preview else ""}before hook "lumenfall-balance-1" failed: '
        f"{name} (pulumi:index:Stash): balance too low: have {have} usd, need 5.00 usd, 1.80 short; "
        "add funds at https://lumenfall.ai/app/credits"
    )


def test_a_gated_resource_from_first_to_last(stack: GatedStack) -> None:
    """Created and updated only with funds; what is not gated, a refresh and a destroy need none."""
    project = stack.program(GATED.format(value="a100"))
    stack.api.amount = "3.20"
    preview = project.preview()
    assert preview.returncode != 0
    assert too_low("gpu", preview=True) in errors(preview)
    assert "Traceback" not in preview.output
    up = project.up("--continue-on-error")
    assert up.returncode != 0
    assert too_low("gpu") in errors(up)
    assert stack.resources().keys() == {"free"}

    stack.api.amount = "5.00"
    project.up().check()
    assert stack.resources().keys() == {"gpu", "free"}

    # Nothing costly changes: green without funds, and without a question.
    stack.api.reset()
    stack.api.status = 401
    project.preview("--expect-no-changes").check()
    project.up().check()
    project.refresh("--run-program").check()
    assert stack.api.requests == []

    project = stack.program(GATED.format(value="h100"))
    stack.api.amount = "3.20"
    update = project.up()
    assert update.returncode != 0
    assert too_low("gpu") in errors(update)
    # Which leaves out a Balance that the resource depends on.
    targeted = project.up("--target", "**::gpu")
    assert targeted.returncode != 0
    assert too_low("gpu") in errors(targeted)
    # The program runs for this one, and a teardown still needs no funds.
    stack.api.reset()
    stack.api.status = 401
    project.destroy("--run-program").check()
    assert stack.resources() == {}
    assert stack.api.requests == []


def test_an_error_stops_the_resource(stack: GatedStack) -> None:
    """It is one line, like a refusal."""
    project = stack.program(GATED.format(value="a100"))
    stack.api.status = 403
    up = project.up()
    assert up.returncode != 0
    [line] = [line for line in errors(up) if "hook" in line]
    assert "gpu (pulumi:index:Stash): cannot tell whether the balance is enough" in line
    assert "balance.read" in line
    assert "Traceback" not in up.output
    stack.api.status = 200
    project.destroy().check()


def test_a_balance_that_changes_between_preview_and_up(stack: GatedStack) -> None:
    project = stack.program(GATED.format(value="a100"))
    stack.api.script("12.50", "3.20")
    up = project.up(skip_preview=False)
    assert up.returncode != 0
    assert too_low("gpu") in errors(up)
    assert "gpu" not in stack.resources()
    assert len(stack.api.requests) == 2
    project.destroy().check()


def test_a_minimum_that_a_preview_does_not_know(stack: GatedStack) -> None:
    """The preview says so and passes, and up decides."""
    project = stack.program(
        """
size = costly("size")
funded = lumenfall.balance_hook(size.id.apply(lambda _: 5))
costly("gpu", depends_on=[size], hooks=pulumi.ResourceHookBinding(before_create=[funded]))
"""
    )
    stack.api.amount = "3.20"
    preview = project.preview().check()
    message = "gpu (pulumi:index:Stash): what its balance hook needs is not known in this preview; up will decide"
    assert message in preview.output
    assert stack.api.requests == []
    up = project.up()
    assert up.returncode != 0
    assert too_low("gpu") in errors(up)
    assert stack.resources().keys() == {"size"}
    stack.api.amount = "5"
    project.up().check()
    assert stack.resources().keys() == {"size", "gpu"}
    project.destroy().check()


def test_500_gated_resources_make_one_call(stack: GatedStack) -> None:
    """And so they do with a hook of their own each."""
    project = stack.program(
        """
for number in range(500):
    funded = lumenfall.balance_hook(number / 100)
    costly(f"gpu-{number}", hooks=pulumi.ResourceHookBinding(before_create=[funded]))
"""
    )
    project.preview(timeout_seconds=180).check()
    assert len(stack.api.requests) == 1


STACK_GATE = """
{gate}

class Cluster(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Cluster", name)
        costly("node", pulumi.Output.secret("hush"), parent=self)

def noted(args):
    print("noted", args.name)

note = pulumi.ResourceHook("note", noted, pulumi.ResourceHookOptions(on_dry_run=True))
first = costly("first", hooks=pulumi.ResourceHookBinding(before_create=[note]), protect=False)
costly("second", first.id, ignore_changes=["nothing"])
Cluster("cluster")
"""


def facts(stack: GatedStack) -> dict[str, dict[str, Any]]:
    """What the state holds of each resource that a gate must leave as it is."""
    names = {"inputs", "outputs", "propertyDependencies", "dependencies", "parent"}
    resources = stack.project.export(show_secrets=True)["deployment"]["resources"]
    return {
        resource["urn"].rpartition("::")[2]: {name: value for name, value in resource.items() if name in names}
        for resource in resources
    }


def test_a_gated_stack(stack: GatedStack) -> None:
    """Resources within components are gated, other hooks still run, and a gate changes nothing else."""
    gated = STACK_GATE.format(gate="lumenfall.gate_stack(5)")
    project = stack.program(gated)
    stack.api.amount = "3.20"
    up = project.up("--continue-on-error")
    assert up.returncode != 0
    assert {too_low("first"), too_low("node")} <= set(errors(up))
    assert stack.resources().keys() == {"cluster"}

    project = stack.program(STACK_GATE.format(gate=""))
    project.up().check()
    before = facts(stack)
    # A gate that is put into or taken out of a program is no change of its resources.
    project = stack.program(gated)
    stack.api.status = 401
    preview = project.preview("--expect-no-changes").check()
    assert "noted" not in preview.output
    project.up().check()
    assert facts(stack) == before
    project.destroy().check()

    stack.api.reset()
    up = project.up().check()
    assert "noted first" in up.output
    after = facts(stack)
    assert {name: resource.keys() for name, resource in after.items()} == {
        name: resource.keys() for name, resource in before.items()
    }
    for name, resource in after.items():
        assert resource.get("propertyDependencies") == before[name].get("propertyDependencies")
    assert after["node"] == before["node"]
    assert len(stack.api.requests) == 1
    project.destroy().check()


def test_a_gate_for_some_types(stack: GatedStack) -> None:
    """What no pattern names goes through without funds."""
    program = "lumenfall.gate_stack(5, types={types!r})\ncostly('gpu')\n"
    stack.program(program.format(types=["aws:ec2/*", "pulumi:index:St?sh"]))
    stack.api.amount = "3.20"
    preview = stack.project.preview()
    assert preview.returncode != 0
    assert too_low("gpu", preview=True) in errors(preview)
    stack.program(program.format(types="aws:*"))
    stack.api.amount = "3.20"
    stack.project.preview().check()
    assert stack.api.requests == []


PACKAGE_OF_COMPONENTS = """\
#!{python}
import sys
import pulumi
from pulumi import provider
import pulumi_lumenfall as lumenfall

class Cluster(pulumi.ComponentResource):
    def __init__(self, name, options):
        super().__init__("clusters:index:Cluster", name, {{}}, options)
        funded = lumenfall.balance_hook(5)
        opts = pulumi.ResourceOptions(parent=self, hooks=pulumi.ResourceHookBinding(before_create=[funded]))
        pulumi.CustomResource("pulumi:index:Stash", f"{{name}}-node", {{"input": "a100", "output": None}}, opts)

class Clusters(provider.Provider):
    def construct(self, name, resource_type, inputs, options=None):
        return provider.ConstructResult(Cluster(name, options).urn, {{}})

provider.main(Clusters("1.0.0"), sys.argv[1:])
"""


def test_hooks_of_a_package_of_components(stack: GatedStack) -> None:
    """Their process does not know which names the program and other packages have given; nor are new names a change."""
    folder = stack.project.folder / "package"
    folder.mkdir()
    plugin = folder / "pulumi-resource-clusters"
    plugin.write_text(PACKAGE_OF_COMPONENTS.format(python=sys.executable), encoding="utf-8")
    plugin.chmod(0o755)
    program = """
costly("gpu", hooks=pulumi.ResourceHookBinding(before_create=[lumenfall.balance_hook(5)]))
for name in ("first", "second"):
    pulumi.ComponentResource("clusters:index:Cluster", name, {}, None, True)
"""
    project = stack.program(program)
    path = {"PATH": f"{folder}{os.pathsep}{project.environment['PATH']}"}
    project.run("up", "--yes", "--skip-preview", env=path).check()
    assert stack.resources().keys() == {"gpu", "first", "second", "first-node", "second-node"}
    stack.api.status = 401
    project.run("preview", "--expect-no-changes", env=path).check()
    project.destroy().check()

    project = stack.program(program)
    stack.api.amount = "3.20"
    up = project.run("up", "--yes", "--skip-preview", "--continue-on-error", env=path)
    assert up.returncode != 0
    assert "first-node (pulumi:index:Stash): balance too low: have 3.20 usd" in up.output
    assert stack.resources().keys() <= {"first", "second"}
    project.destroy().check()
