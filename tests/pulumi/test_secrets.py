# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The key is in nothing that Pulumi writes, shows, logs or starts, whatever it is used for and however that ends."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulumi_lumenfall.sandbox import Request, Sandbox
from support.gated_stack import HEADER, KEY, MARKER, PACKAGE
from support.pulumi_project import PulumiProject

FUNCTIONS = """
import os
key = pulumi.Config("lumenfall").get_secret("apiKey")
if key is None:
    key = pulumi.Output.secret(os.environ["LUMENFALL_API_KEY"])
lumenfall.gate_stack(5, api_key=key)
funded = lumenfall.balance_hook(5, api_key=key)
pulumi.export("plain", lumenfall.get_balance(minimum=5))
pulumi.export("output", lumenfall.get_balance_output(minimum=5, api_key=key))
costly("gpu", hooks=pulumi.ResourceHookBinding(before_create=[funded], before_update=[funded]))
"""

BALANCE = """
pulumi.export("funds", lumenfall.Balance("funds", 5).status)
pulumi.export("other", lumenfall.Balance("other", 5, api_key_from="{source}").available)
"""


# Log lines about the provider of all dynamic resources, which Pulumi configures with the stack's config.
OF_THE_ENGINE = re.compile(r"pulumi:providers:pulumi-python::default|\.(CheckConfig|DiffConfig|Configure)\(")


def traces(secret: str) -> list[bytes]:
    """A secret as it might be written: plain, in hexadecimal, and within base64 at each of its three offsets."""
    found = [secret.encode(), secret.encode().hex().encode()]
    for offset in range(3):
        encoded = base64.b64encode(b"x" * offset + secret.encode())
        # Without the ends, which depend on what stands beside it.
        found.append(encoded[(offset * 8 + 5) // 6 : -4])
    return found


def test_the_traces_are_found() -> None:
    """What the tests below rely on."""
    for text in (KEY, f"1{KEY}", f"12{KEY}3", KEY.encode().hex()):
        for written in (text.encode(), base64.b64encode(text.encode())):
            if written != base64.b64encode(KEY.encode().hex().encode()):
                assert any(trace in written for trace in traces(MARKER)), written


class Watch:
    """The command lines of all processes at the moment of each request, when every process of a run is alive."""

    def __init__(self) -> None:
        self.command_lines: set[bytes] = set()

    def __call__(self, request: Request) -> None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                self.command_lines.add(path.read_bytes())


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def api(watch: Watch) -> Iterator[Sandbox]:
    with Sandbox(amount="12.50", key=KEY, on_request=watch) as sandbox:
        yield sandbox


def lines_with(text: str) -> list[str]:
    """The lines of a log that hold a trace of the key."""
    found = traces(MARKER)
    return [line for line in text.splitlines() if any(trace in line.encode() for trace in found)]


@pytest.mark.parametrize("source", ["LUMENFALL_API_KEY", "lumenfall:apiKey"], ids=["environment", "config"])
@pytest.mark.parametrize("program", [FUNCTIONS, FUNCTIONS + BALANCE], ids=["functions", "balance"])
def test_the_key_is_nowhere(
    source: str, program: str, pulumi_bin: Path, tmp_path: Path, api: Sandbox, watch: Watch
) -> None:
    """After preview, a planned up, a refresh, an up that an error ended, and a destroy, all with every log on."""
    env = {
        "PYTHONPATH": str(PACKAGE),
        "LUMENFALL_API_BASE": api.url,
        "LUMENFALL_MAX_ATTEMPTS": "1",
        "PULUMI_EXPERIMENTAL": "true",
        "PULUMI_DEBUG_COMMANDS": "true",
    }
    if source == "LUMENFALL_API_KEY":
        env[source] = KEY
    text = HEADER + program.replace("{source}", source)
    project = PulumiProject(tmp_path, text, pulumi_bin=pulumi_bin, env=env).stack_init()
    if source == "lumenfall:apiKey":
        project.config_set(source, KEY, secret=True)

    logged = []
    for command, status, returncode in (
        ("preview --diff --save-plan plan.json", 200, 0),
        ("up --yes --skip-preview --plan plan.json --event-log events.json", 200, 0),
        ("refresh --yes --skip-preview --event-log refreshed.json", 200, 0),
        ("up --yes --skip-preview --event-log failed.json", 401, 255),
        ("stack export", 200, 0),
        ("destroy --yes --skip-preview", 200, 0),
    ):
        api.status = status
        result = project.run("-v=9", "--logtostderr", *command.split())
        assert (result.returncode == 0) == (returncode == 0), (command, result.output[-3000:])
        assert not lines_with(result.stdout), command
        logged += lines_with(result.stderr)
    # Pulumi configures a dynamic provider with all of the stack's config, and at this level the engine logs what it
    # configures with, secrets too. Nothing else shows the key; and one that is in the environment is not even there.
    if source == "lumenfall:apiKey" and program is not FUNCTIONS:
        assert logged
        logged = [line for line in logged if not OF_THE_ENGINE.search(line)]
    assert logged == []

    written = project.state_bytes()
    for name in (b"plan.json", b"events.json"):
        assert (project.directory / name.decode()).is_file()
    assert not [trace for trace in traces(MARKER) if trace in written]
    assert any(b"pulumi" in line for line in watch.command_lines)
    assert not [line for line in watch.command_lines if MARKER.encode() in line]


def test_what_is_pickled(pulumi_bin: Path, tmp_path: Path, api: Sandbox) -> None:
    """The provider in the state is a name, and no input of a Balance is a key."""
    env = {"PYTHONPATH": str(PACKAGE), **api.environ}
    text = HEADER + BALANCE.replace("{source}", "LUMENFALL_API_KEY")
    project = PulumiProject(tmp_path, text, pulumi_bin=pulumi_bin, env=env).stack_init()
    project.up().check()
    resources = project.export(show_secrets=True)["deployment"]["resources"]
    balances = [resource for resource in resources if resource["type"].endswith("lumenfall:Balance")]
    assert len(balances) == 2
    providers = {resource["inputs"]["__provider"]["plaintext"] for resource in balances}
    assert len(providers) == 1
    pickled = base64.b64decode(providers.pop().strip('"'))
    assert b"pulumi_lumenfall.resource" in pickled
    assert len(pickled) < 200
    assert not [trace for trace in traces(MARKER) if trace in str(resources).encode()]
