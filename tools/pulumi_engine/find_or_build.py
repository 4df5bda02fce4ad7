#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Finds the real Pulumi engine for the tests and the demo, or makes one.

Prints the folder that holds `pulumi` and its Python helpers, to be put first on PATH, as the only line on stdout. All
progress goes to stderr. Programs in other languages than Python need one more helper each; they are named as arguments:

    find_or_build.py [go] [nodejs] [yaml]

The ways, in order, until one works:

1. `PATH`: a complete engine, not older than the pinned one.
2. Our cache: `$XDG_CACHE_HOME/pulumi-lumenfall/engine/<version>-<os>-<arch>/bin` (`~/.cache` without XDG_CACHE_HOME).
3. The official download, as `pulumi.automation.PulumiCommand.install` makes it, into that cache.
4. A build with Go from the public Go modules, into that cache. The first one takes minutes.

An engine of the first and the third kind has the helpers of all languages, to one of the fourth they are added.

The versions are those of `cli/go.mod` and the like, and the go.sum files beside them hold the checksums. To move to
other ones: `go get` there, `go mod tidy`, and delete the cache if the CLI's version stayed the same.

Linux and macOS. It knows nothing of Lumenfall, and nothing of it is in the wheel.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from user_cache import user_cache  # noqa: E402

SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
CLI_MODULE = "github.com/pulumi/pulumi/pkg/v3"
YAML_MODULE = "github.com/pulumi/pulumi-yaml"

# What a Python program with dynamic resources needs; the engine looks for the last three beside itself.
EXECUTABLES = (
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
)

# Language -> the folder of the module that pins its helper, and the package, whose name is the helper's.
LANGUAGE_HOSTS = {
    "go": ("go-node-hosts", f"{SDK_MODULE}/go/pulumi-language-go"),
    "nodejs": ("go-node-hosts", f"{SDK_MODULE}/nodejs/cmd/pulumi-language-nodejs"),
    "yaml": ("yaml-host", f"{YAML_MODULE}/cmd/pulumi-language-yaml"),
}

# What the official script of that name does, without its search for a virtual environment.
DYNAMIC_PROVIDER = '#!/bin/sh\nexec "${PULUMI_PYTHON_CMD:-python}" -u -m pulumi.dynamic "$@"\n'

# The public Go modules hold the Python language host only up to a version that cannot start a policy pack of
# `runtime: python`: the engine tells it the pack's folder in a field it does not know. For a runtime without a
# language host the engine runs `pulumi-analyzer-policy-<runtime>` instead, so a pack whose PulumiPolicy.yaml says
# `runtime: python-pack` works. An official engine has no need of this.
POLICY_PACK_RUNNER = '#!/bin/sh\nexec "${PULUMI_PYTHON_CMD:-python}" -u -m pulumi.policy "$1" "$2"\n'

