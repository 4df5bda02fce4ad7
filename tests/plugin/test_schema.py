# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The schema: what the plugin serves, with the names of the Python package and of the core's settings."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import provider_pb2 as pb

import pulumi_lumenfall
from pulumi_lumenfall.core import SETTINGS, __version__
from pulumi_lumenfall.evaluate import GATE_INPUTS, OUTPUTS
from support.plugin import Plugin

COST_INPUTS = ("request", "endpoint", "times", "margin")

FILE = Path(pulumi_lumenfall.__file__).with_name("provider") / "schema.json"
SCHEMA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def test_it_is_what_the_plugin_serves(process: Plugin) -> None:
    assert json.loads(process.stub.GetSchema(pb.GetSchemaRequest()).schema) == SCHEMA
    assert SCHEMA["version"] == __version__


def test_config_is_the_table_of_settings() -> None:
    """The environment is named for the config alone.

    As a default of a provider's property, the generated SDKs would read it in the program and write it into the state.
    """
    variables, properties = SCHEMA["config"]["variables"], SCHEMA["provider"]["inputProperties"]
    settings = {setting.config_key: setting for setting in SETTINGS if setting.config_key}
    assert list(variables) == list(properties) == list(settings)
    for key, setting in settings.items():
        assert tuple(variables[key]["defaultInfo"]["environment"]) == setting.variables
        assert "defaultInfo" not in properties[key]
        assert all(f"`{variable}`" in properties[key]["description"] for variable in setting.variables)
        assert variables[key].get("secret", False) is properties[key].get("secret", False) is setting.secret


def test_names_are_those_of_the_python_package() -> None:
    resource = SCHEMA["resources"]["lumenfall:index:Balance"]
    assert tuple(resource["inputProperties"]) == GATE_INPUTS
    assert sorted(resource["properties"]) == sorted((*GATE_INPUTS, *OUTPUTS))
    assert set(map(snake, OUTPUTS)) <= set(pulumi_lumenfall.Balance.__annotations__)
    function = SCHEMA["functions"]["lumenfall:index:getBalance"]
    assert tuple(function["inputs"]["properties"]) == GATE_INPUTS
    assert set(function["inputs"]["properties"]) <= set(inspect.signature(pulumi_lumenfall.get_balance).parameters)
    assert sorted(function["outputs"]["properties"]) == sorted(OUTPUTS)
    estimate = SCHEMA["functions"]["lumenfall:index:estimateCost"]["inputs"]
    assert (list(estimate["properties"]), estimate["required"]) == (list(COST_INPUTS), ["request"])
    for name in OUTPUTS:
        assert hasattr(pulumi_lumenfall.GetBalanceResult, snake(name))


def test_everything_is_described() -> None:
    """The registry makes the reference documentation of it."""

    def undescribed(node: Any, path: str = "") -> list[str]:
        if not isinstance(node, dict):
            return []
        missing = [] if "description" in node or not ({"type", "$ref", "inputProperties"} & set(node)) else [path]
        return missing + [found for name, child in node.items() for found in undescribed(child, f"{path}/{name}")]

    parts = {part: SCHEMA[part] for part in ("config", "provider", "types", "resources", "functions")}
    assert [path for path in undescribed(parts) if not path.endswith(("/inputs", "/additionalProperties"))] == []
