# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The example of each language, as a whole project: the same outputs and the same messages in all."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from pulumi_lumenfall.sandbox import Sandbox
from support.pulumi_project import PulumiProject
from support.sdks import go_environment, go_module, toolchain

EXAMPLES = Path(__file__).parents[2] / "examples"
LANGUAGES = ("python", "typescript", "go", "yaml")
PROBLEM = "error: lumenfall:index:Balance resource 'funds' has a problem: "
# As in Python: see tests/pulumi.
TOO_LOW = "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"
REFUSED = "(HTTP 401"


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def project(
    language: str,
    request: pytest.FixtureRequest,
    polyglot_bin: Path,
    tmp_path: Path,
    api: Sandbox,
    sdks: Path,
    real_home: Path,
) -> PulumiProject:
    """A copy of the example in which `pulumi package add` and the language's own installer have been."""
    env = {**api.environ, "LUMENFALL_MAX_ATTEMPTS": "1"}
    example = EXAMPLES / f"plugin-{language}"
    project = PulumiProject(tmp_path, example, pulumi_bin=polyglot_bin, env=env)
    programs = []
    if language == "python":
        project.environment["PYTHONPATH"] = str(request.getfixturevalue("python_sdk"))
    elif language == "typescript":
        (project.directory / "node_modules").symlink_to(request.getfixturevalue("node_packages"))
        programs = [toolchain("node")]
    elif language == "go":
        go_module(project.directory, sdks / "go")
        project.environment.update(go_environment(real_home))
        programs = [toolchain("go")]
    project.environment["PATH"] = os.pathsep.join([project.environment["PATH"], *(str(p.parent) for p in programs)])
    return project.stack_init()


def problems(output: str) -> list[str]:
    """The errors, each once."""
    return list(dict.fromkeys(re.findall(r"error: .*", output)))


def test_with_funds_and_without(language: str, project: PulumiProject, api: Sandbox) -> None:
    project.up().check()
    assert project.stack_output() == {
        "available": {"amount": 12.5, "currency": "usd"},
        "status": "known",
        "sufficient": True,
    }
    resources = [resource["urn"].rpartition("::")[2] for resource in project.export()["deployment"]["resources"]]
    assert "funds" in resources
    # The host of YAML that can be had here knows no Stash.
    assert ("gpu" in resources) is (language != "yaml")

    api.amount = "3.20"
    preview = project.preview()
    assert preview.returncode != 0
    found = problems(preview.output)
    assert PROBLEM + TOO_LOW in found
    # The program asks for the function and the resource at once, and the end of one may interrupt the other.
    assert len(found) == 1 or language == "yaml" or any("interrupted" in line for line in found), found

    api.status = 401
    refused = project.preview()
    assert refused.returncode != 0
    assert any(REFUSED in line for line in problems(refused.output))

    project.destroy().check()


def test_go_users_get_the_version_that_is_tested() -> None:
    pinned = r"github.com/pulumi/pulumi/sdk/v3 (v[\d.]+)"
    example = (EXAMPLES / "plugin-go" / "go.mod").read_text(encoding="utf-8")
    tested = (Path(__file__).with_name("go") / "go.mod").read_text(encoding="utf-8")
    assert re.findall(pinned, example) == re.findall(pinned, tested)
