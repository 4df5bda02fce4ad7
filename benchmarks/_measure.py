# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What the benchmarks have in common: taking turns, counting calls, medians, and the lines of a table.

A benchmark is a file with ``measure(quick) -> Section``. All of its cases run in turn, round after round, so that a
busy moment of the machine hits all of them. Time is taken twice: by the clock, and as the processor's time of the
process and its children, which says the same on a machine that is busy with other things.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from pulumi_lumenfall.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[1]

#: What one run in a busy CI may be off an aim by, since it only has to notice what is plainly broken.
QUICK_FACTOR = 2.0


class Cost(NamedTuple):
    """What one run took.

    Attributes:
        wall: Seconds by the clock.
        cpu: Seconds of the processors.
        within: Seconds of the part that the run itself timed; 0 if it did not.
    """

    wall: float
    cpu: float
    within: float = 0.0


class Case(NamedTuple):
    """Something to measure.

    Attributes:
        run: Does it once.
        calls: How many requests the API must see of one run; another number ends the benchmark.
        every: It takes part in every so many rounds; with more than 1, not in those that warm up.
        delay: Seconds that the API takes over each answer.
    """

    run: Callable[[], Cost]
    calls: int = 0
    every: int = 1
    delay: float = 0.0


class Figures(NamedTuple):
    """The figures of a case: medians and minima of what :class:`Cost` has, and requests per run."""

    wall: float
    wall_min: float
    cpu: float
    cpu_min: float
    within: float
    within_min: float
    calls: int


class Row(NamedTuple):
    """A line of the table: two cases, side by side.

    Attributes:
        what: What is measured, for people.
        against: What a user would do instead, for people.
        ours: The name of our case.
        rival: The name of the other one.
        aim: The most that ours may be of the rival's; None where the line is there to be read only.
        by: The figure that is compared: ``wall``, ``cpu`` or ``within``.
        floor: The case that takes what both have to take: the interpreter, the engine.
    """

    what: str
    against: str
    ours: str
    rival: str
    aim: float | None = None
    by: str = "wall"
    floor: str | None = None


class Growth(NamedTuple):
    """How cost grows with a number: a plot.

    Attributes:
        title: What is shown.
        of: What is counted: ``hosts``.
        by: The figure that is shown.
        lines: Name of a line -> number -> name of the case.
    """

    title: str
    of: str
    by: str
    lines: Mapping[str, Mapping[int, str]]


class Section(NamedTuple):
    """The result of one benchmark: what was compared, and the figures of each case."""

    title: str
    rounds: int
    rows: Sequence[Row]
    floors: Mapping[str, str]
    figures: Mapping[str, Figures]
    growths: Sequence[Growth] = ()


class Api:
    """The sandbox in a process of its own, as the API is, so that its work is in nobody's figures."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.url, self.key, self.environ = pipe.recv()

    def reset(self, delay: float) -> int:
        """Forget the requests that were seen, and set how long the next answers take; returns how many they were."""
        self._pipe.send(delay)
        return int(self._pipe.recv())


def _serve(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Sandbox(amount="12.50") as api, contextlib.suppress(EOFError):
        pipe.send((api.url, api.key, dict(api.environ)))
        while True:
            delay = pipe.recv()
            seen = len(api.requests)
            api.reset()
            api.delay = delay
            pipe.send(seen)


@contextlib.contextmanager
def _open_api() -> Iterator[Api]:
    spawn = multiprocessing.get_context("spawn")
    ours, its = spawn.Pipe()
    spawn.Process(target=_serve, args=(its,), daemon=True).start()
    its.close()
    with ours:
        yield Api(ours)


class Bench:
    """A folder, a sandbox, and ways to run something against it."""

    def __init__(self, folder: Path, api: Api) -> None:
        self.folder = folder
        self.api = api
        #: For children: nothing of the machine's, and bytecode that is kept, as after an installation.
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            **api.environ,
        }

    def process(self, *command: str, env: Mapping[str, str] | None = None) -> Cost:
        """Run a program. A failure ends the benchmark."""

        def call() -> None:
            done = subprocess.run(
                command,
                env={**self.environment, **(env or {})},
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode:
                sys.exit(f"{' '.join(command)} failed:\n{done.stdout}")

        return self.children(call)

    @staticmethod
    def children(call: Callable[[], object]) -> Cost:
        """A call that leaves the work to child processes and waits for them."""
        cpu, start = _children_cpu(), time.perf_counter()
        call()
        return Cost(time.perf_counter() - start, _children_cpu() - cpu)

    def python(self, code: str) -> Callable[[], Cost]:
        """A statement in an interpreter of its own."""
        return lambda: self.process(sys.executable, "-c", code)

    @staticmethod
    def here(call: Callable[[], object]) -> Callable[[], Cost]:
        """A call in this process."""

        def run() -> Cost:
            cpu, start = time.process_time(), time.perf_counter()
            call()
            return Cost(time.perf_counter() - start, time.process_time() - cpu)

        return run

    def measure(self, cases: Mapping[str, Case], rounds: int, *, warm_up: int = 1) -> dict[str, Figures]:
        """Run all cases in turn, and take their medians.

        Args:
            cases: Name -> case.
            rounds: How often.
            warm_up: Rounds before that fill the caches of files and bytecode, and are not counted.
        """
        costs: dict[str, list[Cost]] = {name: [] for name in cases}
        order = list(cases)
        for number in range(-warm_up, rounds):
            # Each goes first, and right after another, in every other round.
            order.reverse()
            for name in order:
                case = cases[name]
                if number % case.every:
                    continue
                self.api.reset(case.delay)
                cost = case.run()
                calls = self.api.reset(0.0)
                if calls != case.calls:
                    sys.exit(f"{name}: {calls} requests reached the API, where {case.calls} should have")
                if number >= 0:
                    costs[name].append(cost)
        return {name: _figures(runs, cases[name].calls) for name, runs in costs.items()}


def _figures(runs: Sequence[Cost], calls: int) -> Figures:
    facts: dict[str, float] = {}
    for kind in Cost._fields:
        values = [getattr(cost, kind) for cost in runs]
        facts |= {kind: statistics.median(values), f"{kind}_min": min(values)}
    return Figures(calls=calls, **facts)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def open_bench() -> Iterator[Bench]:
    """A bench with a folder and a sandbox of its own."""
    # A job in the background ignores Ctrl-C, and so do its children. Pulumi's engine ends its helpers with just that
    # signal, and would wait 5 s for each.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="lumenfall-bench-") as folder, _open_api() as api:
        yield Bench(Path(folder), api)


def ratio(section: Section, row: Row, by: str | None = None) -> float:
    """Ours as a part of the rival's."""
    ours, rival = (getattr(section.figures[name], by or row.by) for name in (row.ours, row.rival))
    return float(ours / rival)


