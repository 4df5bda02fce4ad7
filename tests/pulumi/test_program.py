# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What is taken from Pulumi's SDK without a public name, and what the language host's process does at its end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime.stack import Stack

from pulumi_lumenfall import program
from support.gated_stack import PACKAGE
from support.programs import Mocks, in_program


def test_the_names_that_are_not_public() -> None:
    """Each of these fails when Pulumi renames something: then program.py is the place to look at."""

    async def main() -> None:
        component = pulumi.ComponentResource("test:index:Group", "group")
        own = pulumi.CustomResource("test:index:Gpu", "gpu", {}, pulumi.ResourceOptions(parent=component))
        remote = pulumi.ComponentResource("other:index:Group", "remote", {}, None, remote=True)
        loop = asyncio.get_running_loop()
        assert [program._loop(resource) for resource in (component, own, remote)] == [loop] * 3
        assert isinstance(pulumi.runtime.get_root_resource(), Stack)
        registered = program.registered_resources()
        assert {resource.pulumi_resource_name for resource in registered} == {"gpu", "remote"}
        assert component._childResources == {own}
        assert await program.when_ready(component).future() is not None

    in_program(main, mocks=Mocks())


INTERRUPTED = """
import asyncio
import sys
import pulumi_lumenfall as lumenfall
if sys.argv[1:]:
    asyncio.set_event_loop(asyncio.new_event_loop())
    lumenfall.balance_hook(5)
raise {error}
"""


@pytest.mark.parametrize(
    ("host", "gate", "error", "shown"),
    [
        ("pulumi-language-python-exec", True, "KeyboardInterrupt", False),
        ("pulumi-language-python-exec", True, "ValueError", True),
        ("pulumi-language-python-exec", False, "KeyboardInterrupt", True),
        ("script.py", True, "KeyboardInterrupt", True),
    ],
)
def test_an_interrupt_prints_no_traceback(tmp_path: Path, host: str, gate: bool, error: str, shown: bool) -> None:
    """Under the language host with a gate, which interrupts a program once a resource failed; the status stays."""
    script = tmp_path / host
    script.write_text(INTERRUPTED.format(error=error), encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], env={"PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True, check=False
        )

    ended = run(str(script), *["gate"] * gate)
    assert ("Traceback" in ended.stderr) is shown, ended.stderr
    assert ended.returncode == run("-c", f"raise {error}").returncode
