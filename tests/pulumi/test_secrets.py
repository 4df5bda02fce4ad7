# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The key is in nothing that Pulumi writes, shows, logs or starts, whatever it is used for and however that ends."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulumi_lumenfall.sandbox import Answer, Sandbox
from support.gated_stack import HEADER, PACKAGE
from support.leaks import KEY, Processes, files, leaks, lines_with
from support.pulumi_project import PulumiProject

PROGRAM = """
import os
key = pulumi.Config("lumenfall").get_secret("apiKey")
if key is None:
    key = pulumi.Output.secret(os.environ["LUMENFALL_API_KEY"])
lumenfall.gate_stack(5, api_key=key)
funded = lumenfall.balance_hook(5, api_key=key)
pulumi.export("plain", lumenfall.get_balance(minimum=5))
pulumi.export("output", lumenfall.get_balance_output(minimum=5, api_key=key))
costly("gpu", hooks=pulumi.ResourceHookBinding(before_create=[funded], before_update=[funded]))
pulumi.export("funds", lumenfall.Balance("funds", 5).status)
pulumi.export("other", lumenfall.Balance("other", 5, api_key_from="{source}").available)
"""


# Log lines about the provider of all dynamic resources, which Pulumi configures with the stack's config.
OF_THE_ENGINE = re.compile(r"pulumi:providers:pulumi-python::default|\.(CheckConfig|DiffConfig|Configure)\(")

PYTHON = re.compile(r"\S*python[0-9.]* ")


@pytest.fixture
def watch() -> Processes:
    return Processes()


@pytest.fixture
def api(watch: Processes) -> Iterator[Sandbox]:
    with Sandbox(amount="12.50", key=KEY, on_request=watch) as sandbox:
        yield sandbox


@pytest.mark.parametrize("source", ["LUMENFALL_API_KEY", "lumenfall:apiKey"], ids=["environment", "config"])
def test_the_key_is_nowhere(source: str, pulumi_bin: Path, tmp_path: Path, api: Sandbox, watch: Processes) -> None:
    """After preview, a planned up, a refresh, runs that each kind of error ended, and a destroy, with every log on."""
    env = {
        "PYTHONPATH": str(PACKAGE),
        "LUMENFALL_API_BASE": api.url,
        "LUMENFALL_MAX_ATTEMPTS": "1",
        "PULUMI_EXPERIMENTAL": "true",
        "PULUMI_DEBUG_COMMANDS": "true",
    }
    if source == "LUMENFALL_API_KEY":
        env[source] = KEY
    text = HEADER + PROGRAM.replace("{source}", source)
    project = PulumiProject(tmp_path, text, pulumi_bin=pulumi_bin, env=env).stack_init()
    if source == "lumenfall:apiKey":
        project.config_set(source, KEY, secret=True)

    logged: list[str] = []
    pickles: list[bytes] = []
    for command, status, returncode in (
        ("preview --diff --save-plan plan.json", 200, 0),
        ("up --yes --skip-preview --plan plan.json --event-log events.json", 200, 0),
        ("refresh --yes --skip-preview --event-log refreshed.json", 200, 0),
        ("up --yes --skip-preview --event-log failed.json", 401, 255),
        ("preview", 500, 255),
        ("stack export", 200, 0),
        ("destroy --yes --skip-preview", 200, 0),
    ):
        api.reset()
        if status != 200:
            # A server that shows the key wherever it can.
            body = f'{{"error": {{"message": "bad {KEY}", "code": "{KEY}"}}}}'
            api.script(*[Answer(status, body, {"X-Lumenfall-Request-Id": KEY})] * 20)
        result = project.run("-v=11", "--logtostderr", "--logflow", *command.split())
        assert (result.returncode == 0) == (returncode == 0), (command, result.output[-3000:])
        assert leaks({command: result.stdout.encode()}) == []
        if command == "stack export":
            # The provider in the state is a name.
            pickles += [
                base64.b64decode(one["inputs"]["__provider"]["plaintext"].strip('"'))
                for one in project.export(show_secrets=True)["deployment"]["resources"]
                if one["type"].endswith("lumenfall:Balance")
            ]
        logged += lines_with(result.stderr)
    # Pulumi configures a dynamic provider with all of the stack's config, and at this level the engine logs what it
    # configures with, secrets too. Nothing else shows the key; and one that is in the environment is not even there.
    if source == "lumenfall:apiKey":
        assert logged
        logged = [line for line in logged if not OF_THE_ENGINE.search(line)]
    assert logged == []

    assert len(set(pickles)) == 1
    assert b"pulumi_lumenfall.resource" in pickles[0]
    assert len(pickles[0]) < 200

    for name in ("plan.json", "events.json"):
        assert (project.directory / name).is_file()
    # State, its history and backups, plans, logs, HOME and TMPDIR.
    assert leaks(files(project.folder)) == []
    # With the key in stack config, only the Python processes have it: the engine hands them PULUMI_CONFIG.
    in_environment = source == "LUMENFALL_API_KEY"
    seen = watch.written(str(project.folder), may_know=lambda command: in_environment or PYTHON.match(command))
    assert leaks(seen) == []
    # The engine itself was looked at, as far as it may not know.
    assert any(name.startswith("command line pulumi" if in_environment else "environment of pulumi") for name in seen)
