# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How the fault matrix plays Ansible: real ``ansible-playbook``, where each case is a host of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.fault_cases import Case
from support.fault_players import GATE, refused
from support.fault_stage import BIN, ROOT, TESTS, WIDTH, Played, Results, Stage, chunks, read_lines

_OPTIONS = {"ca_bundle": "ca_path"}


def _ansible(
    stage: Stage, name: str, playbook: list[dict[str, Any]], hosts: Mapping[str, Any], **environ: str
) -> list[dict[str, Any]]:
    """Run a playbook, and return the recorder's lines."""
    folder = stage.folder / f"ansible-{name}"
    folder.mkdir()
    (folder / "playbook.yml").write_text(json.dumps(playbook), encoding="utf-8")
    everyone = {host: {"ansible_connection": "local", **variables} for host, variables in hosts.items()}
    inventory = {
        "all": {"vars": {"ansible_python_interpreter": sys.executable}},
        "cases": {"hosts": everyone},
        "away": {"hosts": {"away": {"ansible_connection": "local"}}},
    }
    (folder / "inventory.yml").write_text(json.dumps(inventory), encoding="utf-8")
    record = folder / "record.jsonl"
    record.touch()
    stage.run(
        str(BIN / "ansible-playbook"),
        "-vvv",
        f"--forks={2 * WIDTH}",
        f"--inventory={folder / 'inventory.yml'}",
        str(folder / "playbook.yml"),
        ANSIBLE_COLLECTIONS_PATH=str(ROOT),
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_LOCALHOST_WARNING="0",
        ANSIBLE_LOCAL_TEMP=str(folder / "tmp"),
        ANSIBLE_REMOTE_TEMP=str(folder / "remote"),
        ANSIBLE_CALLBACK_PLUGINS=str(TESTS / "ansible" / "callbacks"),
        ANSIBLE_CALLBACKS_ENABLED="recorder",
        RECORDER_FILE=str(record),
        **environ,
    )
    return read_lines(stage, record)


def _task_of_module(stage: Stage, case: Case) -> dict[str, Any] | None:
    """The host variables that make the one task a play of this case."""
    taken = stage.split(case, "api_key", *GATE, "base_url", "timeout", "max_attempts", "ca_bundle")
    if case.config or case.ini or taken is None:
        return None
    arguments, environ = taken
    options = {_OPTIONS.get(name, name): value for name, value in arguments.items()}
    return {"options": options, "environ": environ, "minimum": options.get("minimum")}


_MODULE_TASK = {
    "name": "module",
    "lumenfall.cloud.lumenfall_balance": {
        option: f"{{{{ options.{option} | default(omit) }}}}"
        for option in ("api_key", "base_url", "timeout", "max_attempts", "ca_path", *GATE)
    },
    "environment": "{{ environ }}",
    "register": "asked",
    "ignore_errors": True,
}
_FUNDED_TASK = {
    "name": "funded",
    "ansible.builtin.assert": {
        "that": (
            "asked is lumenfall.cloud.funded(minimum, postpaid=options.postpaid | default(none), "
            "unavailable=options.unavailable | default(none))"
        )
    },
    "ignore_errors": True,
}


def _module_result(result: Mapping[str, Any]) -> Played:
    failure = result.get("failure") or {}
    balance = result.get("balance") or {}
    verdict = result.get("verdict") or ("cannot tell" if result.get("failed") else "?")
    if result.get("sufficient") is True and verdict != "enough":
        verdict = f"sufficient, but {verdict}"
    if verdict == "enough" and (result.get("sufficient") is not True or result.get("failed")):
        verdict = "enough, but not sufficient"
    return Played(verdict, str(result.get("msg", "")), failure.get("type") or balance.get("status") or "")


def play_module(stage: Stage, *, away: bool = False, tested: bool = False) -> Results:
    """One task on a host for each case: here in the controller's process, ``away`` as a module of its own."""
    task = {**_MODULE_TASK, **({"delegate_to": "away"} if away else {})}
    tasks = [task, *([_FUNDED_TASK] if tested else [])]
    hosts, names = {}, {}
    for number, case in enumerate(stage.cases):
        variables = _task_of_module(stage, case)
        # Ansible itself shows a task's environment in the command line there; our task warns of it.
        is_shown = away and "@" in case.environ.get("HTTPS_PROXY", "")
        if variables is not None and not is_shown:
            hosts[f"h{number:03}"], names[f"h{number:03}"] = variables, case.name
        else:
            stage.left_out.add(case.name)
    playbook = [{"hosts": "cases", "gather_facts": False, "tasks": tasks}]
    lines = _ansible(stage, "module", playbook, hosts)
    if not tested:
        return {names[line["host"]]: _module_result(line["result"]) for line in lines if line["task"] == "module"}
    results = {}
    module = {line["host"]: line["result"] for line in lines if line["task"] == "module"}
    for line in lines:
        if line["task"] == "funded":
            asked = _module_result(module[line["host"]])
            passed = line["event"] == "ok"
            # The test only passes or not; why not is the module's to say.
            verdict = "enough" if passed else asked.verdict if asked.verdict != "enough" else "stopped"
            results[names[line["host"]]] = Played(verdict, str(line["result"].get("msg", "")))
    return results


