# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Ends a process with a signal at a random moment of its life."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PATIENCE_SECONDS = 60
SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: What names a file of ours in a traceback.
OURS = ("pulumi_lumenfall/", "ansible_collections/lumenfall/")


class Interrupted(NamedTuple):
    """How a process ended after a signal.

    Attributes:
        number: The signal.
        after_seconds: When it came, counted from the start of the process.
        status: The exit status; below 0 for a signal that was not caught.
        seconds: How long it took to end.
        out: Standard output.
        err: Standard error.
    """

    number: int
    after_seconds: float
    status: int
    seconds: float
    out: str
    err: str

    @property
    def frames_of_ours(self) -> list[str]:
        """Lines of tracebacks that name a file of ours."""
        lines = self.err.splitlines() + self.out.splitlines()
        return [line for line in lines if line.strip().startswith("File ") and any(name in line for name in OURS)]


def interrupt(
    command: Sequence[str],
    number: int,
    after_seconds: float,
    *,
    env: Mapping[str, str],
    cwd: Path,
    group: bool = False,
    ready: Callable[[], object] = lambda: True,
) -> Interrupted:
    """Start a command, send it a signal after a while, and wait for its end.

    Args:
        command: The command.
        number: The signal.
        after_seconds: When to send it, counted from when it is ready. A process that has ended by then is left alone.
        env: Its whole environment.
        cwd: Where it runs.
        group: Whether all that it started gets the signal too, as from a Ctrl-C at a terminal.
        ready: Whether it has come as far as the test wants it to be; asked again and again.
    """
    with subprocess.Popen(
        command,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            overdue = time.monotonic() + PATIENCE_SECONDS
            while not ready() and process.poll() is None:
                assert time.monotonic() < overdue, "it did not come that far"
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.02)
            try:
                out, err = process.communicate(timeout=after_seconds)
                seconds = 0.0
            except subprocess.TimeoutExpired:
                (os.killpg if group else os.kill)(process.pid, number)
                sent = time.monotonic()
                out, err = process.communicate(timeout=PATIENCE_SECONDS)
                seconds = time.monotonic() - sent
        finally:
            process.kill()
    return Interrupted(number, after_seconds, process.returncode, seconds, out, err)


def moments(life_seconds: float, count: int) -> Iterator[tuple[int, float]]:
    """Random moments of a life that takes so long, each with a signal; the seed is printed, and shown if a test fails.

    ``TEST_SEED`` repeats a run as far as the machine lets it be repeated.
    """
    seed = int(os.environ.get("TEST_SEED") or random.SystemRandom().randrange(2**31))
    print(f"TEST_SEED={seed}")
    source = random.Random(seed)
    for turn in range(count):
        yield SIGNALS[turn % 2], source.uniform(0.0, life_seconds)
