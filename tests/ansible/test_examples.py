# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every example playbook, run as it stands: with funds, and without."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, StrictUndefined

from pulumi_lumenfall.sandbox import Sandbox
from support.fault_server import refused_port

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "ansible"
LOW = "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"
# Those that need more than a key in the environment have tests of their own below.
PLAIN = ("read.yml", "gate.yml", "rolling_update.yml", "wait_for_top_up.yml", "soft_stop.yml", "awx/job.yml")


def example(name):
    return str(EXAMPLES / name)


def test_no_example_is_left_out():
    """A new playbook needs a test here."""
    playbooks = {
        path.relative_to(EXAMPLES).as_posix()
        for path in EXAMPLES.rglob("*.yml")
        if isinstance(content := yaml.safe_load(path.read_text()), list) and "hosts" in content[0]
    }
    assert playbooks == {*PLAIN, "vaulted_key.yml", "several_accounts.yml"}


@pytest.mark.parametrize("name", PLAIN)
def test_with_funds(funded, api, name):
    """It runs through, at one call for each batch."""
    run = funded.run(example(name), hosts=8)
    assert run.code == 0, run.output
    assert "12.50 usd available (prepaid)" in run.output or name in ("rolling_update.yml", "soft_stop.yml")
    assert len(api.requests) == (4 if name == "rolling_update.yml" else 1)


def test_an_amount_of_zero_is_one(funded, api):
    """Which Jinja takes for nothing."""
    api.amount = "0"
    run = funded.run(example("read.yml"))
    assert run.result("Use the amount, which is null on a postpaid account")["msg"] == 0


@pytest.mark.parametrize("name", ["gate.yml", "rolling_update.yml", "awx/job.yml"])
def test_without_funds(funded, api, name):
    """It stops at once, and says why; nothing of the work was done."""
    api.amount = "3.20"
    run = funded.run(example(name), hosts=8)
    assert run.code == 2
    assert LOW in run.output
    for work in ("Go on", "Update the host"):
        assert run.results(work) == []
    assert len(api.requests) == 1


def test_the_soft_stop(funded, api):
    """The costly part is left out, the rest is done, and all is well."""
    api.amount = "3.20"
    run = funded.run(example("soft_stop.yml"), hosts=3)
    assert run.code == 0
    assert LOW in run.output
    assert run.results("Do the costly part") == []
    assert len(run.results("Do the rest")) == 3


def test_the_top_up_comes(funded, api):
    """It goes on with the first look that finds enough."""
    api.script("3.20", "3.20")
    extra = ("-e", "require_balance_poll=1")
    run = funded.run(example("wait_for_top_up.yml"), *extra, hosts=3)
    assert run.code == 0
    assert len(run.results("Go on")) == 3
    assert len(api.requests) == 3


@pytest.fixture
def vault(ansible, api):
    """The vault of the example, with the key of the sandbox in it."""
    password = ansible.write("password", "correct horse battery staple")
    file = ansible.write("vault.yml", f"vault_lumenfall_api_key: {api.key}\n")
    code, output = ansible.command("ansible-vault", "encrypt", "--vault-password-file", str(password), str(file))
    assert code == 0, output
    assert api.key not in file.read_text()
    return "-e", f"vault_file={file}", "--vault-password-file", str(password)


def test_the_vaulted_key(ansible, api, vault):
    """The key comes from the vault alone, and is shown nowhere."""
    run = ansible.run(example("vaulted_key.yml"), *vault, "-vvvv", environment={"LUMENFALL_API_BASE": api.url})
    assert run.code == 0, run.output
    assert len(run.results("Go on")) == 1
    assert api.key not in run.output


def test_the_vault_without_its_password(ansible, api, vault):
    """A clear failure, before anything is sent."""
    run = ansible.run(example("vaulted_key.yml"), *vault[:2], environment={"LUMENFALL_API_BASE": api.url})
    assert run.code != 0
    assert "vault" in run.output.lower()
    assert "Attempting to decrypt but no vault secrets found" in run.output
    assert "Traceback" not in run.output
    assert api.requests == []


@pytest.mark.parametrize(("amount", "code"), [("50.00", 0), ("49.99", 2)])
def test_several_accounts(ansible, amount, code):
    """Each by its own key and minimum; the message names the one that is short. No key is shown."""
    with Sandbox(amount=amount, key="lmnfl_0001.productionkey") as api:
        keys = ansible.write("keys.yml", f"production_api_key: {api.key}\nstaging_api_key: {api.key}\n")
        environment = {"LUMENFALL_API_BASE": api.url}
        run = ansible.run(example("several_accounts.yml"), "-e", f"@{keys}", "-vvvv", environment=environment)
        assert run.code == code, run.output
        assert len(api.requests) == 2
        assert api.key not in run.output
        assert ("production: balance too low: have 49.99 usd, need 50.00 usd" in run.output) == bool(code)
        assert "staging: balance" not in run.output


def test_no_account_is_no_pass(ansible):
    """None that is short is not the same as enough."""
    run = ansible.run(example("several_accounts.yml"), "-e", '{"accounts": {}}')
    assert run.code == 2
    assert "There is no account to look at" in run.output


def test_the_credential_type(ansible, api):
    """What AWX makes of the injectors is what a job needs: the key in the environment, an empty base URL unset."""
    inputs = yaml.safe_load((EXAMPLES / "awx/credential_type_inputs.yml").read_text())
    injectors = yaml.safe_load((EXAMPLES / "awx/credential_type_injectors.yml").read_text())
    fields = {field["id"]: field for field in inputs["fields"]}
    assert fields["api_key"]["secret"] is True
    assert inputs["required"] == ["api_key"]
    assert set(injectors) == {"env"}
    templates = Environment(undefined=StrictUndefined, autoescape=False)
    for base_url in (api.url, ""):
        values = {"api_key": api.key, "base_url": base_url}
        environment = {name: templates.from_string(text).render(values) for name, text in injectors["env"].items()}
        extra = "survey_minimum=12.50"
        with refused_port() as port:
            environment["HTTPS_PROXY"] = f"http://127.0.0.1:{port}"
            run = ansible.run(example("awx/job.yml"), "-e", extra, "-e", "x=1", environment=environment)
        assert (run.code == 0) == bool(base_url), run.output
        assert ("the proxy set in HTTPS_PROXY cannot be reached" in run.output) != bool(base_url)
    assert len(api.requests) == 1


def test_the_execution_environment_names_what_exists():
    """The definition and the collection's own agree with what ansible-builder reads."""
    folder = EXAMPLES / "execution_environment"
    definition = yaml.safe_load((folder / "execution-environment.yml").read_text())
    assert definition["version"] == 3
    galaxy = yaml.safe_load((folder / definition["dependencies"]["galaxy"]).read_text())
    assert galaxy == yaml.safe_load((EXAMPLES / "requirements.yml").read_text())
    collection = EXAMPLES.parents[1] / "ansible_collections/lumenfall/cloud"
    own = yaml.safe_load((collection / "meta/execution-environment.yml").read_text())
    requirements = (collection / own["dependencies"]["python"]).read_text().splitlines()
    assert [line for line in requirements if not line.startswith("#")] == ["requests>=2.32.4,<3"]
