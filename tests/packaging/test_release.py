# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``make prepare`` and ``make release``, in a scratch repository that holds the checkout as it is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
VERSION = "9.9.9"
COLLECTION = "ansible_collections/lumenfall/cloud"
GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "A step")


def release(folder: Path, step: str, version: str = VERSION) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/release.py", step, version]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def unprepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scratch") / "checkout"
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / "changelog.d").mkdir(exist_ok=True)
    (folder / "changelog.d/9999-test.md").write_text(
        "- (cli) It can sing.\n- (core) It can dance.\n- (cli) And whistle.\n"
    )
    (folder / COLLECTION / "changelogs/fragments/9999-test.yml").write_text("minor_changes: [It can sing.]\n")
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def prepared(unprepared: Path) -> Path:
    folder = unprepared.with_name("prepared")
    git(unprepared, "clone", "--quiet", str(unprepared), str(folder))
    done = release(folder, "prepare")
    assert done.returncode == 0, done.stderr
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def built(prepared: Path) -> Path:
    done = release(prepared, "build")
    assert done.returncode == 0, done.stderr
    return prepared / "dist"


def test_prepare_assembles_the_changelogs(prepared: Path) -> None:
    changelog = (prepared / "CHANGELOG.md").read_text()
    assert f"## Unreleased\n\n## {VERSION} - " in changelog
    assert "- (cli) It can sing.\n- (cli) And whistle.\n" in changelog
    assert list((prepared / "changelog.d").glob("*.md")) == []
    assert f"v{VERSION}\n" in (prepared / COLLECTION / "CHANGELOG.rst").read_text()
    assert "- It can sing." in (prepared / COLLECTION / "CHANGELOG.rst").read_text()


def test_artefacts(built: Path) -> None:
    assert {path.name for path in built.iterdir()} == {
        f"pulumi_lumenfall-{VERSION}-py3-none-any.whl",
        f"pulumi_lumenfall-{VERSION}.tar.gz",
        f"lumenfall-cloud-{VERSION}.tar.gz",
        f"pulumi-resource-lumenfall-v{VERSION}.tar.gz",
        f"pulumi-lumenfall-{VERSION}.cdx.json",
        "SHA256SUMS",
    }
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=built, check=True, capture_output=True)
    assert git(built.parent, "status", "--porcelain") == ""


def test_the_same_commit_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    """Elsewhere on the machine, later, and with other modes of files."""
    elsewhere = tmp_path / "other"
    git(tmp_path, "-c", "core.sharedRepository=0660", "clone", "--quiet", str(built.parent), str(elsewhere))
    done = release(elsewhere, "build")
    assert done.returncode == 0, done.stderr
    for path in built.iterdir():
        assert (elsewhere / "dist" / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_bill_of_materials(built: Path) -> None:
    text = (built / f"pulumi-lumenfall-{VERSION}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert bill["metadata"]["component"]["version"] == VERSION
    depends = {part["ref"]: part["dependsOn"] for part in bill["dependencies"]}
    assert any(ref.startswith("pkg:pypi/grpcio@") for name in depends if "/pulumi@" in name for ref in depends[name])
    scopes = {part["name"]: part["scope"] for part in bill["components"]}
    assert (scopes["requests"], scopes["pulumi"], scopes["ansible-core"]) == ("required", "required", "optional")
    assert "file:" not in text


def test_the_galaxy_archive_is_as_galaxy_wants_it(built: Path, tmp_path: Path) -> None:
    archive = built / f"lumenfall-cloud-{VERSION}.tar.gz"
    with tarfile.open(archive) as packed:
        assert {(entry.uid, entry.uname) for entry in packed} == {(0, "")}
    galaxy = [str(Path(sys.executable).parent / "ansible-galaxy"), "collection"]
    install = [*galaxy, "install", "--offline", str(archive), "-p", str(tmp_path)]
    subprocess.run(install, check=True, capture_output=True)
    verify = [*galaxy, "verify", "--offline", "lumenfall.cloud", "-p", str(tmp_path)]
    verified = subprocess.run(verify, check=True, capture_output=True, text=True).stdout
    assert f"Successfully verified that checksums for 'lumenfall.cloud:{VERSION}'" in verified


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


def leave_a_fragment(folder: Path) -> None:
    (folder / "changelog.d/1-left.md").write_text("- (core) Left.\n")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (replace(f"{COLLECTION}/plugins/module_utils/_core/_version.py", VERSION, "9.9.8"), "_version.py says 9.9.8"),
        (replace(f"{COLLECTION}/galaxy.yml", VERSION, "9.9.8"), "galaxy.yml says 9.9.8"),
        (replace("pulumi_lumenfall/provider/schema.json", VERSION, "9.9.8"), "schema.json says 9.9.8"),
        (replace("README.md", VERSION, "9.9.8"), "README.md says 9.9.8"),
        (replace("examples/ci/github-actions/deploy.yml", VERSION, "9.9.8"), "deploy.yml says 9.9.8"),
        (replace("CHANGELOG.md", VERSION, "9.9.8"), "CHANGELOG.md has no section"),
        (replace(f"{COLLECTION}/changelogs/changelog.yaml", VERSION, "9.9.8"), "collection's changelog has no section"),
        (leave_a_fragment, "changelog.d still holds 1-left.md"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_build_refuses(prepared: Path, tmp_path: Path, change: Callable[[Path], None], reason: str) -> None:
    folder = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", str(prepared), str(folder))
    change(folder)
    commit(folder)
    done = release(folder, "build")
    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr
    assert not (folder / "dist").exists()


@pytest.mark.parametrize("step", ["prepare", "build"])
def test_a_tree_that_is_not_clean(prepared: Path, tmp_path: Path, step: str) -> None:
    folder = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", str(prepared), str(folder))
    (folder / "README.md").write_text("changed")
    done = release(folder, step)
    assert done.returncode == 1
    assert "the tree is not clean" in done.stderr


def test_a_release_without_a_fragment(prepared: Path) -> None:
    done = release(prepared, "prepare", "9.9.10")
    assert done.returncode == 1
    assert "holds no fragment" in done.stderr
    assert git(prepared, "status", "--porcelain") == ""


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "01.2.3", "1.2.3rc1", ""])
def test_what_is_not_a_version(prepared: Path, version: str) -> None:
    done = release(prepared, "build", version)
    assert done.returncode == 1
    assert "is not a version" in done.stderr
