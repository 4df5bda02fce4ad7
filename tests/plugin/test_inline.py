# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The plugin on the real engine, from inline programs in JavaScript and Go with the generated SDKs."""

from __future__ import annotations

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.inline import Inline, MakeNode
from support.leaks import leaked
from support.pulumi_project import PulumiProject

TOO_LOW = (
    "error: lumenfall:index:Balance resource 'funds' has a problem: balance too low: have 3.20 usd, need 5.00 usd, "
    "1.80 short; add funds at https://lumenfall.ai/app/credits"
)

# The same program as go/main.go.
PROGRAM = """
const pulumi = require("@pulumi/pulumi");
const lumenfall = require("pulumi-lumenfall");

module.exports = async () => {
    // Asked for with an Output, and with a plain value.
    const output = lumenfall.getBalanceOutput({ minimum: pulumi.output(5) });
    const plain = await lumenfall.getBalance({ minimum: 50 });
    // A provider of its own, with its key in the clear.
    const second = new lumenfall.Provider("second", { apiKey: process.env.OTHER_KEY });
    const other = new lumenfall.Balance("other", {}, { provider: second });
    const funds = new lumenfall.Balance("funds", { minimum: 5 });
    new pulumi.Stash("gpu", { input: "a100" }, { dependsOn: [funds] });
    return {
        available: output.available,
        sufficient: [output.sufficient, plain.sufficient],
        status: funds.status,
        other: other.available.amount,
    };
};
"""


@pytest.fixture(params=["node", "go"])
def stack(request: pytest.FixtureRequest, inline_project: PulumiProject) -> Inline:
    if request.param == "node":
        make: MakeNode = request.getfixturevalue("make_node")
        return make(PROGRAM)
    return Inline(inline_project, [request.getfixturevalue("go_program")])


def test_a_program_from_first_to_last(stack: Inline, api: Sandbox) -> None:
    """It is the same in both languages, with funds and without; and no key is in anything that is kept."""
    up = stack("up")
    assert up.outputs == {
        "available": {"amount": 12.5, "currency": "usd"},
        "sufficient": [True, False],
        "status": "known",
        "other": 12.5,
    }, up.text
    assert not leaked(stack.project.state_bytes())

    api.amount = "3.20"
    preview = stack("preview")
    assert preview.outputs is None
    assert TOO_LOW in map(str.strip, preview.text.splitlines())

    api.status = 402
    failed = stack("preview")
    assert "the account has run out of funds (HTTP 402 INSUFFICIENT_BALANCE" in failed.text
    assert not leaked(preview.text + failed.text)

    api.close()
    assert stack("destroy").outputs == {}
