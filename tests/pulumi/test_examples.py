# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every Pulumi example runs as its README says, with funds and without."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from pulumi_lumenfall.sandbox import Sandbox
from support.gated_stack import BILLING_TYPE, errors
from support.leaks import KEY, leaked
from support.pulumi_project import PulumiProject

EXAMPLES = Path(__file__).parents[2] / "examples"
TESTED = {
    *("pulumi-python-read", "pulumi-python-gate", "pulumi-python-gate-resource", "pulumi-python-gate-stack"),
    *("pulumi-python-balance", "pulumi-python-accounts", "pulumi-python-automation", "pulumi-python-policy"),
    "pulumi-python-batch",
}
TOO_LOW = "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"


@pytest.fixture
def example(pulumi_bin: Path, tmp_path: Path, api: Sandbox) -> Callable[[str], PulumiProject]:
    """Copies an example, with a stack whose environment leads to the sandbox."""

    def copy(name: str) -> PulumiProject:
        return PulumiProject(tmp_path, EXAMPLES / name, pulumi_bin=pulumi_bin, env=api.environ).stack_init()

    return copy


def test_every_example_is_tested_and_explained() -> None:
    """Here; the other folders are other tests'."""
    assert {folder.name for folder in EXAMPLES.glob("pulumi-python*")} == TESTED
    for name in TESTED:
        readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
        for heading in ("## On the sandbox", "## Live", "## Output"):
            assert heading in readme, name


def test_environments_are_as_pulumi_new_makes_them() -> None:
    for settings in EXAMPLES.glob("*-python*/Pulumi.yaml"):
        runtime = yaml.safe_load(settings.read_text(encoding="utf-8"))["runtime"]
        assert runtime == {"name": "python", "options": {"toolchain": "pip", "virtualenv": "venv"}}, settings


def test_read(example: Callable[[str], PulumiProject], api: Sandbox) -> None:
    project = example("pulumi-python-read")
    project.up().check()
    outputs = project.stack_output()
    assert outputs["balance"][BILLING_TYPE] == "prepaid"
    assert (outputs["enough"], outputs["text"]) == (True, "12.5 usd")
    api.amount = "3.20"
    assert "warning: funds run low: status known, 3.2 usd" in project.up().check().output
    assert project.stack_output()["enough"] is False
    assert len(api.requests) == 2


HOOK = 'before hook "lumenfall-balance-1" failed: '


@pytest.mark.parametrize(
    ("name", "outputs", "refusal"),
    [
        ("gate", {"available": 12.5, "gpu": "a100"}, "error: "),
        ("gate-resource", {}, f"error: Preview failed: {HOOK}gpu (pulumi:index:Stash): "),
        ("gate-stack", {}, "(pulumi:index:Stash): "),
        (
            "balance",
            {"hours": 25, "balance": {"amount": 12.5, "currency": "usd"}},
            "error: pulumi-python:dynamic/lumenfall:Balance resource 'funds' has a problem: ",
        ),
    ],
)
def test_a_gate(
    example: Callable[[str], PulumiProject], api: Sandbox, name: str, outputs: dict[str, object], refusal: str
) -> None:
    """With funds it is deployed; a teardown needs none, and without them nothing is."""
    project = example(f"pulumi-python-{name}")
    project.up().check()
    assert project.stack_output().items() >= outputs.items()
    api.amount = "3.20"
    project.destroy().check()
    preview = project.preview()
    assert preview.returncode != 0
    assert any(line.endswith(refusal + TOO_LOW) for line in errors(preview))


def test_batch(example: Callable[[str], PulumiProject], api: Sandbox) -> None:
    project = example("pulumi-python-batch")
    api.prices, api.amount = {"gpt-image-1": Decimal("0.08")}, "9"
    preview = project.preview()
    assert preview.returncode != 0
    assert "balance too low: have 9.00 usd, need 28.80 usd, 19.80 short" in preview.output
    project.config_set("pictures", "90")
    project.up().check()
    assert project.stack_output() == {"cost": "8.64", "cost_of_one": "0.08", "pictures": 90}
    assert {request.path for request in api.requests} == {"/openai/v1/images/generations?dryRun=true", "/v1/balance"}


def test_accounts(example: Callable[[str], PulumiProject], api: Sandbox) -> None:
    project = example("pulumi-python-accounts")
    project.config_set("accounts:secondKey", KEY, secret=True)
    project.up().check()
    assert project.stack_output() == {"studio": 12.5, "second": 12.5, "third": 12.5}
    assert not leaked(project.state_bytes())


def test_automation(pulumi_bin: Path, tmp_path: Path, api: Sandbox) -> None:
    """It needs a folder and a backend, no project; and no Python on PATH that has pulumi, such as an activated one."""
    example = EXAMPLES / "pulumi-python-automation"
    project = PulumiProject(tmp_path, example, pulumi_bin=pulumi_bin, env=api.environ)
    project.environment["PATH"] = os.pathsep.join([str(pulumi_bin), os.defpath])
    del project.environment["PULUMI_PYTHON_CMD"]

    def deploy() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["venv/bin/python", "deploy.py"],
            cwd=project.directory,
            env=project.environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    done = deploy()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "deployed a100"
    assert len(api.requests) == 3
    api.amount = "3.20"
    stopped = deploy()
    assert (stopped.returncode, stopped.stdout) == (2, "")
    assert stopped.stderr == f"not deployed: {TOO_LOW}\n"
    # Funds that go while somebody reads the preview.
    api.amount = "12.50"
    api.script("12.50", "12.50", "3.20")
    drained = deploy()
    assert drained.returncode == 3
    assert TOO_LOW in drained.stderr
    api.status = 401
    assert deploy().returncode == 3
