# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Hold the collection to the rules of the Ansible community: documentation, changelog, lint, Galaxy's import.

``python tools/lint_collection.py`` makes a virtual environment for the tools in the user's cache folder the first time.
It looks at the collection as its archive holds it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from user_cache import user_cache

ROOT = Path(__file__).resolve().parents[1]
COLLECTION = ROOT / "ansible_collections" / "lumenfall" / "cloud"
EXAMPLES = ROOT / "examples" / "ansible"
TOOLS = (
    "ansible-core==2.19.*",
    "ansible-lint==26.10.*",
    "antsibull-changelog==0.36.*",
    "antsibull-docs==2.28.*",
    "galaxy-importer==0.4.44",
    # galaxy-importer still asks for what newer ones no longer bring.
    "setuptools<81",
)


def install_tools() -> Path:
    """The folder of the tools' programs; made again when the list above changes."""
    folder = user_cache() / f"lint-collection-py{sys.version_info[0]}.{sys.version_info[1]}"
    done, wanted = folder / "installed", "\n".join(TOOLS)
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        print("installing the tools", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *TOOLS], check=True)
        done.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def make_environment(tools: Path, folder: Path) -> dict[str, str]:
    """What the tools have in their environment: a home of their own, and nothing of the machine's settings."""
    # Galaxy runs ansible-test in a container of its own; tools/ansible_test.py runs it here.
    (folder / "importer.cfg").write_text("[galaxy-importer]\nRUN_ANSIBLE_TEST = False\nRUN_FLAKE8 = False\n")
    foreign = ("ANSIBLE_", "LUMENFALL_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
        "HOME": str(folder),
        "PATH": os.pathsep.join([str(tools), os.environ.get("PATH", os.defpath)]),
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "GALAXY_IMPORTER_CONFIG": str(folder / "importer.cfg"),
        "NO_COLOR": "1",
    }


def install_collection(tools: Path, folder: Path, environment: dict[str, str]) -> Path:
    """Build the collection's archive, and install it in the folder: the archive."""
    galaxy = [str(tools / "ansible-galaxy"), "collection"]
    build = [*galaxy, "build", str(COLLECTION), "--output-path", str(folder)]
    subprocess.run(build, env=environment, check=True, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    install = [*galaxy, "install", "--offline", "--force", "-p", str(folder), str(archive)]
    subprocess.run(install, env=environment, check=True, capture_output=True)
    return archive


def passes(program: Path, arguments: list[str], where: Path, environment: dict[str, str]) -> bool:
    """Run one check, and say how it went."""
    start = time.monotonic()
    for _attempt in range(5):
        done = subprocess.run(
            [str(program), *arguments],
            cwd=where,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        # antsibull-docs takes its own temporary folder for markup when the random name ends in "_".
        if 'Unknown target name: "antsibull-docs-' not in done.stdout:
            break
    # The importer reports what it found, and goes on.
    is_importer = program.name == "python"
    bad = bool(done.returncode) or (is_importer and ("ERROR" in done.stdout or "WARNING" in done.stdout))
    verdict = "FAILED" if bad else "ok"
    print(f"{verdict:6} {program.name} {' '.join(arguments[:3])} ({time.monotonic() - start:.0f} s)", flush=True)
    if bad:
        print(done.stdout)
    return not bad


def main() -> int:
    """Run every check; the number of those that failed."""
    tools = install_tools()
    with tempfile.TemporaryDirectory(prefix="lint-collection-") as name:
        folder = Path(name)
        environment = make_environment(tools, folder)
        archive = install_collection(tools, folder, environment)
        collection = folder / "ansible_collections" / "lumenfall" / "cloud"
        docs = ["lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "all", "."]
        lint = ["--offline", "--profile", "production", "--strict"]
        playbooks = [str(path.relative_to(EXAMPLES)) for path in sorted(EXAMPLES.rglob("*.yml"))]
        checks = (
            ("antsibull-docs", [*docs, "--disallow-unknown-collection-refs"], collection),
            ("antsibull-changelog", ["lint"], collection),
            ("antsibull-changelog", ["lint-changelog-yaml", "changelogs/changelog.yaml"], collection),
            ("ansible-lint", lint, collection),
            ("ansible-lint", [*lint, *playbooks], EXAMPLES),
            ("python", ["-m", "galaxy_importer.main", str(archive)], folder),
        )
        return sum(not passes(tools / program, arguments, where, environment) for program, arguments, where in checks)


if __name__ == "__main__":
    sys.exit(main())