def missed(section: Section, *, factor: float = 1.0) -> list[Row]:
    """The rows whose ratio is above their aim times a factor, by the clock and by the processor.

    With a factor above 1, which is for a busy machine, only the processor's time counts where there is enough of it.
    """
    found = []
    for row in section.rows:
        by = "cpu" if factor > 1 and row.by == "wall" else row.by
        if row.aim is not None and ratio(section, row, by) > row.aim * factor:
            found.append(row)
    return found


def lines(section: Section) -> Iterator[str]:
    """The section as text for a terminal."""
    yield f"== {section.title} ({section.rounds} rounds)"
    for name, figures in section.figures.items():
        yield (
            f"{name:44} {figures.wall * 1e3:9.2f} ms, at least {figures.wall_min * 1e3:9.2f}, "
            f"processor {figures.cpu * 1e3:9.2f}, {figures.calls:3} calls"
        )
    for row in section.rows:
        verdict = "   " if row.aim is None else "ok " if ratio(section, row) <= row.aim else "OFF"
        aim = "" if row.aim is None else f" (aim {row.aim:g})"
        by_processor = f"by processor {ratio(section, row, 'cpu'):5.2f}"
        yield f"{verdict} {ratio(section, row):5.2f}{aim}, {by_processor}: {row.ours} / {row.rival}"


def run_alone(measure: Callable[[bool], Section], doc: str) -> int:
    """The ``main`` of a benchmark that is run by itself: prints its section.

    Returns:
        The exit status: 1 with ``--strict`` if an aim is missed, and with ``--quick`` if one is missed by far.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round or a few: does it work, are the calls right?")
    parser.add_argument("--strict", action="store_true", help="exit 1 if an aim is missed")
    options = parser.parse_args()
    section = measure(options.quick)
    print("\n".join(lines(section)))
    if options.quick:
        return int(bool(missed(section, factor=QUICK_FACTOR)))
    return int(options.strict and bool(missed(section)))


def as_data(section: Section) -> dict[str, Any]:
    """A section for JSON."""
    return {
        **section._asdict(),
        "rows": [row._asdict() for row in section.rows],
        "figures": {
            name: {key: round(value, 6) for key, value in figures._asdict().items()}
            for name, figures in section.figures.items()
        },
        "growths": [growth._asdict() for growth in section.growths],
    }


def from_data(data: Mapping[str, Any]) -> Section:
    """The section that :func:`as_data` was given."""
    return Section(
        **{
            **data,
            "rows": [Row(**row) for row in data["rows"]],
            "figures": {name: Figures(**figures) for name, figures in data["figures"].items()},
            "growths": [
                Growth(
                    **{
                        **growth,
                        "lines": {
                            name: {int(number): case for number, case in line.items()}
                            for name, line in growth["lines"].items()
                        },
                    }
                )
                for growth in data["growths"]
            ],
        }
    )
