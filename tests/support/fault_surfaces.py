# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every surface of the fault matrix: how it is given a case, and what it made of it.

A surface plays in processes of its own, against servers of its own: this process holds the servers, so that their
memory is not the client's, and a server that waits cannot hold up the client's clock. Nothing here decides whether an
outcome is right: that is :mod:`support.fault_matrix`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import trustme

from support.fault_cases import ATTEMPTS, CREDENTIALS, Case
from support.fault_players import memory_of, refused, verdict_of
from support.fault_server import Connection, FaultServer
from support.faults import answer, says
from support.leaks import KEY

__all__ = ["SURFACES", "Played", "Stage", "Surface", "World"]

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
GATE = ("minimum", "postpaid", "unavailable")

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


def _players(stage: Stage, file: str, plays: Sequence[Mapping[str, Any]]) -> tuple[Path, Path]:
    source, target = stage.folder / f"{file}-plays.json", stage.folder / f"{file}-played.jsonl"
    source.write_text(json.dumps(plays), encoding="utf-8")
    target.touch()
    return source, target


def _lines(stage: Stage, file: Path) -> list[dict[str, Any]]:
    data = file.read_bytes()
    stage.output.append(data)
    return [json.loads(line) for line in data.splitlines()]


def _facts(line: Mapping[str, Any]) -> Played:
    return Played(
        line["verdict"], line["message"] or "", line.get("outcome", ""), line.get("seconds"), line.get("memory")
    )


def _chunks(items: Sequence[Any], number: int) -> list[list[Any]]:
    return [chunk for chunk in (list(items[start::number]) for start in range(number)) if chunk]


def play_core(stage: Stage) -> Results:
    """Two processes, each with one play after the other."""

    def play(numbered: tuple[int, list[Case]]) -> Results:
        number, cases = numbered
        plays = [
            {"name": case.name, "arguments": stage.arguments(case), "environ": stage.environ(case)} for case in cases
        ]
        source, target = _players(stage, f"core-{number}", [stage.warm_up, *plays])
        stage.run(sys.executable, "-m", "support.fault_players", PLAYS=str(source), PLAYED=str(target))
        return {line["name"]: _facts(line) for line in _lines(stage, target)}

    cases = [case for case in stage.cases if not case.config and not case.ini]
    with ThreadPoolExecutor() as pool:
        return {
            name: result for results in pool.map(play, enumerate(_chunks(cases, 2))) for name, result in results.items()
        }


def play_command_line(stage: Stage) -> Results:
    """A process for each play: ``lumenfall-balance check --format json``."""
    flags = {"minimum", "postpaid", "unavailable", "base_url", "timeout", "max_attempts", "ca_bundle"}
    words = {0: "enough", 2: "too low", 3: "cannot tell"}
    jobs: list[tuple[str, dict[str, Any], dict[str, str]]] = []
    for case in stage.cases:
        taken = None if case.config or case.ini else stage.split(case, *flags)
        if taken and not any(isinstance(value, list) for value in taken[0].values()):
            jobs.append((case.name, *taken))

    def play(job: tuple[str, dict[str, Any], dict[str, str]]) -> tuple[str, Played]:
        name, arguments, environ = job
        options = [f"--{option.replace('_', '-')}={value}" for option, value in arguments.items()]
        command = [str(BIN / "lumenfall-balance"), "check", "--format=json", *options]
        ended = stage.run(*command, **environ)
        verdict = words.get(ended.status, f"exit status {ended.status}")
        message, outcome = "", ""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            document = json.loads(ended.said)
            failure = document.get("error")
            outcome = failure["type"] if failure else document["status"]
            message = failure["message"] if failure else ""
        return name, Played(verdict, message, outcome, memory=ended.memory, process_seconds=ended.seconds)

    with ThreadPoolExecutor(WIDTH) as pool:
        results = dict(pool.map(play, jobs))
    # What the interpreter, the command and the libraries take is no growth.
    base = results[stage.cases[0].name].memory or 0
    for result in results.values():
        result.memory = max(0, (result.memory or 0) - base)
    return results


