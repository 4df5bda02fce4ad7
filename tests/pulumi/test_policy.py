# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The policy pack of the examples on the real engine: it stops a deployment before anything is made."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.gated_stack import PACKAGE, GatedStack, gated_stack
from support.leaks import OTHER_KEY, leaked
from support.policy_environment import policy_python
from support.pulumi_project import NOT_COPIED, CommandResult

PACK = Path(__file__).parents[2] / "examples" / "pulumi-python-policy"
PROGRAM = "for number in range(20):\n    costly(f'gpu-{number}')\n"
TOO_LOW = "balance too low: have 12.50 usd, need 20.00 usd, 7.50 short; add funds at https://lumenfall.ai/app/credits"


class Policed:
    """A stack and a copy of the pack that it is judged by."""

    def __init__(self, stack: GatedStack, pack: Path) -> None:
        self.stack = stack
        self.api = stack.api
        self.pack = pack

    def run(self, *command: str, config: dict[str, object] | None = None) -> CommandResult:
        """Runs a command under the policy, with a config for it."""
        options = ["--policy-pack", str(self.pack)]
        if config is not None:
            path = self.pack / "test.json"
            path.write_text(json.dumps({"lumenfall-balance": config}), encoding="utf-8")
            options += ["--policy-pack-config", str(path)]
        return self.stack.project.run(*command, *options)


@pytest.fixture(scope="module")
def python(pytestconfig: pytest.Config) -> Path:
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        return policy_python()


@pytest.fixture(scope="module")
def policed(python: Path, pulumi_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Policed]:
    folder = tmp_path_factory.mktemp("policy")
    pack = folder / "pack"
    shutil.copytree(PACK, pack, ignore=NOT_COPIED)
    # In place of what `pulumi install` makes.
    (pack / "venv").symlink_to(python.parents[1])
    # The engine that is built from the public Go modules starts packs in another way; see tools/pulumi_engine.
    if (pulumi_bin / "pulumi-analyzer-policy-python-pack").exists():
        manifest = pack / "PulumiPolicy.yaml"
        text = manifest.read_text(encoding="utf-8")
        manifest.write_text(text.replace("name: python", "name: python-pack"), encoding="utf-8")
    with gated_stack(folder / "stack", pulumi_bin, env={"PULUMI_PYTHON_CMD": str(python)}) as stack:
        yield Policed(stack, pack)


def test_too_low(policed: Policed) -> None:
    """Nothing is made, in an up without a preview too, of the stack that the pack's README names."""
    project = policed.stack.program("")
    assert "such as [pulumi-python-gate-resource]" in (PACK / "README.md").read_text(encoding="utf-8")
    shutil.copy(PACK.with_name("pulumi-python-gate-resource") / "__main__.py", project.directory)
    project.run("config", "set-all", "--plaintext", "minimum=5", "--plaintext", "model=a100").check()
    result = policed.run("up", "--yes", "--skip-preview")
    assert result.returncode != 0
    assert "[mandatory]  lumenfall-balance" in result.output
    assert TOO_LOW in result.output
    assert "Traceback" not in result.output
    assert policed.stack.resources() == {}


def test_a_balance_that_changes_between_preview_and_up(policed: Policed) -> None:
    policed.stack.program(PROGRAM)
    policed.api.script("25.00", "12.50")
    result = policed.run("up", "--yes")
    assert result.returncode != 0
    assert TOO_LOW in result.output
    assert [request.note for request in policed.api.requests] == ["25.00 usd", "12.50 usd"]
    assert policed.stack.resources() == {}


def test_pack_config(policed: Policed) -> None:
    """It sets another minimum, a policy, types, or only warns; a bad one is a violation that names it."""
    policed.stack.program("costly('gpu')\n")
    advisory = policed.run("preview", config={"minimum": 20, "enforcementLevel": "advisory"}).check()
    assert "[advisory]  lumenfall-balance" in advisory.output
    assert "have 12.50 usd, need 20.00 usd" in advisory.output
    policed.run("preview", config={"minimum": "12.50"}).check()
    policed.run("preview", config={"minimum": 20, "types": ["aws:*"]}).check()
    bad = policed.run("preview", config={"minimum": "much"})
    assert bad.returncode != 0
    assert "minimum: 'much' is not an amount of dollars" in bad.output
    misspelt = policed.run("preview", config={"Minimum": 20})
    assert misspelt.returncode != 0
    known = "known are minimum, postpaid, unavailable, types"
    assert f"Minimum: there is no such setting of this policy; {known}" in misspelt.output
    policed.api.billing_type, policed.api.amount = "postpaid", None
    postpaid = policed.run("preview", config={"postpaid": "deny"})
    assert postpaid.returncode != 0
    assert "balance too low: a postpaid account" in postpaid.output


def test_config_and_an_error(policed: Policed) -> None:
    """Stack config reaches the pack; an error is a violation, and shows no key."""
    project = policed.stack.program("costly('gpu')\n")
    project.config_set("lumenfall:apiKey", OTHER_KEY, secret=True)
    try:
        result = policed.run("preview")
    finally:
        project.run("config", "rm", "lumenfall:apiKey").check()
    assert result.returncode != 0
    assert "cannot tell whether the balance is enough: the API key was not accepted" in result.output
    # A traceback of Pulumi's host can be there, of the program that it interrupts: see docs/troubleshooting.md.
    assert "pulumi_lumenfall/" not in result.output
    assert not leaked(result.output)


BAD_ARGUMENTS = """
import pulumi
import pulumi_policy
from pulumi_lumenfall.policy import require_balance_policy

for arguments in (
    {"minimum": -1}, {"minimum": None}, {"minimum": 5, "postpaid": "no"}, {"minimum": 5, "types": []},
    {"minimum": 5, "enforcement_level": "remediate"}, {"minimum": 5, "enforcement_level": "always"},
    {"minimum": 5, "enforcement_level": ["mandatory"]}, {"minimum": 5, "name": 7}, {"minimum": 5, "name": "all"},
):
    try:
        require_balance_policy(**arguments)
    except pulumi.RunError as error:
        print(error)
for level in ("disabled", pulumi_policy.EnforcementLevel.DISABLED):
    assert require_balance_policy(5, level).enforcement_level is pulumi_policy.EnforcementLevel.DISABLED
"""


def test_bad_arguments(python: Path) -> None:
    """And good ones: a level may be Pulumi's own."""
    done = subprocess.run(
        [str(python), "-c", BAD_ARGUMENTS], env={"PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True, check=True
    )
    starts = ["minimum: -1", "minimum: ", "postpaid: 'no'", "types: ", *["enforcement_level: "] * 3, *["name: "] * 2]
    for line, start in zip(done.stdout.splitlines(), starts, strict=True):
        assert line.startswith(start)


def test_without_the_extra() -> None:
    """The import says what to install."""
    block = "import sys; sys.modules['pulumi_policy'] = None\nimport pulumi_lumenfall.policy"
    env = {"PYTHONPATH": str(PACKAGE)}
    done = subprocess.run([sys.executable, "-c", block], env=env, capture_output=True, text=True, check=False)
    assert "run: pip install 'pulumi-lumenfall[policy]'" in done.stderr
