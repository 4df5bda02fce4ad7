# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A stack on the real engine beside a sandbox with 12.50 usd, for programs that read or gate on the balance."""

from __future__ import annotations

import contextlib
import inspect
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from pulumi.runtime import stack

import pulumi_lumenfall
from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY
from support.pulumi_project import CommandResult, PulumiProject

HEADER = """\
import pulumi
import pulumi_lumenfall as lumenfall

def costly(name, value="a100", **opts):
    # Kept by the engine itself: the cheapest resource that is created, updated and deleted.
    return pulumi.CustomResource(
        "pulumi:index:Stash", name, {"input": value, "output": None}, pulumi.ResourceOptions(**opts)
    )

"""

#: What an exported result calls its billing type: SDKs before 3.260 or so export Python names, whatever the package.
BILLING_TYPE = "billingType" if "output_type_to_dict" in inspect.getsource(stack.massage_complex) else "billing_type"

#: What every gate at 5.00 says where there are 3.20.
TOO_LOW = "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"

PACKAGE = Path(pulumi_lumenfall.__file__).parents[1]


class GatedStack:
    """A project with an empty stack, and the sandbox that its environment leads to.

    Attributes:
        project: The project; commands run through it.
        api: The sandbox.
    """

    def __init__(self, project: PulumiProject, api: Sandbox) -> None:
        self.project = project
        self.api = api

    def program(self, text: str) -> PulumiProject:
        """Puts a program into the project, after HEADER, and resets the sandbox; returns the project."""
        self.api.reset()
        (self.project.directory / "__main__.py").write_text(HEADER + text, encoding="utf-8")
        return self.project

    def run_script(self, text: str, **env: str) -> list[str]:
        """Runs a script of the Automation API in the environment of the project, and returns the lines it prints."""
        done = subprocess.run(
            [sys.executable, "-c", text],
            env={**self.project.environment, **env},
            cwd=self.project.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def resources(self) -> dict[str, str]:
        """The names of the stack's resources, each with its type, without the stack and the providers."""
        state = self.project.export()["deployment"].get("resources", [])
        return {
            resource["urn"].rpartition("::")[2]: resource["type"]
            for resource in state
            if not resource["type"].startswith("pulumi:p")
        }


@contextlib.contextmanager
def gated_stack(folder: Path, pulumi_bin: Path, *, env: Mapping[str, str] | None = None) -> Iterator[GatedStack]:
    """Makes one.

    Args:
        folder: An empty folder.
        pulumi_bin: The engine.
        env: Variables for programs, beyond those that lead to the sandbox.
    """
    with Sandbox(amount="12.50", key=KEY) as api:
        environment = {
            "PYTHONPATH": str(PACKAGE),
            "LUMENFALL_MAX_ATTEMPTS": "1",
            **api.environ,
            **(env or {}),
        }
        project = PulumiProject(folder, HEADER, pulumi_bin=pulumi_bin, env=environment).stack_init()
        yield GatedStack(project, api)


def errors(result: CommandResult) -> list[str]:
    """The error lines among the diagnostics, without the one that says that the program ended."""
    _, _, diagnostics = result.output.partition("Diagnostics:")
    lines = [line.strip() for line in diagnostics.splitlines()]
    return [line for line in lines if line.startswith("error:") and "an unhandled error occurred" not in line]
