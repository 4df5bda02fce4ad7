# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Facts that stand in more than one file. Who may import whom is in pyproject.toml, for import-linter."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pulumi_lumenfall.core import __version__

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "ansible_collections/lumenfall/cloud"
WORKFLOWS = ROOT / ".github/workflows"


def files(folder: Path) -> list[Path]:
    """The text files of a folder that may name a version."""
    kinds = (".md", ".yml", ".yaml", "", ".tf")
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in kinds]


# A release writes the version into these, and into every page and example that names one (CONTRIBUTING.md).
FACTS = {"ansible_collections/lumenfall/cloud/galaxy.yml", "pulumi_lumenfall/provider/schema.json", "README.md"}
VERSION = re.compile(
    r"""^version: (?=\d+\.)|^  "version": "|pulumi-lumenfall(?:/plugin)?@v|releases/download/v"""
    r"|(?:lumenfall-balance:|lumenfall@|resource lumenfall )(?=\d)",
    re.MULTILINE,
)


def test_one_version() -> None:
    pages = [path for name in ("docs", "examples", "plugin") for path in files(ROOT / name)]
    found = {}
    for path in [*(ROOT / name for name in FACTS), *pages]:
        text = path.read_text(encoding="utf-8")
        if versions := {re.match(r"[\w.-]*", text[match.end() :])[0] for match in VERSION.finditer(text)}:
            found[path.relative_to(ROOT).as_posix()] = versions
    assert {name: versions for name, versions in found.items() if versions != {__version__}} == {}
    assert set(found) >= FACTS


@pytest.mark.parametrize("module", ["pulumi_lumenfall", "pulumi_lumenfall.core", "pulumi_lumenfall.cli"])
def test_what_an_import_does_not_load(module: str) -> None:
    """Pulumi costs more than the HTTP call, and requests is for the call alone."""
    code = f"import sys, {module}; print([m for m in ('pulumi', 'requests', 'ansible', 'grpc') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_namespaces_stay_open() -> None:
    """An __init__.py there would hide every other collection on the machine."""
    for folder in (ROOT / "ansible_collections", ROOT / "ansible_collections/lumenfall", COLLECTION):
        assert not (folder / "__init__.py").exists()


@pytest.mark.parametrize("file", sorted(COLLECTION.glob("plugins/**/*.py")), ids=lambda file: file.stem)
def test_the_collection_keeps_to_python_38_syntax(file: Path) -> None:
    ast.parse(file.read_text(), feature_version=(3, 8))


def test_licence_texts_are_the_same_in_both_places() -> None:
    for text in (ROOT / "LICENSES").iterdir():
        assert (COLLECTION / "LICENSES" / text.name).read_bytes() == text.read_bytes()


def test_workflows_are_valid_and_run_the_whole_matrix() -> None:
    program = str(Path(sys.executable).with_name("check-jsonschema"))
    subprocess.run([program, "--builtin-schema", "vendor.github-workflows", *WORKFLOWS.glob("*.yml")], check=True)
    forms = (ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml")
    subprocess.run([program, "--builtin-schema", "vendor.github-issue-forms", *forms], check=True)

    jobs = yaml.safe_load((WORKFLOWS / "nightly.yml").read_text())["jobs"]
    command = [sys.executable, "-m", "nox", "--list", "--json"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    sessions = {(session["session"], session["python"]) for session in json.loads(listed.stdout)}
    matrix = jobs["matrix"]["strategy"]["matrix"]["include"]
    assert {(entry["session"], entry["python"]) for entry in matrix} == sessions
