# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What the core costs, against bare requests: one fetch, and the imports.

python benchmarks/core_bench.py [--quick] [--strict]
"""

from __future__ import annotations

import sys

import requests
from _measure import Case, Row, Section, open_bench, run_alone

from pulumi_lumenfall.core import LumenfallClient

_REQUEST = (
    "import os, requests; requests.get(os.environ['LUMENFALL_API_BASE'] + '/v1/balance', "
    "headers={'Authorization': 'Bearer ' + os.environ['LUMENFALL_API_KEY']}).json()"
)
_OURS = "from pulumi_lumenfall.core import LumenfallClient; LumenfallClient().fetch_balance()"

ROWS = (
    Row("one fetch in a warm process", "`requests.Session().get().json()`", "fetch", "new session", 0.85),
    Row("the same", "a session that is kept, with its connection", "fetch", "kept session"),
    Row(
        "`import pulumi_lumenfall.core`",
        "`import requests`",
        "import core",
        "import requests",
        0.3,
        floor="empty program",
    ),
    Row(
        "`from pulumi_lumenfall.core import LumenfallClient`",
        "`import requests`",
        "import client",
        "import requests",
        floor="empty program",
    ),
    Row(
        "one fetch, whole process",
        "`import requests; requests.get().json()`",
        "fetch, process",
        "requests.get, process",
        floor="empty program",
    ),
)
FLOORS = {"empty program": "Python, an empty program", "import requests": "`import requests`"}


def measure(quick: bool) -> Section:
    """All figures of this benchmark."""
    with open_bench() as bench:
        client = LumenfallClient(bench.api.key, base_url=bench.api.url)
        url, headers = f"{bench.api.url}/v1/balance", {"Authorization": f"Bearer {bench.api.key}"}
        kept = requests.Session()
        calls = {
            "fetch": Case(bench.here(client.fetch_balance), 1),
            "new session": Case(bench.here(lambda: requests.Session().get(url, headers=headers).json()), 1),
            "kept session": Case(bench.here(lambda: kept.get(url, headers=headers).json()), 1),
        }
        processes = {
            "empty program": Case(bench.python("pass")),
            "import core": Case(bench.python("import pulumi_lumenfall.core")),
            "import client": Case(bench.python("from pulumi_lumenfall.core import LumenfallClient")),
            "import requests": Case(bench.python("import requests")),
            "fetch, process": Case(bench.python(_OURS), 1),
            "requests.get, process": Case(bench.python(_REQUEST), 1),
        }
        rounds = 3 if quick else 30
        figures = bench.measure(calls, 10 * rounds, warm_up=5) | bench.measure(processes, rounds, warm_up=2)
    return Section("Python", rounds, ROWS, FLOORS, figures)


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
