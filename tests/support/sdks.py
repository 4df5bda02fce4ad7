# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The SDKs that Pulumi generates from our schema, one folder for each language: nodejs, go, python."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pulumi_lumenfall

SOURCES = Path(__file__).parents[1] / "plugin" / "codegen"
SCHEMA = Path(pulumi_lumenfall.__file__).with_name("provider") / "schema.json"
# The same flags as for the engine, whose build has compiled most of it already.
GO_ENV = {"GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "GOWORK": "off"}
BUILD_SECONDS = 1800


def cache_folder(real_home: Path) -> Path:
    """Our folder in the user's cache, as `tools/pulumi_engine/find_or_build.py` has it."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(base) if os.path.isabs(base) else real_home / ".cache"
    return cache / "pulumi-lumenfall"


def go_environment(real_home: Path) -> dict[str, str]:
    """The environment for Go, with the module and build caches of the user and not of a test's empty HOME."""
    return {**os.environ, "HOME": str(real_home), **GO_ENV}


def generate(folder: Path, real_home: Path) -> Path:
    """Generate the SDKs.

    The generator is built with Go where the user's cache has none of these sources: minutes where not even the engine
    was built, else seconds.

    Args:
        folder: Where to, an empty folder.
        real_home: The user's home, where the caches are.

    Returns:
        The folder.
    """
    program = _generator(real_home)
    subprocess.run([str(program), str(SCHEMA), str(folder)], check=True, timeout=60)
    return folder


def _generator(real_home: Path) -> Path:
    digest = hashlib.sha256()
    for name in ("main.go", "go.mod", "go.sum"):
        digest.update((SOURCES / name).read_bytes())
    folder = cache_folder(real_home) / "codegen"
    program = folder / digest.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.exists():
            return program
        go = shutil.which("go")
        assert go is not None, "no go on PATH to build the code generator with"
        with tempfile.TemporaryDirectory(dir=folder) as work:
            built = Path(work, "codegen")
            command = [go, "build", "-ldflags", "-s -w", "-o", str(built), "."]
            subprocess.run(command, cwd=SOURCES, env=go_environment(real_home), check=True, timeout=BUILD_SECONDS)
            built.rename(program)
    return program