# --- Ansible: real ansible-playbook, where each case is a host of its own ---

_OPTIONS = {"ca_bundle": "ca_path"}


def _ansible(
    stage: Stage, name: str, playbook: list[dict[str, Any]], hosts: Mapping[str, Any], **environ: str
) -> list[dict[str, Any]]:
    """Run a playbook, and return the recorder's lines."""
    folder = stage.folder / f"ansible-{name}"
    folder.mkdir()
    (folder / "playbook.yml").write_text(json.dumps(playbook), encoding="utf-8")
    everyone = {host: {"ansible_connection": "local", **variables} for host, variables in hosts.items()}
    inventory = {
        "all": {"vars": {"ansible_python_interpreter": sys.executable}},
        "cases": {"hosts": everyone},
        "away": {"hosts": {"away": {"ansible_connection": "local"}}},
    }
    (folder / "inventory.yml").write_text(json.dumps(inventory), encoding="utf-8")
    record = folder / "record.jsonl"
    record.touch()
    stage.run(
        str(BIN / "ansible-playbook"),
        "-vvv",
        f"--forks={2 * WIDTH}",
        f"--inventory={folder / 'inventory.yml'}",
        str(folder / "playbook.yml"),
        ANSIBLE_COLLECTIONS_PATH=str(ROOT),
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_LOCALHOST_WARNING="0",
        ANSIBLE_LOCAL_TEMP=str(folder / "tmp"),
        ANSIBLE_REMOTE_TEMP=str(folder / "remote"),
        ANSIBLE_CALLBACK_PLUGINS=str(TESTS / "ansible" / "callbacks"),
        ANSIBLE_CALLBACKS_ENABLED="recorder",
        RECORDER_FILE=str(record),
        **environ,
    )
    return _lines(stage, record)


def _task_of_module(stage: Stage, case: Case) -> dict[str, Any] | None:
    """The host variables that make the one task a play of this case."""
    taken = stage.split(case, "api_key", *GATE, "base_url", "timeout", "max_attempts", "ca_bundle")
    if case.config or case.ini or taken is None:
        return None
    arguments, environ = taken
    options = {_OPTIONS.get(name, name): value for name, value in arguments.items()}
    return {"options": options, "environ": environ, "minimum": options.get("minimum")}


_MODULE_TASK = {
    "name": "module",
    "lumenfall.cloud.lumenfall_balance": {
        option: f"{{{{ options.{option} | default(omit) }}}}"
        for option in ("api_key", "base_url", "timeout", "max_attempts", "ca_path", *GATE)
    },
    "environment": "{{ environ }}",
    "register": "asked",
    "ignore_errors": True,
}
_FUNDED_TASK = {
    "name": "funded",
    "ansible.builtin.assert": {
        "that": (
            "asked is lumenfall.cloud.funded(minimum, postpaid=options.postpaid | default(none), "
            "unavailable=options.unavailable | default(none))"
        )
    },
    "ignore_errors": True,
}


def _module_result(result: Mapping[str, Any]) -> Played:
    failure = result.get("failure") or {}
    balance = result.get("balance") or {}
    verdict = result.get("verdict") or ("cannot tell" if result.get("failed") else "?")
    if result.get("sufficient") is True and verdict != "enough":
        verdict = f"sufficient, but {verdict}"
    if verdict == "enough" and (result.get("sufficient") is not True or result.get("failed")):
        verdict = "enough, but not sufficient"
    return Played(verdict, str(result.get("msg", "")), failure.get("type") or balance.get("status") or "")


