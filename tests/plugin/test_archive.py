# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The plugin as its users install it: an archive of a release, or the folder ``plugin``."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty

from pulumi_lumenfall.core import __version__
from pulumi_lumenfall.sandbox import Sandbox
from support.plugin import Plugin, returned
from support.pulumi_project import PulumiProject

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "pulumi_lumenfall" / "provider" / "schema.json").read_text(encoding="utf-8"))
PLATFORMS = {f"{system}-{machine}" for system in ("darwin", "linux", "windows") for machine in ("amd64", "arm64")}
# The engine has pip fetch what the plugin requires.
INSTALL_SECONDS = 600
NOT_COPIED = shutil.ignore_patterns(".*", "build", "dist", "docs", "mutants", "tests", "venv", "__pycache__")

YAML = """
name: funds
runtime: yaml
resources:
  funds:
    type: lumenfall:Balance
    properties:
      minimum: 5
outputs:
  available: ${funds.available.amount}
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel and the archives: what ``make dist`` built (DIST_FOLDER), or built here."""
    folder = tmp_path_factory.mktemp("dist")
    if os.environ.get("DIST_FOLDER"):
        released = Path(os.environ["DIST_FOLDER"])
        for path in (*released.glob("*.whl"), *released.glob("pulumi-resource-*")):
            shutil.copy(path, folder)
        return folder
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=INSTALL_SECONDS)
    pack(folder)
    return folder


def pack(folder: Path, **env: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / "plugin_archive.py"), str(folder)]
    subprocess.run(command, env={**os.environ, **env}, check=True, capture_output=True, umask=0o077)


@pytest.fixture
def server(dist: Path) -> Iterator[str]:
    """The archives on a web server, as a release has them."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(dist))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A Python that has only pip."""
    venv.create(tmp_path / "bare", with_pip=True)
    return tmp_path / "bare" / "bin" / "python"


@pytest.fixture
def project(polyglot_bin: Path, bare: Path, tmp_path: Path, api: Sandbox, real_home: Path) -> PulumiProject:
    """A YAML program, without this checkout's plugin on PATH."""
    project = PulumiProject(tmp_path / "pulumi", "", pulumi_bin=polyglot_bin)
    project.environment.update(
        {**api.environ, "LUMENFALL_MAX_ATTEMPTS": "1", "HOME": str(real_home)},
        PATH=os.pathsep.join([str(polyglot_bin), str(bare.parent), os.defpath]),
        PULUMI_PYTHON_CMD=str(bare),
    )
    (project.directory / "Pulumi.yaml").write_text(YAML, encoding="utf-8")
    return project.stack_init()


def runs(python: Path, folder: Path, api: Sandbox) -> None:
    """The plugin that was installed answers, and is not the one of this checkout."""
    with Plugin(env=api.environ, command=[str(python), str(folder)]) as plugin:
        plugin.configure()
        assert returned(plugin.get_balance())["available"]["amount"] == 12.5
        assert plugin.stub.GetPluginInfo(Empty()).version == __version__


def gates(project: PulumiProject, polyglot_bin: Path, api: Sandbox) -> None:
    """The gate opens and closes, and Pulumi has no warnings.

    The host that can be built from the public Go modules cannot run a plugin from such a folder, and does not try.
    """
    usage = subprocess.run([str(polyglot_bin / "pulumi-language-python"), "-help"], capture_output=True, text=True)
    if "-virtualenv" in usage.stderr:
        return
    project.run("install").check()
    assert "available: 12.5" in project.preview().check().output
    api.amount = "3.20"
    low = project.preview()
    assert "resource 'funds' has a problem: balance too low: have 3.20 usd, need 5.00 usd" in low.output
    assert "warning" not in low.output


def test_an_archive_for_each_platform(dist: Path) -> None:
    """Under the name that Pulumi asks for; the same bytes, and the same each time."""
    archives = {path.name: path.read_bytes() for path in dist.glob("*.tar.gz")}
    assert set(archives) == {f"pulumi-resource-lumenfall-v{__version__}-{platform}.tar.gz" for platform in PLATFORMS}
    assert SCHEMA["version"] == __version__
    pack(dist, TZ="Pacific/Auckland", LANG="C")
    assert {path.read_bytes() for path in dist.glob("*.tar.gz")} == set(archives.values())
    assert len(set(archives.values())) == 1
    with tarfile.open(dist / min(archives)) as contents:
        names = {entry.name for entry in contents if entry.mode == 0o644}
    assert {"PulumiPlugin.yaml", "__main__.py", "requirements.txt", "LICENSE"} < names


def test_installed_from_a_release(server: str, project: PulumiProject, polyglot_bin: Path, api: Sandbox) -> None:
    project.run("plugin", "install", "resource", "lumenfall", __version__, "--server", server).check()
    folder = Path(project.environment["PULUMI_HOME"], "plugins", f"resource-lumenfall-v{__version__}")
    # Hosts of before 3.119 make the environment in the folder itself.
    (python,) = {*folder.glob("venv/bin/python"), *folder.glob("bin/python")}
    runs(python, folder, api)
    gates(project, polyglot_bin, api)


def test_the_folder_of_a_checkout(
    project: PulumiProject, bare: Path, polyglot_bin: Path, tmp_path: Path, api: Sandbox
) -> None:
    """As `pulumi package add` installs it and notes it in Pulumi.yaml."""
    shutil.copytree(ROOT, tmp_path / "checkout", ignore=NOT_COPIED)
    folder = tmp_path / "checkout" / "plugin"
    install = [str(bare), "-m", "pip", "install", "--quiet", "-r", "requirements.txt"]
    subprocess.run(install, cwd=folder, check=True, timeout=INSTALL_SECONDS)
    runs(bare, folder, api)
    with (project.directory / "Pulumi.yaml").open("a", encoding="utf-8") as file:
        file.write(f"packages:\n  lumenfall: {folder}\n")
    gates(project, polyglot_bin, api)


def test_without_what_it_requires(bare: Path) -> None:
    """One line that says what to do."""
    done = subprocess.run(
        [bare, ROOT / "plugin"], env={"PATH": os.defpath}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("pulumi-resource-lumenfall: No module named 'pulumi_lumenfall'; install what ")
    assert done.stderr.count("\n") == 1
