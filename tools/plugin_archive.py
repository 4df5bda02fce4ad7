#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Builds the archive of the provider plugin, for `pulumi plugin install` and for a release.

    tools/plugin_archive.py [FOLDER]        writes FOLDER/pulumi-resource-lumenfall-vVERSION.tar.gz and prints its path

It holds the package and the core; PulumiPlugin.yaml and requirements.txt, by which the engine makes a virtual
environment when it installs the plugin; and two ways to start: the executable, which the engine runs where it can, and
`__main__.py`, which a Python language host runs on Windows. The archive is the same on every machine, byte for byte.
"""

from __future__ import annotations

import gzip
import io
import re
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = "ansible_collections/lumenfall/cloud/plugins/module_utils/_core"
PROVIDER = "pulumi_lumenfall/provider"
EXECUTABLE = "pulumi-resource-lumenfall"
# What the plugin has no use for, and what has another place in the archive.
NOT_PACKED = (
    "pulumi_lumenfall/cli/",
    "pulumi_lumenfall/sandbox.py",
    "pulumi_lumenfall/policy.py",
    f"{PROVIDER}/PulumiPlugin.yaml",
)

HEADER = """\
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""
MAIN = f'''\
{HEADER}"""Where Python starts the plugin: this folder comes first on its path."""

import sys

if sys.version_info < (3, 10):
    sys.exit("pulumi-resource-lumenfall needs Python 3.10 or newer; this is " + sys.version.split()[0])
try:
    import google.protobuf, grpc, pulumi, requests
except ImportError as error:
    sys.exit("pulumi-resource-lumenfall: " + str(error) + "; run: pulumi plugin install resource lumenfall --reinstall")

from pulumi_lumenfall.provider import main

sys.exit(main())
'''
# Hosts before 3.119 make the environment in the folder itself. Python is isolated (-I) from the environment of the
# program, whose PYTHONPATH may hold another Pulumi.
LAUNCHER = f"""\
#!/bin/sh
{HEADER}here=$(dirname "$0")
for python in "$here/venv/bin/python" "$here/bin/python"; do
    if [ -x "$python" ]; then exec "$python" -I "$here" "$@"; fi
done
exec "${{PULUMI_PYTHON_CMD:-python3}}" -I "$here" "$@"
"""


def main() -> int:
    """Builds it; the exit status."""
    version = find(r'^__version__ = "([^"]+)"$', f"{CORE}/_version.py")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{EXECUTABLE}-v{version}.tar.gz"
    archive.write_bytes(build())
    print(archive)
    return 0


def find(pattern: str, file: str) -> str:
    """What the group of a pattern matches in a file of the checkout."""
    match = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert match is not None, file
    return match[1]


def contents() -> dict[str, bytes]:
    """Path in the archive -> what it holds."""
    # Without a parser of TOML, which Python 3.10 does not have.
    dependencies = re.findall(r'^    "(.+)",$', find(r"^dependencies = \[\n(.*?)^\]", "pyproject.toml"), re.MULTILINE)
    found = {
        EXECUTABLE: LAUNCHER.encode(),
        "PulumiPlugin.yaml": (ROOT / PROVIDER / "PulumiPlugin.yaml").read_bytes(),
        "requirements.txt": "".join(f"{requirement}\n" for requirement in dependencies).encode(),
        "__main__.py": MAIN.encode(),
        "LICENSE": (ROOT / "LICENSES/Apache-2.0.txt").read_bytes(),
    }
    for folder in ("pulumi_lumenfall", CORE):
        for file in sorted((ROOT / folder).rglob("*")):
            name = file.relative_to(ROOT).as_posix()
            if file.is_file() and file.suffix != ".pyc" and not name.startswith(NOT_PACKED):
                found[name] = file.read_bytes()
    return found


def build() -> bytes:
    """The archive, without times, owners and modes of this machine."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(contents().items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if name == EXECUTABLE else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


if __name__ == "__main__":
    sys.exit(main())
