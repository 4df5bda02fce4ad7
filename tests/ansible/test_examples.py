# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every example playbook, run as it stands: with funds, and without."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, StrictUndefined

from pulumi_lumenfall.sandbox import Sandbox

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "ansible"
LOW = "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"
# Example -> requests for 8 hosts with funds. The others have tests of their own below.
PLAIN = {
    "read.yml": 1,
    "gate.yml": 1,
    "rolling_update.yml": 4,
    "wait_for_top_up.yml": 1,
    "soft_stop.yml": 1,
}


def example(name):
    return str(EXAMPLES / name)


def test_no_example_is_left_out():
    """A new playbook needs a test here."""
    playbooks = {
        path.relative_to(EXAMPLES).as_posix()
        for path in EXAMPLES.rglob("*.yml")
        if isinstance(content := yaml.safe_load(path.read_text()), list) and "hosts" in content[0]
    }
    assert playbooks == {*PLAIN, "vaulted_key.yml", "several_accounts.yml", "priced_batch.yml"}


@pytest.mark.parametrize("name", PLAIN)
def test_with_funds_and_without(funded, api, name):
    """It runs through, with one request for each batch. Without funds it stops, and says why in few lines."""
    run = funded.run(example(name), hosts=8)
    assert run.code == 0, run.output
    assert len(api.requests) == PLAIN[name]
    api.amount = "3.20"
    run = funded.run(example(name), "-e", "longest_wait=1 pause=1", hosts=8)
    assert run.code == (0 if name in ("read.yml", "soft_stop.yml") else 2)
    assert (LOW in " ".join(run.output.split())) is (name != "read.yml")
    for work in ("Go on", "Update the host", "Do the costly part"):
        assert run.results(work) == []
    assert name != "soft_stop.yml" or len(run.results("Do the rest")) == 8


def test_the_priced_batch(funded, api):
    """It goes on if the account can pay for the batch, with one estimate and one look at the balance."""
    api.prices = {"gpt-image-1": "0.04"}
    run = funded.run(example("priced_batch.yml"))
    assert run.code == 2
    assert "balance too low: have 12.50 usd, need 14.40 usd" in run.output
    run = funded.run(example("priced_batch.yml"), "-e", "times=200")
    assert run.result("Go on")["msg"] == "about 9.60 usd (200 x 0.04 + 20%) with gpt-image-1"
    assert len(api.requests) == 4


def test_the_top_up_comes(funded, api):
    """It goes on with the first look that finds enough."""
    api.script("3.20", "3.20")
    run = funded.run(example("wait_for_top_up.yml"), "-e", "pause=1", hosts=3)
    assert len(run.hosts("Go on")) == 3
    assert len(api.requests) == 3


def test_the_vaulted_key(ansible, api):
    """The key comes from the vault alone, and is shown nowhere; without the vault's password nothing is sent."""
    password = ansible.write("password", "correct horse battery staple")
    file = ansible.write("vault.yml", f"vault_lumenfall_api_key: {api.key}\n")
    code, output = ansible.command("ansible-vault", "encrypt", "--vault-password-file", str(password), str(file))
    assert code == 0, output
    vault = ("-e", f"vault_file={file}", "--vault-password-file", str(password))
    environment = {"LUMENFALL_API_BASE": api.url}
    locked = ansible.run(example("vaulted_key.yml"), *vault[:2], environment=environment)
    assert locked.code != 0
    assert "no vault secrets found" in locked.output
    assert api.requests == []
    run = ansible.run(example("vaulted_key.yml"), *vault, "-vvvv", environment=environment)
    assert len(run.hosts("Go on")) == 1, run.output
    assert api.key not in run.output


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
    assert ("balance too low: have 49.99 usd, need 50.00 usd" in run.output) == bool(code)
    assert ("failed: [localhost] (item=production)" in run.output) == bool(code)


def test_no_account_is_no_pass(ansible):
    """A loop over nothing would pass."""
    run = ansible.run(example("several_accounts.yml"), "-e", '{"accounts": {}}')
    assert run.code == 2
    assert "There is no account to look at" in run.output


def test_the_credential_type(ansible, api):
    """What AWX makes of the injectors is what a job needs: the key in the environment, an empty base URL unset."""
    inputs = yaml.safe_load((EXAMPLES / "awx/credential_type_inputs.yml").read_text())
    injectors = yaml.safe_load((EXAMPLES / "awx/credential_type_injectors.yml").read_text())
    assert {field["id"]: field.get("secret") for field in inputs["fields"]} == {"api_key": True, "base_url": None}
    assert inputs["required"] == ["api_key"]
    assert set(injectors) == {"env"}
    templates = Environment(undefined=StrictUndefined, autoescape=False)
    # Without a base URL it asks the API itself, which the proxy keeps from happening.
    for base_url, place in ((api.url, "http://127.0.0.1"), ("", "HTTPS_PROXY")):
        values = {"api_key": api.key, "base_url": base_url}
        environment = {name: templates.from_string(text).render(values) for name, text in injectors["env"].items()}
        environment |= {"HTTPS_PROXY": "http://127.0.0.1:1", "LUMENFALL_MAX_ATTEMPTS": "1"}
        run = ansible.run(example("gate.yml"), "-vvv", "-e", "minimum=12.50", environment=environment)
        assert (run.code == 0) == bool(base_url), run.output
        assert place in run.output
    assert len(api.requests) == 1