def play_module(stage: Stage, *, away: bool = False, tested: bool = False) -> Results:
    """One task on a host for each case: here in the controller's process, ``away`` as a module of its own."""
    task = {**_MODULE_TASK, **({"delegate_to": "away"} if away else {})}
    tasks = [task, *([_FUNDED_TASK] if tested else [])]
    hosts, names = {}, {}
    for number, case in enumerate(stage.cases):
        variables = _task_of_module(stage, case)
        # Ansible itself shows a task's environment in the command line there; our task warns of it.
        is_shown = away and "@" in case.environ.get("HTTPS_PROXY", "")
        if variables is not None and not is_shown:
            hosts[f"h{number:03}"], names[f"h{number:03}"] = variables, case.name
    playbook = [{"hosts": "cases", "gather_facts": False, "tasks": tasks}]
    lines = _ansible(stage, "module", playbook, hosts)
    if not tested:
        return {names[line["host"]]: _module_result(line["result"]) for line in lines if line["task"] == "module"}
    results = {}
    module = {line["host"]: line["result"] for line in lines if line["task"] == "module"}
    for line in lines:
        if line["task"] == "funded":
            asked = _module_result(module[line["host"]])
            passed = line["event"] == "ok"
            # The test only passes or not; why not is the module's to say.
            verdict = "enough" if passed else asked.verdict if asked.verdict != "enough" else "stopped"
            results[names[line["host"]]] = Played(verdict, str(line["result"].get("msg", "")))
    return results


def play_delegated(stage: Stage) -> Results:
    """The module, sent to a host."""
    return play_module(stage, away=True)


def play_funded(stage: Stage) -> Results:
    """The test ``funded`` on what the module registered, be it a failure."""
    return play_module(stage, tested=True)


def play_lookup(stage: Stage) -> Results:
    """The lookup in an expression; a run for each environment, since a task's does not reach a lookup."""
    groups: dict[tuple[tuple[str, str], ...], dict[str, Case]] = {}
    for number, case in enumerate(stage.cases):
        if case.config:
            continue
        key = tuple(
            sorted({**stage.environ(case), **{f"ini {name}": value for name, value in case.ini.items()}}.items())
        )
        groups.setdefault(key, {})[f"h{number:03}"] = case

    def play(numbered: tuple[int, tuple[tuple[tuple[str, str], ...], dict[str, Case]]]) -> Results:
        number, (key, cases) = numbered
        environ = {name: value for name, value in key if not name.startswith("ini ")}
        settings = [f"{name[4:]} = {value}\n" for name, value in key if name.startswith("ini ")]
        config = stage.folder / f"ansible-{number}.cfg"
        config.write_text("[lumenfall]\n" + "".join(settings), encoding="utf-8")
        hosts = {}
        for host, case in cases.items():
            arguments = {_OPTIONS.get(name, name): value for name, value in stage.arguments(case).items()}
            hosts[host] = {"options": arguments}
        task = {
            "name": "lookup",
            "ansible.builtin.debug": {"msg": "{{ lookup('lumenfall.cloud.lumenfall_balance', **options) }}"},
            "ignore_errors": True,
        }
        playbook = [{"hosts": "cases", "gather_facts": False, "tasks": [task]}]
        lines = _ansible(stage, f"lookup-{number}", playbook, hosts, ANSIBLE_CONFIG=str(config), **environ)
        return {cases[line["host"]].name: _lookup_result(line) for line in lines if line["task"] == "lookup"}

    with ThreadPoolExecutor(2) as pool:
        played = list(pool.map(play, enumerate(groups.items())))
    return {name: result for results in played for name, result in results.items()}


def _lookup_result(line: Mapping[str, Any]) -> Played:
    said = line["result"].get("msg")
    if line["event"] == "ok":
        passed = said.get("sufficient") is True
        return Played("enough" if passed else refused(said["status"]), "", said["status"])
    words = str(said)
    verdict = "too low" if "balance too low" in words else "cannot tell"
    return Played(verdict, words)


