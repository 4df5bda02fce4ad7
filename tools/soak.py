# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``make soak``: 20,000 fetches on 8 threads from a server that fails three times in ten (Linux: it reads /proc).

tools/soak.py [--fetches 20000] [--threads 8] [--seed N]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.soak import soak  # noqa: E402


def main(arguments: Sequence[str]) -> int:
    """Run it and print what it found; 1 if something grew or a fetch went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fetches", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(2**31) if options.seed is None else options.seed
    with tempfile.TemporaryDirectory() as folder:
        found = soak(options.fetches, options.threads, seed, Path(folder))
    megabytes = ", ".join(f"{size / 2**20:.1f}" for size in found.memory_bytes)
    print(f"{found.fetches} fetches on {options.threads} threads, seed {seed}, {found.seconds:.0f} s")
    print(
        f"requests that the server counted: {found.requests}; fetches that the retry policy does not explain: ", end=""
    )
    print(len(found.wrong))
    print("outcomes: " + ", ".join(f"{name} {count}" for name, count in found.outcomes.most_common()))
    print("before, after a tenth, at the end:")
    print(f"  descriptors {found.descriptors}; threads {found.threads}; resident memory, MiB: {megabytes}")
    for line in found.wrong[:20]:
        print(line)
    grew = (
        found.descriptors[-1] > found.descriptors[0]
        or found.threads[-1] > found.threads[0]
        or found.memory_bytes[-1] - found.memory_bytes[1] > 8 << 20
    )
    return 1 if grew or found.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
