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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pulumi_lumenfall.cli import main
from pulumi_lumenfall.sandbox import Sandbox

# Long enough for a machine that is busy with something else, short of a hang.
PATIENCE_SECONDS = 60
_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
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


@dataclass
class Program:
    """``lumenfall-balance`` as it is installed.

    ``api`` is a sandbox to lead it to, ``env`` is added to the environment, ``prefix`` is a program that runs it.
    """

    path: Path
    environ: dict[str, str]
    folder: Path
    started: list[Process] = field(default_factory=list)

    def environment(self, api: Sandbox | None = None, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a run."""
        return {**self.environ, **(api.environ if api else {}), **(env or {})}

    def __call__(
        self,
        *words: str,
        api: Sandbox | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        prefix: Sequence[str] = (),
    ) -> Ended:
        """Run it to its end."""
        return self._run([*prefix, str(self.path), *words], self.environment(api, env), stdin)

    def in_shell(self, script: str, api: Sandbox | None = None, **env: str) -> Ended:
        """Run a bash script that calls the program as ``"$L"``; standard input is empty."""
        return self._run(["bash", "-c", script], self.environment(api, {"L": str(self.path), **env}), "")

    def _run(self, command: list[str], environ: dict[str, str], stdin: str) -> Ended:
        ended = subprocess.run(
            command,
            env=environ,
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        assert "Exception ignored" not in ended.stderr, ended.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *words: str, api: Sandbox | None = None) -> Process:
        """Start it, to be talked to while it runs, and until the test ends at the most. Standard input is empty."""
        # Under nohup, and in the background of a script, some are ignored; commands would inherit that.
        ignored = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_IGN]
        for number in ignored:
            signal.signal(number, signal.SIG_DFL)
        process = subprocess.Popen(
            [str(self.path), *words],
            env=self.environment(api),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        self.started.append(process)
        return process

    def on_terminal(self, *words: str, api: Sandbox, until: bytes, answer: bytes) -> tuple[int, str]:
        """Run it on a terminal, and type ``answer`` after ``until``; gives its status and what it showed."""
        number, terminal = pty.fork()
        if number == 0:
            try:
                os.execve(self.path, [str(self.path), *words], self.environment(api))
            finally:
                os._exit(99)
        shown, is_typed = b"", False
        overdue = time.monotonic() + PATIENCE_SECONDS
        with contextlib.suppress(OSError):  # EIO: the other side is gone
            while True:
                ready, _, _ = select.select([terminal], [], [], max(0.0, overdue - time.monotonic()))
                if not ready:
                    os.kill(number, signal.SIGKILL)
                shown += (data := os.read(terminal, 4096))
                if not data:
                    break
                if until in shown and not is_typed:
                    is_typed = bool(os.write(terminal, answer))
        os.close(terminal)
        _, status = os.waitpid(number, 0)
        return os.waitstatus_to_exitcode(status), shown.decode()


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


@pytest.fixture
def program(environ: dict[str, str], folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The installed command line."""
    path = Path(sys.executable).with_name("lumenfall-balance")
    if not path.exists():
        pytest.fail(f"{path} does not exist: run {sys.executable} -m pip install -e . --no-deps")
    # What pip compiles when it installs; a checkout may have been told not to (PYTHONDONTWRITEBYTECODE).
    bytecode = str(tmp_path_factory.getbasetemp() / "bytecode")
    found = Program(path, {**environ, "PYTHONPYCACHEPREFIX": bytecode}, folder)
    yield found
    for process in found.started:
        process.kill()
        process.communicate()
