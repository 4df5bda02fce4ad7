# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The archive of the plugin, installed as its users do it and used by a program."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty

from pulumi_lumenfall.core import __version__
from pulumi_lumenfall.sandbox import Sandbox
from support.plugin import Plugin
from support.pulumi_project import PulumiProject

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "tools" / "plugin_archive.py"
SCHEMA = json.loads((ROOT / "pulumi_lumenfall" / "provider" / "schema.json").read_text(encoding="utf-8"))
# The engine has pip fetch the plugin's requirements.
INSTALL_SECONDS = 300

PROGRAM = """
import pulumi
import pulumi_lumenfall_sdk as lumenfall

pulumi.export("available", lumenfall.get_balance().available.amount)
lumenfall.Balance("funds", minimum=5)
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("archive"))


def build(folder: Path, **env: str) -> Path:
    command = [sys.executable, str(BUILD), str(folder)]
    done = subprocess.run(command, env={**os.environ, **env}, check=True, capture_output=True, text=True, umask=0o077)
    return Path(done.stdout.strip())


def test_it_is_the_same_each_time(archive: Path, tmp_path: Path) -> None:
    again = build(tmp_path, TZ="Pacific/Auckland", LANG="C")
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(archive.read_bytes()).digest()


def test_what_is_in_it(archive: Path) -> None:
    """The plugin and the core, under the one version; nothing for other doors, and nothing that was compiled."""
    assert archive.name == f"pulumi-resource-lumenfall-v{__version__}.tar.gz"
    assert SCHEMA["version"] == __version__
    with tarfile.open(archive) as contents:
        modes = {entry.name: entry.mode for entry in contents}
    assert [name for name, mode in modes.items() if mode & 0o111] == ["pulumi-resource-lumenfall"]
    assert {"PulumiPlugin.yaml", "requirements.txt", "LICENSE", "pulumi_lumenfall/provider/schema.json"} <= set(modes)
    assert not [name for name in modes if "__pycache__" in name or "/cli/" in name or "sandbox" in name]


@pytest.fixture
def unpacked(archive: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "unpacked"
    with tarfile.open(archive) as contents:
        contents.extractall(folder, filter="data")
    return folder


@pytest.mark.parametrize("way", ["the executable", "a language host"])
def test_started_in_both_ways(unpacked: Path, way: str) -> None:
    """From the archive and not from this checkout, whatever the program's PYTHONPATH."""
    (unpacked / "hostile").mkdir()
    (unpacked / "hostile" / "grpc.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    if way == "the executable":
        env = {"PULUMI_PYTHON_CMD": sys.executable, "PYTHONPATH": str(unpacked / "hostile")}
        plugin = Plugin(env=env, command=[str(unpacked / "pulumi-resource-lumenfall")])
    else:
        plugin = Plugin(command=[sys.executable, str(unpacked)])
    with plugin:
        assert plugin.stub.GetPluginInfo(Empty()).version == __version__


def test_without_what_it_requires(unpacked: Path, tmp_path: Path) -> None:
    """One line that says what to do."""
    venv.create(tmp_path / "bare")
    env = {"PULUMI_PYTHON_CMD": str(tmp_path / "bare" / "bin" / "python"), "PATH": os.defpath}
    done = subprocess.run([str(unpacked / "pulumi-resource-lumenfall")], env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.fullmatch(r"pulumi-resource-lumenfall: No module named .*; run: pulumi plugin install .*\n", done.stderr)


def test_installed_and_used(
    archive: Path, python_sdk: Path, polyglot_bin: Path, tmp_path: Path, real_home: Path, api: Sandbox
) -> None:
    """From a clean home and a Python that has nothing, through `plugin install` to a program's gate."""
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=True)
    env = {**api.environ, "LUMENFALL_MAX_ATTEMPTS": "1", "PYTHONPATH": str(python_sdk)}
    project = PulumiProject(tmp_path / "pulumi", PROGRAM, pulumi_bin=polyglot_bin, env=env).stack_init()
    # Without the console script of this checkout.
    project.environment["PATH"] = os.pathsep.join([str(polyglot_bin), os.defpath])
    install = ["plugin", "install", "resource", "lumenfall", __version__, "--file", str(archive)]
    user = {"PULUMI_PYTHON_CMD": str(bare / "bin" / "python"), "PYTHONPATH": "", "HOME": str(real_home)}
    project.run(*install, env=user, timeout_seconds=INSTALL_SECONDS).check()

    project.up().check()
    assert project.stack_output() == {"available": 12.5}
    api.amount = "3.20"
    low = project.preview()
    assert "resource 'funds' has a problem: balance too low: have 3.20 usd, need 5.00 usd" in low.output
    # As other plugins are, and not as something on PATH that the engine warns of.
    assert "warning" not in low.output
    project.destroy().check()

    home = Path(project.environment["PULUMI_HOME"])
    (program,) = home.glob("plugins/resource-lumenfall-v*/pulumi-resource-lumenfall")
    schema = json.loads(project.run("package", "get-schema", str(program)).check().stdout)
    # The engine adds what is empty.
    assert {name: value for name, value in schema.items() if name in SCHEMA} == SCHEMA
    # In a project whose language needs no SDK.
    (project.directory / "Pulumi.yaml").write_text("name: added\nruntime: yaml\n", encoding="utf-8")
    added = project.run("package", "add", str(program))
    assert "Successfully generated an SDK for the lumenfall package" in added.output
    # The helper of YAML that the public modules hold cannot write it into Pulumi.yaml; that of an official engine can.
    assert added.returncode == 0 or "method Link not implemented" in added.output


def test_named_by_a_project(unpacked: Path, python_sdk: Path, polyglot_bin: Path, tmp_path: Path, api: Sandbox) -> None:
    """By its folder, in Pulumi.yaml; nothing is installed, and nothing is on PATH."""
    env = {**api.environ, "PYTHONPATH": str(python_sdk)}
    project = PulumiProject(tmp_path / "pulumi", PROGRAM, pulumi_bin=polyglot_bin, env=env)
    project.environment["PATH"] = os.pathsep.join([str(polyglot_bin), os.defpath])
    with (project.directory / "Pulumi.yaml").open("a", encoding="utf-8") as file:
        file.write(f"\nplugins:\n  providers:\n    - name: lumenfall\n      path: {unpacked}\n")
    assert "available: 12.5" in project.stack_init().preview().check().output
