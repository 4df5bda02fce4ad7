# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Check the collection by the rules of the Ansible community: documentation, changelog, lint, Galaxy's import.

The tools get a virtual environment of their own in the user's cache folder, since galaxy-importer needs old versions.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from user_cache import user_cache

ROOT = Path(__file__).resolve().parents[1]
COLLECTION = ROOT / "ansible_collections/lumenfall/cloud"
EXAMPLES = ROOT / "examples/ansible"
TOOLS = (
    "ansible-core==2.19.*",
    "ansible-lint==26.10.*",
    "antsibull-changelog==0.36.*",
    "antsibull-docs==2.28.*",
    "galaxy-importer==0.4.44",
    # galaxy-importer needs a module that newer ones removed.
    "setuptools<81",
)


def install_tools() -> Path:
    """The folder of the tools' programs; made again when the list above changes."""
    folder = user_cache() / f"lint-collection-py{sys.version_info[0]}.{sys.version_info[1]}"
    done, wanted = folder / "installed", "\n".join(TOOLS)
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        print("installing the tools", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(folder / "bin/pip"), "install", "--quiet", *TOOLS], check=True)
        done.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def passes(command: list[str], where: Path, environment: dict[str, str]) -> bool:
    """Run one check, and show its output where it fails."""
    # antsibull-docs takes its own temporary folder for markup when the random name ends in "_"; then it is run again.
    for _attempt in range(5):
        done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)
        output = done.stdout + done.stderr
        if 'Unknown target name: "antsibull-docs-' not in output:
            break
    # The importer's exit status is 0 whatever it found.
    bad = done.returncode != 0 or ("galaxy_importer.main" in command and ("ERROR" in output or "WARNING" in output))
    print(f"{'FAILED' if bad else 'ok':6} {Path(command[0]).name} {' '.join(command[1:4])}", flush=True)
    if bad:
        print(output)
    return not bad


def main() -> int:
    """Run every check; the number of those that failed."""
    tools = install_tools()
    with tempfile.TemporaryDirectory(prefix="lint-collection-") as name:
        folder = Path(name)
        # tools/ansible_test.py runs ansible-test, for which the importer would want a container.
        (folder / "importer.cfg").write_text("[galaxy-importer]\nRUN_ANSIBLE_TEST = False\nRUN_FLAKE8 = False\n")
        foreign = ("ANSIBLE_", "LUMENFALL_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
            "HOME": name,
            "PATH": os.pathsep.join([str(tools), os.environ.get("PATH", os.defpath)]),
            "ANSIBLE_COLLECTIONS_PATH": name,
            "GALAXY_IMPORTER_CONFIG": str(folder / "importer.cfg"),
            "NO_COLOR": "1",
        }
        galaxy = [str(tools / "ansible-galaxy"), "collection"]
        build = [*galaxy, "build", str(COLLECTION), "--output-path", name]
        subprocess.run(build, env=environment, check=True, capture_output=True)
        (archive,) = folder.glob("*.tar.gz")
        install = [*galaxy, "install", "--offline", "--force", "-p", name, str(archive)]
        subprocess.run(install, env=environment, check=True, capture_output=True)
        collection = folder / "ansible_collections/lumenfall/cloud"

        docs = "lint-collection-docs . --plugin-docs --validate-collection-refs all --disallow-unknown-collection-refs"
        lint = ["--offline", "--profile", "production", "--strict"]
        playbooks = [str(path.relative_to(EXAMPLES)) for path in sorted(EXAMPLES.rglob("*.yml"))]
        checks = (
            ("antsibull-docs", docs.split(), collection),
            ("antsibull-changelog", ["lint"], collection),
            ("antsibull-changelog", ["lint-changelog-yaml", "changelogs/changelog.yaml"], collection),
            ("ansible-lint", lint, collection),
            ("ansible-lint", [*lint, *playbooks], EXAMPLES),
            ("python", ["-m", "galaxy_importer.main", str(archive)], folder),
        )
        return sum(not passes([str(tools / program), *words], where, environment) for program, words, where in checks)


if __name__ == "__main__":
    sys.exit(main())
