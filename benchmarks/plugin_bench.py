# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How long the provider plugin takes to start, and a balance through it, against the plain Python function.

All take turns, round after round, so that a busy moment of the machine hits all of them; each figure is the median of
its rounds. A start is from the command to the port on its output, and its floor is what any plugin in Python needs: the
import of gRPC. The programs run in previews, with the generated SDK; the server is the sandbox, on this machine.

    python benchmarks/plugin_bench.py [--rounds 7] [--json] [--strict]
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pulumi_lumenfall.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.plugin import Plugin  # noqa: E402
from support.pulumi_project import PulumiProject  # noqa: E402
from support.sdks import generate, python_package  # noqa: E402

STARTS = 5
PROGRAMS = {
    "empty program": "import pulumi\n",
    "get_balance": "import pulumi, pulumi_lumenfall as l\npulumi.export('a', l.get_balance().available.amount)\n",
    "plugin getBalance": (
        "import pulumi, pulumi_lumenfall_sdk as l\npulumi.export('a', l.get_balance().available.amount)\n"
    ),
}
# Ours, the rival, the aim for ours / rival, or for the seconds between them.
START_RATIO = ("plugin to its port", "import grpc", 2.0)
PROGRAM_EXTRA = ("plugin getBalance", "get_balance", 1.0)


def main() -> int:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--strict", action="store_true", help="exit 1 if an aim is missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plugin-bench-") as folder, Sandbox(amount="12.50") as api:
        medians = measure(options.rounds, cases(Path(folder), api))
    ratio = medians[START_RATIO[0]] / medians[START_RATIO[1]]
    extra = medians[PROGRAM_EXTRA[0]] - medians[PROGRAM_EXTRA[1]]
    met = ratio <= START_RATIO[2] and extra <= PROGRAM_EXTRA[2]
    if options.json:
        print(json.dumps({"seconds": medians, "start_ratio": ratio, "program_extra_seconds": extra, "met": met}))
    else:
        for name, seconds in medians.items():
            print(f"{name:20} {1000 * seconds:7.0f} ms")
        print(f"{START_RATIO[0]} / {START_RATIO[1]}: {ratio:.2f} (aim {START_RATIO[2]:g})")
        print(f"{PROGRAM_EXTRA[0]} - {PROGRAM_EXTRA[1]}: {1000 * extra:.0f} ms (aim {1000 * PROGRAM_EXTRA[2]:g})")
    return 1 if options.strict and not met else 0


def cases(folder: Path, api: Sandbox) -> dict[str, tuple[int, Callable[[], object]]]:
    """Name -> how often in a round, and what is timed."""

    def python(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True, cwd=folder)

    found: dict[str, tuple[int, Callable[[], object]]] = {
        "import grpc": (STARTS, python("import grpc.aio")),
        "import pulumi": (STARTS, python("import pulumi")),
        # Ended at once, as the engine does it: that is not in the time of a start, but it is short.
        "plugin to its port": (STARTS, lambda: Plugin().close()),
    }
    script = ROOT / "tools" / "pulumi_engine" / "find_or_build.py"
    engine = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, check=True)
    sdks, package = folder / "sdks", folder / "package"
    sdks.mkdir()
    generate(sdks, Path(pwd.getpwuid(os.getuid()).pw_dir))
    python_package(package, sdks / "python")
    env = {**api.environ, "PYTHONPATH": os.pathsep.join([str(package), str(ROOT)])}
    for name, program in PROGRAMS.items():
        project = PulumiProject(
            folder / name.replace(" ", "-"), program, pulumi_bin=Path(engine.stdout.strip()), env=env
        )
        project.stack_init()
        found[name] = (1, lambda project=project: project.preview().check())  # type: ignore[misc]
    return found


def measure(rounds: int, timed: dict[str, tuple[int, Callable[[], object]]]) -> dict[str, float]:
    """Name -> median of the seconds. The first round warms the caches of files and bytecode, and is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(rounds + 1):
        print(f"round {number} of {rounds}", file=sys.stderr)
        for name, (times, run) in timed.items():
            for _ in range(times):
                start = time.monotonic()
                run()
                if number:
                    seconds[name].append(time.monotonic() - start)
    return {name: statistics.median(each) for name, each in seconds.items()}


if __name__ == "__main__":
    sys.exit(main())
