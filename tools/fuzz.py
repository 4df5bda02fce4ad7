# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The long run of the fuzz targets: a million cases of each, guided by coverage where atheris is installed.

Without atheris (it has no wheel for every Python and system) a seeded mutator makes the cases. A case that fails is
printed as Python bytes, to become a line of ``FOUND`` in ``tests/unit/test_fuzz.py``.

    tools/fuzz.py [--cases 1000000] [--seed N] [target ...]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

try:
    import atheris
except ImportError:
    atheris = None


def run_guided(name: str, cases: int, seed: int) -> None:
    """Run one target under libFuzzer, which ends this process."""
    with atheris.instrument_imports(include=["ansible_collections", "pulumi_lumenfall", "email"]):
        from support import fuzz
    from support.fuzz_seeds import TOKENS

    target = fuzz.TARGETS[name]

    def run(data: bytes) -> None:
        try:
            target.run(data)
        except BaseException:
            print(f"{name}: failed on {data!r}", flush=True)
            raise

    # libFuzzer ends the process without a clean-up: the folder is within one that main() takes away.
    folder = Path(tempfile.mkdtemp())
    corpus, words = folder / "corpus", folder / "words.dict"
    corpus.mkdir()
    for number, data in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(data)
    words.write_text("".join(f'"{_escape(token)}"\n' for token in TOKENS), encoding="ascii")
    options = (f"-runs={cases}", f"-seed={seed}", f"-dict={words}", "-max_len=600", "-print_final_stats=1")
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", str(corpus)], run)
    atheris.Fuzz()


def _escape(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)


def run_seeded(name: str, cases: int, seed: int) -> None:
    """Run one target on what the seeded mutator makes."""
    from support import fuzz
    from support.fuzz_seeds import mutate

    target = fuzz.TARGETS[name]
    source = random.Random(seed)  # noqa: S311 - to be repeated
    for _ in range(cases):
        data = mutate(source, target.seeds)
        try:
            target.run(data)
        except BaseException:
            print(f"{name}: failed on {data!r}", flush=True)
            raise


def main(arguments: Sequence[str]) -> int:
    """Run the targets one after the other; 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--seeded", action="store_true", help="use the seeded mutator even where atheris is installed")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1, 2**31) if options.seed is None else options.seed
    guided = atheris is not None and not options.seeded
    if options.one:
        (run_guided if guided else run_seeded)(options.one, options.cases, seed)
        return 0
    from support import fuzz

    failed = []
    for name in options.targets or fuzz.TARGETS:
        started = time.monotonic()
        # A process of its own: libFuzzer ends the one it runs in.
        command = [sys.executable, __file__, "--one", name, "--cases", str(options.cases), "--seed", str(seed)]
        with tempfile.TemporaryDirectory(prefix="lumenfall-fuzz-") as folder:
            ended = subprocess.run(
                [*command, *(["--seeded"] if options.seeded else [])],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONHASHSEED": "0", "TMPDIR": folder},
                text=True,
                errors="replace",
                check=False,
            )
        how = "guided by coverage" if guided else "seeded mutator"
        seconds = time.monotonic() - started
        print(f"{name}: {options.cases} cases, {how}, seed {seed}, {seconds:.0f} s", flush=True)
        if ended.returncode != 0:
            failed.append(name)
            print("\n".join(ended.stdout.splitlines()[-40:]), flush=True)
    print(f"failed: {', '.join(failed)}" if failed else "nothing found")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
