# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One answer for several processes: which one each gets, for how long, and what happens when one of them dies."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time

import pytest

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import clocks
from ansible_collections.lumenfall.cloud.plugins.plugin_utils import _one_answer
from ansible_collections.lumenfall.cloud.plugins.plugin_utils._one_answer import OneAnswer, StillAskedError

FORK = multiprocessing.get_context("fork")
BATCH = ("a", "b", "c")


class Source:
    """Counts what is fetched."""

    def __init__(self):
        self.count = 0

    def __call__(self, _waited):
        self.count += 1
        return {"number": self.count}


class Clock:
    """Stands in for both clocks of the file."""

    def __init__(self):
        self.mono = self.wall = 1000.0

    def monotonic(self):
        return self.mono

    def time(self):
        return self.wall

    def sleep(self, seconds):
        self.mono += seconds
        self.wall += seconds


@pytest.fixture
def clock(monkeypatch):
    """A clock that only a test moves."""
    clock = Clock()
    monkeypatch.setattr(_one_answer, "time", clock)
    monkeypatch.setattr(clocks, "time", clock)
    return clock


def ask(answers, host, fetch, question="q", others=BATCH):
    return answers.ask(question, host, others, 5.0, fetch)


def in_a_fork(function):
    """Run it in a process of its own; its result."""
    reader, writer = FORK.Pipe(duplex=False)
    process = FORK.Process(target=lambda: writer.send(function()))
    process.start()
    result = reader.recv()
    process.join()
    return result


def test_the_kth_ask_gets_the_kth_answer():
    """Whatever the order of the hosts."""
    answers, fetch = OneAnswer(), Source()
    got = [(host, ask(answers, host, fetch)["number"]) for host in "aabcbacb"]
    assert got == [("a", 1), ("a", 2), ("b", 1), ("c", 1), ("b", 2), ("a", 3), ("c", 2), ("b", 3)]
    assert fetch.count == 3


def test_forks_share_what_the_parent_made():
    """Each is a new process, as Ansible's workers are."""
    answers = OneAnswer()
    got = [in_a_fork(lambda host=host: ask(answers, host, lambda _waited: {"by": host})) for host in BATCH]
    assert got == [{"by": "a"}] * 3


def test_another_question_is_another_answer():
    """Another task, or other settings."""
    answers, fetch = OneAnswer(), Source()
    ask(answers, "a", fetch)
    ask(answers, "a", fetch, question="other")
    assert fetch.count == 2


def test_a_batch_asks_anew():
    """A host that is in no batch seen so far starts one."""
    answers, fetch = OneAnswer(), Source()
    got = [ask(answers, host, fetch, others=batch)["number"] for host, batch in (("a", "ab"), ("c", "cd"), ("b", "ab"))]
    assert got == [1, 2, 1]
    assert ask(answers, "d", fetch, others="cd")["number"] == 2


def test_a_batch_that_loses_hosts_stays_the_same():
    """Ansible leaves failed hosts out, while the task still runs for the others."""
    answers, fetch = OneAnswer(), Source()
    asked = (("a", "abc"), ("b", "bc"), ("c", "c"))
    assert [ask(answers, host, fetch, others=batch)["number"] for host, batch in asked] == [
        1,
        1,
        1,
    ]


def test_an_answer_is_not_given_after_30_seconds(clock):
    """By either clock: the one stops while a machine sleeps, the other is set by people."""
    for move in ({"mono": 30.0}, {"wall": 30.0}, {"wall": -1.0}, {"mono": 30.0, "wall": 30.0}):
        answers, fetch = OneAnswer(), Source()
        ask(answers, "a", fetch)
        for name, seconds in move.items():
            setattr(clock, name, getattr(clock, name) + seconds)
        assert ask(answers, "b", fetch)["number"] == 2, move


def test_an_answer_is_given_until_then(clock):
    """29 seconds are fine."""
    answers, fetch = OneAnswer(), Source()
    ask(answers, "a", fetch)
    clock.sleep(29)
    assert ask(answers, "b", fetch)["number"] == 1


def test_no_host_gets_an_answer_twice(clock):
    """Also when old ones were dropped and the turns count from one again."""
    answers, fetch = OneAnswer(), Source()
    got = {"a": [], "b": []}
    for step in range(40):
        host = "ab"[step % 3 == 0]
        got[host].append(ask(answers, host, fetch)["number"])
        clock.sleep(7)
    assert all(len(set(numbers)) == len(numbers) for numbers in got.values())


def test_what_is_old_is_dropped(clock):
    """The memory holds no more than 30 seconds of a run."""
    answers = OneAnswer()
    for number in range(200):
        ask(answers, "a", lambda _waited: {"x": "y" * 100}, question=number)
        clock.sleep(10)
    assert os.fstat(answers._memory).st_size < 2000


