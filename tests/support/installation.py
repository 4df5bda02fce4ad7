# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A virtual environment with what a user would have installed."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Installation:
    """A virtual environment that holds the built wheel and its dependencies, and nothing of the checkout."""

    folder: Path

    def run(self, *command: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment, with its own ``bin`` first on PATH."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        return subprocess.run(
            [str(self.folder / "bin" / command[0]), *command[1:]],
            cwd=cwd,
            env={**os.environ, "PATH": path, "HOME": str(cwd), **environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
