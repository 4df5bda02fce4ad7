# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The schema: what the plugin serves, and what the Python package and the plugin's code call by the same names."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

import pulumi_lumenfall
from pulumi_lumenfall._properties import ANSWERS, GATE_INPUTS
from pulumi_lumenfall.config import CONFIG_KEYS
from pulumi_lumenfall.core import __version__
from support.plugin import Plugin

FILE = Path(pulumi_lumenfall.__file__).with_name("provider") / "schema.json"


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(FILE.read_text(encoding="utf-8"))


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def test_it_is_what_the_plugin_serves(process: Plugin, schema: Any) -> None:
    assert json.loads(process.stub.GetSchema(pb.GetSchemaRequest()).schema) == schema


def test_the_version_is_the_one_of_everything(schema: Any) -> None:
    assert schema["version"] == __version__


def test_config_is_what_the_package_reads(schema: Any) -> None:
    """The environment is named for the config alone.

    As a default of a provider's property, the generated SDKs would read it in the program and write it into the state.
    """
    names = [key.removeprefix("lumenfall:") for key in CONFIG_KEYS.values()]
    variables, properties = schema["config"]["variables"], schema["provider"]["inputProperties"]
    assert sorted(variables) == sorted(properties) == sorted(names)
    for name in names:
        assert variables[name]["defaultInfo"]["environment"]
        assert "defaultInfo" not in properties[name]
        assert all(
            f"`{variable}`" in properties[name]["description"]
            for variable in variables[name]["defaultInfo"]["environment"]
        )
    assert variables["apiKey"]["secret"] is properties["apiKey"]["secret"] is True


def test_the_environment_is_what_the_core_reads(schema: Any) -> None:
    from ansible_collections.lumenfall.cloud.plugins.module_utils._core.settings import ENVIRONMENT

    for setting, key in CONFIG_KEYS.items():
        default = schema["config"]["variables"][key.removeprefix("lumenfall:")]["defaultInfo"]
        assert tuple(default["environment"]) == ENVIRONMENT[setting]


def test_the_function_has_the_names_of_the_python_one(schema: Any) -> None:
    function = schema["functions"]["lumenfall:index:getBalance"]
    assert tuple(function["inputs"]["properties"]) == GATE_INPUTS
    python = inspect.signature(pulumi_lumenfall.get_balance).parameters
    assert set(map(snake, GATE_INPUTS)) <= set(python)
    assert sorted(function["outputs"]["properties"]) == sorted(ANSWERS)
    for name in function["outputs"]["properties"]:
        assert isinstance(getattr(pulumi_lumenfall.GetBalanceResult, snake(name)), property)
    for name in schema["types"]["lumenfall:index:AvailableBalance"]["properties"]:
        assert isinstance(getattr(pulumi_lumenfall.AvailableBalance, name), property)


def test_the_resource_has_the_names_of_the_python_one(schema: Any) -> None:
    resource = schema["resources"]["lumenfall:index:Balance"]
    assert tuple(resource["inputProperties"]) == GATE_INPUTS
    assert set(map(snake, GATE_INPUTS)) <= set(inspect.signature(pulumi_lumenfall.Balance.__init__).parameters)
    assert sorted(resource["properties"]) == sorted((*GATE_INPUTS, *ANSWERS))
    assert set(map(snake, ANSWERS)) <= set(pulumi_lumenfall.Balance.__annotations__)


def test_all_is_described(schema: Any) -> None:
    """It is the reference documentation."""

    def undescribed(node: Any, path: str = "") -> list[str]:
        if not isinstance(node, dict):
            return []
        missing = [] if "description" in node or not ({"type", "$ref", "inputProperties"} & set(node)) else [path]
        return missing + [found for name, child in node.items() for found in undescribed(child, f"{path}/{name}")]

    parts = {part: schema[part] for part in ("config", "provider", "types", "resources", "functions")}
    assert [path for path in undescribed(parts) if not path.endswith("/inputs")] == []
