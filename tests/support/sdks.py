# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The SDKs that Pulumi generates from our schema, and what it takes to write programs with them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import pulumi_lumenfall
from user_cache import user_cache

TESTS = Path(__file__).parents[1] / "plugin"
SOURCES = TESTS / "codegen"
SCHEMA = Path(pulumi_lumenfall.__file__).with_name("provider") / "schema.json"
# The same flags as for the engine, whose build has compiled most of it already.
GO_ENV = {"GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "GOWORK": "off"}
BUILD_SECONDS = 1800
INSTALL_SECONDS = 300
GO_SDK = "github.com/pulumi-lumenfall/pulumi-lumenfall/sdk/go/lumenfall"


def toolchain(program: str) -> Path:
    """Where a language's own program is; a test that needs one that is not there is skipped, and fails in CI."""
    found = shutil.which(program)
    if found is not None:
        return Path(found)
    text = f"no {program} on PATH, which this language's tests need"
    if os.environ.get("CI"):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def generate(folder: Path, real_home: Path) -> Path:
    """Generate the SDKs into an empty folder; the generator is built with Go the first time, into the user's cache."""
    subprocess.run([str(_generator(real_home)), str(SCHEMA), str(folder)], check=True, timeout=INSTALL_SECONDS)
    return folder


def python_package(folder: Path, sdk: Path) -> Path:
    """The Python SDK, built and installed into a folder of its own for PYTHONPATH."""
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command = [*install, "--target", str(folder), str(sdk)]
    # Its builder complains of the generated sources, at length.
    subprocess.run(command, check=True, timeout=INSTALL_SECONDS, stderr=subprocess.DEVNULL)
    return folder


def node_modules(folder: Path, sdk: Path, real_home: Path) -> Path:
    """The folder `node_modules` that `npm install` makes for a program with the generated SDK, which is compiled here.

    Packages in it find each other wherever a program links it to.
    """
    node, packages = toolchain("node"), _npm_packages(real_home)
    modules = folder / "node_modules"
    modules.mkdir()
    for package in packages.iterdir():
        (modules / package.name).symlink_to(package)
    ours = Path(shutil.copytree(sdk, modules / "pulumi-lumenfall"))
    subprocess.run([str(node), str(modules / "typescript" / "bin" / "tsc")], cwd=ours, check=True, timeout=120)
    shutil.copy(ours / "package.json", ours / "bin")
    return modules


def _npm_packages(real_home: Path) -> Path:
    digest = hashlib.sha256((TESTS / "node" / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = user_cache(real_home) / "npm"
    made = folder / digest / "node_modules"
    with _lock(folder):
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=folder) as work:
                for name in ("package.json", "package-lock.json"):
                    shutil.copy(TESTS / "node" / name, work)
                options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
                command = [str(toolchain("npm")), "ci", *options]
                env = {**os.environ, "HOME": str(real_home)}
                subprocess.run(command, cwd=work, env=env, check=True, timeout=INSTALL_SECONDS)
                made.parent.mkdir(exist_ok=True)
                Path(work, "node_modules").rename(made)
    return made


def go_module(folder: Path, sdk: Path) -> Path:
    """Make a folder a Go module that has the generated SDK, as `pulumi package add` leaves it, with pinned versions."""
    for name in ("go.mod", "go.sum"):
        shutil.copy(TESTS / "go" / name, folder)
    added = Path(shutil.copytree(sdk / "lumenfall", folder / "sdks" / "lumenfall"))
    (added / "go.mod").write_text(f"module {GO_SDK}\n\ngo 1.25\n", encoding="utf-8")
    return folder


def go_environment(real_home: Path) -> dict[str, str]:
    """What Go is told, with the module and build caches of the user and not of a test's empty HOME."""
    command = [str(toolchain("go")), "env", "-json", "GOMODCACHE", "GOCACHE", "GOPATH", "GOPROXY", "GOSUMDB"]
    env = {**os.environ, "HOME": str(real_home)}
    told = json.loads(subprocess.run(command, env=env, check=True, capture_output=True).stdout)
    return {**told, **GO_ENV}


def _generator(real_home: Path) -> Path:
    digest = hashlib.sha256()
    for name in ("main.go", "go.mod", "go.sum"):
        digest.update((SOURCES / name).read_bytes())
    folder = user_cache(real_home) / "codegen"
    program = folder / digest.hexdigest()[:16]
    with _lock(folder):
        if not program.exists():
            with tempfile.TemporaryDirectory(dir=folder) as work:
                built = Path(work, "codegen")
                go_build(SOURCES, built, real_home)
                built.rename(program)
    return program


def go_build(module: Path, program: Path, real_home: Path) -> None:
    """Build a Go module's own program."""
    command = [str(toolchain("go")), "build", "-ldflags", "-s -w", "-o", str(program), "."]
    env = {**os.environ, **go_environment(real_home)}
    subprocess.run(command, cwd=module, env=env, check=True, timeout=BUILD_SECONDS)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time fill a folder of the cache."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
