#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Finds the Pulumi engine for the tests and the demo, or makes one.

Prints the folder that holds `pulumi` and its Python helpers, to be put first on PATH, as the only line on stdout.
Programs in other languages than Python need one more helper each; name them as arguments:

    find_or_build.py [go] [nodejs] [yaml]

In this order, until one works: an engine on PATH that is complete and not older than the pinned one; our cache,
`$XDG_CACHE_HOME/pulumi-lumenfall/engine/<version>-<os>-<arch>/bin`; the official download into that cache; a build with
Go from the public modules into that cache, which takes minutes. To a built engine, helpers of languages are added.

The go.mod files beside this one pin the versions. To move to others: `go get` and `go mod tidy` there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from user_cache import user_cache  # noqa: E402

SDK = "github.com/pulumi/pulumi/sdk/v3"
CLI = "github.com/pulumi/pulumi/pkg/v3"
YAML = "github.com/pulumi/pulumi-yaml"
# What a Python program with dynamic resources needs; the engine looks for the last three beside itself.
EXECUTABLES = (
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
)
# Language -> the folder of the go.mod that pins its helper, the module, and the package in it.
LANGUAGES = {
    "go": ("go-node-hosts", SDK, "go/pulumi-language-go"),
    "nodejs": ("go-node-hosts", SDK, "nodejs/cmd/pulumi-language-nodejs"),
    "yaml": ("yaml-host", YAML, "cmd/pulumi-language-yaml"),
}
# What the official script of that name does, without its search for a virtual environment.
DYNAMIC_PROVIDER = '#!/bin/sh\nexec "${PULUMI_PYTHON_CMD:-python}" -u -m pulumi.dynamic "$@"\n'
# The Python host of the public Go modules cannot start a policy pack of `runtime: python`. For a runtime without a host
# the engine runs `pulumi-analyzer-policy-<runtime>`, so a pack with `runtime: python-pack` works.
POLICY_PACK_RUNNER = '#!/bin/sh\nexec "${PULUMI_PYTHON_CMD:-python}" -u -m pulumi.policy "$1" "$2"\n'
# readonly: what go.mod and go.sum do not pin is an error, not an update of these files.
GO_ENV = {"GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "GOWORK": "off"}
INSTALL = """
import socket, sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
socket.setdefaulttimeout(20)  # of connecting, so that a machine without that network loses no more than seconds
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""


class UnavailableError(Exception):
    """A way to an engine, or every way, is closed; the message says why, on one line."""


def main() -> int:
    """Prints the engine's folder; the exit status is 1 where there is no way to one."""
    # As an exception, so that a build that is told to stop cleans up like an interrupted one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        folder = find_or_make()
        add_languages(folder, sys.argv[1:])
    except (UnavailableError, OSError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    print(folder)
    return 0


def find_or_make() -> Path:
    """The folder that holds `pulumi` and its Python helpers."""
    version = pinned_version("cli", CLI)
    reasons = []
    try:
        return find_on_path(version)
    except UnavailableError as reason:
        reasons.append(f"PATH: {reason}")
    folder = cache_folder()
    with lock(folder):
        if not missing_from(folder / "bin"):
            return folder / "bin"
        for make in (download, build):
            # Complete before it gets its name; of another process that was killed nothing is used.
            with tempfile.TemporaryDirectory(prefix=f"{folder.name}.partial-", dir=folder.parent) as name:
                work = Path(name) / "engine"
                (work / "bin").mkdir(parents=True)
                try:
                    make(work, version)
                    if missing := missing_from(work / "bin"):
                        raise UnavailableError(f"no {', '.join(missing)}")
                except UnavailableError as reason:
                    reasons.append(f"{make.__name__}: {reason}")
                    continue
                shutil.rmtree(folder, ignore_errors=True)
                work.rename(folder)
                return folder / "bin"
    raise UnavailableError(
        f"no engine ({'; '.join(reasons)}); install the Pulumi CLI {version} or newer, or Go, and run this again"
    )


def find_on_path(version: str) -> Path:
    """The engine that is installed on this machine."""
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise UnavailableError("no pulumi")
    # A link may have the helpers beside it, or beside what it points to.
    folders = [Path(pulumi).absolute().parent, Path(pulumi).resolve().parent]
    folder = next((folder for folder in folders if not missing_from(folder)), None)
    if folder is None:
        raise UnavailableError(f"{pulumi} has no {missing_from(folders[-1])[0]} beside it")
    env = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    try:
        done = subprocess.run([pulumi, "version"], env=env, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        raise UnavailableError(f"{pulumi} version fails") from None
    found = done.stdout.strip()
    if [int(part) for part in re.findall(r"\d+", found)[:3]] < [int(part) for part in version.split(".")]:
        raise UnavailableError(f"{pulumi} is {found}, older than {version}")
    return folder


def download(work: Path, version: str) -> None:
    """The official download, through the Pulumi SDK of the Python that runs this."""
    say(f"downloading Pulumi {version}")
    command = [sys.executable, "-c", INSTALL, str(work), version]
    try:
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        raise UnavailableError("not finished in ten minutes") from None
    if done.returncode:
        raise UnavailableError((done.stdout + done.stderr).strip().rpartition("\n")[2][:300])


def build(work: Path, _version: str) -> None:
    """The CLI and the language host from their Go modules, and the scripts that belong beside them."""
    go_build("cli", CLI, "cmd/pulumi", work / "bin")
    go_build("python-host", SDK, "python/cmd/pulumi-language-python", work / "bin")
    # The host starts programs through this script, which has to fit the engine and not the host.
    where = ["go", "list", "-m", "-f", "{{.Dir}}", SDK]
    env = {**os.environ, **GO_ENV}
    sdk = subprocess.run(where, cwd=HERE / "cli", env=env, capture_output=True, text=True, check=True).stdout.strip()
    script = "pulumi-language-python-exec"
    shutil.copyfile(Path(sdk, "python/cmd", script), work / "bin" / script)
    (work / "bin/pulumi-resource-pulumi-python").write_text(DYNAMIC_PROVIDER, encoding="utf-8")
    (work / "bin/pulumi-analyzer-policy-python-pack").write_text(POLICY_PACK_RUNNER, encoding="utf-8")
    for executable in (work / "bin").iterdir():
        executable.chmod(0o755)


def add_languages(bin_folder: Path, languages: list[str]) -> None:
    """Builds the helpers of languages that an engine of our cache lacks."""
    for language in languages:
        program = bin_folder / f"pulumi-language-{language}"
        if program.exists():
            continue
        if bin_folder.parent != cache_folder() or language not in LANGUAGES:
            raise UnavailableError(f"{bin_folder} has no {program.name}")
        with lock(bin_folder.parent), tempfile.TemporaryDirectory(dir=bin_folder.parent) as work:
            if not program.exists():
                go_build(*LANGUAGES[language], Path(work))
                Path(work, program.name).rename(program)


def go_build(module_folder: str, module: str, package: str, folder: Path) -> None:
    """Builds one program of a pinned module into a folder, under the name of its package."""
    if shutil.which("go") is None:
        raise UnavailableError("no go on PATH")
    program, version = package.rpartition("/")[2], pinned_version(module_folder, module)
    ldflags = f"-s -w -X {SDK}/go/common/version.Version=v{version}"
    command = ["go", "build", "-ldflags", ldflags, "-o", str(folder / program), f"{module}/{package}"]
    say(f"building {program} {version} with Go, which takes minutes the first time")
    try:
        subprocess.run(
            command, cwd=HERE / module_folder, env={**os.environ, **GO_ENV}, stdout=sys.stderr, timeout=3600, check=True
        )
    except subprocess.SubprocessError as error:
        raise UnavailableError(f"{program} could not be built: {error}") from None


def pinned_version(module_folder: str, module: str) -> str:
    """The version, without its `v`, that a go.mod asks for."""
    text = (HERE / module_folder / "go.mod").read_text(encoding="utf-8")
    match = re.search(rf"^(?:require\s+|\s*){re.escape(module)} v(\d\S*)", text, re.MULTILINE)
    assert match is not None, f"{module_folder}/go.mod does not pin {module}"
    return match[1]


def cache_folder() -> Path:
    """The folder in the user's cache whose `bin` is the pinned engine."""
    machine = platform.machine().lower()
    arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return user_cache() / "engine" / f"{pinned_version('cli', CLI)}-{platform.system().lower()}-{arch}"


def missing_from(bin_folder: Path) -> list[str]:
    """The executables of an engine that are not in the folder."""
    return [name for name in EXECUTABLES if not os.access(bin_folder / name, os.X_OK)]


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Lets one process at a time fill `folder`; the lock ends with its holder, however that ends."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """One line of progress, on stderr."""
    print(f"pulumi engine: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
