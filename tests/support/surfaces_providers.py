# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How the fault matrix plays Pulumi's providers: the processes that the engine starts, over gRPC."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.fault_players import GATE, memory_of, refused, verdict_of
from support.fault_stage import CONFIG, WIDTH, Played, Results, Stage, chunks
from support.surfaces_pulumi import pulumi_plays


def _grouped(plays: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Plays with the same environment and config, in parts for processes of their own."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for play in plays:
        groups.setdefault(json.dumps([play["environ"], play["config"]], sort_keys=True), []).append(play)
    return list(groups.values())


@contextlib.contextmanager
def _provider(stage: Stage, environ: Mapping[str, str], *command: str) -> Iterator[Any]:
    from support.plugin import Plugin

    variables = {**stage.environment, **environ}
    with Plugin(None, variables, command or (sys.executable, "-m", "pulumi_lumenfall.provider")) as plugin:
        yield plugin
        stage.peak = max(stage.peak, memory_of(plugin.process.pid, "VmHWM"))
    stage.output.append(plugin.stderr().encode())


def _over_grpc(ask: Callable[[], Played]) -> Played:
    import grpc

    start = time.monotonic()
    try:
        result = ask()
    except grpc.RpcError as error:
        words = str(error.details())
        result = Played("traceback" if "Traceback" in words else verdict_of(words), words)
    result.seconds = time.monotonic() - start
    return result


def play_balance(stage: Stage) -> Results:
    """``Balance`` in the process that Pulumi runs dynamic resources in: Check, and Create where that lets it."""
    from pulumi.dynamic.dynamic import serialize_provider

    from pulumi_lumenfall.resource import BalanceProvider

    provider = serialize_provider(BalanceProvider())
    names = {"base_url": "baseUrl"}

    def play(group: list[dict[str, Any]]) -> Results:
        with _provider(stage, group[0]["environ"], sys.executable, "-u", "-m", "pulumi.dynamic") as plugin:
            plugin.configure(**group[0]["config"])

            def one(play: dict[str, Any]) -> tuple[str, Played]:
                inputs = {names.get(name, name): value for name, value in play["arguments"].items()}
                return play["name"], _over_grpc(lambda: _check_and_create(plugin, {"__provider": provider, **inputs}))

            with ThreadPoolExecutor(WIDTH) as pool:
                return dict(pool.map(one, group))

    plays = pulumi_plays(stage, *GATE, "base_url", "timeout")
    with ThreadPoolExecutor(2) as pool:
        played = list(pool.map(play, _grouped(plays)))
    return {name: result for results in played for name, result in results.items()}


def _refusal(problems: list[str]) -> Played:
    words = "; ".join(problems)
    return Played(verdict_of(words), words)


def _check_and_create(plugin: Any, inputs: Mapping[str, Any]) -> Played:
    from support.plugin import failures, values

    checked = plugin.check(**inputs)
    problems = failures(checked)
    if problems:
        return _refusal(problems)
    created = values(plugin.create(values(checked.inputs)).properties)
    return Played("enough" if created.get("sufficient") is True else "made, but not sufficient", "", created["status"])


def _play_plugin(stage: Stage, ask: Callable[[Any, dict[str, Any]], Played]) -> Results:
    names = {name: key.partition(":")[2] for name, key in CONFIG.items()}

    def play(group: list[dict[str, Any]]) -> Results:
        results = {}
        with _provider(stage, group[0]["environ"]) as plugin:
            for play in group:
                settings = {names[name]: value for name, value in play["arguments"].items() if name in names}
                config = {key.partition(":")[2]: value for key, value in play["config"].items()}
                gate = {name: value for name, value in play["arguments"].items() if name in GATE}
                # Each play is a run of its own, and the engine ends the one before so.
                plugin.cancel()
                plugin.configure(**settings, **config)
                results[play["name"]] = _over_grpc(functools.partial(ask, plugin, gate))
        return results

    plays = pulumi_plays(stage, *GATE, *CONFIG)
    usual = [play for play in plays if not play["environ"]]
    others = [play for play in plays if play["environ"]]
    with ThreadPoolExecutor(WIDTH) as pool:
        played = list(pool.map(play, [*chunks(usual, WIDTH), *_grouped(others)]))
    return {name: result for results in played for name, result in results.items()}


def play_plugin_function(stage: Stage) -> Results:
    """The plugin's ``getBalance``, as programs in every language call it; ``sufficient`` is the gate."""
    from support.plugin import failures, values

    def ask(plugin: Any, gate: dict[str, Any]) -> Played:
        response = plugin.get_balance(**gate)
        problems = failures(response)
        if problems:
            return _refusal(problems)
        found = values(getattr(response, "return"))
        passed = found.get("sufficient") is True
        return Played("enough" if passed else refused(found["status"]), "", found["status"])

    return _play_plugin(stage, ask)


def play_plugin_resource(stage: Stage) -> Results:
    """The plugin's ``Balance``: Check, and Create where that lets it."""
    return _play_plugin(stage, lambda plugin, gate: _check_and_create(plugin, gate))
