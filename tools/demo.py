# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``make demo``: the main job on the sandbox, with the real Pulumi engine and the real Ansible.

A Pulumi program and an Ansible playbook, which both need 5.00 usd, go through with 12.50 usd and are stopped with
3.20 usd. With ``LIVE=1`` they run once on the account of ``LUMENFALL_API_KEY`` instead. The exit status is 0 if
everything went as expected.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pulumi_lumenfall.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.pulumi_project import PulumiProject  # noqa: E402

PROGRAM = "examples/pulumi-python-gate"
PLAYBOOK = "examples/ansible/gate.yml"
BOLD, PLAIN = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("", "")


def show(heading: str, output: str = "") -> None:
    """Print a heading, and a tool's output below it."""
    print(f"\n{BOLD}== {heading}{PLAIN}")
    for line in output.splitlines():
        if line.strip():
            print(f"   {line.rstrip()}")
    sys.stdout.flush()


def make_project(folder: Path, environ: dict[str, str]) -> PulumiProject:
    """Copy the program into the folder, with a new stack. Ends this program if there is no engine."""
    find = [sys.executable, str(ROOT / "tools/pulumi_engine/find_or_build.py")]
    found = subprocess.run(find, stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        sys.exit(found.returncode)
    engine = Path(found.stdout.strip())
    # The folder of this Python is not on PATH: Pulumi warns of plugins that it finds there.
    path = os.pathsep.join([str(engine), os.defpath])
    return PulumiProject(folder, ROOT / PROGRAM, pulumi_bin=engine, env={**environ, "PATH": path}).stack_init()


def play(environ: dict[str, str]) -> tuple[int, str]:
    """Run the playbook, and return its exit status and output."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", PLAYBOOK],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT), "ANSIBLE_NOCOWS": "1", **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def run_both(project: PulumiProject, environ: dict[str, str]) -> list[str]:
    """Run the program and the playbook at the same time, show their output, and return how each of them ended."""
    with ThreadPoolExecutor() as pool:
        previewing, playing = pool.submit(project.preview, "--suppress-progress"), pool.submit(play, environ)
        preview, (status, output) = previewing.result(), playing.result()
    show(f"pulumi preview, in {PROGRAM}", preview.output)
    show(f"ansible-playbook {PLAYBOOK}", output)
    return [how_it_ended(preview.returncode, preview.output), how_it_ended(status, output)]


def how_it_ended(status: int, output: str) -> str:
    """In a word: passed, stopped by the gate, or failed."""
    return "passed" if status == 0 else "stopped" if "balance too low" in output else "failed"


def main() -> int:
    """Run the demonstration."""
    live = os.environ.get("LIVE") == "1"
    with tempfile.TemporaryDirectory(prefix="lumenfall-demo-") as folder, Sandbox(amount="12.50") as api:
        account = {name: value for name, value in os.environ.items() if name.startswith("LUMENFALL_")}
        environ = account if live else api.environ
        project = make_project(Path(folder), environ)
        ends = []
        for amount in [None] if live else ["12.50", "3.20"]:
            api.amount = amount
            balance = "your account" if live else f"{amount} usd in the sandbox"
            show(f"with {balance}; the program and the playbook need 5.00 usd")
            pulumi, ansible = run_both(project, environ)
            ends.append(f"with {balance}: Pulumi {pulumi}, Ansible {ansible}")
    show("; ".join(ends))
    if live:
        return 1 if "failed" in ends[0] else 0
    return 0 if "Pulumi passed, Ansible passed" in ends[0] and "Pulumi stopped, Ansible stopped" in ends[1] else 1


if __name__ == "__main__":
    sys.exit(main())
