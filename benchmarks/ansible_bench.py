# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How long a gate in a playbook takes, against the ways to build one from Ansible's own parts.

python benchmarks/ansible_bench.py [--quick] [--strict]
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from _measure import ROOT, Bench, Case, Cost, Growth, Row, Section, open_bench, run_alone

_ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")

_URI = {
    "ansible.builtin.uri": {
        "url": "{{ lookup('env', 'LUMENFALL_API_BASE') }}/v1/balance",
        "headers": {"Authorization": "Bearer {{ lookup('env', 'LUMENFALL_API_KEY') }}"},
        "return_content": True,
    },
    "register": "answer",
}
_URI_ASSERT = {"ansible.builtin.assert": {"that": "answer.json.available.amount >= 5"}}
_URL = (
    "lookup('url', lookup('env', 'LUMENFALL_API_BASE') ~ '/v1/balance', split_lines=False, "
    "headers={'Authorization': 'Bearer ' ~ lookup('env', 'LUMENFALL_API_KEY')}) | from_json"
)
_BARE_ASSERT = {"ansible.builtin.assert": {"that": "12.50 >= 5"}}
_MODULE = {"lumenfall.cloud.lumenfall_balance": {"minimum": 5}, "register": "answer"}
_GATE = {**_MODULE, "failed_when": "answer is failed or not answer.sufficient"}
_ONCE = {"run_once": True}
_ROLE = {"roles": [{"role": "lumenfall.cloud.require_balance", "require_balance_minimum": 5}]}

_FLOOR_1, _FLOOR_50 = "empty, 1 host", "empty, 50 hosts"
ROWS = (
    Row("playbook gate, 1 host", "`uri` + `assert`", "gate, 1 host", "uri + assert, 1 host", 0.55, floor=_FLOOR_1),
    Row("the same", "`lookup('url')` + `assert`", "gate, 1 host", "lookup url + assert, 1 host", 1.0, floor=_FLOOR_1),
    Row("the same", "an `assert` that asks nobody", "gate, 1 host", "assert, 1 host", 1.12),
    Row(
        "playbook gate, 50 hosts, module on every host",
        "`uri` + `assert` on every host",
        "gate, 50 hosts",
        "uri + assert, 50 hosts",
        0.15,
        floor=_FLOOR_50,
    ),
    Row(
        "the module with `run_once`, 50 hosts",
        "`uri` with `run_once`",
        "gate once, 50 hosts",
        "uri once, 50 hosts",
        0.65,
        floor=_FLOOR_50,
    ),
    Row("the role, 50 hosts", "`uri` with `run_once`", "role, 50 hosts", "uri once, 50 hosts", 0.65, floor=_FLOOR_50),
)
FLOORS = {
    _FLOOR_1: "`ansible-playbook`, an empty play, 1 host",
    _FLOOR_50: "`ansible-playbook`, an empty play, 50 hosts",
}
_SIZES = (1, 10, 50, 200)


def _run(bench: Bench, numbers: itertools.count[int], hosts: int, play: Mapping[str, object]) -> Callable[[], Cost]:
    """A play over so many hosts, in a file of its own."""
    folder = bench.folder / f"play-{next(numbers)}"
    folder.mkdir()
    playbook, inventory = folder / "playbook.yml", folder / "inventory"
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, **play}]))
    inventory.write_text("".join(f"h{number} ansible_connection=local\n" for number in range(hosts)))
    env = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT),
        "ANSIBLE_FORKS": "5",
        # Without it, uri on each host would look for a Python first.
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }
    return lambda: bench.process(str(_ANSIBLE_PLAYBOOK), "-i", str(inventory), str(playbook), env=env)


def measure(quick: bool) -> Section:
    """All figures of this benchmark."""
    rounds, sizes = (1, _SIZES[:2]) if quick else (7, _SIZES)
    with open_bench() as bench:
        numbers = itertools.count()

        def play(hosts: int, *tasks: Mapping[str, object], calls: int = 0, every: int = 1) -> Case:
            return Case(_run(bench, numbers, hosts, {"tasks": list(tasks)}), calls, every)

        url_assert = {"ansible.builtin.assert": {"that": f"({_URL}).available.amount >= 5"}}
        cases = {
            _FLOOR_1: play(1),
            _FLOOR_50: play(50),
            "assert, 1 host": play(1, _BARE_ASSERT),
            "lookup url + assert, 1 host": play(1, url_assert, calls=1),
            "uri once, 50 hosts": play(50, {**_URI, **_ONCE}, calls=1),
            "gate once, 50 hosts": play(50, {**_GATE, **_ONCE}, calls=1),
        }
        for hosts in sorted({50, *sizes}):
            of = f"{hosts} host" + "s" * (hosts > 1)
            # The long ones are told apart from ours in fewer rounds.
            every = 1 if hosts < 50 else 2 if hosts == 50 else 4
            cases[f"uri + assert, {of}"] = play(hosts, _URI, _URI_ASSERT, calls=hosts, every=every)
            cases[f"gate, {of}"] = play(hosts, _GATE, calls=1)
            cases[f"role, {of}"] = Case(_run(bench, numbers, hosts, _ROLE), 1)
        if quick:
            # Fills the caches of bytecode, which a round before the others does else.
            cases["gate, 1 host"].run()
        figures = bench.measure(cases, rounds, warm_up=0 if quick else 1)
    growth = Growth(
        "A playbook gate, by the number of hosts",
        "hosts",
        "wall",
        {
            line: {hosts: f"{case}, {hosts} host" + "s" * (hosts > 1) for hosts in sizes}
            for line, case in (
                ("uri + assert on every host", "uri + assert"),
                ("lumenfall_balance on every host", "gate"),
                ("the role require_balance", "role"),
            )
        },
    )
    return Section("Ansible", rounds, ROWS, FLOORS, figures, [growth])


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
