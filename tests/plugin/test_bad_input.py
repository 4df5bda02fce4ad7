# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What types would have refused, JavaScript passes on: each is a clean failure that names it, and shows no secret."""

from __future__ import annotations

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.inline import MakeNode
from support.leaks import leaked

HEADER = """
const pulumi = require("@pulumi/pulumi");
const lumenfall = require("pulumi-lumenfall");
const { version, pulumi: { server: pluginDownloadURL } } = require("pulumi-lumenfall/package.json");

// As a program without the generated SDK, which would let only known properties through.
class Raw extends pulumi.CustomResource {
    constructor(name, properties) {
        super("lumenfall:index:Balance", name, properties, { version, pluginDownloadURL });
    }
}
"""

FUNCTION = """
const BAD = [
    { minimum: "much" }, { minimum: "" }, { minimum: [5] }, { minimum: { amount: 5 } }, { minimum: true },
    { minimum: NaN }, { minimum: -1 }, { postpaid: "maybe" }, { unavailable: 1 }, { minimun: 5 },
];

module.exports = async () => {
    const call = (args) => pulumi.runtime.invoke("lumenfall:index:getBalance", args, { version, pluginDownloadURL });
    return { said: await Promise.all(BAD.map((args) => call(args).catch((error) => error.message))) };
};
"""


def test_arguments_of_the_function(make_node: MakeNode, api: Sandbox) -> None:
    run = make_node(HEADER + FUNCTION)("up")
    assert run.outputs is not None, run.text
    amount = " is not an amount of dollars; set minimum to a number that is 0 or more, such as 5 or 7.50"
    assert run.outputs["said"] == [
        f"Invoke of 'lumenfall:index:getBalance' failed: {reason} ({reason.partition(':')[0]})"
        for reason in (
            f"minimum: 'much'{amount}",
            "minimum: it is empty; set minimum to a number that is 0 or more, such as 5 or 7.50",
            f"minimum: a list{amount}",
            f"minimum: a dict{amount}",
            f"minimum: True{amount}",
            f"minimum: nan{amount}",
            f"minimum: -1{amount}",
            "postpaid: 'maybe' is not a policy; set postpaid to 'allow' or 'deny'",
            "unavailable: 1 is not a policy; set unavailable to 'allow' or 'deny'",
            "minimun: there is no such argument; known are minimum, postpaid, unavailable",
        )
    ]
    assert api.requests == []


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ("{ minimum: [5], postpaid: 'allow' }", "minimum: a list is not an amount of dollars"),
        ("{ minimum: NaN }", "minimum: nan is not an amount of dollars"),
        ("{ apiKey: process.env.KEY }", "apiKey: there is no such argument; known are minimum, postpaid, unavailable"),
    ],
)
def test_inputs_of_the_resource(make_node: MakeNode, api: Sandbox, inputs: str, reason: str) -> None:
    run = make_node(f"{HEADER}module.exports = async () => {{ new Raw('funds', {inputs}); }};")("preview")
    assert f"error: lumenfall:index:Balance resource 'funds' has a problem: {reason}" in run.text
    assert not leaked(run.text)
    assert api.requests == []


PROVIDER = """
module.exports = async () => {
    const key = process.env.KEY;
    const settings = { timeout: "10s", maxAttempts: true, baseUrl: `https://user:${key}@api.test` };
    const provider = new lumenfall.Provider("studio", { ...settings, apiKey: `key ${key}` });
    new lumenfall.Balance("funds", { minimum: 5 }, { provider });
};
"""


def test_properties_of_a_provider(make_node: MakeNode) -> None:
    """The engine would show the value of one that is bad, also of a key."""
    text = make_node(HEADER + PROVIDER)("preview").text
    for reason in (
        "timeout: '10s' is not a number of seconds; set lumenfall:timeout to a number above 0 and up to 3600",
        "maxAttempts: 'true' is not a whole number from 1 to 10; set lumenfall:maxAttempts to a number such as 3",
        "baseUrl: the base URL must not hold user info",
        "apiKey: the API key ",
    ):
        assert f"error: pulumi:providers:lumenfall resource 'studio' has a problem: lumenfall:{reason}" in text
    assert not leaked(text)


GATE = "module.exports = async () => { new lumenfall.Balance('funds', { minimum: 5 }); };"


def test_config_that_does_not_exist(make_node: MakeNode) -> None:
    """It may be a key whose name was written wrongly."""
    run = make_node(HEADER + GATE)
    text = run("preview", f"lumenfall:apikey={run.project.environment['KEY']}").text
    assert "has a problem: lumenfall:apikey: there is no such setting; known are apiKey, baseUrl, timeout, " in text
    assert not leaked(text)


def test_no_key(make_node: MakeNode, api: Sandbox) -> None:
    run = make_node(HEADER + GATE)
    del run.project.environment["KEY"]
    text = run("preview").text
    assert (
        "cannot tell whether the balance is enough: no API key: looked at lumenfall:apiKey, LUMENFALL_API_KEY" in text
    )
    assert api.requests == []
