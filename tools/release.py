# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A release in two steps, neither of which uploads anything.

``prepare VERSION`` writes the version everywhere it stands, and makes the changelogs out of their fragments; look at
what it did, and commit it. ``build VERSION`` builds all artefacts of that commit into ``dist/``: wheel, source archive,
Galaxy archive, plugin archive, a bill of materials and checksums. It refuses a tree that is not clean, fragments that
are left over, and a version that is not the same everywhere. The same commit gives the same bytes.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import uuid
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

BIN = Path(sys.executable).parent
COLLECTION = "ansible_collections/lumenfall/cloud"
CORE = f"{COLLECTION}/plugins/module_utils/_core"
# Where the version stands: the one that the package is built from first.
VERSIONS = {
    f"{CORE}/_version.py": r'^__version__ = "(.+)"$',
    f"{COLLECTION}/galaxy.yml": r"^version: (.+)$",
    "pulumi_lumenfall/provider/schema.json": r'^  "version": "(.+)",$',
    "README.md": r"pulumi-lumenfall/pulumi-lumenfall@v([0-9.]+)",
    "docs/installation-configuration.md": r"^VERSION=(.+)$",
    "examples/ci/github-actions/deploy.yml": r"pulumi-lumenfall/pulumi-lumenfall@v(.+)$",
    "examples/ci/kubernetes/job.yaml": r"/lumenfall-balance:(.+)$",
    "examples/ci/kubernetes/cronjob.yaml": r"/lumenfall-balance:(.+)$",
}
EXTRAS = ("ansible", "policy")
SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class Refused(Exception):
    """A reason not to make this release."""


def main() -> int:
    """Run the step that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("prepare", "build"))
    parser.add_argument("version")
    options = parser.parse_args()
    root = Path.cwd()
    try:
        if not SEMANTIC.fullmatch(options.version):
            raise Refused(f"{options.version!r} is not a version such as 1.2.3")
        if run("git", "status", "--porcelain", cwd=root):
            raise Refused("the tree is not clean: commit or remove what 'git status' shows")
        (prepare if options.step == "prepare" else build)(root, options.version)
    except Refused as refused:
        print(f"no release: {refused}", file=sys.stderr)
        return 1
    return 0


def run(*command: str, cwd: Path, **environ: str) -> str:
    """What a command prints; where it fails, what it said is the reason."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, "PATH": path, **environ}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Refused(f"{' '.join(command[:4])} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def fragments(root: Path) -> list[Path]:
    """What is still to be put into CHANGELOG.md."""
    return sorted((root / "changelog.d").glob("*.md"))


def prepare(root: Path, version: str) -> None:
    """Write the version, and make the changelogs."""
    if not fragments(root):
        raise Refused("changelog.d holds no fragment: what does a user notice of this release?")
    for name, pattern in VERSIONS.items():
        path = root / name
        text = path.read_text(encoding="utf-8")
        match = re.search(pattern, text, re.MULTILINE)
        if match is None:
            raise Refused(f"{name} holds no version")
        path.write_text(text[: match.start(1)] + version + text[match.end(1) :], encoding="utf-8")

    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    entries = [line for path in fragments(root) for line in path.read_text(encoding="utf-8").splitlines() if line]
    surfaces = [entry.partition(")")[0] for entry in entries]
    entries.sort(key=lambda entry: surfaces.index(entry.partition(")")[0]))
    changelog = root / "CHANGELOG.md"
    before, heading, after = changelog.read_text(encoding="utf-8").partition("## Unreleased\n")
    if not heading:
        raise Refused("CHANGELOG.md has no section '## Unreleased'")
    section = "\n".join([f"## {version} - {today}", "", *entries, ""])
    changelog.write_text(f"{before}{heading}\n{section}{after}", encoding="utf-8")
    for path in fragments(root):
        path.unlink()

    run("antsibull-changelog", "release", "--version", version, "--date", today, cwd=root / COLLECTION)
    print(f"{version} is prepared: look at 'git diff', and commit it")


def check(root: Path, version: str) -> None:
    """Refuse a version that is not the same everywhere, or not told to users.

    Raises:
        Refused: With all that is wrong.
    """
    wrong = []
    for name, pattern in VERSIONS.items():
        match = re.search(pattern, (root / name).read_text(encoding="utf-8"), re.MULTILINE)
        if match is None or match[1] != version:
            wrong.append(f"{name} says {match[1] if match else 'nothing'}, not {version}")
    if f"\n## {version} - " not in (root / "CHANGELOG.md").read_text(encoding="utf-8"):
        wrong.append(f"CHANGELOG.md has no section for {version}")
    releases = (root / COLLECTION / "changelogs/changelog.yaml").read_text(encoding="utf-8")
    if not re.search(rf"^  '?{re.escape(version)}'?:$", releases, re.MULTILINE):
        wrong.append(f"the collection's changelog has no section for {version}")
    if fragments(root):
        wrong.append(f"changelog.d still holds {', '.join(path.name for path in fragments(root))}")
    if wrong:
        raise Refused("\n  ".join([f"this is not {version} yet; 'make prepare VERSION={version}' comes first", *wrong]))


