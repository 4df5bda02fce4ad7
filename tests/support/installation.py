# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Installs into an empty environment, and runs what is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
# Installers need the machine's cache, CA and proxy, which are cleared for a test.
MACHINE = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}


def run(*command: str | Path, cwd: Path, check: bool = True, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command, with the folder that it is in first on PATH."""
    path = os.pathsep.join([os.path.dirname(command[0]) or str(BIN), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "HOME": str(cwd), **environ}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def environment(folder: Path, *requirements: str | Path) -> Path:
    """The ``bin`` of a new virtual environment that holds these, and nothing of the checkout."""
    create = (BIN / "uv", "venv", "--quiet", "--python", sys.executable, folder / "venv")
    run(*create, cwd=folder, check=True, **MACHINE)
    install = (BIN / "uv", "pip", "install", "--quiet", "--python", folder / "venv", *requirements)
    run(*install, cwd=folder, check=True, **MACHINE)
    return folder / "venv/bin"