def test_an_answer_is_for_the_hosts_that_it_was_fetched_for():
    """A handler is flushed for a and b, then for b alone, then for a alone, then for both; a fetches first."""
    answers, fetch = OneAnswer(), Source()
    asked = (("a", "ab"), ("b", "b"), ("b", "b"), ("a", "a"), ("a", "ab"), ("b", "b"))
    assert [ask(answers, host, fetch, others=others)["number"] for host, others in asked] == [1, 1, 2, 3, 4, 4]


def test_an_answer_that_comes_while_a_host_waits_is_for_it_too(monkeypatch):
    """Whomever it was fetched for; once."""
    answers, fetch = OneAnswer(), Source()
    to_child, from_parent = FORK.Pipe()
    reader, writer = FORK.Pipe(duplex=False)

    def slow(_waited):
        writer.send("fetching")
        from_parent.recv()
        return {"number": 0}

    process = FORK.Process(target=ask, args=(answers, "a", slow), kwargs={"others": ()})
    process.start()
    assert reader.recv() == "fetching"
    pauses, sleep = [], time.sleep

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 1:
            to_child.send("b waits")
        sleep(seconds)

    monkeypatch.setattr(_one_answer.time, "sleep", pause)
    assert ask(answers, "b", fetch, others=())["number"] == 0
    process.join()
    assert ask(answers, "b", fetch, others=())["number"] == 1


def test_an_exception_is_not_an_answer():
    """It frees the lock and leaves nothing."""
    answers, fetch = OneAnswer(), Source()

    def fail(_waited):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(answers, "a", fail)
    assert in_a_fork(lambda: ask(answers, "b", fetch)) == {"number": 1}


def test_a_worker_that_is_killed_holds_nobody_up():
    """The system frees its lock, and the next one fetches."""
    answers, fetch = OneAnswer(), Source()
    reader, writer = FORK.Pipe(duplex=False)

    def hang(_waited):
        writer.send("fetching")
        signal.pause()

    process = FORK.Process(target=ask, args=(answers, "a", hang))
    process.start()
    assert reader.recv() == "fetching"
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert ask(answers, "b", fetch) == {"number": 1}


def test_waiting_ends(clock):
    """While another worker holds the lock; other questions are not held up. A fetch's own TimeoutError is another."""
    answers, fetch = OneAnswer(), Source()
    to_child, from_parent = FORK.Pipe()
    reader, writer = FORK.Pipe(duplex=False)

    def hang(_waited):
        writer.send("fetching")
        from_parent.recv()
        return {"late": True}

    process = FORK.Process(target=ask, args=(answers, "a", hang))
    process.start()
    assert reader.recv() == "fetching"
    assert not issubclass(StillAskedError, TimeoutError)
    with pytest.raises(StillAskedError):
        ask(answers, "b", fetch)
    assert clock.mono == pytest.approx(1005.0, abs=0.1)
    assert ask(answers, "b", fetch, question="other") == {"number": 1}
    to_child.send("go on")
    process.join()


def test_a_torn_table_is_none():
    """A worker may be killed while it writes."""
    answers, fetch = OneAnswer(), Source()
    ask(answers, "a", fetch)
    size = os.fstat(answers._memory).st_size
    os.ftruncate(answers._memory, size - 7)
    assert ask(answers, "b", fetch)["number"] == 2


def test_an_answer_is_found_while_another_question_writes():
    """Each host asks at its own pace, as with the strategy ``free``; a table that is half written is no empty one."""
    answers, hosts = OneAnswer(), [f"h{number}" for number in range(20)]
    count = FORK.Value("i", 0)

    def fetch(_waited):
        with count.get_lock():
            count.value += 1
        return {"number": 0}

    def ask_all(host):
        for question in range(50):
            answers.ask(question, host, hosts, 60.0, fetch)

    processes = [FORK.Process(target=ask_all, args=(host,)) for host in hosts]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert count.value == 50


def test_it_holds_no_question():
    """What an answer depends on may be a key, so only a keyed hash of it is kept."""
    answers = OneAnswer()
    ask(answers, "a", Source(), question=("lmnfl_secret",))
    data = os.pread(answers._memory, 1 << 20, 0)
    assert b"lmnfl" not in data
    assert json.loads(data)


def test_without_memory_each_fetches(monkeypatch):
    """Where there is none to be had, nothing is shared and nothing fails."""
    monkeypatch.setattr(_one_answer.os, "memfd_create", None, raising=False)
    monkeypatch.delattr(_one_answer.os, "memfd_create")
    monkeypatch.setattr(_one_answer.tempfile, "TemporaryFile", _raise)
    answers, fetch = OneAnswer(), Source()
    assert [ask(answers, host, fetch)["number"] for host in "ab"] == [1, 2]


def test_a_file_without_a_name_does_too(monkeypatch):
    """On systems without memfd_create."""
    monkeypatch.setattr(_one_answer.os, "memfd_create", None, raising=False)
    monkeypatch.delattr(_one_answer.os, "memfd_create")
    answers, fetch = OneAnswer(), Source()
    assert [in_a_fork(lambda host=host: ask(answers, host, fetch)["number"]) for host in "ab"] == [1, 1]


def _raise(*_arguments, **_options):
    raise OSError
