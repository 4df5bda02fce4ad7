# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How long a gate in a playbook takes, against the ways to build one from Ansible's own parts.

All playbooks run in turn, round after round, so that a busy moment of the machine hits all of them; each figure is
the median of its rounds. Processor time stands beside it: it says the same on a machine that is busy with other things.
The server is the sandbox, on this machine, so no figure has a network in it.

    python benchmarks/ansible_bench.py [--rounds 7] [--json] [--strict]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from pulumi_lumenfall.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[1]
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")

URI = {
    "ansible.builtin.uri": {
        "url": "{{ lookup('env', 'LUMENFALL_API_BASE') }}/v1/balance",
        "headers": {"Authorization": "Bearer {{ lookup('env', 'LUMENFALL_API_KEY') }}"},
        "return_content": True,
    },
    "register": "answer",
}
URI_ASSERT = {"ansible.builtin.assert": {"that": "answer.json.available.amount >= 5"}}
URL = (
    "lookup('url', lookup('env', 'LUMENFALL_API_BASE') ~ '/v1/balance', split_lines=False, "
    "headers={'Authorization': 'Bearer ' ~ lookup('env', 'LUMENFALL_API_KEY')}) | from_json"
)
BARE_ASSERT = {"ansible.builtin.assert": {"that": "12.50 >= 5"}}
MODULE = {"lumenfall.cloud.lumenfall_balance": {"minimum": 5}, "register": "answer"}
GATE = {**MODULE, "failed_when": "answer is failed or not answer.sufficient"}
ROLE = {"roles": [{"role": "lumenfall.cloud.require_balance", "require_balance_minimum": 5}]}
ONCE = {"run_once": True}

# name -> (hosts, play)
PLAYBOOKS = {
    "empty, 1 host": (1, {"tasks": []}),
    "assert, 1 host": (1, {"tasks": [BARE_ASSERT]}),
    "uri + assert, 1 host": (1, {"tasks": [URI, URI_ASSERT]}),
    "lookup url + assert, 1 host": (
        1,
        {"tasks": [{"ansible.builtin.assert": {"that": f"({URL}).available.amount >= 5"}}]},
    ),
    "gate, 1 host": (1, {"tasks": [GATE]}),
    "uri, 50 hosts": (50, {"tasks": [URI]}),
    "module, 50 hosts": (50, {"tasks": [MODULE]}),
    "uri run_once, 50 hosts": (50, {"tasks": [{**URI, **ONCE}]}),
    "module run_once, 50 hosts": (50, {"tasks": [{**MODULE, **ONCE}]}),
    "role, 50 hosts": (50, ROLE),
}
# Ours, the rival, the aim for ours / rival.
AIMS = [
    ("gate, 1 host", "uri + assert, 1 host", 0.55),
    ("gate, 1 host", "lookup url + assert, 1 host", 1.0),
    ("gate, 1 host", "assert, 1 host", 1.12),
    ("module, 50 hosts", "uri, 50 hosts", 0.15),
    ("module run_once, 50 hosts", "uri run_once, 50 hosts", 0.65),
    ("role, 50 hosts", "uri run_once, 50 hosts", 0.65),
]
ROLE_HOSTS = (1, 10, 50, 200)


class Bench:
    """Runs playbooks in a folder of their own, against one sandbox."""

    def __init__(self, folder: Path, api: Sandbox) -> None:
        self._folder = folder
        self._api = api
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT),
            "ANSIBLE_FORKS": "5",
            # Without it, uri on each host would look for a Python first.
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            **api.environ,
        }

    def run(self, hosts: int, play: dict[str, object]) -> tuple[float, float, int]:
        """Run a play: its seconds, its processor seconds, and the calls of the API that it made."""
        playbook = self._folder / "playbook.yml"
        playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, **play}]))
        inventory = self._folder / "inventory"
        inventory.write_text("".join(f"h{number} ansible_connection=local\n" for number in range(hosts)))
        self._api.reset()
        before = os.times()
        done = subprocess.run(
            [str(ANSIBLE_PLAYBOOK), "-i", str(inventory), str(playbook)],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        after = os.times()
        processor = after.children_user + after.children_system - before.children_user - before.children_system
        if done.returncode:
            sys.exit(f"a playbook failed:\n{done.stdout}{done.stderr}")
        return after.elapsed - before.elapsed, processor, len(self._api.requests)


def main() -> int:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--strict", action="store_true", help="exit 1 if an aim is missed")
    options = parser.parse_args()
    times: dict[str, list[float]] = {name: [] for name in PLAYBOOKS}
    processor_times: dict[str, list[float]] = {name: [] for name in PLAYBOOKS}
    calls: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="ansible-bench-") as folder, Sandbox(amount="12.50") as api:
        bench = Bench(Path(folder), api)
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for name, (hosts, play) in PLAYBOOKS.items():
                seconds, processor, calls[name] = bench.run(hosts, play)
                times[name].append(seconds)
                processor_times[name].append(processor)
        role_calls = {hosts: bench.run(hosts, ROLE)[2] for hosts in ROLE_HOSTS}
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    processor = {name: statistics.median(seconds) for name, seconds in processor_times.items()}
    ratios = [
        (ours, rival, medians[ours] / medians[rival], processor[ours] / processor[rival], aim)
        for ours, rival, aim in AIMS
    ]
    met = all(ratio <= aim for _ours, _rival, ratio, _processor, aim in ratios) and set(role_calls.values()) == {1}
    if options.json:
        print(
            json.dumps(
                {
                    "medians": medians,
                    "processor": processor,
                    "calls": calls,
                    "ratios": ratios,
                    "role_calls": role_calls,
                    "met": met,
                }
            )
        )
    else:
        for name, median in medians.items():
            print(f"{name:32} {median:6.2f} s  {processor[name]:6.2f} s of a processor  {calls[name]:3} calls")
        for ours, rival, ratio, by_processor, aim in ratios:
            verdict = "ok " if ratio <= aim else "OFF"
            print(f"{verdict} {ratio:5.2f}, by processor {by_processor:5.2f} (aim {aim:.2f})  {ours} / {rival}")
        print(f"calls of the role, by hosts: {role_calls}")
    return 1 if options.strict and not met else 0


if __name__ == "__main__":
    sys.exit(main())
