# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The stage of the fault matrix: its servers, what leads a client there, and what a surface makes of a case.

This process holds the servers, so that their memory is not the client's, and a server that waits cannot hold up the
client's clock. It knows no surface.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import trustme

from support.fault_cases import ATTEMPTS, CREDENTIALS, Case
from support.fault_server import Connection, FaultServer
from support.faults import answer, says
from support.leaks import KEY

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
BIN = Path(sys.executable).parent
MINIMUM = 5
#: How many plays of one surface go on at the same time.
WIDTH = 4
# What a process takes before it does anything, on a machine with something else to do.
START_SECONDS = 3.0
# Longer than any play or run may take; what needs it has failed.
RUN_SECONDS = 900

VARIABLES = {
    "api_key": "LUMENFALL_API_KEY",
    "base_url": "LUMENFALL_API_BASE",
    "timeout": "LUMENFALL_TIMEOUT",
    "max_attempts": "LUMENFALL_MAX_ATTEMPTS",
    "ca_bundle": "SSL_CERT_FILE",
}
CONFIG = {
    "api_key": "lumenfall:apiKey",
    "base_url": "lumenfall:baseUrl",
    "timeout": "lumenfall:timeout",
    "max_attempts": "lumenfall:maxAttempts",
    "ca_bundle": "lumenfall:caBundle",
}

RESOLVER = '''
import socket
import threading

real = socket.getaddrinfo


def getaddrinfo(host, port, *rest, flags=0, **more):
    """The machine's resolver, with three names of the fault matrix."""
    if not flags & socket.AI_NUMERICHOST:
        if host == "no-such.faults.test":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if host == "hangs.faults.test":
            threading.Event().wait(600)
        if host == "v6-first.faults.test":
            return [
                (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            ]
    return real(host, port, *rest, flags=flags, **more)


socket.getaddrinfo = getaddrinfo
'''


@dataclass
class Played:
    """What a surface made of a case.

    Attributes:
        verdict: ``enough`` where a gate passed or a resource was made; ``too low``, ``cannot tell``, or what it was.
        message: What a person reads.
        outcome: The error's class or the balance's status, where the surface tells it.
        seconds: How long it took, where the surface's own clock tells; else the server's clock does.
        process_seconds: How long a process of its own took, with its start, which takes what the machine has left.
        memory: How far the process grew, bytes.
        requests: Connections that the server or the proxy saw.
    """

    verdict: str
    message: str = ""
    outcome: str = ""
    seconds: float | None = None
    memory: int | None = None
    requests: int = 0
    process_seconds: float | None = None


@dataclass
class World:
    """What the surfaces need of the machine.

    Attributes:
        folder: An empty folder.
        pulumi_bin: The engine's folder.
    """

    folder: Path
    pulumi_bin: Path

    def __post_init__(self) -> None:
        self.authority = trustme.CA()
        self.ca_file = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca_file)
        self.site = self.folder / "site"
        self.site.mkdir()
        (self.site / "sitecustomize.py").write_text(RESOLVER, encoding="utf-8")
        self.credentials = self.folder / "credentials"
        for name, content in CREDENTIALS.items():
            file = self.credentials / name / "credentials.json"
            file.parent.mkdir(parents=True)
            file.write_bytes(content)