def play_role(stage: Stage) -> Results:
    """A play for each case, with the role in a block: what follows it there has passed the gate."""
    names, plays = {}, []
    for number, case in enumerate(stage.cases):
        taken = None if case.config or case.ini else stage.split(case, *GATE)
        if taken is None:
            continue
        arguments, environ = taken
        host = f"h{number:03}"
        names[host] = case.name
        role = {
            "ansible.builtin.import_role": {"name": "lumenfall.cloud.require_balance"},
            "vars": {f"require_balance_{name}": value for name, value in arguments.items()},
        }
        block = [role, {"name": "passed", "ansible.builtin.debug": {"msg": "passed"}}]
        said = {"name": "stopped", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg | default('') }}"}}
        tasks = [{"block": block, "rescue": [said]}]
        plays.append({"hosts": host, "gather_facts": False, "environment": environ, "tasks": tasks})

    def play(numbered: tuple[int, list[dict[str, Any]]]) -> Results:
        number, plays = numbered
        lines = _ansible(stage, f"role-{number}", plays, {play["hosts"]: {} for play in plays})
        results: Results = {}
        for line in lines:
            host, result = line["host"], line["result"]
            if line["event"] == "failed":
                failure, balance = result.get("failure") or {}, result.get("balance") or {}
                verdict = result.get("verdict") or "cannot tell"
                outcome = failure.get("type") or balance.get("status") or ""
                # What ends the play is the task's failure, whatever its result says.
                verdict = "failed though enough" if verdict == "enough" else verdict
                results[names[host]] = Played(verdict, str(result.get("msg", "")), outcome)
            elif line["task"].endswith("passed"):
                results[names[host]] = Played("enough")
        return results

    with ThreadPoolExecutor(WIDTH) as pool:
        played = list(pool.map(play, enumerate(_chunks(plays, WIDTH))))
    return {name: result for results in played for name, result in results.items()}


# --- Pulumi: programs on the real engine ---


def _program(
    stage: Stage, name: str, text: str, plays: Sequence[Mapping[str, Any]], *arguments: str
) -> tuple[Any, Path]:
    """A project that has been brought up, and the file of what was played."""
    from support.pulumi_project import PulumiProject

    source, target = _players(stage, name, plays)
    environment = {
        **{key: value for key, value in stage.environment.items() if key not in ("PATH", "HOME")},
        "PYTHONPATH": os.pathsep.join([str(stage.world.site), str(TESTS), str(ROOT)]),
        "LUMENFALL_MAX_ATTEMPTS": str(ATTEMPTS),
        "PLAYS": str(source),
        "PLAYED": str(target),
    }
    project = PulumiProject(
        stage.folder / f"pulumi-{name}", text, pulumi_bin=stage.world.pulumi_bin, env=environment
    ).stack_init()
    ended = project.up(*arguments, timeout_seconds=RUN_SECONDS)
    stage.output += [ended.stdout.encode(), ended.stderr.encode()]
    return project, target


def _pulumi_plays(stage: Stage, *arguments: str) -> list[dict[str, Any]]:
    plays = []
    for case in stage.cases:
        taken = None if case.ini else stage.split(case, *arguments)
        if taken is not None:
            plays.append({"name": case.name, "arguments": taken[0], "environ": taken[1], "config": dict(case.config)})
    return plays


_FUNCTION_ARGUMENTS = (*GATE, "api_key", "base_url", "timeout")


def _play_function(stage: Stage, function: str) -> Results:
    plays = _pulumi_plays(stage, *_FUNCTION_ARGUMENTS)

    def play(numbered: tuple[int, list[dict[str, Any]]]) -> Results:
        number, plays = numbered
        text = f"from support.fault_players import program\n\nprogram({function!r})\n"
        project, target = _program(stage, f"{function}-{number}", text, [stage.warm_up, *plays])
        stage.output.append(project.state_bytes())
        return {line["name"]: _facts(line) for line in _lines(stage, target)}

    with ThreadPoolExecutor() as pool:
        played = list(pool.map(play, enumerate(_chunks(plays, 2))))
    return {name: result for results in played for name, result in results.items()}


def play_get_balance(stage: Stage) -> Results:
    """``get_balance(minimum=...)`` in a program; ``sufficient`` is the gate."""
    return _play_function(stage, "get_balance")


