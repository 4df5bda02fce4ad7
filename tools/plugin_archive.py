#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Builds the archive of the provider plugin, for `pulumi plugin install` and for a release.

It holds the package and the core as they are here; PulumiPlugin.yaml, by which the engine makes a virtual environment
when it installs the plugin; requirements.txt, from which it fills that; and two ways to start. Windows goes by
PulumiPlugin.yaml again: a Python language host runs `__main__.py`. Elsewhere the engine finds an executable of the
plugin's name first, which saves each run the start of that host. The archive is the same for every platform, and byte
for byte the same each time.

    tools/plugin_archive.py [FOLDER]        writes FOLDER/pulumi-resource-lumenfall-vVERSION.tar.gz and prints its path
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
# Doors that the plugin has no use for.
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

# The engine makes the environment in `venv`; hosts of before 3.119, which know no such option, in the folder itself.
# Apart from the environment of the program, whose PYTHONPATH may hold another Pulumi.
LAUNCHER = f"""\
#!/bin/sh
{HEADER}here=$(dirname "$0")
for python in "$here/venv/bin/python" "$here/bin/python"; do
    if [ -x "$python" ]; then exec "$python" -I "$here" "$@"; fi
done
exec "${{PULUMI_PYTHON_CMD:-python3}}" -I "$here" "$@"
"""


def main() -> int:
    """Builds it.

    Returns:
        The exit status.
    """
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{EXECUTABLE}-v{version()}.tar.gz"
    archive.write_bytes(build())
    print(archive)
    return 0


def version() -> str:
    """The version of everything."""
    text = (ROOT / CORE / "_version.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert match is not None
    return match[1]


def requirements() -> str:
    """What the engine installs for the plugin: the dependencies of the package, whose one list is in pyproject.toml.

    Read without a parser of TOML, which Python 3.10 has none of.
    """
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert listed is not None
    return "".join(f"{name}\n" for name in re.findall(r'^    "(.+)",$', listed[1], re.MULTILINE))


def contents() -> dict[str, bytes]:
    """Path in the archive -> what it holds."""
    found = {
        EXECUTABLE: LAUNCHER.encode(),
        "PulumiPlugin.yaml": (ROOT / PROVIDER / "PulumiPlugin.yaml").read_bytes(),
        "requirements.txt": requirements().encode(),
        "__main__.py": MAIN.encode(),
        "LICENSE": (ROOT / "LICENSES" / "Apache-2.0.txt").read_bytes(),
    }
    for folder in ("pulumi_lumenfall", CORE):
        for file in sorted((ROOT / folder).rglob("*")):
            name = file.relative_to(ROOT).as_posix()
            if file.is_file() and file.suffix != ".pyc" and not name.startswith(NOT_PACKED):
                found[name] = file.read_bytes()
    return found


def build() -> bytes:
    """The archive: no time, no owner and no mode of this machine is in it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(contents().items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if name == EXECUTABLE else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


if __name__ == "__main__":
    sys.exit(main())
