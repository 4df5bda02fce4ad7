# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What users install, built once and installed where the checkout is not in sight."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from support.installation import Installation

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source archive, as pip would."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)], check=True, capture_output=True)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """``pip install 'pulumi-lumenfall[ansible]'`` into an empty environment."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=True)
    subprocess.run(
        [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", f"{wheel}[ansible]"],
        check=True,
        capture_output=True,
    )
    return Installation(folder)
