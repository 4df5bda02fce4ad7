# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What is compared: each row runs one of our surfaces, and what people would write instead."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import requests
from api import Api

from pulumi_lumenfall.core import LumenfallClient

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT / "tests"))

from support.pulumi_project import PulumiProject  # noqa: E402

Run = Callable[[], object]


class Row(NamedTuple):
    """One comparison.

    Attributes:
        what: Ours.
        rival: What it is compared with.
        aim: The most that our time may be of the rival's.
        rounds: How often both run.
        ours: Runs ours once.
        theirs: Runs the rival once.
        calls: How many requests the API must see of one run of each.
        clock: What is compared: seconds by the clock, or of the processor in children.
    """

    what: str
    rival: str
    aim: float
    rounds: int
    ours: Run
    theirs: Run
    calls: tuple[int, int]
    clock: Callable[[], float] = time.perf_counter


def children_cpu() -> float:
    """Processor seconds of the processes that this one started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def all_rows(folder: Path, plain: Api, tls: Api) -> Iterator[Row]:
    """The rows, in the order of the table."""
    yield from core_rows(plain, tls)
    yield cli_row(folder, plain)
    yield from ansible_rows(folder, plain)
    yield from pulumi_rows(folder, plain)


def core_rows(plain: Api, tls: Api) -> Iterator[Row]:
    """A fetch in this process, with a connection that is kept."""
    client = LumenfallClient(plain.key, base_url=plain.url)
    url, headers = f"{plain.url}/v1/balance", {"Authorization": f"Bearer {plain.key}"}
    yield Row(
        "a fetch in a warm process",
        "`requests.Session().get().json()`",
        0.85,
        200,
        client.fetch_balance,
        lambda: requests.Session().get(url, headers=headers, timeout=30).json(),
        (1, 1),
    )
    secure = LumenfallClient(tls.key, base_url=tls.url, ca_bundle=str(tls.ca_file))
    session, secure_url = requests.Session(), f"{tls.url}/v1/balance"
    yield Row(
        "a second fetch over TLS by the same client",
        "a kept `requests.Session`",
        1.2,
        200,
        secure.fetch_balance,
        lambda: session.get(secure_url, headers=headers, timeout=30, verify=str(tls.ca_file)).json(),
        (1, 1),
    )


REQUEST = """
import os
import requests

def fetch():
    url = os.environ["LUMENFALL_API_BASE"] + "/v1/balance"
    headers = {"Authorization": "Bearer " + os.environ["LUMENFALL_API_KEY"]}
    return requests.get(url, headers=headers, timeout=30).json()["available"]["amount"]
"""


def process(folder: Path, api: Api, *command: str | Path, env: Mapping[str, str] | None = None) -> Run:
    """A program, with nothing of this machine's settings; a failure ends the benchmark."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        # Bytecode is kept, as after an installation.
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        **api.environ,
        **(env or {}),
    }

    def run() -> None:
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")

    return run


def cli_row(folder: Path, api: Api) -> Row:
    """The command as a process."""
    return Row(
        "`lumenfall-balance check`",
        '`python -c "import requests; requests.get(...)"`',
        1.05,
        30,
        process(folder, api, BIN / "lumenfall-balance", "check", "--minimum", "5"),
        process(folder, api, sys.executable, "-c", f"{REQUEST}\nfetch()"),
        (1, 1),
    )


URI = [
    {
        "ansible.builtin.uri": {
            "url": "{{ lookup('env', 'LUMENFALL_API_BASE') }}/v1/balance",
            "headers": {"Authorization": "Bearer {{ lookup('env', 'LUMENFALL_API_KEY') }}"},
        },
        "register": "response",
    },
    {"ansible.builtin.assert": {"that": "response.json.available.amount >= 5"}},
]
MODULE = [{"lumenfall.cloud.lumenfall_balance": {"minimum": 5, "require": True}}]
ROLE = [{"role": "lumenfall.cloud.require_balance", "require_balance_minimum": 5}]


def ansible_rows(folder: Path, api: Api) -> Iterator[Row]:
    """A gate in a playbook over 50 hosts."""
    inventory = folder / "inventory"
    inventory.write_text("".join(f"h{number} ansible_connection=local\n" for number in range(50)))
    # Without the interpreter, uri would look for a Python on each host first.
    env = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT), "ANSIBLE_PYTHON_INTERPRETER": sys.executable}

    def play(name: str, **play: object) -> Run:
        playbook = folder / f"{name}.yml"
        playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, **play}]))
        return process(folder, api, BIN / "ansible-playbook", "-i", inventory, playbook, env=env)

    theirs = play("uri", tasks=URI)
    rival = "`uri` and `assert` on 50 hosts"
    yield Row("one task on 50 hosts", rival, 0.15, 5, play("module", tasks=MODULE), theirs, (1, 50))
    yield Row("the role on 50 hosts", rival, 0.15, 5, play("role", roles=ROLE), theirs, (1, 50))


GET_BALANCE = """
import pulumi
from pulumi_lumenfall import get_balance

pulumi.export("amount", get_balance().available.amount)
"""
BARE_REQUEST = f"{REQUEST}\nimport pulumi\n\npulumi.export('amount', fetch())\n"
RESOURCES = """
hooks = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
for number in range(500):
    # The engine itself keeps a Stash: no provider's time is in the figures.
    props = {"input": number, "output": None}
    pulumi.CustomResource("pulumi:index:Stash", f"r{number}", props, pulumi.ResourceOptions(hooks=hooks))
"""
HOOKED = f"import pulumi\nfrom pulumi_lumenfall import balance_hook\n\nhook = balance_hook(5)\n{RESOURCES}"
IDLE = f"""
import pulumi

async def idle(args):
    return None

hook = pulumi.ResourceHook("idle", idle, pulumi.ResourceHookOptions(on_dry_run=True))
{RESOURCES}"""


def pulumi_rows(folder: Path, api: Api) -> Iterator[Row]:
    """Previews of programs, through the real engine."""
    finder = [sys.executable, str(ROOT / "tools/pulumi_engine/find_or_build.py")]
    engine = Path(subprocess.run(finder, stdout=subprocess.PIPE, text=True, check=True).stdout.strip())
    env = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(folder / "bytecode"), **api.environ}

    def preview(name: str, program: str) -> Run:
        project = PulumiProject(folder / name, program, pulumi_bin=engine, env=env).stack_init()
        return lambda: project.preview().check()

    yield Row(
        "`get_balance` in a preview",
        "a bare `requests.get` in a preview",
        1.05,
        9,
        preview("ours", GET_BALANCE),
        preview("bare", BARE_REQUEST),
        (1, 1),
    )
    # The engine calls hooks in parallel, so processor time says more.
    yield Row(
        "500 resources with a balance hook",
        "500 resources with a hook that does nothing",
        1.1,
        5,
        preview("hooked", HOOKED),
        preview("idle", IDLE),
        (1, 0),
        children_cpu,
    )
