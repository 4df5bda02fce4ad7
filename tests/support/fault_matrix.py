# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The fault matrix: every case through every surface, and what is wrong with what came of it."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from support.fault_cases import ATTEMPTS, Case
from support.fault_stage import Played, Stage, World
from support.fault_surfaces import SURFACES, Surface
from support.leaks import MARKER, leaked

__all__ = ["PROBLEMS", "Matrix", "Run", "play", "problems_of"]

#: What the headline counts, each with its meaning.
PROBLEMS = {
    "wrong passes": "a gate let something through, a resource was made, or a result called itself sufficient",
    "wrong stops": "a gate stopped what has funds",
    "wrong verdicts": "it stopped, but said too low for cannot tell or the other way round, or another kind of error",
    "hangs": "longer than the deadline and a second",
    "leaks": "the key or a password in any output or file, plain or in base64",
    "tracebacks": "a traceback, or a message that tells of a bug",
    "unclean messages": "control characters, marks that a CI runner or a template acts on, more than one line",
    "impolite requests": "more requests than attempts, or than the case allows; any at all with a bad setting",
    "missed faults": "no result, or fewer requests than the case makes, so that it was not met and shows nothing",
    "floods": "more than 32 MiB of growth",
}
GRACE_SECONDS = 1.0
# For a whole process, from before its start to after its end, on a busy machine.
END_SECONDS = 20.0
FLOOD_BYTES = 32 << 20
_TRACEBACKS = (b"Traceback (most recent call last)", b"(a bug in pulumi-lumenfall", b"Unexpected failure during module")
_MARKS = re.compile(r"::(?!/)|##|\{\{|\{%|\}\}")


@dataclass
class Run:
    """One surface's plays.

    Attributes:
        surface: The surface.
        results: Case -> what came of it; a case that has no place in the surface, or was lost, is missing.
        seconds: How long all of it took.
        peak: The most memory that a process had, bytes.
        problems: Each with its kind, the case or the surface, and what it is.
    """

    surface: Surface
    results: dict[str, Played]
    seconds: float
    peak: int
    problems: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Matrix:
    """All of it."""

    cases: Sequence[Case]
    runs: list[Run]

    @property
    def plays(self) -> int:
        """How many plays there were."""
        return sum(len(run.results) for run in self.runs)

    def count(self, kind: str) -> int:
        """How many problems of a kind there are."""
        return sum(problem[0] == kind for run in self.runs for problem in run.problems)

    @property
    def problems(self) -> list[str]:
        """Every problem, a line each."""
        return [f"{kind}: {where}: {what}" for run in self.runs for kind, where, what in run.problems]


def play(
    cases: Sequence[Case],
    world: World,
    surfaces: Iterable[Surface] = SURFACES,
    tell: Callable[[str], None] = lambda line: None,
    extra_seconds: float = 0.0,
) -> Matrix:
    """Play every case through every surface, one surface after the other.

    Args:
        cases: The cases; the first one is a control, a good answer.
        world: What the surfaces need of the machine.
        surfaces: The surfaces.
        tell: Is told each line of progress, and each problem.
        extra_seconds: Grace for a busy machine.
    """
    runs = []
    for number, surface in enumerate(surfaces):
        start = time.monotonic()
        with Stage(world, f"surface-{number}", cases) as stage:
            results = stage.finish(surface.play(stage))
        run = Run(surface, results, time.monotonic() - start, stage.peak)
        run.problems = list(_problems(cases, run, stage, extra_seconds))
        runs.append(run)
        tell(f"{surface.name}: {len(results)} plays in {run.seconds:.0f} s, {len(run.problems)} problems")
        for kind, where, what in run.problems:
            tell(f"  {kind}: {where}: {what}")
    return Matrix(cases, runs)


def _problems(cases: Sequence[Case], run: Run, stage: Stage, extra_seconds: float) -> Iterable[tuple[str, str, str]]:
    for case in cases:
        where = f"{run.surface.name}, {case.name}"
        if case.name in run.results:
            for kind, what in problems_of(case, run.results[case.name], extra_seconds):
                yield kind, where, what
        elif case.name not in stage.left_out:
            # As where the kernel, or our own patience, has ended the player.
            yield "missed faults", where, "no result"
    for output in stage.output:
        for line in output.splitlines() if leaked(output) else ():
            if leaked(line):
                yield "leaks", run.surface.name, f"in its output: {_where(line)}"
        if any(mark in output for mark in _TRACEBACKS):
            yield "tracebacks", run.surface.name, "in its output"


def _where(line: bytes) -> str:
    """What is around a leak, without it."""
    shown = line.decode("utf-8", "replace").replace(MARKER, "***")
    position = max(shown.find("***"), 0)
    return repr(shown[max(0, position - 150) : position + 50])


def problems_of(case: Case, result: Played, extra_seconds: float = 0.0) -> Iterable[tuple[str, str]]:
    """What is wrong with what came of a case: the kind of problem, and what was told."""
    told = f"{result.verdict} ({result.outcome}): {result.message[-300:]!r}"
    if result.verdict != case.verdict:
        if not case.passes and result.verdict not in ("too low", "cannot tell"):
            yield ("tracebacks" if result.verdict == "traceback" else "wrong passes"), told
        else:
            yield ("wrong stops" if case.passes else "wrong verdicts"), told
    elif result.outcome and case.outcomes and result.outcome not in case.outcomes:
        yield "wrong verdicts", told
    if (result.seconds or 0) > case.timeout + GRACE_SECONDS + extra_seconds:
        yield "hangs", f"{result.seconds:.2f} s, and the deadline is {case.timeout:g} s"
    if (result.process_seconds or 0) > case.timeout + GRACE_SECONDS + END_SECONDS:
        yield "hangs", f"the process ended after {result.process_seconds:.2f} s"
    if leaked(result.message):
        yield "leaks", told
    if "Traceback" in result.message:
        yield "tracebacks", told
    message = result.message
    if _MARKS.search(message) or any(
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in message
    ):
        yield "unclean messages", told
    allowed = ATTEMPTS if case.requests is None else case.requests
    if result.requests > allowed:
        yield "impolite requests", f"{result.requests} where {allowed} are allowed"
    needed = 1 if case.requests is None else case.requests
    if result.requests < needed:
        yield "missed faults", f"{result.requests} requests where {needed} are made"
    if (result.memory or 0) > FLOOD_BYTES:
        yield "floods", f"{(result.memory or 0) >> 20} MiB"
