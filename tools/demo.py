# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``make demo``: the main job on the embedded sandbox, through the real engines.

A Pulumi program and an Ansible playbook that need 5.00 usd run with 12.50, and are stopped at 3.20. With ``LIVE=1``
the same two read the account of ``LUMENFALL_API_KEY`` instead. Exits with 0 only if all went as it should.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pulumi_lumenfall.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.pulumi_project import PulumiProject  # noqa: E402

PROGRAM = ROOT / "examples/pulumi-python-gate"
PLAYBOOK = ROOT / "examples/ansible/gate.yml"
BOLD, PLAIN = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("", "")


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n{BOLD}== {text}{PLAIN}", flush=True)


def show(text: str) -> None:
    """Print what an engine said, indented, without blank lines."""
    for line in text.splitlines():
        if line.strip():
            print(f"   {line.rstrip()}", flush=True)


def engine() -> Path:
    """Where the Pulumi engine is; building it the first time shows its progress."""
    script = ROOT / "tools/pulumi_engine/find_or_build.py"
    found = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        sys.exit(found.returncode)
    return Path(found.stdout.strip())


def play(environ: dict[str, str]) -> int:
    """Run the playbook and show what it says."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(PLAYBOOK)]
    done = subprocess.run(
        command,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT), "ANSIBLE_NOCOWS": "1", **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    show(done.stdout)
    return done.returncode


def project_in(folder: Path, pulumi_bin: Path, environ: dict[str, str]) -> PulumiProject:
    """The program, in a world of its own."""
    # Without the folder of this Python: Pulumi warns of each plugin that it finds on PATH, and this needs none.
    path = os.pathsep.join([str(pulumi_bin), os.defpath])
    return PulumiProject(folder, PROGRAM, pulumi_bin=pulumi_bin, env={**environ, "PATH": path}).stack_init()


def both(project: PulumiProject, environ: dict[str, str]) -> tuple[bool, bool]:
    """Run the program and the playbook: which of them went through."""
    say("pulumi preview")
    preview = project.preview("--suppress-progress")
    show(preview.output)
    say(f"ansible-playbook {PLAYBOOK.relative_to(ROOT)}")
    played = play(environ)
    return preview.returncode == 0, played == 0


def live(pulumi_bin: Path, folder: Path) -> bool:
    """Read the real account through both doors; a low balance is an answer too."""
    environ = {name: value for name, value in os.environ.items() if name.startswith("LUMENFALL_")}
    say("the real account")
    read = subprocess.run([str(Path(sys.executable).parent / "lumenfall-balance"), "show"], check=False)
    if read.returncode:
        return False
    both(project_in(folder, pulumi_bin, environ), environ)
    return True


def sandboxed(pulumi_bin: Path, folder: Path) -> bool:
    """Show both going through, and both being stopped."""
    with Sandbox(amount="12.50") as api:
        say(f"a sandbox of the API, with {BOLD}12.50 usd{PLAIN}, at {api.url}")
        project = project_in(folder, pulumi_bin, api.environ)
        passed = both(project, api.environ)
        api.amount = "3.20"
        say(f"the sandbox is drained to {BOLD}3.20 usd{PLAIN}: both must stop now")
        stopped = both(project, api.environ)
    went_well = passed == (True, True) and stopped == (False, False)
    if went_well:
        say("with 12.50 usd both went through, with 3.20 usd both were stopped")
    else:
        say(f"this is not as it should be: with 12.50 usd {passed}, with 3.20 usd {stopped}")
    return went_well


def main() -> int:
    """Run the demonstration that the environment asks for."""
    pulumi_bin = engine()
    with tempfile.TemporaryDirectory(prefix="lumenfall-demo-") as folder:
        scene = live if os.environ.get("LIVE") == "1" else sandboxed
        return 0 if scene(pulumi_bin, Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