# readonly: what go.mod and go.sum do not pin is an error, not an update of these files.
GO_ENV = {"GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "GOWORK": "off"}

# Connecting is bounded separately, so that a machine without that network loses no more than seconds.
CONNECT_SECONDS = 20
DOWNLOAD_SECONDS = 600
BUILD_SECONDS = 3600
PROGRESS_SECONDS = 10

INSTALL = """
import socket, sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
root, version, connect_seconds = sys.argv[1:]
socket.setdefaulttimeout(float(connect_seconds))
PulumiCommand.install(root=root, version=VersionInfo.parse(version))
"""


class UnavailableError(Exception):
    """One way, or every way, to an engine is closed; the message is the reason, on one line."""


def main() -> int:
    """Prints the engine's folder.

    Returns:
        The exit status: 0, or 1 where no way worked.
    """
    # As an exception, so that a build that is told to stop cleans up like an interrupted one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        folder = find_or_build()
        add_languages(folder, sys.argv[1:])
        print(folder)
    except UnavailableError as error:
        print(f"pulumi engine: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def find_or_build() -> Path:
    """Goes through the ways in order.

    Returns:
        The folder that holds the `pulumi` CLI, complete with its Python helpers.

    Raises:
        UnavailableError: No way worked; the message says why for each, and what to do.
    """
    version = pinned_version("cli", CLI_MODULE)
    folder = cache_folder(version)
    reasons = []
    try:
        return find_on_path(version)
    except UnavailableError as reason:
        reasons.append(f"PATH: {reason}")
    if is_complete(folder / "bin"):
        return folder / "bin"
    reasons.append(f"cache: none in {folder}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with lock(folder):
            if is_complete(folder / "bin"):  # The caller we waited for made it.
                return folder / "bin"
            for way in (download, build):
                try:
                    fill(folder, way, version)
                    return folder / "bin"
                except UnavailableError as reason:
                    reasons.append(f"{way.__name__}: {reason}")
    except OSError as error:
        reasons.append(f"cache: {error}")
    raise UnavailableError(
        f"none found, none made ({'; '.join(reasons)}). "
        f"Install the Pulumi CLI {version} or newer, or Go {pinned_version('cli', 'go')} or newer, and run this again."
    )


def add_languages(bin_folder: Path, languages: list[str]) -> None:
    """Adds the helpers of languages that an engine lacks, if it is one of our cache.

    Raises:
        UnavailableError: One is lacking, and there is no way to it.
    """
    lacking = [name for name in languages if not os.access(bin_folder / f"pulumi-language-{name}", os.X_OK)]
    if not lacking:
        return
    unknown = [name for name in lacking if name not in LANGUAGE_HOSTS]
    if unknown:
        raise UnavailableError(f"no helper is known for {unknown[0]}; known are {', '.join(LANGUAGE_HOSTS)}")
    folder = bin_folder.parent
    if folder != cache_folder(pinned_version("cli", CLI_MODULE)):
        raise UnavailableError(f"{bin_folder} has no pulumi-language-{lacking[0]}")
    go = shutil.which("go")
    if go is None:
        raise UnavailableError(f"no pulumi-language-{lacking[0]}, and no go on PATH to build it with")
    try:
        with lock(folder), tempfile.TemporaryDirectory(prefix=f"{folder.name}.partial-", dir=folder.parent) as name:
            work = Path(name)
            (work / "tmp").mkdir()
            for language in lacking:
                module_folder, package = LANGUAGE_HOSTS[language]
                program = package.rpartition("/")[2]
                if (bin_folder / program).exists():  # The caller we waited for made it.
                    continue
                module = YAML_MODULE if package.startswith(YAML_MODULE) else SDK_MODULE
                go_build(go, module_folder, package, pinned_version(module_folder, module), work)
                (work / "bin" / program).rename(bin_folder / program)
    except OSError as error:
        raise UnavailableError(f"cache: {error}") from None


def pinned_version(module_folder: str, module: str) -> str:
    """The version, without its `v`, that go.mod asks for: of a module, or of `go` itself."""
    text = (HERE / module_folder / "go.mod").read_text(encoding="utf-8")
    match = re.search(rf"^(?:require\s+|\s*){re.escape(module)} v?(\d\S*)", text, re.MULTILINE)
    if match is None:
        raise UnavailableError(f"{module_folder}/go.mod does not pin {module}")
    return match[1]


def cache_folder(version: str) -> Path:
    """The folder in the user's cache whose `bin` is the engine of that version."""
    machine = platform.machine().lower()
    arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return user_cache() / "engine" / f"{version}-{platform.system().lower()}-{arch}"


def missing_from(bin_folder: Path) -> list[str]:
    """The executables of an engine that are not in the folder."""
    return [name for name in EXECUTABLES if not os.access(bin_folder / name, os.X_OK)]


def is_complete(bin_folder: Path) -> bool:
    """Whether the folder holds every executable of an engine."""
    return not missing_from(bin_folder)


def find_on_path(version: str) -> Path:
    """The engine that is installed on this machine.

    Raises:
        UnavailableError: There is none, or it is incomplete or older than `version`.
    """
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise UnavailableError("no pulumi")
    # A link (as package managers make them) may have its helpers beside it or beside what it points to.
    candidates = [Path(pulumi).absolute().parent, Path(pulumi).resolve().parent]
    folder = next(filter(is_complete, candidates), None)
    if folder is None:
        raise UnavailableError(f"{pulumi} has no {missing_from(candidates[-1])[0]} beside it")
    found = installed_version(pulumi)
    if as_numbers(found) < as_numbers(version):
        raise UnavailableError(f"{pulumi} is {found}, older than {version}")
    return folder


def installed_version(pulumi: str) -> str:
    """What `pulumi version` says, such as `v3.250.0`."""
    env = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    try:
        return subprocess.run(
            [pulumi, "version"], env=env, capture_output=True, text=True, timeout=30, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        raise UnavailableError(f"{pulumi} version fails") from None


def as_numbers(version: str) -> tuple[int, ...]:
    """`v3.250.0-dev.0` as (3, 250, 0), and what is not a version as ()."""
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return tuple(map(int, match.groups())) if match else ()


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Lets one caller at a time fill `folder`; the lock ends with its holder, however that ends."""
    with open(f"{folder}.lock", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is making it, waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fill(folder: Path, way: Callable[[Path, str], None], version: str) -> None:
    """Makes an engine in a folder beside `folder` and moves it there when it is complete.

    Args:
        folder: The cache folder, locked by the caller.
        way: What puts the executables into the `bin` of the folder it is given.
        version: The version to make.

    Raises:
        UnavailableError: It could not be made, and nothing is left of the attempt.
    """
    partial = f"{folder.name}.partial-"
    for abandoned in folder.parent.glob(f"{partial}*"):  # By a holder of the lock that was killed.
        shutil.rmtree(abandoned, ignore_errors=True)
    # A new name each time: what a killed one started may still be writing under the old one.
    work = Path(tempfile.mkdtemp(prefix=partial, dir=folder.parent))
    try:
        (work / "tmp").mkdir()
        way(work, version)
        if not is_complete(work / "bin"):
            raise UnavailableError(f"it lacks {', '.join(missing_from(work / 'bin'))}")
        shutil.rmtree(work / "tmp")
        shutil.rmtree(folder, ignore_errors=True)  # Incomplete, or it would have been used.
        work.chmod(0o755)  # Not the 0700 of a temporary folder.
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def download(work: Path, version: str) -> None:
    """The official download, through the Pulumi SDK of the interpreter that runs this."""
    if importlib.util.find_spec("pulumi") is None:
        raise UnavailableError(f"{sys.executable} has no pulumi package to do it")
    run(
        [sys.executable, "-c", INSTALL, str(work), version, str(CONNECT_SECONDS)],
        doing=f"downloading Pulumi {version}",
        cwd=work,
        env={"TMPDIR": str(work / "tmp")},
        timeout_seconds=DOWNLOAD_SECONDS,
    )


def build(work: Path, version: str) -> None:
    """The CLI and the language host from their Go modules, and the scripts that belong beside them."""
    go = shutil.which("go")
    if go is None:
        raise UnavailableError("no go on PATH")
    say("building the engine with Go, which takes minutes the first time")
    (work / "bin").mkdir()
    host_version = pinned_version("python-host", SDK_MODULE)
    go_build(go, "cli", f"{CLI_MODULE}/cmd/pulumi", version, work)
    go_build(go, "python-host", f"{SDK_MODULE}/python/cmd/pulumi-language-python", host_version, work)

    # The host starts programs through this script, which has to fit the engine and not the host.
    where = [go, "list", "-m", "-f", "{{.Dir}}", SDK_MODULE]
    sdk = run(where, doing="adding the scripts", cwd=HERE / "cli", env=GO_ENV).splitlines()[-1]
    script = "pulumi-language-python-exec"
    shutil.copyfile(Path(sdk, "python", "cmd", script), work / "bin" / script)
    (work / "bin" / "pulumi-resource-pulumi-python").write_text(DYNAMIC_PROVIDER, encoding="utf-8")
    (work / "bin" / "pulumi-analyzer-policy-python-pack").write_text(POLICY_PACK_RUNNER, encoding="utf-8")
    for executable in (work / "bin").iterdir():
        executable.chmod(0o755)


def go_build(go: str, module_folder: str, package: str, version: str, work: Path) -> None:
    """Builds one Go program of a pinned module into `bin`, named like its package."""
    program = package.rpartition("/")[2]
    ldflags = f"-s -w -X {SDK_MODULE}/go/common/version.Version=v{version}"
    run(
        [go, "build", "-ldflags", ldflags, "-o", str(work / "bin" / program), package],
        doing=f"building {program} {version}",
        cwd=HERE / module_folder,
        env={**GO_ENV, "GOTMPDIR": str(work / "tmp")},
        timeout_seconds=BUILD_SECONDS,
        show_failure=True,
    )


def run(
    command: list[str],
    *,
    doing: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout_seconds: float = 60,
    show_failure: bool = False,
) -> str:
    """Runs a command with a line of progress now and then.

    Args:
        command: The program and its arguments.
        doing: What to call it in the progress.
        cwd: Where it runs.
        env: What it gets in addition to our environment.
        timeout_seconds: After which it is ended, with all that it started.
        show_failure: Whether to print the end of its output if it fails.

    Returns:
        What it printed.

    Raises:
        UnavailableError: It failed, and the reason is its last line; or it took too long.
    """
    say(doing)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status = wait(process, doing, timeout_seconds)
        output.seek(0)
        text = output.read()
    if status != 0:
        lines = [line.strip() for line in text.splitlines() if line.strip()] or [f"exit status {status}"]
        if show_failure:
            for line in lines[-20:]:
                say(line)
        raise UnavailableError(lines[-1][:300])
    return text


def wait(process: subprocess.Popen[bytes], doing: str, timeout_seconds: float) -> int:
    """Waits for a process, which leads a group of its own, and says so now and then.

    Returns:
        The exit status.

    Raises:
        UnavailableError: It took too long. The group is ended then, as it is where we are interrupted.
    """
    start = time.monotonic()
    try:
        while True:
            try:
                return process.wait(timeout=PROGRESS_SECONDS)
            except subprocess.TimeoutExpired:
                elapsed = time.monotonic() - start
                if elapsed > timeout_seconds:
                    raise UnavailableError(f"stopped after {elapsed:.0f} s") from None
                say(f"{doing}: {elapsed:.0f} s")
    finally:
        if process.poll() is None:
            # Its whole group: a compiler or a shell that goes on would write where we are about to clean up.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def say(text: str) -> None:
    """One line of progress, on stderr."""
    print(f"pulumi engine: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
