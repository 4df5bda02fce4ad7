# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How the fault matrix plays Pulumi: programs on the real engine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from support.fault_cases import ATTEMPTS
from support.fault_players import GATE, verdict_of
from support.fault_stage import (
    ROOT,
    RUN_SECONDS,
    TESTS,
    VARIABLES,
    Played,
    Results,
    Stage,
    chunks,
    facts_of,
    play_files,
    read_lines,
)


def _program(
    stage: Stage, name: str, text: str, plays: Sequence[Mapping[str, Any]], *arguments: str
) -> tuple[Any, Path]:
    """A project that has been brought up, and the file of what was played."""
    from support.pulumi_project import PulumiProject

    source, target = play_files(stage, name, plays)
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


def pulumi_plays(stage: Stage, *arguments: str) -> list[dict[str, Any]]:
    plays = []
    for case in stage.cases:
        taken = None if case.ini else stage.split(case, *arguments)
        if taken is None:
            stage.left_out.add(case.name)
        else:
            plays.append({"name": case.name, "arguments": taken[0], "environ": taken[1], "config": dict(case.config)})
    return plays


_FUNCTION_ARGUMENTS = (*GATE, "api_key", "base_url", "timeout")


def _play_function(stage: Stage, function: str) -> Results:
    plays = pulumi_plays(stage, *_FUNCTION_ARGUMENTS)

    def play(numbered: tuple[int, list[dict[str, Any]]]) -> Results:
        number, plays = numbered
        text = f"from support.fault_players import program\n\nprogram({function!r})\n"
        project, target = _program(stage, f"{function}-{number}", text, [stage.warm_up, *plays])
        stage.output.append(project.state_bytes())
        return {line["name"]: facts_of(line) for line in read_lines(stage, target)}

    with ThreadPoolExecutor() as pool:
        played = list(pool.map(play, enumerate(chunks(plays, 2))))
    return {name: result for results in played for name, result in results.items()}


def play_get_balance(stage: Stage) -> Results:
    """``get_balance(minimum=...)`` in a program; ``sufficient`` is the gate."""
    return _play_function(stage, "get_balance")


def play_require_balance(stage: Stage) -> Results:
    """``require_balance(...)`` in a program."""
    return _play_function(stage, "require_balance")


def play_hook(stage: Stage) -> Results:
    """``balance_hook`` on a resource for each case: one program, and a serial one where the environment is the case."""
    plays = pulumi_plays(stage, *_FUNCTION_ARGUMENTS)
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
        for line in read_lines(stage, target):
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
