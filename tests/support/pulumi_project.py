# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Runs Pulumi programs on the real engine, each in a world of its own.

A project gets its own state (`file://` backend), PULUMI_HOME, HOME and TMPDIR under one folder, and none of the
machine's environment: no proxy, no CA bundle, no LUMENFALL_* or PULUMI_* variable. What a test wants to be set, it
passes as `env`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

PASSPHRASE = "passphrase of the tests"

PROJECT_FILE = "name: lumenfall-test\nruntime: python\n"

# No command takes as long, on a busy machine either: it ends what hangs.
COMMAND_SECONDS = 600

# What examples may have beside their sources on a developer's machine.
NOT_COPIED = shutil.ignore_patterns(".venv", "venv", "__pycache__", "Pulumi.*.yaml")

# ECMA-48: CSI sequences (colours, cursor) and OSC sequences (links, titles).
ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


@dataclasses.dataclass(frozen=True)
class CommandResult:
    """How one `pulumi` command ended; `stdout` and `stderr` are as printed, with their line ends."""

    command: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """All that a person at a terminal reads: stdout, then stderr, without ANSI sequences."""
        return ANSI.sub("", self.stdout + self.stderr)

    def check(self) -> CommandResult:
        """Returns itself, if the exit status is 0."""
        assert self.returncode == 0, f"pulumi {' '.join(self.command)}: exit {self.returncode}\n{self.output}"
        return self


class PulumiProject:
    """One Pulumi project with one stack, `dev`.

    Commands return a `CommandResult` whatever their exit status; those that only arrange or read something
    (`stack_init`, `config_set`, `stack_output`, `export`) fail the test if they fail. The constructor starts nothing.

    Args:
        folder: An empty or missing folder, which gets everything of the project; the program is in `directory`.
        program: The text of `__main__.py`, or the folder of a whole project (an example) to copy.
        pulumi_bin: The folder of the engine: the fixture `pulumi_bin`.
        env: Variables for the program and the engine, in `environment` beside those that every project has.
    """

    def __init__(
        self, folder: Path, program: str | Path, *, pulumi_bin: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.directory = folder / "project"
        for name in ("state", "pulumi-home", "home", "tmp"):
            (folder / name).mkdir(parents=True)
        if isinstance(program, Path):
            shutil.copytree(program, self.directory, ignore=NOT_COPIED)
            # In place of what `pulumi install` makes; tests/packaging/test_install.py has it made.
            (self.directory / "venv").symlink_to(sys.prefix)
        else:
            self.directory.mkdir()
            (self.directory / "Pulumi.yaml").write_text(PROJECT_FILE, encoding="utf-8")
            (self.directory / "__main__.py").write_text(program, encoding="utf-8")
        self.environment = {
            "PATH": os.pathsep.join([str(pulumi_bin), str(Path(sys.executable).parent), os.defpath]),
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "LANG": "C.UTF-8",
            "PULUMI_HOME": str(folder / "pulumi-home"),
            "PULUMI_BACKEND_URL": (folder / "state").absolute().as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # The language host lists the packages with pip, which would look for a newer pip on the network.
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            # The interpreter of the tests, also where its folder has no `python` or PATH has another.
            "PULUMI_PYTHON_CMD": sys.executable,
            **(env or {}),
        }

    def run(self, *args: str, stdin: str = "", env: Mapping[str, str] | None = None) -> CommandResult:
        """Runs any `pulumi` command in the project, with `env` for this command alone."""
        process = subprocess.Popen(
            # Before the command, so that a `--` among the arguments does not swallow them.
            ["pulumi", "--non-interactive", "--color=never", *args],
            cwd=self.directory,
            env={**self.environment, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        overdue = False
        try:
            stdout, stderr = process.communicate(stdin.encode(), timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            overdue = True
            stdout, stderr = stop(process)
        except BaseException:
            stop(process)
            raise
        # Not text mode: it would turn a carriage return, which a test of clean text looks for, into a line end.
        result = CommandResult(
            args, process.returncode, stdout.decode(errors="replace"), stderr.decode(errors="replace")
        )
        assert not overdue, f"pulumi {' '.join(args)}: not done after {COMMAND_SECONDS} s\n{result.output}"
        return result

    def stack_init(self) -> PulumiProject:
        """Creates and selects the stack, and returns the project."""
        self.run("stack", "init", "dev").check()
        return self

    def config_set(self, key: str, value: str, *, secret: bool = False) -> None:
        """Sets stack config, such as `lumenfall:apiKey`.

        The value goes through stdin, so that it may start with a dash and is in no process list.
        """
        kind = "--secret" if secret else "--plaintext"
        self.run("config", "set", kind, key, stdin=value).check()

    def preview(self, *args: str) -> CommandResult:
        """`pulumi preview`."""
        return self.run("preview", *args)

    def up(self, *args: str, skip_preview: bool = True) -> CommandResult:
        """`pulumi up`, without the preview before it, which would run the program twice, unless that is wanted."""
        return self.run("up", "--yes", *["--skip-preview"] * skip_preview, *args)

    def refresh(self, *args: str) -> CommandResult:
        """`pulumi refresh`; it runs no program unless asked to with `--run-program`."""
        return self.run("refresh", "--yes", "--skip-preview", *args)

    def destroy(self, *args: str) -> CommandResult:
        """`pulumi destroy`; it runs no program unless asked to with `--run-program`."""
        return self.run("destroy", "--yes", "--skip-preview", *args)

    def stack_output(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The stack's outputs by name; secret ones as `[secret]` unless they are to be shown."""
        outputs: dict[str, Any] = self._read_json("stack", "output", "--json", show_secrets=show_secrets)
        return outputs

    def export(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The stack's state, as `pulumi stack export` gives it; secrets are ciphertext unless they are to be shown."""
        state: dict[str, Any] = self._read_json("stack", "export", show_secrets=show_secrets)
        return state

    def state_bytes(self) -> bytes:
        """Every byte that the project has left on disk: program, config, state and its history, logs, HOME, TMPDIR.

        A pickled dynamic provider is base64 in there: look in `export()` for what must not be in one.
        """
        files = sorted(path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink())
        return b"\n".join(path.read_bytes() for path in files)

    def _read_json(self, *args: str, show_secrets: bool) -> Any:
        show = ["--show-secrets"] if show_secrets else []
        return json.loads(self.run(*args, *show).check().stdout)


class MakeProject(Protocol):
    """What the fixture `make_project` gives."""

    def __call__(self, program: str | Path, *, env: Mapping[str, str] | None = None) -> PulumiProject:
        """Makes a project with an empty stack; the arguments are those of `PulumiProject`."""


def stop(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Ends an engine with all that it started, and returns what it had printed.

    Interrupted first, for it ends its plugins itself: they are in process groups of their own, and it gives each of
    them 5 s before it kills it. A killed engine leaves its language host behind for minutes.
    """
    for number, patience_seconds in ((signal.SIGINT, 15), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=patience_seconds)
    return b"", b""