def play_require_balance(stage: Stage) -> Results:
    """``require_balance(...)`` in a program."""
    return _play_function(stage, "require_balance")


def play_hook(stage: Stage) -> Results:
    """``balance_hook`` on a resource for each case: one program, and a serial one where the environment is the case."""
    plays = _pulumi_plays(stage, *_FUNCTION_ARGUMENTS)
    usual = {VARIABLES["max_attempts"]: str(ATTEMPTS)}
    alone = [play for play in plays if play["config"] or play["environ"] != usual]
    together = [{**play, "environ": {}} for play in plays if play not in alone]

    def play(name: str, plays: list[dict[str, Any]]) -> Results:
        text = f"from support.fault_players import hooks\n\nhooks(is_serial={name == 'alone'})\n"
        parallel = "--parallel=1" if name == "alone" else "--parallel=16"
        project, target = _program(stage, name, text, plays, "--continue-on-error", parallel)
        stage.output.append(project.state_bytes())
        state = project.export()["deployment"].get("resources", [])
        made = {resource["urn"].rpartition("::")[2] for resource in state}
        results = {}
        for line in _lines(stage, target):
            message = line["message"]
            passed = line["name"] in made
            if passed and message:
                results[line["name"]] = Played("made after a refusal", message, seconds=line["seconds"])
                continue
            words = "" if message is None else message.partition("): ")[2] or message
            verdict = "enough" if passed else verdict_of(words) if message else "not made, without a word"
            results[line["name"]] = Played(verdict, message or "", seconds=line["seconds"])
        return results

    return {**play("together", together), **(play("alone", alone) if alone else {})}


# --- Pulumi's providers: the processes that the engine starts, over gRPC ---


