# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How long one check takes as a process, next to the least that Python and requests need for the same answer.

Run ``python benchmarks/cli_bench.py [--pairs 30] [--limit 1.1]`` with the Python that the package is installed for.
The two take turns, so that whatever else the machine does hits both; the result is the ratio of the medians. Both find
their bytecode compiled, as after an installation, also where PYTHONDONTWRITEBYTECODE is set. The exit status is 1
where the ratio is above the limit.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pulumi_lumenfall.sandbox import Sandbox

_BASELINE = "import requests, sys; requests.get(sys.argv[1], headers={'Authorization': 'Bearer ' + sys.argv[2]}).json()"


def main() -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description="Time one check against a bare request.")
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--limit", type=float, default=1.1)
    options = parser.parse_args()
    program = Path(sys.executable).with_name("lumenfall-balance")
    with tempfile.TemporaryDirectory() as folder, Sandbox(amount="12.50") as api:
        environ = {"PATH": os.environ["PATH"], "HOME": folder, "PYTHONPYCACHEPREFIX": folder, **api.environ}
        commands = {
            "requests": [sys.executable, "-c", _BASELINE, f"{api.url}/v1/balance", api.key],
            "lumenfall-balance": [str(program), "check", "--minimum", "5"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(-2, options.pairs):  # two to warm up
            # Each goes first in every other pair.
            for name in sorted(commands, reverse=turn % 2 == 0):
                started = time.perf_counter()
                subprocess.run(commands[name], env=environ, check=True, stdout=subprocess.DEVNULL)
                if turn >= 0:
                    seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    for name, median in medians.items():
        low, high = (1000 * value for value in (min(seconds[name]), max(seconds[name])))
        print(f"{name:18} median {1000 * median:6.1f} ms   (from {low:.1f} to {high:.1f}, {options.pairs} runs)")
    ratio = medians["lumenfall-balance"] / medians["requests"]
    print(f"ratio {ratio:.3f}, limit {options.limit:g}")
    return int(ratio > options.limit)


if __name__ == "__main__":
    sys.exit(main())
