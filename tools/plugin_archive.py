#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Packs the provider plugin for a release, under the name that Pulumi asks for on each platform.

    tools/plugin_archive.py FOLDER      packs the wheel in FOLDER, and prints the archives that it wrote there

An archive holds the folder `plugin/`, with the wheel in place of the checkout. All of them are the same bytes, and the
same each time.
"""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLATFORMS = ("darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64", "windows-amd64", "windows-arm64")


def main() -> int:
    """Packs it.

    Returns:
        The exit status.
    """
    folder = Path(sys.argv[1])
    wheels = list(folder.glob("pulumi_lumenfall-*.whl"))
    if len(wheels) != 1:
        print(f"{folder} has {len(wheels)} wheels instead of one; run: python -m build --wheel", file=sys.stderr)
        return 1
    archive = build(wheels[0])
    version = wheels[0].name.split("-")[1]
    for platform in PLATFORMS:
        path = folder / f"pulumi-resource-lumenfall-v{version}-{platform}.tar.gz"
        path.write_bytes(archive)
        print(path)
    return 0


def build(wheel: Path) -> bytes:
    """The archive: no time, owner or mode of this machine is in it."""
    contents = {
        "LICENSE": (ROOT / "LICENSES" / "Apache-2.0.txt").read_bytes(),
        "PulumiPlugin.yaml": (ROOT / "plugin" / "PulumiPlugin.yaml").read_bytes(),
        "__main__.py": (ROOT / "plugin" / "__main__.py").read_bytes(),
        "requirements.txt": f"./{wheel.name}\n".encode(),
        wheel.name: wheel.read_bytes(),
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


if __name__ == "__main__":
    sys.exit(main())
