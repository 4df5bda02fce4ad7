# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What the core costs, against bare requests: one fetch in a warm process, and the import.

Ours and the rival's turns alternate, so that a busy moment of the machine hits both; each figure is a median.

    python benchmarks/core_bench.py [--rounds 200]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import requests

from pulumi_lumenfall.core import LumenfallClient
from pulumi_lumenfall.sandbox import Sandbox

IMPORTS = ("import pulumi_lumenfall.core", "import requests")


def compare(rounds: int, ours: Callable[[], object], rival: Callable[[], object]) -> tuple[float, float]:
    """The medians of both in milliseconds."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for turn, call in zip(seconds, (ours, rival), strict=True):
            start = time.perf_counter()
            call()
            turn.append(time.perf_counter() - start)
    return statistics.median(seconds[0]) * 1e3, statistics.median(seconds[1]) * 1e3


def row(name: str, medians: tuple[float, float], aim: float) -> None:
    """Print a line of the table."""
    ours, rival = medians
    print(f"{name:<50} {ours:8.2f} ms {rival:8.2f} ms   ratio {ours / rival:.2f} (aim {aim})")


def run(code: str) -> Callable[[], object]:
    """Run a statement in an interpreter of its own."""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    with Sandbox(amount="12.50") as api:
        client = LumenfallClient(api.key, base_url=api.url)
        url, headers = f"{api.url}/v1/balance", {"Authorization": f"Bearer {api.key}"}
        reused = requests.Session()
        row(
            "one fetch, against requests.Session().get().json()",
            compare(rounds, client.fetch_balance, lambda: requests.Session().get(url, headers=headers).json()),
            0.85,
        )
        row(
            "one fetch, against a session that is kept",
            compare(rounds, client.fetch_balance, lambda: reused.get(url, headers=headers).json()),
            0.85,
        )
    row("import, whole process", compare(max(5, rounds // 10), *map(run, IMPORTS)), 0.3)


if __name__ == "__main__":
    main()
