# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The engine and the helper that runs it work as the other Pulumi tests assume."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from support.pulumi_project import MakeProject

CONSTANT = """
import pulumi

pulumi.export("answer", 42)
"""

CONFIG = """
import pulumi

config = pulumi.Config("lumenfall")
pulumi.export("key", config.require_secret("apiKey"))
pulumi.export("minimum", config.require("minimum"))
"""

DYNAMIC = """
import pulumi
from pulumi import dynamic


class EchoProvider(dynamic.ResourceProvider):
    def create(self, props):
        return dynamic.CreateResult("echo-1", {"said": props["say"]})


class Echo(dynamic.Resource):
    said: pulumi.Output[str]

    def __init__(self, name, say):
        super().__init__(EchoProvider(), name, {"say": say, "said": None})


pulumi.export("said", Echo("echo", "hello").said)
"""

ENVIRONMENT = """
import os

import pulumi

pulumi.export("environment", sorted(os.environ))
"""

# It holds a connection for as long as it lives: more telling than its process id, which a zombie keeps.
ENDLESS = """
import socket
import time

connection = socket.create_connection(("127.0.0.1", {port}))
print("waiting", flush=True)
time.sleep(600)
"""


def test_life_of_a_stack(make_project: MakeProject) -> None:
    """A program is previewed, deployed, refreshed and destroyed, and only the deployment leaves outputs."""
    project = make_project(CONSTANT)
    assert "answer: 42" in project.preview().check().output
    assert project.stack_output() == {}
    project.up().check()
    assert project.stack_output() == {"answer": 42}
    project.refresh().check()
    project.destroy().check()
    assert "resources" not in project.export()["deployment"]


def test_dynamic_resource(make_project: MakeProject) -> None:
    """A dynamic resource is created in its provider process, from a preview that creates nothing."""
    project = make_project(DYNAMIC)
    project.up(skip_preview=False).check()
    assert project.stack_output() == {"said": "hello"}
    types = [resource["type"] for resource in project.export()["deployment"]["resources"]]
    assert "pulumi-python:dynamic:Resource" in types
    project.destroy().check()


def test_config(make_project: MakeProject) -> None:
    """Config reaches the program as it was set, and a secret is nowhere on disk in the clear."""
    project = make_project(CONFIG)
    project.config_set("lumenfall:apiKey", "-lmnfl_id.secret", secret=True)
    project.config_set("lumenfall:minimum", "-5.00")
    project.up().check()
    assert project.stack_output() == {"key": "[secret]", "minimum": "-5.00"}
    assert project.stack_output(show_secrets=True)["key"] == "-lmnfl_id.secret"
    assert b"lmnfl_id" not in project.state_bytes()
    assert b"-5.00" in project.state_bytes()


def test_failing_program(make_project: MakeProject) -> None:
    """A RunError comes back as an exit status and one line, not as an exception of the helper."""
    result = make_project("import pulumi\nraise pulumi.RunError('too low')\n").preview()
    assert result.returncode != 0
    assert "error: too low" in result.output
    with pytest.raises(AssertionError, match="too low"):
        result.check()


def test_environment_is_clean(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's environment reaches a program, and what the test sets does."""
    for name in ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "LUMENFALL_API_KEY", "PULUMI_CONFIG"):
        monkeypatch.setenv(name, "of-the-machine")
    project = make_project(ENVIRONMENT, env={"LUMENFALL_TIMEOUT": "5"})
    project.up().check()
    names = project.stack_output()["environment"]
    assert "LUMENFALL_TIMEOUT" in names
    assert not {"HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "LUMENFALL_API_KEY"} & set(names)
    assert b"of-the-machine" not in project.state_bytes()


def test_copied_project(make_project: MakeProject, tmp_path: Path) -> None:
    """A whole project runs from a copy, without the stacks and virtual environments of a developer."""
    example = tmp_path / "example"
    (example / ".venv").mkdir(parents=True)
    (example / "Pulumi.yaml").write_text("name: example\nruntime: python\n", encoding="utf-8")
    (example / "Pulumi.dev.yaml").write_text("encryptionsalt: of the developer\n", encoding="utf-8")
    (example / "__main__.py").write_text(CONSTANT, encoding="utf-8")
    project = make_project(example)
    assert "answer: 42" in project.preview().check().output
    assert not (project.directory / ".venv").exists()


def test_overdue_command(make_project: MakeProject) -> None:
    """A command that does not end is stopped, program included, and its output is in the failure."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        project = make_project(ENDLESS.format(port=server.getsockname()[1]))
        with pytest.raises(AssertionError, match=r"(?s)not done after 15 s.*waiting"):
            project.preview(timeout_seconds=15)
        connection, _ = server.accept()
        with connection:
            connection.settimeout(10)
            assert connection.recv(1) == b"", "the program still runs"
