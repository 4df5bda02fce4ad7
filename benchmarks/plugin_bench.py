# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How long the provider plugin takes to start, and a balance through it, against the plain Python function.

A start is from the command to the port on its output. Its floor is what any plugin in Python needs: the import of gRPC.

python benchmarks/plugin_bench.py [--quick] [--strict]
"""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

from _measure import ROOT, Bench, Case, Row, Section, open_bench, run_alone
from pulumi_bench import engine

sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tools"))

from support.plugin import Plugin
from support.pulumi_project import PulumiProject
from support.sdks import generate, python_package

_EMPTY_NAME = "empty program, plugin"
_READ = "import pulumi, {package} as lumenfall\npulumi.export('a', lumenfall.get_balance().available.amount)\n"

ROWS = (
    Row("the plugin's start, until it tells its port", "`import grpc`", "plugin start", "import grpc", 2.0),
    Row(
        "`getBalance` through the plugin, in a preview",
        "`get_balance` of the Python package",
        "plugin getBalance",
        "package get_balance",
        floor=_EMPTY_NAME,
    ),
)
FLOORS = {"import grpc": "`import grpc`"}


def measure(quick: bool) -> Section:
    """All figures of this benchmark."""
    rounds = 1 if quick else 7
    with open_bench() as bench:
        starts = {
            "import grpc": Case(bench.python("import grpc.aio")),
            # Ended at once, as the engine does it: that is not in the time of a start, but it is short.
            "plugin start": Case(lambda: bench.children(lambda: Plugin().close())),
        }
        sources = bench.folder / "sources"
        sources.mkdir()
        generate(sources, Path(pwd.getpwuid(os.getuid()).pw_dir))
        sdk = python_package(bench.folder / "sdk", sources / "python")
        pulumi_bin = engine()
        programs = {
            _EMPTY_NAME: _preview(bench, pulumi_bin, sdk, "import pulumi\n", 0),
            "package get_balance": _preview(bench, pulumi_bin, sdk, _READ.format(package="pulumi_lumenfall"), 1),
            "plugin getBalance": _preview(bench, pulumi_bin, sdk, _READ.format(package="pulumi_lumenfall_sdk"), 1),
        }
        figures = bench.measure(starts, 3 * rounds) | bench.measure(programs, rounds)
    return Section("Provider plugin", rounds, ROWS, FLOORS, figures)


def _preview(bench: Bench, pulumi_bin: Path, sdk: Path, program: str, calls: int) -> Case:
    env = {**bench.api.environ, "PYTHONPATH": os.pathsep.join([str(sdk), str(ROOT)])}
    folder = bench.folder / f"plugin-{len(list(bench.folder.iterdir()))}"
    project = PulumiProject(folder, program, pulumi_bin=pulumi_bin, env=env, timeout_seconds=300).stack_init()
    return Case(lambda: bench.children(lambda: project.preview().check()), calls)


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
