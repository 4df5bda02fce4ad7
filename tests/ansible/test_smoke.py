# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The one real playbook of ``make test``: the module, the test, the lookup and the role, on three hosts."""

from __future__ import annotations

import pytest

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Gate
      lumenfall.cloud.lumenfall_balance: {minimum: 5, require: true}
      register: funds
    - name: Judge
      ansible.builtin.assert:
        that:
          - funds is lumenfall.cloud.funded(5)
          - lookup('lumenfall.cloud.lumenfall_balance') == funds.balance
- hosts: all
  gather_facts: false
  roles:
    - {role: lumenfall.cloud.require_balance, require_balance_minimum: 99}
  tasks:
    - name: Spend
      ansible.builtin.debug: {msg: Not here}
"""


@pytest.mark.smoke
def test_a_playbook(funded, api):
    """Three requests for three hosts: the module's, the lookups' and the role's; the role stops the play."""
    run = funded.run(str(funded.write("smoke.yml", PLAYBOOK)), hosts=3)
    assert run.code == 2
    assert "balance too low: have 12.50 usd, need 99.00 usd, 86.50 short; add funds at" in run.output
    assert run.hosts("Judge") == {"h001", "h002", "h003"}
    assert run.results("Spend") == []
    assert len(api.requests) == 3
