#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Builds the command line as one file, for pipelines that have nothing but Python 3.10 or newer.

    tools/one_file.py [FOLDER]        writes FOLDER/lumenfall-balance.pyz and prints its path

It holds the sources, and compiled modules for each Python that this machine has: without them it starts in twice the
time. The same Pythons and dependencies give the same bytes.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from importlib.metadata import requires
from pathlib import Path

from ansible_test import pyenv_folders

ROOT = Path(__file__).resolve().parents[1]
OURS = ("__init__.py", "core.py", "sandbox.py", "cli/**/*.py")
CORE = "ansible_collections/lumenfall/cloud/plugins/module_utils/_core/*.py"
PURE = ("--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none", "--python-version=3.10")
# requests does without charset_normalizer, which only guesses encodings; what else is here needs what is not.
UNUSED = ("bin", "charset_normalizer*", "urllib3/contrib/[ep]*", "urllib3/http2/connection.py")
COMPILED = ("ansible_collections", "idna", "pulumi_lumenfall", "requests", "urllib3")
COMPILE = ("-m", "compileall", "-q", "-b", "--invalidation-mode=unchecked-hash", *COMPILED)
MAGIC = "from importlib.util import MAGIC_NUMBER as magic"
# Old Pythons understand it too. Compiled modules are in a folder named after the kind of bytecode.
MAIN = f"""\
import sys

if sys.version_info < (3, 10):
    sys.stderr.write("lumenfall-balance: needs Python 3.10 or newer, this is %d.%d.%d\\n" % sys.version_info[:3])
    sys.exit(3)
import warnings
{MAGIC}

sys.path.insert(0, sys.path[0] + "/" + magic.hex())
sys.modules.update(chardet=None, charset_normalizer=None)
warnings.filterwarnings("ignore", "Unable to find acceptable character detection dependency")
from pulumi_lumenfall.cli import main

sys.exit(main())
"""
# requests asks for the path of certifi's certificates as it starts; in here they have none, and the core reads them.
CERTS = "def where():\n    return ''\n"


def gather(folder: Path) -> None:
    """Put the sources into a folder: ours, and of what they need all except Pulumi."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    needs = [need for need in requires("pulumi-lumenfall") or () if not re.search("^pulumi|extra ==", need)]
    subprocess.run([*pip, *PURE, f"--target={folder}", *needs], check=True)
    for path in [path for pattern in UNUSED for path in folder.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for pattern in (CORE, "LICENSES/Apache-2.0.txt", *(f"pulumi_lumenfall/{name}" for name in OURS)):
        for path in ROOT.glob(pattern):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    (folder / "__main__.py").write_text(MAIN)
    (folder / "requests/certs.py").write_text(CERTS)


def compile_for(python: str, folder: Path) -> None:
    """Add the modules as this Python compiles them."""
    magic = subprocess.check_output([python, "-c", f"{MAGIC}; print(magic.hex())"], text=True).strip()
    for package in COMPILED:
        shutil.copytree(folder / package, folder / magic / package)
    subprocess.run([python, *COMPILE], cwd=folder / magic, env={"PYTHONHASHSEED": "0"}, check=True)
    for path in (folder / magic).rglob("*.py"):
        path.unlink()


def pack(folder: Path, archive: Path) -> None:
    """Write it as zipapp does, without what differs by machine: the order, times and modes of files."""
    date = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", "1577836800")))[:6]
    archive.write_bytes(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(archive, "a") as packed:
        for path in sorted(folder.rglob("*")):
            # Folders too: without them Python finds no package that lacks __init__.py.
            entry = zipfile.ZipInfo(f"{path.relative_to(folder)}{'/' * path.is_dir()}", date)
            packed.writestr(entry, b"" if path.is_dir() else path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    archive.chmod(0o755)


if __name__ == "__main__":
    archive = Path(sys.argv[1] if len(sys.argv) > 1 else "dist", "lumenfall-balance.pyz")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        gather(Path(temporary))
        for name in (f"python3.{minor}" for minor in range(10, 15)):
            python = shutil.which(name, path=os.pathsep.join([*pyenv_folders(), os.environ["PATH"]]))
            if python:
                compile_for(python, Path(temporary))
            else:
                print(f"{name} is not here; with it, the file will start in twice the time", file=sys.stderr)
        pack(Path(temporary), archive)
    print(archive)