def play_delegated(stage: Stage) -> Results:
    """The module, sent to a host."""
    return play_module(stage, away=True)


def play_funded(stage: Stage) -> Results:
    """The test ``funded`` on what the module registered, be it a failure."""
    return play_module(stage, tested=True)


def play_lookup(stage: Stage) -> Results:
    """The lookup in an expression; a run for each environment, since a task's does not reach a lookup."""
    groups: dict[tuple[tuple[str, str], ...], dict[str, Case]] = {}
    for number, case in enumerate(stage.cases):
        if case.config:
            stage.left_out.add(case.name)
            continue
        key = tuple(
            sorted({**stage.environ(case), **{f"ini {name}": value for name, value in case.ini.items()}}.items())
        )
        groups.setdefault(key, {})[f"h{number:03}"] = case

    def play(numbered: tuple[int, tuple[tuple[tuple[str, str], ...], dict[str, Case]]]) -> Results:
        number, (key, cases) = numbered
        environ = {name: value for name, value in key if not name.startswith("ini ")}
        settings = [f"{name[4:]} = {value}\n" for name, value in key if name.startswith("ini ")]
        config = stage.folder / f"ansible-{number}.cfg"
        config.write_text("[lumenfall]\n" + "".join(settings), encoding="utf-8")
        hosts = {}
        for host, case in cases.items():
            arguments = {_OPTIONS.get(name, name): value for name, value in stage.arguments(case).items()}
            hosts[host] = {"options": arguments}
        task = {
            "name": "lookup",
            "ansible.builtin.debug": {"msg": "{{ lookup('lumenfall.cloud.lumenfall_balance', **options) }}"},
            "ignore_errors": True,
        }
        playbook = [{"hosts": "cases", "gather_facts": False, "tasks": [task]}]
        lines = _ansible(stage, f"lookup-{number}", playbook, hosts, ANSIBLE_CONFIG=str(config), **environ)
        return {cases[line["host"]].name: _lookup_result(line) for line in lines if line["task"] == "lookup"}

    with ThreadPoolExecutor(2) as pool:
        played = list(pool.map(play, enumerate(groups.items())))
    return {name: result for results in played for name, result in results.items()}


def _lookup_result(line: Mapping[str, Any]) -> Played:
    said = line["result"].get("msg")
    if line["event"] == "ok":
        passed = said.get("sufficient") is True
        return Played("enough" if passed else refused(said["status"]), "", said["status"])
    words = str(said)
    verdict = "too low" if "balance too low" in words else "cannot tell"
    return Played(verdict, words)


def play_role(stage: Stage) -> Results:
    """A play for each case, with the role in a block: what follows it there has passed the gate."""
    names, plays = {}, []
    for number, case in enumerate(stage.cases):
        taken = None if case.config or case.ini else stage.split(case, *GATE)
        if taken is None:
            stage.left_out.add(case.name)
            continue
        arguments, environ = taken
        host = f"h{number:03}"
        names[host] = case.name
        role = {
            "ansible.builtin.import_role": {"name": "lumenfall.cloud.require_balance"},
            "vars": {f"require_balance_{name}": value for name, value in arguments.items()},
        }
        block = [role, {"name": "passed", "ansible.builtin.debug": {"msg": "passed"}}]
        said = {"name": "stopped", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg | default('') }}"}}
        tasks = [{"block": block, "rescue": [said]}]
        plays.append({"hosts": host, "gather_facts": False, "environment": environ, "tasks": tasks})

    def play(numbered: tuple[int, list[dict[str, Any]]]) -> Results:
        number, plays = numbered
        lines = _ansible(stage, f"role-{number}", plays, {play["hosts"]: {} for play in plays})
        results: Results = {}
        for line in lines:
            host, result = line["host"], line["result"]
            if line["event"] == "failed":
                failure, balance = result.get("failure") or {}, result.get("balance") or {}
                verdict = result.get("verdict") or "cannot tell"
                outcome = failure.get("type") or balance.get("status") or ""
                # What ends the play is the task's failure, whatever its result says.
                verdict = "failed though enough" if verdict == "enough" else verdict
                results[names[host]] = Played(verdict, str(result.get("msg", "")), outcome)
            elif line["task"].endswith("passed"):
                results[names[host]] = Played("enough")
        return results

    with ThreadPoolExecutor(WIDTH) as pool:
        played = list(pool.map(play, enumerate(chunks(plays, WIDTH))))
    return {name: result for results in played for name, result in results.items()}
