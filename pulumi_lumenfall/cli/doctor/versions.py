# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The doctor's look at what is installed: this package, its collection, Pulumi, Ansible, HTTP libraries."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from ...core import __version__, clean
from .finding import FAIL, NOTE, OK, WARN, Finding

# package -> (versions below this, what is wrong with them). Sources: the packages' change logs, osv.dev.
_VULNERABLE: dict[str, tuple[tuple[str, str], ...]] = {
    "requests": (("2.32.4", "CVE-2024-47081 (netrc credentials for the wrong host)"),),
    "urllib3": (
        ("2.5.0", "CVE-2025-50181 (redirects that were turned off)"),
        ("2.6.0", "CVE-2025-66418 and CVE-2025-66471 (decompression bombs)"),
        ("2.6.3", "CVE-2026-21441 (decompression bombs in redirects)"),
        ("2.7.0", "CVE-2026-44431 and CVE-2026-44432 (headers kept on redirects, decompression bombs)"),
    ),
}
_COMMAND_SECONDS = 20.0
_DEFAULT_COLLECTIONS = ("~/.ansible/collections", "/usr/share/ansible/collections")


def examine_versions(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at every version that matters."""
    yield Finding("package", OK, f"pulumi-lumenfall {__version__}, Python {platform.python_version()}")
    installed = _installed("pulumi-lumenfall")
    if installed is not None and _key(installed) != _key(__version__):
        yield Finding(
            "package",
            WARN,
            f"pip says {clean(installed, limit=40)}, but the code that runs is {__version__}",
            "look for a second copy: python -m pip show -f pulumi-lumenfall",
        )
    for name in _VULNERABLE:
        yield _examine_library(name)
    pulumi = _output(["pulumi", "version"], environ)
    cli = clean(pulumi.strip(), limit=40) if pulumi else "not found on PATH"
    yield Finding("Pulumi", OK if pulumi else NOTE, f"CLI {cli}, SDK {_installed('pulumi') or 'not installed'}")
    ansible = _output(["ansible", "--version"], environ)
    core = re.search(r"^ansible \[core ([^]\s]+)\]", ansible or "")
    version = core[1] if core else _installed("ansible-core")
    yield Finding(
        "Ansible", OK if version else NOTE, f"ansible-core {clean(version, limit=40) if version else 'not found'}"
    )
    yield from _examine_collections(ansible or "", environ)


def _examine_library(name: str) -> Finding:
    version = _installed(name)
    if version is None:
        return Finding(name, FAIL, "not installed", f"run: {sys.executable} -m pip install {name}")
    problems = [what for fixed, what in _VULNERABLE[name] if _key(version) < _key(fixed)]
    if not problems:
        return Finding(name, OK, version)
    advice = f"run: {sys.executable} -m pip install '{name}>={_VULNERABLE[name][-1][0]}'"
    return Finding(name, WARN, f"{version} has known holes: {'; '.join(problems)}", advice)


def _examine_collections(ansible: str, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Compare the collection of this package with the copies that Ansible would find before it."""
    import ansible_collections.lumenfall.cloud.plugins.module_utils as ours

    own = Path(next(iter(ours.__path__))).resolve().parents[1]
    copies = 0
    for folder in _collection_folders(ansible, environ):
        copy = folder / "ansible_collections/lumenfall/cloud"
        if not copy.is_dir() or copy.resolve() == own:
            continue
        copies += 1
        version = _collection_version(copy)
        place = clean(copy, limit=200)
        if version is None:
            yield Finding("collection", WARN, f"the copy in {place} has no version", "remove it, or install it again")
        elif _key(version) == _key(__version__):
            yield Finding("collection", OK, f"lumenfall.cloud {version} in {place}, as in this package")
        else:
            age = "an older" if _key(version) < _key(__version__) else "a newer"
            yield Finding(
                "collection",
                WARN,
                f"{age} copy ({version}) in {place} shadows the one of this package ({__version__})",
                "remove that folder, or run: ansible-galaxy collection install --upgrade lumenfall.cloud",
            )
    if not copies:
        yield Finding("collection", OK, f"lumenfall.cloud {__version__}, the one of this package")
    for package in ("ansible_collections", "ansible_collections.lumenfall"):
        stray = getattr(sys.modules[package], "__file__", None)
        if stray is not None:
            yield Finding(
                "collection", WARN, f"{clean(stray, limit=200)} hides collections in other folders", "remove that file"
            )


def _collection_folders(ansible: str, environ: Mapping[str, str]) -> list[Path]:
    """Where Ansible looks for collections before Python's own folders, in its order."""
    location = re.search(r"^\s*ansible collection location = (.+)$", ansible, re.MULTILINE)
    if location:
        paths = location[1].split(os.pathsep)
    else:
        paths = [*filter(None, environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep))] or [
            *_DEFAULT_COLLECTIONS
        ]
    folders = [Path("collections")]  # beside a playbook in this folder
    for path in paths:
        folder = Path(os.path.expanduser(path.strip()))
        folders.append(folder.parent if folder.name == "ansible_collections" else folder)
    return list(dict.fromkeys(folders))


def _collection_version(folder: Path) -> str | None:
    try:
        manifest = folder / "MANIFEST.json"
        if manifest.exists():
            version = json.loads(manifest.read_text("utf-8"))["collection_info"]["version"]
        else:
            found = re.search(
                r"^version:\s*['\"]?([0-9][^'\"\s]*)", (folder / "galaxy.yml").read_text("utf-8"), re.MULTILINE
            )
            version = found[1] if found else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return clean(version, limit=40) if isinstance(version, str) else None


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except (metadata.PackageNotFoundError, OSError, KeyError):
        return None


def _key(version: str) -> tuple[int, ...]:
    """A version's numbers, enough to tell older from newer among releases."""
    found = re.match(r"[0-9]+(?:\.[0-9]+){0,5}", version)
    numbers = [int(part[:9]) for part in found[0].split(".")] if found else []
    return tuple([*numbers, 0, 0, 0][: max(3, len(numbers))])


def _output(command: list[str], environ: Mapping[str, str]) -> str | None:
    """What a program prints, or None where it is missing, fails or takes too long. It gets no key."""
    beside = str(Path(sys.executable).parent)
    program = shutil.which(command[0], path=os.pathsep.join([environ.get("PATH", os.defpath), beside]))
    if program is None:
        return None
    env = {name: value for name, value in environ.items() if not name.upper().startswith("LUMENFALL")}
    env.update(PULUMI_SKIP_UPDATE_CHECK="true", ANSIBLE_NOCOLOR="1", NO_COLOR="1", LC_ALL="C.UTF-8")
    try:
        ended = subprocess.run(  # noqa: S603 - two fixed programs, no shell, no input
            [program, *command[1:]],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return ended.stdout.decode("utf-8", "replace") if ended.returncode == 0 else None