def _grouped(plays: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Plays with the same environment and config, in parts for processes of their own."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for play in plays:
        groups.setdefault(json.dumps([play["environ"], play["config"]], sort_keys=True), []).append(play)
    return list(groups.values())


@contextlib.contextmanager
def _provider(stage: Stage, environ: Mapping[str, str], *command: str) -> Iterator[Any]:
    from support.plugin import Plugin

    variables = {**stage.environment, **environ}
    with Plugin(None, variables, command or (sys.executable, "-m", "pulumi_lumenfall.provider")) as plugin:
        yield plugin
        stage.peak = max(stage.peak, memory_of(plugin.process.pid, "VmHWM"))
    stage.output.append(plugin.stderr().encode())


def _over_grpc(ask: Callable[[], Played]) -> Played:
    import grpc

    start = time.monotonic()
    try:
        result = ask()
    except grpc.RpcError as error:
        words = str(error.details())  # type: ignore[attr-defined]
        result = Played("traceback" if "Traceback" in words else verdict_of(words), words)
    result.seconds = time.monotonic() - start
    return result


def play_balance(stage: Stage) -> Results:
    """``Balance`` in the process that Pulumi runs dynamic resources in: Check, and Create where that lets it."""
    from pulumi.dynamic.dynamic import serialize_provider

    from pulumi_lumenfall.resource import BalanceProvider

    provider = serialize_provider(BalanceProvider())
    names = {"base_url": "baseUrl"}

    def play(group: list[dict[str, Any]]) -> Results:
        with _provider(stage, group[0]["environ"], sys.executable, "-u", "-m", "pulumi.dynamic") as plugin:
            plugin.configure(**group[0]["config"])

            def one(play: dict[str, Any]) -> tuple[str, Played]:
                inputs = {names.get(name, name): value for name, value in play["arguments"].items()}
                return play["name"], _over_grpc(lambda: _check_and_create(plugin, {"__provider": provider, **inputs}))

            with ThreadPoolExecutor(WIDTH) as pool:
                return dict(pool.map(one, group))

    plays = _pulumi_plays(stage, *GATE, "base_url", "timeout")
    with ThreadPoolExecutor(2) as pool:
        played = list(pool.map(play, _grouped(plays)))
    return {name: result for results in played for name, result in results.items()}


def _refusal(problems: list[str]) -> Played:
    words = "; ".join(problems)
    return Played(verdict_of(words), words)


def _check_and_create(plugin: Any, inputs: Mapping[str, Any]) -> Played:
    from support.plugin import failures, values

    checked = plugin.check(**inputs)
    problems = failures(checked)
    if problems:
        return _refusal(problems)
    created = values(plugin.create(values(checked.inputs)).properties)
    return Played("enough" if created.get("sufficient") is True else "made, but not sufficient", "", created["status"])


def _play_plugin(stage: Stage, ask: Callable[[Any, dict[str, Any]], Played]) -> Results:
    names = {name: key.partition(":")[2] for name, key in CONFIG.items()}

    def play(group: list[dict[str, Any]]) -> Results:
        results = {}
        with _provider(stage, group[0]["environ"]) as plugin:
            for play in group:
                settings = {names[name]: value for name, value in play["arguments"].items() if name in names}
                config = {key.partition(":")[2]: value for key, value in play["config"].items()}
                gate = {name: value for name, value in play["arguments"].items() if name in GATE}
                plugin.configure(**settings, **config)
                results[play["name"]] = _over_grpc(lambda gate=gate: ask(plugin, gate))  # type: ignore[misc]
        return results

    plays = [{**play, "config_key": 0} for play in _pulumi_plays(stage, *GATE, *CONFIG)]
    usual = [play for play in plays if not play["environ"]]
    others = [play for play in plays if play["environ"]]
    with ThreadPoolExecutor(WIDTH) as pool:
        played = list(pool.map(play, [*_chunks(usual, WIDTH), *_grouped(others)]))
    return {name: result for results in played for name, result in results.items()}


def play_plugin_function(stage: Stage) -> Results:
    """The plugin's ``getBalance``, as programs in every language call it; ``sufficient`` is the gate."""
    from support.plugin import failures, values

    def ask(plugin: Any, gate: dict[str, Any]) -> Played:
        response = plugin.get_balance(**gate)
        problems = failures(response)
        if problems:
            return _refusal(problems)
        found = values(getattr(response, "return"))
        passed = found.get("sufficient") is True
        return Played("enough" if passed else refused(found["status"]), "", found["status"])

    return _play_plugin(stage, ask)


def play_plugin_resource(stage: Stage) -> Results:
    """The plugin's ``Balance``: Check, and Create where that lets it."""
    return _play_plugin(stage, lambda plugin, gate: _check_and_create(plugin, gate))


@dataclass(frozen=True)
class Surface:
    """One way to ask.

    Attributes:
        name: As on the page.
        how: How it is played, for the page.
        play: Plays a stage.
        extra_seconds: Grace for a busy machine.
    """

    name: str
    how: str
    play: Callable[[Stage], Results] = field(repr=False)
    extra_seconds: float = 0.0


SURFACES = (
    Surface("core", "`LumenfallClient` and `Gate`; two processes, one play after the other", play_core),
    Surface("command line", "`lumenfall-balance check`; a process for each play", play_command_line),
    Surface("module", "the module on the controller, one real `ansible-playbook`, a host for each case", play_module),
    Surface("module, delegated", "the same, sent to another host as a module of its own", play_delegated),
    Surface("test `funded`", "on what the module has registered, a failure too", play_funded),
    Surface("lookup", "in an expression; an `ansible-playbook` for each environment", play_lookup),
    Surface("role", "`require_balance`, a play for each case", play_role),
    Surface("`get_balance`", "programs on the real engine, half of the cases in each", play_get_balance),
    Surface("`require_balance`", "likewise", play_require_balance),
    Surface("`balance_hook`", "a resource for each case on the real engine: made or not made", play_hook),
    Surface("`Balance`", "in Pulumi's own process for dynamic resources, over gRPC: Check, then Create", play_balance),
    Surface("plugin, function", "the plugin's process over gRPC: Configure, then Invoke", play_plugin_function),
    Surface("plugin, resource", "likewise: Configure, Check, then Create", play_plugin_resource),
)