def build(root: Path, version: str) -> None:
    """Build everything, from what is committed and from nothing else."""
    check(root, version)
    epoch = run("git", "log", "-1", "--format=%ct", cwd=root)
    dist = root / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir()
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        source = Path(folder) / "source"
        source.mkdir()
        run("git", "archive", "--output", f"{folder}/source.tar", "HEAD", cwd=root)
        run("tar", "-xf", f"{folder}/source.tar", "-C", str(source), cwd=root)
        run("python", "-m", "build", "--no-isolation", "--outdir", str(dist), cwd=source, SOURCE_DATE_EPOCH=epoch)
        galaxy = ("ansible-galaxy", "collection", "build", "--output-path")
        run(*galaxy, folder, cwd=source / COLLECTION)
        (archive,) = Path(folder).glob("lumenfall-cloud-*.tar.gz")
        (dist / archive.name).write_bytes(repack(archive, int(epoch)))
        run("python", "tools/plugin_archive.py", str(dist), cwd=source)
    (wheel,) = dist.glob("*.whl")
    run("twine", "check", "--strict", *map(str, dist.glob("pulumi_lumenfall-*")), cwd=root)
    run("check-wheel-contents", str(wheel), cwd=root)
    bill = bill_of_materials(wheel, int(epoch))
    (dist / f"pulumi-lumenfall-{version}.cdx.json").write_text(f"{json.dumps(bill, indent=2)}\n", encoding="utf-8")
    sums = [f"{sha256(path)}  {path.name}\n" for path in sorted(dist.iterdir())]
    (dist / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    print("".join(sums), end="")


def repack(archive: Path, epoch: int) -> bytes:
    """An archive without the times, the order and the owner that ansible-galaxy found on this machine."""
    packed = io.BytesIO()
    with tarfile.open(archive) as given, tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as made:
        for entry in sorted(given.getmembers(), key=lambda entry: entry.name):
            content = given.extractfile(entry) if entry.isfile() else None
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = epoch, 0, 0, "", ""
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            entry.pax_headers = {}
            made.addfile(entry, content)
    return gzip.compress(packed.getvalue(), mtime=0)


def bill_of_materials(wheel: Path, epoch: int) -> dict[str, Any]:
    """What an installation of the wheel brings with it today, as CycloneDX; the extras' part is optional."""
    packages = resolve(f"{wheel}[{','.join(EXTRAS)}]")
    needed: set[str] = set()
    pending = ["pulumi-lumenfall"]
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += requires(packages[name])
    purls = {name: f"pkg:pypi/{name}@{metadata['version']}" for name, metadata in packages.items()}
    itself = packages["pulumi-lumenfall"]
    parts = {name: component(metadata, purls[name], name in needed) for name, metadata in packages.items()}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, sha256(wheel)).urn,
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).isoformat(),
            "component": {
                **component(itself, purls["pulumi-lumenfall"], True),
                "hashes": [{"alg": "SHA-256", "content": sha256(wheel)}],
            },
        },
        "components": [parts[name] for name in sorted(parts) if name != "pulumi-lumenfall"],
        "dependencies": [
            {
                "ref": purls[name],
                "dependsOn": sorted(purls[other] for other in requires(metadata, *EXTRAS) & set(purls)),
            }
            for name, metadata in sorted(packages.items())
        ],
    }


def resolve(requirement: str) -> dict[str, dict[str, Any]]:
    """Name -> metadata of all that pip would install with it, itself included."""
    command = ("python", "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-")
    report = json.loads(run(*command, requirement, cwd=Path.cwd()))
    return {canonicalize_name(item["metadata"]["name"]): item["metadata"] for item in report["install"]}


def requires(metadata: dict[str, Any], *extras: str) -> set[str]:
    """The names of what a package needs here, with its extras or without."""
    requirements = [Requirement(text) for text in metadata.get("requires_dist", [])]
    return {
        canonicalize_name(found.name)
        for found in requirements
        if found.marker is None or any(found.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    }


def component(metadata: dict[str, Any], purl: str, required: bool) -> dict[str, Any]:
    """One package of the bill."""
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": canonicalize_name(metadata["name"]),
        "version": metadata["version"],
        "scope": "required" if required else "optional",
        "purl": purl,
    }
    if metadata.get("license_expression"):
        found["licenses"] = [{"expression": metadata["license_expression"]}]
    return found


def sha256(path: Path) -> str:
    """The checksum of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
