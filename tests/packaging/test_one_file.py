# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance.pyz`` runs with nothing but Python, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from ansible_test import pyenv_folders

from pulumi_lumenfall.sandbox import Sandbox
from support.fault_server import Connection, FaultServer
from support.plays import answer, says

TOOL = Path(__file__).parents[2] / "tools/one_file.py"
PLACES = os.pathsep.join([*pyenv_folders(), os.environ["PATH"]])
FOUND = {minor: shutil.which(f"python3.{minor}", path=PLACES) for minor in range(6, 15)}
TOO_OLD = [pytest.param(python, id=f"3.{minor}") for minor, python in FOUND.items() if python and minor < 10]
SUPPORTED = [pytest.param(python, id=f"3.{minor}") for minor, python in FOUND.items() if python and minor >= 10]
BASE = getattr(sys, "_base_executable", sys.executable)

Run: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make dist`` built (DIST_FOLDER), or built here."""
    folder = Path(os.environ.get("DIST_FOLDER") or tmp_path_factory.mktemp("pyz")).resolve()
    if not os.environ.get("DIST_FOLDER"):
        subprocess.run([sys.executable, TOOL, folder], check=True)
    return folder / "lumenfall-balance.pyz"


@pytest.fixture
def run(one_file: Path, tmp_path: Path) -> Run:
    """Run it with an empty environment, and a Python without packages."""

    def run(*words: str, python: str = BASE, file: Path = one_file, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-S", "-W", "error", file, *words],
            cwd=tmp_path,
            env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), **environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.mark.parametrize("python", SUPPORTED)
def test_the_gate(run: Run, tmp_path: Path, python: str) -> None:
    with Sandbox(amount="12.50") as api:
        assert run("show", python=python, **api.environ).stdout == "12.50 usd available (prepaid)\n"
        assert run("check", "--minimum", "5", python=python, **api.environ).returncode == 0
        api.amount = "3.20"
        too_low = run("check", "--minimum", "5", python=python, **api.environ)
    assert (too_low.returncode, "have 3.20 usd, need 5.00 usd" in too_low.stdout) == (2, True)
    without_key = run("check", "--minimum", "5", python=python)
    assert (without_key.returncode, len(without_key.stderr.splitlines())) == (3, 1)
    assert list(tmp_path.iterdir()) == []


def test_the_other_commands(run: Run) -> None:
    with Sandbox(amount="12.50") as api:
        doctor = run("doctor", "--json", **api.environ)
    assert (doctor.returncode, doctor.stderr) == (0, "")
    assert json.loads(doctor.stdout)
    assert "lumenfall-balance" in run("completion", "bash").stdout
    assert run("--version").stdout.startswith("lumenfall-balance ")


def test_trust(run: Run, one_file: Path, tmp_path: Path) -> None:
    """OpenSSL's authorities are trusted, or where it has none, certifi's, which are never written to a disk."""
    work = tmp_path / "work"
    work.mkdir()
    left: list[Path] = []

    def play(connection: Connection) -> None:
        left.extend(work.iterdir())
        says(answer())(connection)

    with FaultServer(play, tls="good") as server:
        nothing = {"SSL_CERT_DIR": "/none", "SSL_CERT_FILE": "/none", "TMPDIR": str(work)}
        environ = {**nothing, "LUMENFALL_API_KEY": "lmnfl_test.secret", "LUMENFALL_API_BASE": server.url}
        unknown = run("show", "--format", "json", **environ)
        assert json.loads(unknown.stdout)["error"]["type"] == "TLSError"
        assert run("show", **{**environ, "SSL_CERT_FILE": str(server.ca_file)}).returncode == 0
        changed = tmp_path / "changed.pyz"
        with zipfile.ZipFile(one_file) as whole, zipfile.ZipFile(changed, "w") as packed:
            for name in whole.namelist():
                certificates = server.ca_file.read_bytes() if name == "certifi/cacert.pem" else None
                packed.writestr(name, certificates or whole.read(name))
        assert run("show", file=changed, **environ).returncode == 0
    assert (left, len(server.requests)) == ([], 2)


@pytest.mark.parametrize("python", TOO_OLD)
def test_too_old_a_python(one_file: Path, python: str) -> None:
    done = subprocess.run([python, one_file, "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    needs = r"lumenfall-balance: needs Python 3\.10 or newer, this is 3\.[6-9]\.\d+\n"
    assert re.fullmatch(needs, done.stderr)


@pytest.mark.parametrize("python", SUPPORTED)
def test_it_is_compiled(one_file: Path, python: str) -> None:
    """For each Python that was there when it was built; it starts in twice the time otherwise."""
    ask = "from importlib.util import MAGIC_NUMBER as magic; print(magic.hex())"
    magic = subprocess.check_output([python, "-c", ask], text=True).strip()
    assert f"{magic}/requests/__init__.pyc" in zipfile.ZipFile(one_file).namelist()


def test_its_size(one_file: Path) -> None:
    assert one_file.stat().st_size < 3_000_000


@pytest.mark.skipif("DIST_FOLDER" in os.environ, reason="tests what is in DIST_FOLDER")
def test_the_same_bytes_again(one_file: Path, tmp_path: Path) -> None:
    again = f"umask 077; exec '{sys.executable}' '{TOOL}' '{tmp_path}'"
    subprocess.run(["sh", "-c", again], env={**os.environ, "TZ": "Asia/Tokyo"}, check=True)
    assert (tmp_path / one_file.name).read_bytes() == one_file.read_bytes()
