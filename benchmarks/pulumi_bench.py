# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How long a balance takes in a Pulumi program, against what one would write instead, and how often the API is asked.

All programs run in turn, round after round, so that a busy moment of the machine hits all of them; each figure is the
median of its rounds. The server is the sandbox, on this machine; where a row says so, it answers 50 ms late.

    python benchmarks/pulumi_bench.py [--rounds 7] [--json] [--strict]
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from pulumi_lumenfall.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.pulumi_project import PulumiProject  # noqa: E402

SIZES = (1, 10, 100, 500)

REQUEST = """
import os
import requests

def fetch():
    url = os.environ["LUMENFALL_API_BASE"] + "/v1/balance"
    headers = dict(Authorization="Bearer " + os.environ["LUMENFALL_API_KEY"])
    answer = requests.get(url, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json()["available"]["amount"]
"""
EMPTY = "import pulumi\n"
BARE = (
    REQUEST
    + """
import time
import pulumi

start = time.monotonic()
for _ in range({count}):
    amount = fetch()
pulumi.export("seconds", time.monotonic() - start)
pulumi.export("amount", amount)
"""
)
OURS = """
import time
import pulumi
import pulumi_lumenfall as lumenfall

start = time.monotonic()
for _ in range({count}):
    balance = lumenfall.get_balance()
pulumi.export("seconds", time.monotonic() - start)
pulumi.export("amount", balance.available.amount)
"""
NAIVE = (
    REQUEST
    + """
import pulumi
from pulumi import dynamic

class Provider(dynamic.ResourceProvider):
    def create(self, props):
        return dynamic.CreateResult("balance", {"amount": fetch()})

    def diff(self, _id, olds, news):
        return dynamic.DiffResult(changes=olds["amount"] != fetch())

    def update(self, _id, olds, news):
        return dynamic.UpdateResult({"amount": fetch()})

class Naive(dynamic.Resource):
    amount: pulumi.Output[float]

    def __init__(self, name):
        super().__init__(Provider(), name, {"amount": None})

pulumi.export("amount", Naive("balance").amount)
"""
)
BALANCE = """
import pulumi
import pulumi_lumenfall as lumenfall

pulumi.export("amount", lumenfall.Balance("balance").available.amount)
"""
RESOURCES = """
hooks = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
for number in range({count}):
    # Kept by the engine itself: no provider's time is in the figures.
    pulumi.CustomResource(
        "pulumi:index:Stash", f"r{{number}}", {{"input": number, "output": None}}, pulumi.ResourceOptions(hooks=hooks)
    )
"""
IDLE = (
    """
import pulumi

async def idle(args):
    return None

hook = pulumi.ResourceHook("idle", idle, pulumi.ResourceHookOptions(on_dry_run=True))
"""
    + RESOURCES
)
GATED = "import pulumi\nimport pulumi_lumenfall as lumenfall\n\nhook = lumenfall.balance_hook(5)\n" + RESOURCES


class Case(NamedTuple):
    """A program and what is done with it; `delay` is the server's, in seconds."""

    program: str
    command: str = "preview"
    delay: float = 0.0


CASES = {
    "empty program": Case(EMPTY),
    "requests": Case(BARE.format(count=1)),
    "get_balance": Case(OURS.format(count=1)),
    "100 requests, 50 ms away": Case(BARE.format(count=100), delay=0.05),
    "100 get_balance, 50 ms away": Case(OURS.format(count=100), delay=0.05),
    "naive resource, preview": Case(NAIVE),
    "Balance, preview": Case(BALANCE),
    "naive resource, up": Case(NAIVE, "up"),
    "Balance, up": Case(BALANCE, "up"),
    "500 resources, idle hook": Case(IDLE.format(count=500)),
    "500 resources, balance_hook": Case(GATED.format(count=500)),
}
# Ours, the rival, which time, the aim for ours / rival. "program" is what the program itself spends on its calls: a run
# of the engine takes longer than 100 calls of ours.
AIMS = [
    ("get_balance", "requests", "wall", 1.03),
    ("get_balance", "empty program", "wall", 1.10),
    ("Balance, preview", "naive resource, preview", "wall", 1.05),
    ("Balance, up", "naive resource, up", "wall", 1.05),
    ("100 get_balance, 50 ms away", "100 requests, 50 ms away", "program", 0.15),
    ("500 resources, balance_hook", "500 resources, idle hook", "cpu", 1.10),
    ("import and use", "import pulumi", "wall", 1.05),
]
ONE_CALL = (
    "get_balance",
    "Balance, preview",
    "Balance, up",
    "100 get_balance, 50 ms away",
    "500 resources, balance_hook",
)
IMPORTS = {"import pulumi": "import pulumi", "import and use": "import pulumi_lumenfall; pulumi_lumenfall.get_balance"}


