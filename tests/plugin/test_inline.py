# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The plugin on the real engine, from inline programs in JavaScript with the generated SDK."""

from __future__ import annotations

from pulumi_lumenfall.sandbox import Sandbox
from support.inline import MakeNode
from support.leaks import leaked

HEADER = """
const pulumi = require("@pulumi/pulumi");
const lumenfall = require("pulumi-lumenfall");
"""
TOO_LOW = (
    "error: lumenfall:index:Balance resource 'funds' has a problem: balance too low: have 3.20 usd, need 5.00 usd, "
    "1.80 short; add funds at https://lumenfall.ai/app/credits"
)

PROGRAM = """
module.exports = async () => {
    // Called with an Output, and with a plain value.
    const output = lumenfall.getBalanceOutput({ minimum: pulumi.output(5) });
    const plain = await lumenfall.getBalance({ minimum: 50 });
    const cost = lumenfall.estimateCostOutput({ request: { model: "gpt-image-1" }, times: 10 });
    // A provider of its own, with its key in plain text.
    const second = new lumenfall.Provider("second", { apiKey: process.env.OTHER_KEY });
    const other = new lumenfall.Balance("other", {}, { provider: second });
    const funds = new lumenfall.Balance("funds", { minimum: 5 });
    new pulumi.Stash("gpu", { input: "a100" }, { dependsOn: [funds] });
    return {
        available: output.available,
        sufficient: [output.sufficient, plain.sufficient],
        status: funds.status,
        other: other.available.amount,
        cost: cost.amount,
    };
};
"""


def test_a_program_from_first_to_last(make_node: MakeNode, api: Sandbox) -> None:
    """With funds and without; and no key is in anything that is kept."""
    stack = make_node(HEADER + PROGRAM)
    up = stack("up")
    assert up.outputs == {
        "available": {"amount": 12.5, "currency": "usd"},
        "sufficient": [True, False],
        "status": "known",
        "other": 12.5,
        "cost": "0.80",
    }, up.text
    assert not leaked(stack.project.state_bytes())

    api.amount = "3.20"
    preview = stack("preview")
    assert preview.outputs is None
    assert TOO_LOW in map(str.strip, preview.text.splitlines())
    api.close()
    assert stack("destroy").outputs == {}


BAD = """
module.exports = async () => {
    const key = process.env.KEY;
    const settings = { timeout: "soon", maxAttempts: true, baseUrl: `https://user:${key}@api.test` };
    new lumenfall.Provider("studio", { ...settings, apiKey: `key ${key}` });
};
"""


def test_no_value_of_a_bad_property_is_shown(make_node: MakeNode) -> None:
    """The engine would show the value of a property that is named in a failure."""
    text = make_node(HEADER + BAD)("preview").text
    for reason in (
        "timeout: 'soon' is not a duration",
        "maxAttempts: 'true' is not a whole number from 1 to 10",
        "baseUrl: the base URL ",
        "apiKey: the API key ",
    ):
        assert f"error: pulumi:providers:lumenfall resource 'studio' has a problem: lumenfall:{reason}" in text
    assert not leaked(text)
