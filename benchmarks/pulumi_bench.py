# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How long a balance takes in a Pulumi program, against what one would write instead, and how often the API is asked.

python benchmarks/pulumi_bench.py [--quick] [--strict]
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from _measure import ROOT, Bench, Case, Cost, Growth, Row, Section, open_bench, run_alone

sys.path.insert(0, str(ROOT / "tests"))

from support.pulumi_project import PulumiProject

_SIZES = (1, 10, 100, 500)

_REQUEST = """
import os
import requests

def fetch():
    url = os.environ["LUMENFALL_API_BASE"] + "/v1/balance"
    headers = dict(Authorization="Bearer " + os.environ["LUMENFALL_API_KEY"])
    answer = requests.get(url, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json()["available"]["amount"]
"""
_EMPTY = "import pulumi\n"
_BARE = (
    _REQUEST
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
_OURS = """
import time
import pulumi
import pulumi_lumenfall as lumenfall

start = time.monotonic()
for _ in range({count}):
    balance = lumenfall.get_balance()
pulumi.export("seconds", time.monotonic() - start)
pulumi.export("amount", balance.available.amount)
"""
_NAIVE = (
    _REQUEST
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
_BALANCE = """
import pulumi
import pulumi_lumenfall as lumenfall

pulumi.export("amount", lumenfall.Balance("balance").available.amount)
"""
_RESOURCES = """
hooks = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
for number in range({count}):
    # Kept by the engine itself: no provider's time is in the figures.
    pulumi.CustomResource(
        "pulumi:index:Stash", f"r{{number}}", {{"input": number, "output": None}}, pulumi.ResourceOptions(hooks=hooks)
    )
"""
_IDLE = (
    """
import pulumi

async def idle(args):
    return None

hook = pulumi.ResourceHook("idle", idle, pulumi.ResourceHookOptions(on_dry_run=True))
"""
    + _RESOURCES
)
_GATED = "import pulumi\nimport pulumi_lumenfall as lumenfall\n\nhook = lumenfall.balance_hook(5)\n" + _RESOURCES

_IMPORTS = {
    "import pulumi": ("import pulumi", 0),
    "import pulumi, requests.get": (_REQUEST + "import pulumi\nfetch()", 1),
    "import ours": ("import pulumi_lumenfall; pulumi_lumenfall.get_balance", 0),
    "import ours, get_balance": ("import pulumi_lumenfall; pulumi_lumenfall.get_balance()", 1),
}

_EMPTY_NAME = "empty program"
ROWS = (
    Row("`import pulumi_lumenfall`, its names looked up", "`import pulumi`", "import ours", "import pulumi", 1.05),
    Row(
        "`import pulumi_lumenfall` and a call",
        "`import pulumi` and no call",
        "import ours, get_balance",
        "import pulumi",
        1.05,
    ),
    Row(
        "the same",
        "`import pulumi, requests` and a `requests.get`",
        "import ours, get_balance",
        "import pulumi, requests.get",
        1.05,
    ),
    Row(
        "`pulumi preview` with `get_balance`",
        "the same program with bare `requests`",
        "get_balance",
        "requests",
        1.03,
        floor=_EMPTY_NAME,
    ),
    Row("the same", "an empty program", "get_balance", _EMPTY_NAME, 1.10),
    Row(
        "`Balance` in preview",
        "a naive dynamic resource with `requests.get`",
        "Balance, preview",
        "naive resource, preview",
        1.05,
        floor=_EMPTY_NAME,
    ),
    Row("`Balance` in up", "the same", "Balance, up", "naive resource, up", 1.05),
    Row(
        "100 `get_balance` calls in one program, server 50 ms away",
        "100 bare `requests` calls",
        "100 get_balance, 50 ms away",
        "100 requests, 50 ms away",
        0.15,
        "within",
    ),
    Row(
        "500 gated resources",
        "the same with hooks that do nothing",
        "500 gated resources",
        "500 resources, idle hook",
        1.10,
        "cpu",
        floor=_EMPTY_NAME,
    ),
)
FLOORS = {_EMPTY_NAME: "`pulumi preview`, an empty program", "import pulumi": "`import pulumi`"}


def _run(bench: Bench, pulumi_bin: Path, program: str, command: str = "preview") -> Callable[[], Cost]:
    """A program in a project of its own, made at once; one about a resource is deployed once before it is measured."""
    project = PulumiProject(
        bench.folder / f"project-{len(list(bench.folder.iterdir()))}",
        program,
        pulumi_bin=pulumi_bin,
        env={name: bench.environment[name] for name in ("PYTHONPATH", "PYTHONPYCACHEPREFIX", *bench.api.environ)},
        timeout_seconds=300,
    ).stack_init()
    if program in (_NAIVE, _BALANCE):
        project.up().check()
    go = project.up if command == "up" else project.preview
    within = 0.0

    def call() -> None:
        nonlocal within
        found = re.search(r"seconds *: (\S+)", go().check().output)
        within = float(found[1]) if found else 0.0

    def run() -> Cost:
        return bench.children(call)._replace(within=within)

    return run


def engine() -> Path:
    """The folder of the Pulumi engine; built first if there is none."""
    finder = ROOT / "tools/pulumi_engine/find_or_build.py"
    found = subprocess.run([sys.executable, str(finder)], stdout=subprocess.PIPE, text=True, check=True)
    return Path(found.stdout.strip())


def measure(quick: bool) -> Section:
    """All figures of this benchmark."""
    rounds, sizes = (1, _SIZES[:2]) if quick else (7, _SIZES)
    pulumi_bin = engine()
    with open_bench() as bench:

        def case(program: str, calls: int, *how: str, every: int = 1, delay: float = 0.0) -> Case:
            return Case(_run(bench, pulumi_bin, program, *how), calls, every, delay)

        imports = {name: Case(bench.python(code), calls) for name, (code, calls) in _IMPORTS.items()}
        programs = {
            _EMPTY_NAME: case(_EMPTY, 0),
            "requests": case(_BARE.format(count=1), 1),
            "get_balance": case(_OURS.format(count=1), 1),
            "100 requests, 50 ms away": case(_BARE.format(count=100), 100, every=2, delay=0.05),
            "100 get_balance, 50 ms away": case(_OURS.format(count=100), 1, delay=0.05),
            "naive resource, preview": case(_NAIVE, 1),
            "Balance, preview": case(_BALANCE, 1),
            "naive resource, up": case(_NAIVE, 1, "up"),
            "Balance, up": case(_BALANCE, 1, "up"),
        }
        for count in sorted({500, *sizes}):
            every = 1 if count == 500 else 2
            of = f"{count} gated resource" + "s" * (count > 1)
            programs[of] = case(_GATED.format(count=count), 1, every=every)
            of = f"{count} resource" + "s" * (count > 1) + ", idle hook"
            programs[of] = case(_IDLE.format(count=count), 0, every=every)
        if quick:
            # Fills the caches of bytecode, which a round before the others does else.
            programs["get_balance"].run()
        figures = bench.measure(imports, 3 * rounds) | bench.measure(programs, rounds, warm_up=0 if quick else 1)
    growth = Growth(
        "A Pulumi preview, by the number of resources with a hook",
        "resources",
        "cpu",
        {
            "a hook that does nothing": {n: f"{n} resource" + "s" * (n > 1) + ", idle hook" for n in sizes},
            "balance_hook": {n: f"{n} gated resource" + "s" * (n > 1) for n in sizes},
        },
    )
    return Section("Pulumi", rounds, ROWS, FLOORS, figures, [growth])


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