class Stage:
    """The servers of one surface, one for each case, and its proxy; and what is said to lead a client there.

    Attributes:
        cases: The cases.
        folder: An empty folder of the surface's own.
        output: Everything that the surface printed or left behind.
        peak: The most memory that any process of the surface had, bytes.
        left_out: Names of the cases that have no place in the surface. Any other one without a result was lost.
    """

    def __init__(self, world: World, name: str, cases: Iterable[Case]) -> None:
        self.world = world
        self.cases = list(cases)
        self.folder = world.folder / name
        self.folder.mkdir()
        self.home = self.folder / "home"
        self.home.mkdir()
        self.output: list[bytes] = []
        self.peak = 0
        self.left_out: set[str] = set()
        self._servers = {
            case.name: FaultServer(case.play, tls=case.tls, authority=world.authority) for case in self.cases
        }
        self._proxied = {f"c{number}.faults.test": case for number, case in enumerate(self.cases) if case.proxy}
        self._hosts = {case.name: host for host, case in self._proxied.items()}
        self._connects: dict[str, list[float]] = {}
        self._runs = 0
        self._lock = threading.Lock()
        self._proxy = FaultServer(self._connect)
        self._good = FaultServer(says(answer()))

    def __enter__(self) -> Stage:
        for server in (*self._servers.values(), self._proxy, self._good):
            server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (*self._servers.values(), self._proxy, self._good):
            server.close()

    def _connect(self, connection: Connection) -> None:
        """What the one proxy does goes by the host that is asked for."""
        host = connection.read_request().split(b" ", 2)[1].decode("latin-1").partition(":")[0]
        case = self._proxied[host]
        assert case.proxy is not None
        started = time.monotonic()
        times = self._connects.setdefault(case.name, [])
        times.append(0.0)
        position = len(times) - 1
        try:
            case.proxy(connection, self._servers[case.name].port)
        finally:
            times[position] = time.monotonic() - started

    def url(self, case: Case) -> str:
        """The base URL that leads to the case's server."""
        server = self._servers[case.name]
        host = case.host or ("localhost" if case.tls else "127.0.0.1")
        if case.name in self._hosts:
            return f"https://{self._hosts[case.name]}"
        return f"{'https' if case.tls else 'http'}://{host}:{server.port}"

    @property
    def warm_up(self) -> dict[str, Any]:
        """A play of nothing, for what a process only loads once."""
        return {"name": "", "arguments": {"base_url": self._good.url, "minimum": 0}, "environ": {}, "config": {}}

    def arguments(self, case: Case) -> dict[str, Any]:
        """All settings of a case as arguments, by their Python names, but those that it has from elsewhere."""
        good = {"base_url": self.url(case), "timeout": case.timeout, "max_attempts": ATTEMPTS, "minimum": MINIMUM}
        elsewhere = {name for name, variable in VARIABLES.items() if variable in case.environ}
        elsewhere |= {name for name, key in CONFIG.items() if key in case.config}
        names = {"ca_path": "ca_bundle"}
        elsewhere |= {names.get(key, key) for key in case.ini}
        return {name: value for name, value in {**good, **case.given}.items() if name not in elsewhere}

    def environ(self, case: Case) -> dict[str, str]:
        """The case's own variables."""
        return {
            name: value.replace("{credentials}", str(self.world.credentials)) for name, value in case.environ.items()
        }

    @property
    def environment(self) -> dict[str, str]:
        """What every client's process has in its environment."""
        return {
            "PATH": os.pathsep.join([str(BIN), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join([str(self.world.site), str(TESTS)]),
            "LUMENFALL_API_KEY": KEY,
            "SSL_CERT_FILE": str(self.world.ca_file),
            "HTTPS_PROXY": self._proxy.url,
            "NO_PROXY": "localhost,127.0.0.1,v6-first.faults.test,no-such.faults.test,hangs.faults.test",
        }

    def split(self, case: Case, *arguments: str) -> tuple[dict[str, Any], dict[str, str]] | None:
        """A case's settings, for a surface that has only these arguments: the others as environment variables.

        Returns:
            The arguments and the variables; None where a bad value has no place in this surface.
        """
        taken, environ = {}, self.environ(case)
        for name, value in self.arguments(case).items():
            if name in arguments:
                taken[name] = value
            elif name in VARIABLES and isinstance(value, (str, int, float)):
                environ[VARIABLES[name]] = str(value)
            else:
                return None
        return taken, environ

    def finish(self, results: dict[str, Played]) -> dict[str, Played]:
        """Add what the servers saw."""
        for case in self.cases:
            result = results.get(case.name)
            if result is None:
                continue
            server = self._servers[case.name]
            times = self._connects.get(case.name, [])
            result.requests = len(times) if case.proxy else server.connections
            if result.seconds is None:
                result.seconds = max([server.seconds, *times])
            if not result.requests and result.process_seconds:
                result.seconds = max(0.0, result.process_seconds - START_SECONDS)
        return results

    def run(self, *command: str, **environ: str) -> Ended:
        """Run a program to its end, and keep what it says."""
        with self._lock:
            self._runs += 1
            run = self._runs
        files = [self.folder / f"run-{run}.{name}" for name in ("out", "err")]
        with files[0].open("wb") as stdout, files[1].open("wb") as stderr:
            start = time.monotonic()
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**self.environment, **environ},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
            watch = threading.Timer(RUN_SECONDS, process.kill)
            watch.start()
            # Not communicate(): only wait4 tells how much memory this one process and its children had.
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            watch.cancel()
        memory = usage.ru_maxrss << 10
        said = [file.read_bytes() for file in files]
        self.output += said
        self.peak = max(self.peak, memory)
        return Ended(process.returncode, said[0], seconds, memory)


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit status, what it printed, how long it took, and its peak memory in bytes."""

    status: int
    said: bytes
    seconds: float
    memory: int


Results: TypeAlias = "dict[str, Played]"


def play_files(stage: Stage, file: str, plays: Sequence[Mapping[str, Any]]) -> tuple[Path, Path]:
    source, target = stage.folder / f"{file}-plays.json", stage.folder / f"{file}-played.jsonl"
    source.write_text(json.dumps(plays), encoding="utf-8")
    target.touch()
    return source, target


def read_lines(stage: Stage, file: Path) -> list[dict[str, Any]]:
    data = file.read_bytes()
    stage.output.append(data)
    return [json.loads(line) for line in data.splitlines()]


def facts_of(line: Mapping[str, Any]) -> Played:
    return Played(
        line["verdict"], line["message"] or "", line.get("outcome", ""), line.get("seconds"), line.get("memory")
    )


def chunks(items: Sequence[Any], number: int) -> list[list[Any]]:
    return [chunk for chunk in (list(items[start::number]) for start in range(number)) if chunk]
