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
pulumi.export("status", funds.status)
pulumi.export("sufficient", funds.sufficient)
costly("gpu", depends_on=[funds])
"""

READ = """
balance = lumenfall.get_balance(minimum=5)
output = lumenfall.get_balance_output(minimum=pulumi.Output.from_input(50))
pulumi.export("amount", balance.available.amount)
pulumi.export("sufficient", [balance.sufficient, output.sufficient])
pulumi.export("billing", balance.billing_type)
"""

Make = Callable[[str], PulumiProject]


@pytest.fixture
def make(make_project: MakeProject, python_sdk: Path, api: Sandbox) -> Make:
    """Makes a project with a program, with config that leads to the sandbox."""

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
    preview = project.preview("--diff").check()
    assert "applied 12.5" in preview.output
    assert "amount  : 12.5" in preview.output
    project.up().check()
    assert project.stack_output() == {
        "available": {"amount": 12.5, "currency": "usd"},
        "status": "known",
        "sufficient": True,
    }
    assert resources(project) == ["funds", "gpu"]
    project.preview("--expect-no-changes").check()
    api.amount = "11"
    moved = project.preview("--diff").check()
    assert "12.5 => 11" in moved.output
    api.amount = "3.20"
    for command in (project.preview, project.up):
        low = command()
        assert low.returncode != 0
        assert (
            "error: lumenfall:index:Balance resource 'funds' has a problem: balance too low: have 3.20 usd, "
            "need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"
        ) in low.output
        assert "Traceback" not in low.output
    project.refresh().check()
    api.close()
    refreshed = project.refresh().check()
    assert "the balance stays as it was in the state: " in refreshed.output
    project.destroy().check()
    assert resources(project) == []


def test_up_asks_anew_after_its_preview(make: Make, api: Sandbox) -> None:
    """The balance falls between the two."""
    project = make(GATE + READ.replace('export("', 'export("f_'))
    api.script("12.50", "12.50", "3.20", "3.20")
    result = project.up(skip_preview=False)
    assert result.returncode != 0
    assert "balance too low: have 3.20 usd" in result.output
    assert resources(project) == []


def test_the_function(make: Make, api: Sandbox) -> None:
    """One request for all calls of a run, live in preview and in up, and nothing in the state."""
    project = make(READ)
    project.up().check()
    assert project.stack_output() == {"amount": 12.5, "sufficient": [True, False], "billing": "prepaid"}
    assert len(api.requests) == 1
    assert resources(project) == []
    api.status = 402
    failed = project.preview()
    assert failed.returncode != 0
    assert "the account has run out of funds (HTTP 402 INSUFFICIENT_BALANCE" in failed.output
    assert not leaked(failed.output)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("lumenfall:timeout", "10s", "lumenfall:timeout: '10s' is not a number of seconds"),
        ("lumenfall:apikey", "x", "lumenfall:apikey: there is no such setting; known are apiKey, baseUrl"),
    ],
)
def test_bad_config_is_one_clean_line(make: Make, key: str, value: str, message: str) -> None:
    project = make(GATE)
    project.config_set(key, value)
    result = project.preview()
    assert result.returncode != 0
    assert message in result.output
    assert "Traceback" not in result.output


def test_several_accounts_and_secrets(make: Make, api: Sandbox) -> None:
    """Explicit providers, with keys that the program has in the clear: nothing that is kept shows one."""
    with Sandbox(amount="99", key=OTHER_KEY) as other:
        project = make(
            f"""
import os
key = os.environ["OTHER_KEY"]
second = lumenfall.Provider("second", api_key=key, base_url="{other.url}", timeout=20, max_attempts=1)
opts = dict(opts=pulumi.ResourceOptions(provider=second))
pulumi.export("one", lumenfall.Balance("one", minimum=pulumi.Output.secret(5)).available.amount)
pulumi.export("two", lumenfall.Balance("two", minimum=50, **opts).available.amount)
pulumi.export("function", lumenfall.get_balance(opts=pulumi.InvokeOptions(provider=second)).available.amount)
"""
        )
        project.up().check()
        assert project.stack_output() == {"one": 12.5, "two": 99, "function": 99}
        # What tells a changed provider from an unchanged one must not depend on the secret's mark.
        project.up("--expect-no-changes").check()
    assert not leaked(project.state_bytes())
    state = project.export()["deployment"]["resources"]
    (one,) = [resource for resource in state if resource["urn"].endswith("::one")]
    assert "ciphertext" in one["inputs"]["minimum"]
    assert "ciphertext" in one["outputs"]["minimum"]
    project.destroy().check()


def test_a_teardown_needs_no_key(make: Make, api: Sandbox) -> None:
    """Nor an API, nor settings that are right."""
    project = make(GATE)
    project.up().check()
    api.close()
    project.run("config", "rm", "lumenfall:apiKey").check()
    project.config_set("lumenfall:timeout", "10s")
    project.refresh().check()
    project.destroy().check()
    assert resources(project) == []


def test_what_is_not_known_in_a_preview_is_decided_in_up(make: Make, api: Sandbox) -> None:
    project = make(
        """
price = costly("price")
funds = lumenfall.Balance("funds", minimum=price.id.apply(lambda _: 50))
"""
    )
    preview = project.preview().check()
    assert "what it needs is not known in this preview; up will decide" in preview.output
    result = project.up()
    assert result.returncode != 0
    assert "have 12.50 usd, need 50.00 usd" in result.output
    assert resources(project) == ["price"]


def test_a_provider_that_is_not_known_in_a_preview(make: Make, api: Sandbox) -> None:
    """It is the engine that answers then, with nothing; and up asks."""
    project = make(
        f"""
url = costly("url").id.apply(lambda _: "{api.url}")
unknown = lumenfall.Provider("unknown", base_url=url, api_key="{KEY}", max_attempts=1)
opts = pulumi.ResourceOptions(provider=unknown)
funds = lumenfall.Balance("funds", minimum=50, opts=opts)
"""
    )
    project.preview().check()
    result = project.up()
    assert result.returncode != 0
    assert "have 12.50 usd, need 50.00 usd" in result.output
    assert "funds" not in resources(project)


def test_ignored_changes_do_not_open_the_gate(make: Make, api: Sandbox) -> None:
    project = make('lumenfall.Balance("funds", minimum=5, opts=pulumi.ResourceOptions(ignore_changes=["*"]))\n')
    project.up().check()
    api.amount = "3.20"
    result = project.up()
    assert result.returncode != 0
    assert "balance too low: have 3.20 usd" in result.output


def test_an_import(make: Make) -> None:
    project = make('pulumi.export("amount", lumenfall.Balance.get("funds", "balance").available.amount)\n')
    project.up().check()
    assert project.stack_output() == {"amount": 12.5}


def test_what_is_only_read_gates_nothing(make: Make, api: Sandbox) -> None:
    """The SDK drops the minimum, so that the plugin can but say so; it does not where a check follows."""
    told = "it is only read, and nothing is gated by it"
    project = make('lumenfall.Balance("funds", minimum=50, opts=pulumi.ResourceOptions(id="balance"))\n')
    assert told in project.preview().check().output
    program = 'lumenfall.Balance("funds", minimum={}, opts=pulumi.ResourceOptions(import_="balance"))\n'
    (project.directory / "__main__.py").write_text(HEADER + program.format(5), encoding="utf-8")
    assert told not in project.preview().check().output
    (project.directory / "__main__.py").write_text(HEADER + program.format(50), encoding="utf-8")
    preview = project.preview()
    assert preview.returncode != 0
    assert "have 12.50 usd, need 50.00 usd" in preview.output
