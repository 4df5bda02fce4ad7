# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""How long one check takes as a process, next to the least that Python and requests need for the same answer.

python benchmarks/cli_bench.py [--quick] [--strict]
"""

from __future__ import annotations

import sys
from pathlib import Path

from _measure import Case, Row, Section, open_bench, run_alone

_PROGRAM = Path(sys.executable).with_name("lumenfall-balance")
_BASELINE = "import requests, sys; requests.get(sys.argv[1], headers={'Authorization': 'Bearer ' + sys.argv[2]}).json()"

ROWS = (
    Row(
        "`lumenfall-balance check`, whole process",
        '`python -c "import requests; requests.get().json()"`',
        "check",
        "requests",
        1.1,
        floor="empty program",
    ),
)


def measure(quick: bool) -> Section:
    """All figures of this benchmark."""
    with open_bench() as bench:
        baseline = (sys.executable, "-c", _BASELINE, f"{bench.api.url}/v1/balance", bench.api.key)
        cases = {
            "check": Case(lambda: bench.process(str(_PROGRAM), "check", "--minimum", "5"), 1),
            "requests": Case(lambda: bench.process(*baseline), 1),
            "empty program": Case(bench.python("pass")),
        }
        rounds = 3 if quick else 30
        return Section("Command line", rounds, ROWS, {}, bench.measure(cases, rounds, warm_up=2))


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
