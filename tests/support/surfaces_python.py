# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How the fault matrix plays the core and the command line."""

from __future__ import annotations

import contextlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.fault_cases import Case
from support.fault_stage import BIN, WIDTH, Played, Results, Stage, chunks, facts_of, play_files, read_lines


def play_core(stage: Stage) -> Results:
    """Two processes, each with one play after the other."""

    def play(numbered: tuple[int, list[Case]]) -> Results:
        number, cases = numbered
        plays = [
            {"name": case.name, "arguments": stage.arguments(case), "environ": stage.environ(case)} for case in cases
        ]
        source, target = play_files(stage, f"core-{number}", [stage.warm_up, *plays])
        stage.run(sys.executable, "-m", "support.fault_players", PLAYS=str(source), PLAYED=str(target))
        return {line["name"]: facts_of(line) for line in read_lines(stage, target)}

    stage.left_out |= {case.name for case in stage.cases if case.config or case.ini}
    cases = [case for case in stage.cases if case.name not in stage.left_out]
    with ThreadPoolExecutor() as pool:
        return {
            name: result for results in pool.map(play, enumerate(chunks(cases, 2))) for name, result in results.items()
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
        else:
            stage.left_out.add(case.name)

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
