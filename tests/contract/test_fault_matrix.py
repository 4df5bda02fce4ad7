# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The fault matrix: a sample of it through every surface, and that it can fail."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from support.fault_cases import CASES, SAMPLE
from support.fault_matrix import PROBLEMS, play, problems_of
from support.fault_stage import Played, Stage, World
from support.fault_surfaces import SURFACES, Surface
from support.leaks import KEY

NAMES = {case.name: case for case in CASES}
GOOD, BAD = NAMES["recovery/good"], NAMES["cuts/after-whole-value"]


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name.strip("`"))
def test_a_sample(surface: Surface, tmp_path: Path, pulumi_bin: Path) -> None:
    """Some of each kind, with more time for a busy machine."""
    matrix = play(SAMPLE, World(tmp_path, pulumi_bin), [surface], extra_seconds=5)
    assert matrix.problems == []
    # Ansible itself shows the environment of a delegated task.
    left_out = {"settings/proxy-socks"} if surface.name == "module, delegated" else set()
    assert set(matrix.runs[0].results) == {case.name for case in SAMPLE} - left_out


def test_a_play_that_is_lost_is_a_problem(tmp_path: Path) -> None:
    """A player that the kernel ended for its memory writes no line, and has no flood to be counted."""

    def lose(stage: Stage) -> dict[str, Played]:
        stage.left_out.add(GOOD.name)
        return {}

    matrix = play([GOOD, BAD], World(tmp_path, tmp_path), [Surface("lost", "", lose)])
    assert matrix.problems == [f"missed faults: lost, {BAD.name}: no result"]


REFUSED = Played("cannot tell", "cannot tell: the answer was cut", "ConnectionFailedError", 0.1, 0, 2)


@pytest.mark.parametrize(
    ("kind", "case", "result"),
    [
        ("wrong passes", BAD, replace(REFUSED, verdict="enough")),
        ("wrong passes", BAD, replace(REFUSED, verdict="made after a refusal")),
        ("wrong passes", BAD, replace(REFUSED, verdict="sufficient, but cannot tell")),
        ("wrong stops", GOOD, Played("too low", "balance too low", "known", requests=1)),
        ("wrong stops", GOOD, Played("enough, but not sufficient", "", "known", requests=1)),
        ("wrong verdicts", BAD, replace(REFUSED, verdict="too low")),
        ("wrong verdicts", BAD, replace(REFUSED, outcome="InvalidResponseError")),
        ("hangs", BAD, replace(REFUSED, seconds=BAD.timeout + 1.1)),
        ("hangs", BAD, replace(REFUSED, process_seconds=BAD.timeout + 22)),
        ("leaks", BAD, replace(REFUSED, message=f"cannot tell: {KEY}")),
        ("leaks", BAD, replace(REFUSED, message=f"cannot tell: {b64encode(KEY.encode()).decode()}")),
        ("tracebacks", BAD, replace(REFUSED, verdict="traceback")),
        ("tracebacks", BAD, replace(REFUSED, message="Traceback (most recent call last)")),
        ("unclean messages", BAD, replace(REFUSED, message="cannot tell: \x1b[31m")),
        ("unclean messages", BAD, replace(REFUSED, message="cannot tell: ::error::")),
        ("impolite requests", BAD, replace(REFUSED, requests=3)),
        ("impolite requests", NAMES["settings/timeout-nan"], Played("cannot tell", requests=1)),
        ("missed faults", BAD, replace(REFUSED, requests=0)),
        ("missed faults", NAMES["slow/drips-body"], replace(REFUSED, outcome="", requests=0)),
        ("floods", BAD, replace(REFUSED, memory=33 << 20)),
    ],
)
def test_it_can_fail(kind: str, case: object, result: Played) -> None:
    """Each kind of problem is seen, and only that one."""
    assert kind in PROBLEMS
    assert {found for found, _ in problems_of(case, result)} == {kind}  # type: ignore[arg-type]


def test_nothing_is_wrong_with_what_is_right() -> None:
    assert not list(problems_of(BAD, REFUSED))
    assert not list(problems_of(GOOD, Played("enough", "", "known", 0.1, 0, 1)))


def test_the_cases_are_many_and_mixed() -> None:
    """At least 120 faults, and controls of every verdict that a gate that never, or always, passes would fail."""
    assert len(NAMES) == len(CASES)
    assert sum(not case.passes for case in CASES) >= 120
    for cases in (CASES, SAMPLE):
        assert {case.verdict for case in cases} == {"enough", "too low", "cannot tell"}
    # Every kind of case, and controls of each policy, are in the sample too.
    kinds = {case.name.partition("/")[0] for case in SAMPLE}
    assert {"json", "slow", "cuts", "encodings", "hostile", "echo", "combined", "proxy", "names", "settings"} <= kinds
