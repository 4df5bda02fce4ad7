# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What may import what, and the facts that stand in more than one file."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pulumi_lumenfall.core import __version__

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "ansible_collections/lumenfall/cloud"
CORE = COLLECTION / "plugins/module_utils/_core"


def imports(file: Path) -> set[str]:
    """The names of all modules that a file imports, wherever in it; relative ones with their dots."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def importing(files: list[Path], *names: str) -> list[str]:
    """Which of the files import one of the modules, or something below it."""
    return sorted(
        file.relative_to(ROOT).as_posix()
        for file in files
        if any(name == found or found.startswith(f"{name}.") for name in names for found in imports(file))
    )


def files(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.py"))
    assert found
    return found


def test_the_core_knows_nobody() -> None:
    """The standard library, and requests in one file."""
    core = files(CORE)
    standard = set(sys.stdlib_module_names)
    foreign = {name for file in core for name in imports(file) if not name.startswith(".")} - standard
    assert {name.partition(".")[0] for name in foreign} <= standard | {"requests", "urllib3"}
    assert not [name for file in core for name in imports(file) if name.startswith("..")]
    assert importing(core, "requests", "urllib3") == [(CORE / "transport.py").relative_to(ROOT).as_posix()]


def test_doors_do_not_know_each_other() -> None:
    package = files(ROOT / "pulumi_lumenfall")
    cli = [file for file in package if "cli" in file.parts]
    assert importing(cli, "pulumi", "ansible") == []
    assert importing(package, "requests", "urllib3", "ansible") == []
    assert importing(files(COLLECTION / "plugins"), "pulumi", "pulumi_lumenfall") == []


def test_the_sandbox_shares_no_code_with_the_core() -> None:
    """Else the two would share their bugs."""
    foreign = imports(ROOT / "pulumi_lumenfall/sandbox.py") - set(sys.stdlib_module_names)
    assert {name for name in foreign if name.partition(".")[0] not in sys.stdlib_module_names} == set()


@pytest.mark.parametrize("module", ["pulumi_lumenfall", "pulumi_lumenfall.core", "pulumi_lumenfall.cli"])
def test_what_an_import_does_not_load(module: str) -> None:
    """Pulumi costs more than the HTTP call, and requests is for the call alone."""
    code = f"import sys, {module}; print([m for m in ('pulumi', 'requests', 'ansible', 'grpc') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_a_name_of_the_core_loads_its_own_file_alone() -> None:
    """A program pays for what it uses: half of an import of the core went into names that it did not."""
    code = (
        "import sys, pulumi_lumenfall.core as core\n"
        "def loaded(): return [name.rpartition('_core.')[2] for name in sys.modules if '._core.' in name]\n"
        "print(loaded(), 'dataclasses' in sys.modules); core.APIError; print(loaded())\n"
        "print(set(core.__all__) - set(dir(core)), [name for name in core.__all__ if not hasattr(core, name)])\n"
        "print(hasattr(core, 'Misspelt'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == ["['_version'] False", "['_version', 'errors']", "set() []", "False"]


def test_namespaces_stay_open() -> None:
    """An __init__.py there would hide every other collection on the machine."""
    for folder in (ROOT / "ansible_collections", ROOT / "ansible_collections/lumenfall", COLLECTION):
        assert not (folder / "__init__.py").exists()


def test_one_version() -> None:
    assert yaml.safe_load((COLLECTION / "galaxy.yml").read_text())["version"] == __version__


def test_licence_texts_are_the_same_in_both_places() -> None:
    for text in (ROOT / "LICENSES").iterdir():
        assert (COLLECTION / "LICENSES" / text.name).read_bytes() == text.read_bytes()


@pytest.mark.parametrize("file", files(CORE) + files(COLLECTION / "plugins"), ids=lambda file: file.name)
def test_collection_keeps_to_python_38_syntax(file: Path) -> None:
    ast.parse(file.read_text(), feature_version=(3, 8))


def test_workflows_are_valid_and_run_the_whole_matrix() -> None:
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    program = str(Path(sys.executable).with_name("check-jsonschema"))
    subprocess.run([program, "--builtin-schema", "vendor.github-workflows", *workflows], check=True)
    forms = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"))
    subprocess.run([program, "--builtin-schema", "vendor.github-issue-forms", *forms], check=True)

    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    listed = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    sessions = {(session["session"], session["python"]) for session in json.loads(listed.stdout)}
    matrix = jobs["tests"]["strategy"]["matrix"]["include"]
    assert {(entry["session"], entry["python"]) for entry in matrix} == sessions
    assert set(jobs["all"]["needs"]) == set(jobs) - {"all"}
