# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Runs ``lumenfall-balance`` in this process, which is fast, or as it is installed."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from pulumi_lumenfall.cli import main
from pulumi_lumenfall.sandbox import Sandbox

# Long enough for a machine that is busy with something else, short of a hang.
PATIENCE_SECONDS = 60
Process = subprocess.Popen[str]


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON line that it has to be."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    @property
    def text(self) -> str:
        """All that it printed."""
        return self.out + self.err


class Program:
    """``lumenfall-balance`` as it is installed.

    Attributes:
        path: Where it is.
        environ: The environment that every run starts with.
        folder: An empty folder, the working directory of every run.
    """

    def __init__(self, path: Path, environ: dict[str, str], folder: Path) -> None:
        self.path = path
        self.environ = environ
        self.folder = folder
        self._started: list[Process] = []

    def environment(self, api: Sandbox | None = None, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a run, which leads to a sandbox."""
        return {**self.environ, **(api.environ if api else {}), **(env or {})}

    def __call__(
        self,
        *words: str,
        api: Sandbox | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        stdout: int | IO[str] = subprocess.PIPE,
        prefix: Sequence[str] = (),
    ) -> Ended:
        """Run it to its end.

        Args:
            *words: The command line.
            api: A sandbox to lead it to.
            env: Added to the environment, and stronger than the sandbox's.
            stdin: What standard input contains; nothing by default.
            stdout: Where standard output goes instead of into the result.
            prefix: A program that runs it, with its options.
        """
        command = [*prefix, str(self.path), *words]
        return self._run(command, self.environment(api, env), input=stdin or "", stdout=stdout)

    def in_shell(self, script: str, api: Sandbox | None = None, **env: str) -> Ended:
        """Run a bash script that calls the program as ``"$L"``; standard input is empty."""
        environ = self.environment(api, {"L": str(self.path), **env})
        return self._run(["bash", "-c", script], environ, input="", stdout=subprocess.PIPE)

    def _run(self, command: list[str], environ: dict[str, str], **streams: Any) -> Ended:
        ended = subprocess.run(
            command,
            env=environ,
            cwd=self.folder,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=PATIENCE_SECONDS,
            check=False,
            **streams,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        assert "Exception ignored" not in ended.stderr, ended.stderr
        return Ended(ended.returncode, ended.stdout or "", ended.stderr)

    def start(self, *words: str, api: Sandbox | None = None) -> Process:
        """Start it, to be talked to while it runs, and until the test ends at the most. Standard input is empty."""
        process = subprocess.Popen(
            [str(self.path), *words],
            env=self.environment(api),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._started.append(process)
        return process

    def on_terminal(
        self, *words: str, api: Sandbox, env: Mapping[str, str], until: bytes | None = None, answer: bytes = b"\x03"
    ) -> tuple[int, str]:
        """Run it on a terminal to its end.

        Args:
            *words: The command line.
            api: A sandbox to lead it to.
            env: Added to the environment.
            until: Once it has shown this, the answer is typed.
            answer: What to type; Ctrl-C by default.

        Returns:
            The exit status, and all that it has shown.
        """
        number, terminal = pty.fork()
        if number == 0:
            try:
                os.execve(self.path, [str(self.path), *words], self.environment(api, env))
            finally:
                os._exit(99)
        shown = b""
        overdue = time.monotonic() + PATIENCE_SECONDS
        with contextlib.suppress(OSError):  # EIO: the other side is gone
            while True:
                ready, _, _ = select.select([terminal], [], [], max(0.0, overdue - time.monotonic()))
                if not ready:
                    os.kill(number, signal.SIGKILL)
                shown += (data := os.read(terminal, 4096))
                if not data:
                    break
                if until is not None and until in shown:
                    os.write(terminal, answer)
                    until = None
        os.close(terminal)
        _, status = os.waitpid(number, 0)
        return os.waitstatus_to_exitcode(status), shown.decode()

    def end_all(self) -> None:
        """End what a test has left behind."""
        for process in self._started:
            process.kill()
            process.communicate()


@pytest.fixture
def environ(clean_environment: Path) -> dict[str, str]:
    """An environment with an empty HOME."""
    return {"PATH": os.environ["PATH"], "HOME": str(clean_environment), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    (tmp_path / "cwd").mkdir()
    return tmp_path / "cwd"


@pytest.fixture
def cli(
    environ: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Runs a command line in this process: ``cli(*words, api=sandbox, env=added to the environment)``."""

    def run(*words: str, api: Sandbox | None = None, env: Mapping[str, str] | None = None) -> Ended:
        with monkeypatch.context() as patch:
            for name in os.environ:
                patch.delenv(name)
            for name, value in {**environ, **(api.environ if api else {}), **(env or {})}.items():
                patch.setenv(name, value)
            patch.chdir(folder)
            capsys.readouterr()
            status = main(words)
            return Ended(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip compiles when it installs; a checkout may have been told not to (PYTHONDONTWRITEBYTECODE)."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def program(environ: dict[str, str], folder: Path, bytecode: Path) -> Iterator[Program]:
    """The installed command line."""
    path = Path(sys.executable).with_name("lumenfall-balance")
    if not path.exists():
        pytest.fail(f"{path} does not exist: run {sys.executable} -m pip install -e . --no-deps")
    found = Program(path, {**environ, "PYTHONPYCACHEPREFIX": str(bytecode)}, folder)
    yield found
    found.end_all()


@pytest.fixture
def plain_user() -> Sequence[str]:
    """A prefix that runs a command without root's right to write everywhere."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override")
