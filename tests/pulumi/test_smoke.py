# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One program through the real engine, for `make test`: a function, a resource and a hook."""

from __future__ import annotations

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.pulumi_project import MakeProject

PROGRAM = """
import pulumi
from pulumi_lumenfall import Balance, balance_hook, get_balance

pulumi.export("available", get_balance().available.amount)
funds = Balance("funds", minimum=5)
funded = balance_hook(5)
hooks = pulumi.ResourceHookBinding(before_create=[funded])
Balance("hooked", opts=pulumi.ResourceOptions(hooks=hooks, depends_on=[funds]))
"""


@pytest.mark.smoke
def test_up_with_funds_and_without(make_project: MakeProject) -> None:
    with Sandbox(amount="12.50") as api:
        project = make_project(PROGRAM, env=api.environ)
        project.up().check()
        assert project.stack_output() == {"available": 12.5}
        api.amount = "3.20"
        stopped = project.up()
    assert stopped.returncode != 0
    assert "balance too low: have 3.20 usd, need 5.00 usd" in stopped.output
    assert "Traceback" not in stopped.output
