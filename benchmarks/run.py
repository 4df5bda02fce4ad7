# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Compare each surface with what people would write instead; print a table, and keep it in figures.json.

python benchmarks/run.py [--quick] [WORD]: rows whose name holds the word; --quick runs each row once. Neither writes.

Ours and the rival take turns, so that a busy moment of the machine hits both; each figure is a median, the ratio is the
median of the ratios of the pairs. A wrong number of API calls ends the run.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from api import Api, serve
from rows import Row, Run, all_rows

FIGURES = Path(__file__).with_name("figures.json")
PACKAGES = ("requests", "urllib3", "pulumi", "ansible-core")
LINE = "{:44} {:48} {:>9} {:>9} {:>6} {:>6} {:>9}"


def main() -> int:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    # A job in the background ignores Ctrl-C, by which the engine ends its helpers; it would wait 5 s for each.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rows = []
    print(LINE.format("what", "against", "ours", "theirs", "ratio", "aim", "API calls"))
    with (
        tempfile.TemporaryDirectory(prefix="lumenfall-bench-") as name,
        serve(Path(name), tls=False) as plain,
        tempfile.TemporaryDirectory() as other,
        serve(Path(other), tls=True) as tls,
    ):
        for row in all_rows(Path(name), plain, tls):
            if options.word in row.what:
                rows.append(measure(row, tls if "TLS" in row.what else plain, quick=options.quick))
    if not options.quick and not options.word:
        facts = {
            "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
            "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
            "versions": {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        }
        FIGURES.write_text(json.dumps({**facts, "rows": rows}, indent=2) + "\n", encoding="utf-8")
    return 0


def measure(row: Row, api: Api, *, quick: bool) -> dict[str, Any]:
    """Run both in turn, print the line, and return it for the file."""
    pairs = []
    for number in range(-1, 1 if quick else row.rounds):
        # The first round fills the caches; then each goes first in every other round.
        order = (row.ours, row.theirs) if number % 2 == 0 else (row.theirs, row.ours)
        seconds = {run: timed(row, run, api) for run in order}
        if number >= 0:
            pairs.append((seconds[row.ours], seconds[row.theirs]))
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    figures = (f"{ours * 1e3:.2f} ms", f"{theirs * 1e3:.2f} ms", f"{ratio:.2f}", f"{row.aim:g}")
    calls = f"{row.calls[0]} and {row.calls[1]}"
    print(LINE.format(row.what, row.rival, *figures, calls), "" if ratio <= row.aim else " over the aim", flush=True)
    return {
        "what": row.what,
        "against": row.rival,
        "seconds": [round(ours, 5), round(theirs, 5)],
        "ratio": round(ratio, 3),
        "aim": row.aim,
        "api_calls": row.calls,
        "rounds": len(pairs),
    }


def timed(row: Row, run: Run, api: Api) -> float:
    """Seconds of one run, which must make as many API calls as the row says."""
    api.take_calls()
    start = row.clock()
    run()
    seconds = row.clock() - start
    calls, expected = api.take_calls(), row.calls[run is row.theirs]
    if calls != expected:
        sys.exit(f"{row.what} / {row.rival}: {calls} API calls in one run, not {expected}")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
