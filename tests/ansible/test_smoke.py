# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One playbook through the real ansible-playbook, for `make test`: the module, the test and the role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Ansible

    from pulumi_lumenfall.sandbox import Sandbox

TASKS = [
    {"lumenfall.cloud.lumenfall_balance": {"minimum": 5}, "register": "funds"},
    {"ansible.builtin.assert": {"that": "funds is lumenfall.cloud.funded(5)"}},
    {
        "ansible.builtin.import_role": {"name": "lumenfall.cloud.require_balance"},
        "vars": {"require_balance_minimum": 5},
    },
]


@pytest.mark.smoke
def test_playbook_with_funds_and_without(funded: Ansible, api: Sandbox) -> None:
    passed = funded.play(tasks=TASKS, hosts=3)
    assert passed.code == 0, passed.output
    assert {result["balance"]["available"]["amount"] for result in passed.results("lumenfall_balance")} <= {12.5}
    api.amount = "3.20"
    stopped = funded.play(tasks=TASKS[2:])
    assert stopped.code == 2
    assert "have 3.20 usd, need 5.00 usd" in stopped.output
