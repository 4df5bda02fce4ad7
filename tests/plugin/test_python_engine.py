# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The plugin on the real engine, from a Python program with the generated SDK."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY, OTHER_KEY, leaked
from support.pulumi_project import MakeProject, PulumiProject

HEADER = """\
import os
import pulumi
import pulumi_lumenfall_sdk as lumenfall

def costly(name, **opts):
    return pulumi.CustomResource(
        "pulumi:index:Stash", name, {"input": "a100", "output": None}, pulumi.ResourceOptions(**opts)
    )

"""

GATE = """
funds = lumenfall.Balance("funds", minimum=5)
funds.available.amount.apply(lambda amount: print("applied", amount))
pulumi.export("available", funds.available)
costly("gpu", depends_on=[funds])
"""

Make = Callable[[str], PulumiProject]


@pytest.fixture
def make(make_project: MakeProject, python_sdk: Path, api: Sandbox) -> Make:
    """Makes a project with a program, and with config that leads to the sandbox."""

    def make(program: str) -> PulumiProject:
        project = make_project(HEADER + program, env={"PYTHONPATH": str(python_sdk), "OTHER_KEY": OTHER_KEY})
        project.config_set("lumenfall:apiKey", KEY, secret=True)
        project.config_set("lumenfall:baseUrl", api.url)
        project.config_set("lumenfall:maxAttempts", "1")
        return project

    return make


def resources(project: PulumiProject) -> list[str]:
    state = project.export()["deployment"].get("resources", [])
    return sorted(
        resource["urn"].rpartition("::")[2] for resource in state if not resource["type"].startswith("pulumi:p")
    )


def test_a_balance_from_first_to_last(make: Make, api: Sandbox) -> None:
    project = make(GATE)
    assert "applied 12.5" in project.preview().check().output
    project.up().check()
    assert project.stack_output() == {"available": {"amount": 12.5, "currency": "usd"}}
    assert resources(project) == ["funds", "gpu"]
    project.preview("--expect-no-changes").check()
    api.amount = "11"
    assert "12.5 => 11" in project.preview("--diff").check().output
    # The balance falls between the preview of an up and the rest of it.
    api.script("12.50", "3.20")
    low = project.up(skip_preview=False)
    assert low.returncode != 0
    assert (
        "error: lumenfall:index:Balance resource 'funds' has a problem: balance too low: have 3.20 usd, need 5.00 usd, "
        "1.80 short; add funds at https://lumenfall.ai/app/credits"
    ) in low.output
    project.refresh().check()
    api.close()
    assert "the balance in the state is kept: " in project.refresh().check().output
    project.destroy().check()
    assert resources(project) == []


def test_several_accounts_and_secrets(make: Make, api: Sandbox) -> None:
    """Explicit providers, with a key that the program has in plain text: nothing that is kept shows it."""
    with Sandbox(amount="99", key=OTHER_KEY) as other:
        project = make(
            f"""
second = lumenfall.Provider("second", api_key=os.environ["OTHER_KEY"], base_url="{other.url}", max_attempts=1)
opts = pulumi.ResourceOptions(provider=second)
pulumi.export("one", lumenfall.Balance("one", minimum=pulumi.Output.secret(5)).available.amount)
pulumi.export("two", lumenfall.Balance("two", minimum=50, opts=opts).available.amount)
pulumi.export("function", lumenfall.get_balance(opts=pulumi.InvokeOptions(provider=second)).available.amount)
pulumi.export("cost", lumenfall.estimate_cost_output(request={{"model": "gpt-image-1"}}, times=10).amount)
"""
        )
        project.up().check()
        assert project.stack_output() == {"one": 12.5, "two": 99, "function": 99, "cost": "0.80"}
        project.up("--expect-no-changes").check()
    assert not leaked(project.state_bytes())
    (one,) = [found for found in project.export()["deployment"]["resources"] if found["urn"].endswith("::one")]
    assert "ciphertext" in one["inputs"]["minimum"]
    assert "ciphertext" in one["outputs"]["minimum"]


@pytest.mark.parametrize(
    "program",
    [
        'lumenfall.Balance("funds", minimum=costly("price").id.apply(lambda _: 50))',
        # Here the engine itself answers during preview.
        'url = costly("url").id.apply(lambda _: pulumi.Config("lumenfall").require("baseUrl"))\n'
        'provider = lumenfall.Provider("late", base_url=url, api_key=pulumi.Config("lumenfall").require("apiKey"))\n'
        'lumenfall.Balance("funds", minimum=50, opts=pulumi.ResourceOptions(provider=provider))',
    ],
    ids=["minimum", "provider"],
)
def test_what_is_unknown_during_preview_is_checked_during_up(make: Make, program: str) -> None:
    project = make(program)
    preview = project.preview().check()
    assert ("inputs are unknown during preview; checked during up" in preview.output) is ("Provider" not in program)
    result = project.up()
    assert result.returncode != 0
    assert "have 12.50 usd, need 50.00 usd" in result.output
    assert "funds" not in resources(project)


def test_no_value_of_a_bad_property_is_shown(make: Make) -> None:
    """The engine would show the value of a property that is named in a failure."""
    settings = f"timeout='soon', max_attempts=True, base_url='https://user:{KEY}@api.test', api_key='key {KEY}'"
    output = make(f'lumenfall.Provider("studio", {settings})').preview().output
    for reason in (
        "timeout: 'soon' is not a duration",
        "maxAttempts: 'true' is not a whole number from 1 to 10",
        "baseUrl: the base URL ",
        "apiKey: the API key ",
    ):
        assert f"error: pulumi:providers:lumenfall resource 'studio' has a problem: lumenfall:{reason}" in output
    assert not leaked(output)


def test_ignored_changes_do_not_open_the_gate(make: Make, api: Sandbox) -> None:
    project = make('lumenfall.Balance("funds", minimum=5, opts=pulumi.ResourceOptions(ignore_changes=["*"]))\n')
    project.up().check()
    api.amount = "3.20"
    result = project.up()
    assert result.returncode != 0
    assert "balance too low: have 3.20 usd" in result.output


def test_what_is_only_read_says_so(make: Make) -> None:
    """With the option ``id`` SDKs drop the minimum; with ``import_`` a check follows."""
    told = "the balance is only read here and gates nothing"
    project = make('lumenfall.Balance("funds", minimum=50, opts=pulumi.ResourceOptions(id="balance"))\n')
    assert told in project.preview().check().output
    program = 'lumenfall.Balance("funds", minimum=50, opts=pulumi.ResourceOptions(import_="balance"))\n'
    (project.directory / "__main__.py").write_text(HEADER + program, encoding="utf-8")
    preview = project.preview()
    assert preview.returncode != 0
    assert told not in preview.output
    assert "have 12.50 usd, need 50.00 usd" in preview.output
