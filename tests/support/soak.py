# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Many fetches on several threads from a server that fails at random, and a look at what they leave behind.

Backoff is a hundredth of what it is otherwise, so that the run does not wait for minutes; nothing else is changed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import trustme

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import client as core_client
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.retry import backoff_seconds
from pulumi_lumenfall.core import AccountBalance, LumenfallClient, LumenfallError, argument_layer, resolve_settings
from support.soak_server import KINDS

MAX_ATTEMPTS = 3
_TLS_EVERY = 10


@dataclasses.dataclass
class Soak:
    """What a soak found.

    Attributes:
        fetches: How many there were.
        requests: How many of them the server counted.
        outcomes: How often each outcome came.
        wrong: Fetches whose requests or outcome are not what the retry policy says, each as a line.
        descriptors: Open ones before, after a tenth, at the end.
        threads: Likewise.
        memory_bytes: Resident memory, likewise.
        seconds: How long it took.
    """

    fetches: int
    requests: int = 0
    outcomes: Counter[str] = dataclasses.field(default_factory=Counter)
    wrong: list[str] = dataclasses.field(default_factory=list)
    descriptors: list[int] = dataclasses.field(default_factory=list)
    threads: list[int] = dataclasses.field(default_factory=list)
    memory_bytes: list[int] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def look(self) -> None:
        """Count what this process holds now."""
        gc.collect()
        self.descriptors.append(len(os.listdir("/proc/self/fd")))
        self.threads.append(threading.active_count())
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.memory_bytes.append(pages * os.sysconf("SC_PAGE_SIZE"))


@contextlib.contextmanager
def _server(seed: int, folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[int], Path]]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("soak_server.py")), str(seed), str(folder / "server.pem")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline()), folder / "ca.pem"
        finally:
            process.kill()


def soak(fetches: int, threads: int, seed: int, folder: Path) -> Soak:
    """Fetch so often, and compare each fetch with the server's log.

    Args:
        fetches: How many; every tenth goes over TLS.
        threads: On how many threads.
        seed: Decides what fails.
        folder: An empty folder.
    """
    found = Soak(fetches)
    outcomes: dict[int, tuple[str, int | None]] = {}
    with _server(seed, folder) as (server, (port, tls_port), ca_file):
        layer = argument_layer(
            api_key="lmnfl_soak.key", base_url=f"https://127.0.0.1:{tls_port}", timeout=60, max_attempts=MAX_ATTEMPTS
        )
        settings = resolve_settings(layer, argument_layer(ca_bundle=str(ca_file)), environ={})

        def fetch(number: int) -> None:
            url = f"http://127.0.0.1:{port}/{number}"
            if number % _TLS_EVERY == 0:
                url = f"https://127.0.0.1:{tls_port}/{number}"
            # A path of its own for each fetch, so that the log tells them apart.
            with LumenfallClient.from_settings(dataclasses.replace(settings, base_url=url)) as client:
                try:
                    outcome: AccountBalance | LumenfallError = client.fetch_balance()
                except LumenfallError as error:
                    outcome = error
            if isinstance(outcome, AccountBalance):
                outcomes[number] = (outcome.status, None)
            else:
                outcomes[number] = (type(outcome).__name__, outcome.attempts)

        with mock.patch.object(core_client, "backoff_seconds", lambda retry: backoff_seconds(retry) / 100):
            fetch(0)
            fetch(1)
            found.look()
            started = time.monotonic()
            for numbers in (range(2, fetches // 10), range(max(2, fetches // 10), fetches)):
                _on_threads(fetch, numbers, threads)
                found.look()
            found.seconds = time.monotonic() - started
        log = json.loads(server.communicate(timeout=60)[0])

    for number in range(fetches):
        met = log.get(str(number), [])
        found.requests += len(met)
        outcome, attempts = outcomes[number]
        found.outcomes[outcome] += 1
        problem = check(met, outcome, attempts)
        if problem:
            found.wrong.append(f"fetch {number}: {problem}: met {met}, ended in {outcome}, attempts {attempts}")
    return found


def _on_threads(call: Callable[[int], None], numbers: range, threads: int) -> None:
    """Each number once, on so many threads; an executor would keep a future for each of them in memory."""
    todo = iter(numbers)
    lock = threading.Lock()
    problems: list[BaseException] = []

    def work() -> None:
        while not problems:
            with lock:
                number = next(todo, None)
            if number is None:
                return
            try:
                call(number)
            except BaseException as problem:  # noqa: BLE001 - raised again in the thread that waits
                problems.append(problem)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if problems:
        raise problems[0]


def check(met: list[str], outcome: str, attempts: int | None) -> str | None:
    """What is wrong with a fetch, by the retry policy alone: what it met, attempt by attempt, and how it ended."""
    if not met:
        return "nothing was sent"
    if len(met) > MAX_ATTEMPTS:
        return "too many requests"
    if not all(KINDS[kind][1] for kind in met[:-1]):
        return "went on after an answer that is final"
    if KINDS[met[-1]][1] and len(met) < MAX_ATTEMPTS:
        return "gave up early"
    if KINDS[met[-1]][2] != outcome:
        return "another outcome than the last answer's"
    return "counted its attempts wrong" if attempts not in (None, len(met)) else None