class Cost(NamedTuple):
    """Seconds of the clock, of the processors, and within the program's calls; and requests that the server saw."""

    wall: float
    cpu: float = 0.0
    program: float = 0.0
    calls: int = 0


class Bench:
    """Runs programs, each in a project of its own, against one sandbox."""

    def __init__(self, folder: Path, pulumi_bin: Path, api: Sandbox) -> None:
        self._folder = folder
        self._pulumi_bin = pulumi_bin
        self._api = api
        self._projects: dict[str, PulumiProject] = {}

    def run(self, name: str, case: Case) -> Cost:
        """Run a case once; the first time its project is made, and deployed if the case is about a resource."""
        if name not in self._projects:
            env = {"PYTHONPATH": str(ROOT), **self._api.environ}
            folder = self._folder / str(len(self._projects))
            project = PulumiProject(
                folder, case.program, pulumi_bin=self._pulumi_bin, env=env, timeout_seconds=300
            ).stack_init()
            if case.program in (NAIVE, BALANCE):
                project.up().check()
            self._projects[name] = project
        self._api.reset()
        self._api.delay = case.delay
        before, start = _cpu_seconds(), time.monotonic()
        project = self._projects[name]
        result = project.up() if case.command == "up" else project.preview()
        seconds = time.monotonic() - start
        result.check()
        within = re.search(r"seconds *: (\S+)", result.output)
        return Cost(
            wall=seconds,
            cpu=_cpu_seconds() - before,
            program=float(within[1]) if within else 0.0,
            calls=len(self._api.requests),
        )


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _time_import(code: str) -> Cost:
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    return Cost(time.monotonic() - start)


def measure(rounds: int, folder: Path, pulumi_bin: Path) -> dict[str, Any]:
    """All figures."""
    costs: dict[str, list[Cost]] = {name: [] for name in (*CASES, *IMPORTS)}
    with Sandbox(amount="12.50") as api:
        bench = Bench(folder, pulumi_bin, api)
        for number in range(rounds + 1):
            # The first round warms the caches of files and bytecode, and is not counted.
            print(f"round {number} of {rounds}", file=sys.stderr)
            for name, case in CASES.items():
                costs[name].append(bench.run(name, case))
            for _ in range(5):
                for name, code in IMPORTS.items():
                    costs[name].append(_time_import(code))
        calls = {
            "get_balance": {n: bench.run(f"get {n}", Case(OURS.format(count=n))).calls for n in SIZES},
            "gated resources": {n: bench.run(f"gate {n}", Case(GATED.format(count=n))).calls for n in SIZES},
        }
    figures = {
        name: {
            "wall": statistics.median(cost.wall for cost in runs[1:]),
            "wall_min": min(cost.wall for cost in runs[1:]),
            "cpu": statistics.median(cost.cpu for cost in runs[1:]),
            "program": statistics.median(cost.program for cost in runs[1:]),
            "calls": max(cost.calls for cost in runs),
        }
        for name, runs in costs.items()
    }
    ratios = [
        {"ours": ours, "rival": rival, "time": kind, "ratio": figures[ours][kind] / figures[rival][kind], "aim": aim}
        for ours, rival, kind, aim in AIMS
    ]
    one_call = all(figures[name]["calls"] == 1 for name in ONE_CALL)
    one_call = one_call and all(number == 1 for row in calls.values() for number in row.values())
    met = one_call and all(row["ratio"] <= row["aim"] for row in ratios)
    return {"figures": figures, "ratios": ratios, "calls": calls, "met": met}


def main() -> int:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--strict", action="store_true", help="exit 1 if an aim is missed")
    options = parser.parse_args()
    script = ROOT / "tools/pulumi_engine/find_or_build.py"
    found = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, check=True)
    with tempfile.TemporaryDirectory(prefix="pulumi-bench-") as folder:
        result = measure(options.rounds, Path(folder), Path(found.stdout.strip()))
    if options.json:
        print(json.dumps(result))
    else:
        for name, row in result["figures"].items():
            details = f"min {row['wall_min']:.2f}, CPU {row['cpu']:.2f}, program {row['program']:.3f}"
            print(f"{name:30} {row['wall']:6.2f} s  ({details})  {row['calls']} calls")
        for row in result["ratios"]:
            verdict = "ok " if row["ratio"] <= row["aim"] else "OFF"
            print(f"{verdict} {row['ratio']:5.2f} {row['time']} (aim {row['aim']:.2f})  {row['ours']} / {row['rival']}")
        for what, row in result["calls"].items():
            print(f"calls of the API, by number of {what}: {row}")
    return 1 if options.strict and not result["met"] else 0


if __name__ == "__main__":
    sys.exit(main())
