# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``make pictures``: what each tool shows when the balance is too low, from real runs, into docs/pictures."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from demo import PLAYBOOK, ROOT, make_project, play
from rich.console import Console
from rich.text import Text

from pulumi_lumenfall.sandbox import Sandbox


def draw(name: str, command: str, output: str) -> None:
    """Write the picture of a terminal in which the command was run."""
    console = Console(record=True, file=io.StringIO(), width=110)
    console.print(Text(f"$ {command}\n", style="bold"), Text.from_ansi(output.strip()), sep="")
    console.save_svg(str(ROOT / "docs/pictures" / f"{name}.svg"), title="3.20 usd in the account", unique_id=name)


def run(command: str, *options: str, folder: Path, environ: dict[str, str]) -> str:
    """Run a command, and return what it shows on a terminal."""
    shown = subprocess.run(
        [*command.split(), *options], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    return shown.stdout + shown.stderr


with tempfile.TemporaryDirectory() as folder, Sandbox(amount="3.20") as api:
    project = make_project(Path(folder), api.environ)
    preview = run(
        "pulumi preview", "--color=always", "--suppress-progress", folder=project.directory, environ=project.environment
    )
    draw("pulumi", "pulumi preview", preview)
    _, played = play({**api.environ, "ANSIBLE_FORCE_COLOR": "1"})
    draw("ansible", "ansible-playbook gate.yml", played.replace(str(ROOT / PLAYBOOK), "gate.yml"))
    check = "lumenfall-balance check --minimum 5"
    draw(
        "pipeline",
        check,
        run(check, folder=Path(folder), environ={**api.environ, "PATH": str(Path(sys.executable).parent)}),
    )
