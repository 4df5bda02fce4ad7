# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Ctrl-C and SIGTERM while a playbook asks for the balance: it ends at once, and without a traceback of ours."""

from __future__ import annotations

import os
import signal

import pytest

from support.interruption import interrupt

MODULE = "lumenfall.cloud.lumenfall_balance"
# What is promised is one second of our own; ansible-playbook and a busy machine take the rest. A task that waited for
# its answer would take an hour.
END_SECONDS = 30
TASKS = {
    "module": [{MODULE: {"minimum": 5}}],
    "delegated": [{MODULE: {"minimum": 5}, "delegate_to": "h002"}],
    "lookup": [{"ansible.builtin.debug": {"msg": "{{ lookup('" + MODULE + "') }}"}}],
    "role": [
        {
            "ansible.builtin.include_role": {"name": "lumenfall.cloud.require_balance"},
            "vars": {"require_balance_minimum": 5},
        }
    ],
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", TASKS)
def test_stopped_while_it_asks(ansible, api, name, number):
    """A terminal's Ctrl-C reaches the workers too; a SIGTERM only the one process."""
    api.delay = 3600
    hosts = "".join(f"h{host:03d} ansible_connection=local\n" for host in (1, 2))
    inventory = ansible.write("inventory", hosts)
    play = {"hosts": "h001", "gather_facts": False, "tasks": TASKS[name]}
    playbook = ansible.write("playbook.yml", [play])
    environment = {**ansible.environment, **api.environ, "TMPDIR": str(ansible.folder)}
    environment["LUMENFALL_TIMEOUT"] = "3600"
    ended = interrupt(
        [os.path.join(environment["PATH"].partition(":")[0], "ansible-playbook"), "-i", str(inventory), str(playbook)],
        number,
        0.0,
        env=environment,
        cwd=ansible.folder,
        group=number == signal.SIGINT,
        ready=lambda: api.requests,
    )
    print(f"ended after {ended.seconds:.2f} s")
    assert api.requests
    assert ended.status != 0
    assert ended.seconds < END_SECONDS, ended
    assert ended.frames_of_ours == [], ended
    # The module's own copy on the host is a file of ours too.
    assert "lumenfall_balance.py" not in ended.err
