# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""All benchmarks in one go; writes docs/benchmarks.md, the plots beside it, and benchmarks.json with the figures.

python benchmarks/run.py            measure, which takes some ten minutes, and write
python benchmarks/run.py --quick    one round of each: do they work, are the API calls right? writes nothing
python benchmarks/run.py --render   write again from benchmarks.json
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ansible_bench
import cli_bench
import core_bench
import plugin_bench
import pulumi_bench
from _measure import QUICK_FACTOR, ROOT, Figures, Growth, Row, Section, as_data, from_data, lines, missed, ratio
from _plot import plot

DOCS = ROOT / "docs"
FIGURES = DOCS / "benchmarks.json"
#: In the order of the page.
BENCHMARKS = (core_bench, cli_bench, ansible_bench, pulumi_bench, plugin_bench)

_PACKAGES = ("pulumi-lumenfall", "requests", "urllib3", "pulumi", "ansible-core")
_KINDS = {"wall": "clock", "cpu": "processor", "within": "within the calls"}
_UNITS = {"wall": "seconds (median)", "cpu": "seconds of a processor (median)"}

_INTRODUCTION = """\
# Benchmarks

<!-- Written by `make bench`; do not edit. -->

Each line pairs this project with what a user would do instead. Both run in turn, round after round, against the sandbox
in a process of its own on the same machine, so no figure has a network or the server's work in it, and a busy moment of
the machine hits both. The ratio is that of the medians; in brackets is the least that a run took. "By processor" is the
same ratio in processor time of the process and its children, which is steadier on a busy machine. The API calls are
counted by the sandbox, in every run; another number than the one here ends the benchmark with an error.

`make bench` measures on your machine and writes this page, the plots and `benchmarks.json` anew.
"""
_FLOORS = """\
## What is left

A whole run of `pulumi` or `ansible-playbook`, or an import of `requests`, takes its time before any of our code runs:

| floor | clock | processor |
|---|---|---|
"""
_ABOVE = """\
What the two sides take above that floor, in processor time:

| what | against | floor | ours above it | the other |
|---|---|---|---|---|
"""
_READING = """\
## How to read it

- One fetch opens one connection and keeps none: an answer can never be that of an earlier request, and nothing is
  shared after a fork. A session that is kept is faster, and has neither.
- `import pulumi_lumenfall.core` loads no `requests`, and each name when it is first used. Importing `requests` is most
  of what a fetch in a new process costs, and of what a call costs after `import pulumi`, which does not load it: there
  the aim against `import pulumi` alone is out of reach. Three quarters of that import are urllib3 and the parts of the
  standard library below it; the rest loads whatever of it is used.
- Ansible compiles a collection's files in every run, since its loader keeps no bytecode; `uri` runs as a program of its
  own for each host, with an import of all it needs.
- In "100 `get_balance` calls" only the calls are timed: the engine takes longer than 100 calls of ours.
- The hooks are compared by processor time, since the engine calls them in parallel.
"""


