# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Programs that run inline, through the Automation API of their own language."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from support.pulumi_project import PulumiProject

RUN_SECONDS = 240


class Run(NamedTuple):
    """One run: the stack's outputs by name, or None and the text of the engine."""

    outputs: dict[str, Any] | None
    text: str


class Inline:
    """A stack whose program, with the language's Automation API around it, is one command.

    Args:
        project: Gives the environment and the backend; its own program is not run.
        command: The command; what is done with the stack is its last word.
    """

    def __init__(self, project: PulumiProject, command: Sequence[str | Path]) -> None:
        self.project = project
        self._command = [str(word) for word in command]

    def __call__(self, what: str, *arguments: str) -> Run:
        """Preview, up or destroy."""
        done = subprocess.run(
            [*self._command, what, *arguments],
            cwd=self.project.folder,
            env=self.project.environment,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            return Run(None, done.stdout + done.stderr)
        return Run(json.loads(done.stdout), done.stderr)


class MakeNode(Protocol):
    """What the fixture `make_node` gives."""

    def __call__(self, program: str) -> Inline:
        """Makes a stack of a JavaScript program: a module that exports the function."""
