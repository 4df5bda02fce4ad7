# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What is written by hand about the settings is what the table in ``_core/settings.py`` says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.lumenfall.cloud.plugins.doc_fragments._lumenfall import ModuleDocFragment
from pulumi_lumenfall.core import SETTINGS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/settings.md").read_text()
SCHEMA = json.loads((ROOT / "pulumi_lumenfall/provider/schema.json").read_text())
BY_NAME = {setting.name: setting for setting in SETTINGS}
CONFIGURABLE = [name for name, setting in BY_NAME.items() if setting.config_key]


def test_the_page_lists_all_settings() -> None:
    """Python, Ansible, command line, environment and Pulumi config, in this order, in the table of the page."""
    table = PAGE.partition("## Settings")[2].partition("\n\n- **")[0]
    documented = {}
    for row in re.findall(r"^\| [^|]+ \| `\w+` \|.*$", table, re.MULTILINE):
        _, _, python, *columns, _default, _ = [re.findall(r"`([^`]+)`", cell) for cell in row.split("|")]
        documented[python[0]] = columns
    assert documented == {
        setting.name: [
            [setting.ansible],
            [setting.flag] if setting.flag else [],
            list(setting.variables),
            [f"lumenfall:{setting.config_key}"] if setting.config_key else [],
        ]
        for setting in SETTINGS
    }


@pytest.mark.parametrize("name", BY_NAME)
def test_ansible_documents_the_option(name: str) -> None:
    setting = BY_NAME[name]
    option = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"][setting.ansible]
    assert option["type"] == setting.ansible_type
    described = " ".join(option["description"])
    assert re.findall(r"E\((\w+)\)", described)[: len(setting.variables)] == list(setting.variables)


@pytest.mark.parametrize("name", CONFIGURABLE)
def test_the_plugin_takes_the_key(name: str) -> None:
    setting = BY_NAME[name]
    variable = SCHEMA["config"]["variables"][setting.config_key]
    assert variable["defaultInfo"]["environment"] == list(setting.variables)
    assert bool(variable.get("secret")) == setting.secret
    assert setting.config_key in SCHEMA["provider"]["inputProperties"]


def test_the_plugin_takes_no_other_key() -> None:
    assert set(SCHEMA["config"]["variables"]) == {BY_NAME[name].config_key for name in CONFIGURABLE}
