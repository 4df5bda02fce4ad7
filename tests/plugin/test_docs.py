# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The pages for the registry, and the examples in the schema: what they name exists, and their code is right."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pulumi_lumenfall.core import __version__
from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import leaked
from support.pulumi_project import PulumiProject
from support.sdks import go_environment, go_module, toolchain

ROOT = Path(__file__).parents[2]
INDEX = (ROOT / "docs" / "_index.md").read_text(encoding="utf-8")
INSTALLATION = (ROOT / "docs" / "installation-configuration.md").read_text(encoding="utf-8")
SCHEMA: dict[str, Any] = json.loads(
    (ROOT / "pulumi_lumenfall" / "provider" / "schema.json").read_text(encoding="utf-8")
)
IN_SCHEMA = "\n".join(part["description"] for part in (*SCHEMA["functions"].values(), *SCHEMA["resources"].values()))


def blocks(language: str, *texts: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", "\n".join(texts), re.MULTILINE | re.DOTALL)
    assert found
    return found


def test_config_is_that_of_the_schema() -> None:
    """Each key with the environment variables that stand in for it."""
    rows = re.findall(r"^\| `lumenfall:(\w+)` \| (.*?) \|", INSTALLATION, re.MULTILINE)
    documented = {key: re.findall(r"`(\w+)`", variables) for key, variables in rows}
    served = {key: spec["defaultInfo"]["environment"] for key, spec in SCHEMA["config"]["variables"].items()}
    assert documented == served


def test_the_version_is_the_one_of_everything() -> None:
    assert set(re.findall(r"\b\d+\.\d+\.\d+\b", INSTALLATION)) == {__version__}


def test_typescript(node_packages: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(node_packages)
    found = blocks("typescript", INDEX, INSTALLATION, IN_SCHEMA)
    for number, text in enumerate(found):
        (tmp_path / f"block{number}.ts").write_text(text, encoding="utf-8")
    options = json.loads((ROOT / "examples" / "plugin-typescript" / "tsconfig.json").read_text(encoding="utf-8"))
    options["files"] = [f"block{number}.ts" for number in range(len(found))]
    (tmp_path / "tsconfig.json").write_text(json.dumps(options), encoding="utf-8")
    compile_ = [str(toolchain("node")), str(node_packages / "typescript" / "bin" / "tsc"), "--noEmit"]
    done = subprocess.run(compile_, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


def test_go(sdks: Path, real_home: Path, tmp_path: Path) -> None:
    go_module(tmp_path, sdks / "go")
    texts = blocks("go", INDEX, INSTALLATION)
    # Those of the schema are the inside of a program.
    texts += [GO_PROGRAM % inside.replace("\n", "\n\t\t") for inside in blocks("go", IN_SCHEMA)]
    for number, text in enumerate(texts):
        (tmp_path / f"block{number}").mkdir()
        (tmp_path / f"block{number}" / "main.go").write_text(text, encoding="utf-8")
    vet = [str(toolchain("go")), "vet", "./block..."]
    env = {**os.environ, **go_environment(real_home)}
    done = subprocess.run(vet, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr


GO_PROGRAM = """package main

import (
	"errors"
	"strconv"

	"github.com/pulumi-lumenfall/pulumi-lumenfall/sdk/go/lumenfall"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var _, _ = errors.New, strconv.ParseFloat

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		%s
		return nil
	})
}
"""


@pytest.mark.parametrize("program", blocks("python", INDEX, INSTALLATION))
def test_python(program: str, polyglot_bin: Path, python_sdk: Path, tmp_path: Path, api: Sandbox) -> None:
    preview(PulumiProject(tmp_path, program, pulumi_bin=polyglot_bin, env={"PYTHONPATH": str(python_sdk)}), api)


@pytest.mark.parametrize("program", blocks("yaml", INDEX, INSTALLATION))
def test_yaml(program: str, polyglot_bin: Path, tmp_path: Path, api: Sandbox) -> None:
    project = PulumiProject(tmp_path, "", pulumi_bin=polyglot_bin)
    (project.directory / "Pulumi.yaml").write_text(program, encoding="utf-8")
    preview(project, api)


def preview(project: PulumiProject, api: Sandbox) -> None:
    """The default account has enough for both gates, and so has the studio's."""
    api.amount = "50"
    project.environment.update(api.environ)
    project.stack_init()
    name = re.search(r"^name: (.+)$", (project.directory / "Pulumi.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    assert name is not None
    project.config_set(f"{name[1]}:studioKey", api.key, secret=True)
    done = project.preview().check()
    assert re.search(r"amount *: 50", done.output)
    assert not leaked(done.output)
