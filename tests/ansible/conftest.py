# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The real ansible-playbook, in an environment of its own, with the collection as it is installed from its archive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_lumenfall.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = ROOT / "ansible_collections" / "lumenfall" / "cloud"
CALLBACKS = Path(__file__).with_name("callbacks")
BIN = Path(sys.executable).parent
#: How many hosts, or name -> variables.
Hosts: TypeAlias = "int | dict[str, dict[str, Any]]"
# Long enough for a busy machine; a test that needs it has failed already.
LIMIT_SECONDS = 120


def clean_environment(home: Path) -> dict[str, str]:
    """What a program needs to run at all, and nothing of this machine's proxies, authorities, keys or settings."""
    return {
        "PATH": os.pathsep.join([str(BIN), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_DEPRECATION_WARNINGS": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
    }


@dataclass
class Run:
    """One run of ansible-playbook."""

    code: int  #: exit status
    output: str  #: standard output and error
    lines: list[dict[str, Any]]  #: what the recorder wrote

    def results(self, task: str | None = None, event: str | None = None) -> list[dict[str, Any]]:
        """The results of the tasks with this name."""
        return [
            line["result"] for line in self.lines if task in (None, line["task"]) and event in (None, line["event"])
        ]

    def result(self, task: str | None = None) -> dict[str, Any]:
        """The only result of the task with this name."""
        (found,) = self.results(task)
        return found

    def of_host(self, host: str, task: str) -> dict[str, Any]:
        """The last result of a host for the task with this name."""
        return [line["result"] for line in self.lines if (line["host"], line["task"]) == (host, task)][-1]

    def hosts(self, task: str) -> set[str]:
        """The hosts for which the task with this name was ok."""
        return {line["host"] for line in self.lines if (line["task"], line["event"]) == (task, "ok")}


class Ansible:
    """Runs playbooks in a folder of its own."""

    def __init__(self, folder: Path, collections: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.environment = clean_environment(self.home) | {"ANSIBLE_COLLECTIONS_PATH": str(collections)}

    def write(self, name: str, content: Any) -> Path:
        """Write a file; YAML that is not text is written as JSON, which is YAML."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
        return path

    def play(self, *arguments: str, environment: dict[str, str] | None = None, hosts: Hosts = 1, **play: Any) -> Run:
        """Run one play on that many hosts, which are all this machine."""
        return self.plays([play], *arguments, environment=environment, hosts=hosts)

    def both_ways(self, tasks: list[dict[str, Any]], *arguments: str, more: Any = (), **keywords: Any) -> Run:
        """Run each task on h001, here and delegated to h002, then more tasks; failures are ignored."""
        doubled = [
            {"ignore_errors": True, **task, **way}
            for task in tasks
            for way in ({}, {"name": f"{task['name']}, delegated", "delegate_to": "h002"})
        ]
        return self.play("--limit", "h001", *arguments, hosts=2, tasks=[*doubled, *more], **keywords)

    def plays(self, plays: list[dict[str, Any]], *arguments: str, **keywords: Any) -> Run:
        """Run several plays in one playbook, each on all hosts unless it says otherwise, without facts."""
        playbook = self.write("playbook.yml", [{"hosts": "all", "gather_facts": False, **play} for play in plays])
        return self.run(str(playbook), *arguments, **keywords)

    def run(self, playbook: str, *arguments: str, environment: dict[str, str] | None = None, hosts: Hosts = 1) -> Run:
        """Run a playbook on that many hosts, or on hosts with these variables."""
        record = self.folder / "record.jsonl"
        record.unlink(missing_ok=True)
        if hosts:
            named = hosts if isinstance(hosts, dict) else {f"h{number:03d}": {} for number in range(1, hosts + 1)}
            local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
            inventory = self.write("inventory.yml", {"all": {"hosts": named, "vars": local}})
            arguments = ("-i", str(inventory), *arguments)
        recorder = {
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "recorder",
            "RECORDER_FILE": str(record),
        }
        code, output = self.command(
            "ansible-playbook", playbook, *arguments, environment=recorder | (environment or {})
        )
        lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
        return Run(code, output, [json.loads(line) for line in lines])

    def command(self, *command: str, environment: dict[str, str] | None = None, typed: str = "") -> tuple[int, str]:
        """Run one of Ansible's programs, with something on its standard input: its exit status and output."""
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=self.folder,
            env=self.environment | (environment or {}),
            input=typed.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout.decode()


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path with the collection installed in it, from an archive that was built."""
    folder, home = tmp_path_factory.mktemp("collections"), tmp_path_factory.mktemp("home")

    def galaxy(*words: str) -> None:
        command = [str(BIN / "ansible-galaxy"), "collection", *words]
        subprocess.run(command, env=clean_environment(home), check=True, capture_output=True, timeout=LIMIT_SECONDS)

    galaxy("build", str(COLLECTION), "--output-path", str(home))
    (archive,) = home.glob("lumenfall-cloud-*.tar.gz")
    galaxy("install", str(archive), "-p", str(folder), "--offline", "--force")
    return folder


@pytest.fixture(scope="session")
def new_ansible(collections: Path) -> Callable[[Path], Ansible]:
    """Makes an :class:`Ansible` that works in a folder."""
    return lambda folder: Ansible(folder, collections)


@pytest.fixture
def ansible(tmp_path: Path, new_ansible: Callable[[Path], Ansible]) -> Ansible:
    """Ansible in a clean environment, without a key."""
    return new_ansible(tmp_path)


@pytest.fixture
def funded(ansible: Ansible, api: Sandbox) -> Ansible:
    """Ansible with the key and the address of the sandbox in its environment."""
    ansible.environment |= api.environ
    return ansible
