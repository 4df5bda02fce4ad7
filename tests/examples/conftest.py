# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Runs what is in ``examples/`` and ``action.yml`` as its real consumer does."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from user_cache import user_cache

ROOT = Path(__file__).parents[2]
# What is built with Go, once, in the user's cache.
GO_TOOLS = {
    "actionlint": ("github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12", ()),
    "node_exporter": ("github.com/prometheus/node_exporter", "v1.12.1", ()),
    # Without the tag, service discovery for dozens of clouds is most of the build.
    "promtool": ("github.com/prometheus/prometheus/cmd/promtool", "v0.316.0", ("-tags", "remove_all_sd")),
}


@pytest.fixture(scope="session")
def go_tool():
    """Finds a program on PATH, or builds it. Without Go the test is skipped; in CI it fails."""
    # Taken here, where HOME is still the user's.
    environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    cache = user_cache() / "go-tools"

    def find(name: str) -> str:
        if found := shutil.which(name):
            return found
        package, version, options = GO_TOOLS[name]
        folder = cache / f"{name}-{version}"
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / name
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not program.exists():
                if shutil.which("go") is None:
                    give_up = pytest.fail if os.environ.get("CI") else pytest.skip
                    give_up(f"neither {name} nor Go to build it with is on PATH")
                command = ["go", "install", "-trimpath", "-ldflags=-s -w", *options, f"{package}@{version}"]
                # Moved when it is whole: a build that was cut off leaves nothing behind.
                subprocess.run(command, env={**environ, "GOBIN": str(folder / "bin")}, check=True)
                (folder / "bin" / name).rename(program)
        return str(program)

    return find


@pytest.fixture
def folder(tmp_path):
    """The working directory of what runs, with stand-ins for the programs that would install us."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "lumenfall-balance").symlink_to(Path(sys.executable).with_name("lumenfall-balance"))
    (tmp_path / "downloaded").write_text("from pulumi_lumenfall.cli import main; raise SystemExit(main())")
    download = f"#!/bin/sh\ncp '{tmp_path}/downloaded' lumenfall-balance.pyz\n"
    python = f"#!/bin/sh\nexec '{sys.executable}' \"$@\"\n"
    for name, text in {"curl": download, "wget": download, "python3": python}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return tmp_path


@pytest.fixture
def run(folder, clean_environment):
    """Runs a script in a shell, with nothing of the machine's environment."""

    def run(script, api=None, *, shell="bash --noprofile --norc -eo pipefail", **env):
        ended = subprocess.run(
            [*shell.split(), "-c", script],
            env={
                "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
                "HOME": str(clean_environment),
                "LUMENFALL_MAX_ATTEMPTS": "1",
                **(api.environ if api else {}),
                **env,
            },
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended

    return run


@pytest.fixture(params=[("12.50", 0), ("3.20", 2), ("gone", 3)], ids=["enough", "low", "gone"])
def case(request, api):
    """An API, and the exit status of a check for 5 usd."""
    amount, status = request.param
    if amount == "gone":
        api.close()
    else:
        api.amount = amount
    return api, status
