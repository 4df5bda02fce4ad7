# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A virtual environment with pulumi-policy, which pins an older protobuf than pulumi's newest versions use."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from user_cache import user_cache

REQUIREMENTS = ("pulumi-policy>=1.21,<2", "requests>=2.32.4,<3", "urllib3>=2.7,<3")


def policy_python() -> Path:
    """The interpreter of that environment, which is made the first time and kept in the user's cache."""
    # Not Path.home(): every test has an empty HOME.
    home = Path(os.path.expanduser(f"~{os.environ.get('USER', '')}"))
    folder = user_cache(home) / f"policy-{sys.version_info.major}.{sys.version_info.minor}"
    wanted = "\n".join(REQUIREMENTS)
    done, python = folder / "requirements.txt", folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not python.exists() or not done.is_file() or done.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            print(f"making an environment with pulumi-policy in {folder}", file=sys.stderr, flush=True)
            # Not the Python of an environment, which may go.
            subprocess.run([os.path.realpath(sys.executable), "-m", "venv", str(folder)], check=True)
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *REQUIREMENTS], check=True, stdout=sys.stderr)
            done.write_text(wanted, encoding="utf-8")
    return python
