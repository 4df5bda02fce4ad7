# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The public hints, checked by using them; and the lazy names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pulumi_lumenfall

ROOT = Path(__file__).parents[2]
API = Path(__file__).with_name("api.py")


@pytest.mark.parametrize("oldest", [False, True], ids=["this-python", "3.10"])
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_user_s_code(checker: str, oldest: bool) -> None:
    """Both checkers take what is right and refuse what is wrong."""
    command = {
        "mypy": ["mypy", "--strict", *(["--python-version=3.10"] if oldest else []), str(API)],
        "pyright": [
            *("pyright", "--warnings", f"--pythonpath={sys.executable}"),
            *(["--pythonversion=3.10"] if oldest else []),
            str(API),
        ],
    }[checker]
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_package_does_not_import_pulumi() -> None:
    """Nor does its core; the first use of a public name does."""
    code = (
        "import sys, pulumi_lumenfall, pulumi_lumenfall.core; assert 'pulumi' not in sys.modules; "
        "dir(pulumi_lumenfall); assert 'pulumi' not in sys.modules; "
        "pulumi_lumenfall.get_balance; assert 'pulumi' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)


def test_every_public_name_is_there() -> None:
    """A lazy name stays what it is after its file was imported, since none is named like a file."""
    files = {path.stem for path in Path(pulumi_lumenfall.__file__).parent.iterdir()}
    for name in pulumi_lumenfall.__all__:
        first = getattr(pulumi_lumenfall, name)
        assert getattr(pulumi_lumenfall, name) is first
        assert name == "__version__" or name not in files
        assert name == "__version__" or first.__doc__
    assert set(pulumi_lumenfall.__all__) <= set(dir(pulumi_lumenfall))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = pulumi_lumenfall.nothing