def main() -> int:
    """Measure and write, or what the options say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--render", action="store_true")
    options = parser.parse_args()
    if options.render:
        write(json.loads(FIGURES.read_text()))
        return 0
    load = os.getloadavg()[0]
    sections = []
    for benchmark in BENCHMARKS:
        sections.append(benchmark.measure(options.quick))
        print("\n".join(lines(sections[-1])), flush=True)
    if options.quick:
        slow = [row.what for section in sections for row in missed(section, factor=QUICK_FACTOR)]
        print(f"above {QUICK_FACTOR:g} times their aim: {', '.join(slow) or 'none'}")
        return int(bool(slow))
    DOCS.mkdir(exist_ok=True)
    data = {**_circumstances(load), "sections": [as_data(section) for section in sections]}
    FIGURES.write_text(json.dumps(data, indent=1) + "\n")
    write(json.loads(FIGURES.read_text()))
    return 0


def _circumstances(load: float) -> dict[str, Any]:
    """When, where and with what."""
    engine = subprocess.run(
        [str(pulumi_bench.engine() / "pulumi"), "version"], capture_output=True, text=True, check=True
    )
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "machine": f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.machine()}",
        "load": round(load, 1),
        "versions": {
            "Python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
            "pulumi engine": engine.stdout.strip().lstrip("v"),
        },
    }


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in facts.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def write(data: Mapping[str, Any]) -> None:
    """Write the page and its plots."""
    for name, text in pages(data).items():
        (DOCS / name).write_text(text)


def pages(data: Mapping[str, Any]) -> dict[str, str]:
    """File name -> text: the page and its plots, from the figures alone."""
    sections = [from_data(section) for section in data["sections"]]
    return {"benchmarks.md": "\n".join(_page(data, sections)) + "\n", **dict(_plots(sections))}


def _page(data: Mapping[str, Any], sections: Sequence[Section]) -> Iterator[str]:
    yield _INTRODUCTION
    versions = ", ".join(f"{name} {number}" for name, number in data["versions"].items())
    yield f"Measured on {data['date']} with {versions}; {data['machine']}, load {data['load']:g} before."
    if data["load"] > 1:
        yield "\n**The machine was busy with other things: figures by the clock mean little, those by processor more.**"
    for section in sections:
        yield f"\n## {section.title}\n\n{section.rounds} rounds.\n"
        yield "| what | against | compared | ours | the other | ratio | aim | by processor | API calls |"
        yield "|---|---|---|---|---|---|---|---|---|"
        for row in section.rows:
            yield _line(section, row)
        for growth in section.growths:
            yield f"\n![{growth.title}](benchmarks-{growth.of}.svg)\n"
            yield f"API calls: {'; '.join(_growth_of_calls(section, growth))}."
    yield "\n" + _FLOORS.rstrip()
    for section in sections:
        for case, name in section.floors.items():
            figures = section.figures[case]
            yield f"| {name} | {_seconds(figures.wall, figures.wall_min)} | {_seconds(figures.cpu, figures.cpu_min)} |"
    yield "\n" + _ABOVE.rstrip()
    for section in sections:
        for row in section.rows:
            if row.floor is not None:
                floor = section.figures[row.floor].cpu
                ours, other = (_seconds(section.figures[name].cpu - floor) for name in (row.ours, row.rival))
                yield f"| {name_of(section, row)} | {row.against} | {_seconds(floor)} | {ours} | {other} |"
    yield "\n" + _READING.rstrip()


def _growth_of_calls(section: Section, growth: Growth) -> Iterator[str]:
    for name, line in growth.lines.items():
        calls = [str(section.figures[case].calls) for case in line.values()]
        yield f"{name}, {', '.join(calls) if len(set(calls)) > 1 else f'always {calls[0]}'}"


def _line(section: Section, row: Row) -> str:
    ours, rival = section.figures[row.ours], section.figures[row.rival]
    compared = ratio(section, row)
    met = row.aim is None or compared <= row.aim
    cells = [
        row.what,
        row.against,
        _KINDS[row.by],
        *(_seconds(getattr(side, row.by), getattr(side, f"{row.by}_min")) for side in (ours, rival)),
        f"{compared:.2f}" if met else f"**{compared:.2f}**, missed",
        "" if row.aim is None else f"<= {row.aim:g}",
        f"{ratio(section, row, 'cpu'):.2f}",
        _calls(ours, rival),
    ]
    return f"| {' | '.join(cells)} |"


def name_of(section: Section, row: Row) -> str:
    """The row's name, for a table where the line before may be another."""
    rows = list(section.rows)
    named = rows.index(row)
    while rows[named].what == "the same":
        named -= 1
    return rows[named].what


def _calls(ours: Figures, rival: Figures) -> str:
    return f"{ours.calls} and {rival.calls}" if ours.calls or rival.calls else "none"


def _seconds(seconds: float, least: float | None = None) -> str:
    def show(value: float) -> str:
        if abs(value) >= 1:
            return f"{value:.2f} s"
        return f"{value * 1e3:.2f} ms" if abs(value) < 0.01 else f"{value * 1e3:.0f} ms"

    return show(seconds) if least is None else f"{show(seconds)} ({show(least)})"


def _plots(sections: Sequence[Section]) -> Iterator[tuple[str, str]]:
    for section in sections:
        for growth in section.growths:
            values = {
                name: {number: getattr(section.figures[case], growth.by) for number, case in line.items()}
                for name, line in growth.lines.items()
            }
            text = plot(growth.title, f"{growth.of} (both axes are logarithmic)", _UNITS[growth.by], values)
            yield f"benchmarks-{growth.of}.svg", text


if __name__ == "__main__":
    sys.exit(main())
