# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The gates on the real engine: they stop exactly what they should, and one call is enough for all."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from support.gated_stack import TOO_LOW, GatedStack, errors

GATED = """
funded = lumenfall.balance_hook(5)
gates = pulumi.ResourceHookBinding(before_create=[funded], before_update=[funded])
costly("gpu", "{value}", hooks=gates)
costly("free")
"""


def too_low(name: str, *, preview: bool = False) -> str:
    failed = f'{"Preview failed: " if preview else ""}before hook "lumenfall-balance-1" failed: '
    return f"error: {failed}{name} (pulumi:index:Stash): {TOO_LOW}"


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
    project.refresh("--run-program").check()
    assert stack.api.requests == []

    project = stack.program(GATED.format(value="h100"))
    stack.api.amount = "3.20"
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


STACK_GATE = """
{gate}

class Cluster(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Cluster", name)
        costly("node", pulumi.Output.secret("hush"), parent=self)

def noted(args):
    print("noted", args.name, flush=True)

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
    """Resources within components are gated, before their own hooks; and a gate changes nothing else."""
    gated = STACK_GATE.format(gate="lumenfall.gate_stack(5)")
    project = stack.program(gated)
    stack.api.amount = "3.20"
    up = project.up("--continue-on-error")
    assert up.returncode != 0
    assert {too_low("first"), too_low("node")} <= set(errors(up))
    assert "noted" not in up.output
    assert stack.resources().keys() == {"cluster"}

    project = stack.program(STACK_GATE.format(gate=""))
    project.up().check()
    before = facts(stack)
    # A gate that is put into or taken out of a program is no change of its resources.
    project = stack.program(gated)
    stack.api.status = 401
    project.preview("--expect-no-changes").check()
    project.up().check()
    assert facts(stack) == before
    project.destroy().check()

    stack.api.reset()
    up = project.up().check()
    assert "noted first" in up.output
    assert facts(stack)["node"] == before["node"]
    assert len(stack.api.requests) == 1
    project.destroy().check()


EARLY = """
class Studio(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Studio", name)
        costly("camera", parent=self)
"""


@pytest.mark.parametrize(
    ("program", "early"),
    [
        ("costly('a')\ncostly('b')\n", "2 resources that it cannot gate any more (a, b)"),
        (EARLY + "Studio('s')\n", "1 resource that it cannot gate any more (camera)"),
        # Made in a module that is imported first, and known to nobody any more.
        ("import machines\n", "4 resources that it cannot gate any more (m0, m1, m2, ...)"),
    ],
    ids=["program", "component", "module"],
)
def test_a_gate_that_comes_late_is_refused(stack: GatedStack, program: str, early: str) -> None:
    """It would let through, without a word, what came before."""
    project = stack.program(program + "lumenfall.gate_stack(5)\n")
    (project.directory / "machines.py").write_text(
        "import pulumi\nfor number in range(4):\n"
        "    pulumi.CustomResource('pulumi:index:Stash', f'm{number}', {'input': 1, 'output': None})\n"
    )
    [line] = errors(project.preview())
    assert line == (
        f"error: gate_stack came after {early}; call gate_stack before the first resource, also before importing "
        "modules that make resources"
    )


def test_a_gate_after_what_it_would_not_gate(stack: GatedStack) -> None:
    """Balance and types of other patterns may come first. What no pattern names goes through without funds."""
    project = stack.program(
        """
lumenfall.Balance("funds")
costly("free")
lumenfall.gate_stack(5, types=["aws:ec2/*", "azure:*"])
costly("gpu")
"""
    )
    stack.api.amount = "3.20"
    output = project.preview().check().output
    assert "warning: gate_stack: types 'aws:ec2/*', 'azure:*' matched no resource of this run, and gated" in output
    project = stack.program("lumenfall.gate_stack(5, types=['aws:*', 'pulumi:Stash'])\ncostly('gpu')\n")
    stack.api.amount = "3.20"
    preview = project.preview()
    assert too_low("gpu", preview=True) in errors(preview)


INLINE = """
import pulumi
from pulumi import automation
import pulumi_lumenfall as lumenfall

def costly(name):
    kept.append(pulumi.CustomResource("pulumi:index:Stash", name, {"input": 1, "output": None}))

def program():
    if late:
        costly("early")
    lumenfall.gate_stack(5, types=["pulumi:Stash", "aws:*"])
    costly("gpu")

kept = []
stack = automation.create_or_select_stack("dev", project_name="inline", program=program)
for late in (False, True, False):
    try:
        print("previewed" if "types 'aws:*' matched no resource" in stack.preview().stdout else "no warning")
    except automation.CommandError as error:
        print("late" if "gate_stack came after 1 resource that it cannot gate" in str(error) else error)
"""


def test_gates_of_inline_programs(stack: GatedStack) -> None:
    """Resources of other runs in the process do not count, although they are still there."""
    stack.api.reset()
    assert stack.run_script(INLINE) == ["previewed", "late", "previewed"]


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

    # The gate reaches into them; and one that comes after them is too late.
    components = program.partition("\n")[2].partition("\n")[2]
    project = stack.program(components + "lumenfall.gate_stack(5, types='aws:*')\n")
    assert "gate_stack came after 2 resources" in project.run("preview", env=path).output
    project = stack.program("lumenfall.gate_stack(5)\n" + components)
    stack.api.amount = "3.20"
    refused = "first-node (pulumi:index:Stash): balance too low: have 3.20 usd"
    assert refused in project.run("preview", env=path).output
