# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What users install, built once and installed where the checkout is not in sight."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.installation import Installation

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "ansible_collections/lumenfall/cloud"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel, source archive and collection: what ``make dist`` built (DIST_FOLDER), or built here."""
    if os.environ.get("DIST_FOLDER"):
        return Path(os.environ["DIST_FOLDER"]).resolve()
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", out, ROOT], check=True, capture_output=True)
    build = [BIN / "ansible-galaxy", "collection", "build", COLLECTION, "--output-path", out]
    subprocess.run(build, env={**os.environ, "HOME": str(out)}, check=True, capture_output=True)
    return out


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    (found,) = dist.glob("pulumi_lumenfall-*.whl")
    return found


@pytest.fixture(scope="session")
def collection_archive(dist: Path) -> Path:
    (found,) = dist.glob("lumenfall-cloud-*.tar.gz")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """``pip install 'pulumi-lumenfall[ansible]'`` into an empty environment."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    uv = str(BIN / "uv")
    # With pip, which the Python language host of Pulumi asks for what is installed.
    subprocess.run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, folder], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", folder, f"{wheel}[ansible]"]
    subprocess.run(install, check=True, capture_output=True)
    return Installation(folder)
