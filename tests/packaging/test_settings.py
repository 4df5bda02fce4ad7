# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every setting of the core has its name at every door: what CONTRIBUTING.md tells somebody who adds one."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from ansible_collections.lumenfall.cloud.plugins.doc_fragments import _lumenfall
from ansible_collections.lumenfall.cloud.plugins.module_utils import _options
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.settings import ENVIRONMENT
from pulumi_lumenfall.cli.arguments import make_parser
from pulumi_lumenfall.config import CONFIG_KEYS
from pulumi_lumenfall.core import LumenfallClient, Settings

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "pulumi_lumenfall/provider/schema.json").read_text())
#: verify has no environment variable, config key or flag, and the key has no flag, on purpose.
SETTINGS = tuple(ENVIRONMENT)


@pytest.mark.parametrize("setting", SETTINGS)
def test_core(setting: str) -> None:
    assert setting in inspect.signature(LumenfallClient).parameters, "_core/client.py"
    assert setting in {field.name for field in fields(Settings)}, "_core/settings.py"


@pytest.mark.parametrize("setting", SETTINGS)
def test_ansible(setting: str) -> None:
    option = _options.SETTINGS[setting]
    assert option in _options.ARGUMENT_SPEC, "module_utils/_options.py"
    for name in ("DOCUMENTATION", "SOURCES"):
        documented = yaml.safe_load(getattr(_lumenfall.ModuleDocFragment, name))["options"]
        assert option in documented, f"plugins/doc_fragments/_lumenfall.py: {name}"


@pytest.mark.parametrize("setting", SETTINGS)
def test_pulumi(setting: str) -> None:
    key = CONFIG_KEYS[setting].removeprefix("lumenfall:")
    assert key in SCHEMA["config"]["variables"], "provider/schema.json: config"
    assert key in SCHEMA["provider"]["inputProperties"], "provider/schema.json: provider"
    declared = SCHEMA["config"]["variables"][key]["defaultInfo"]["environment"]
    assert declared == list(ENVIRONMENT[setting]), "provider/schema.json: defaultInfo"


@pytest.mark.parametrize("setting", [name for name in SETTINGS if name != "api_key"])
@pytest.mark.parametrize("command", ["show", "check", "doctor"])
def test_command_line(setting: str, command: str) -> None:
    assert f"--{setting.replace('_', '-')} " in make_parser(command).format_help(), "cli/arguments.py"


@pytest.mark.parametrize("setting", SETTINGS)
def test_readme(setting: str) -> None:
    rows = [row for row in (ROOT / "README.md").read_text().splitlines() if f"| `{setting}` |" in row]
    (row,) = rows
    for name in (*ENVIRONMENT[setting], CONFIG_KEYS[setting], _options.SETTINGS[setting]):
        assert f"`{name}`" in row
