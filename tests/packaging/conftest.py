# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What users install, built once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.installation import BIN

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel, source archive and collection: what ``make dist`` built (DIST_FOLDER), or built here."""
    if os.environ.get("DIST_FOLDER"):
        return Path(os.environ["DIST_FOLDER"]).resolve()
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", out, ROOT], check=True, capture_output=True)
    collection = ROOT / "ansible_collections/lumenfall/cloud"
    build = [BIN / "ansible-galaxy", "collection", "build", collection, "--output-path", out]
    subprocess.run(build, env={**os.environ, "HOME": str(out)}, check=True, capture_output=True)
    return out


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    """The wheel."""
    (found,) = dist.glob("pulumi_lumenfall-*.whl")
    return found
