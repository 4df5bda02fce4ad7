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

from ansible_collections.lumenfall.cloud.plugins.doc_fragments._lumenfall import ModuleDocFragment
from ansible_collections.lumenfall.cloud.plugins.module_utils import _options
from ansible_collections.lumenfall.cloud.plugins.module_utils._core.settings import ENVIRONMENT
from pulumi_lumenfall import cli
from pulumi_lumenfall.config import CONFIG_KEYS, config_layer
from pulumi_lumenfall.core import ConfigurationError, LumenfallClient, Settings, resolve_settings

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "pulumi_lumenfall/provider/schema.json").read_text())
#: verify is not among them: it has no variable, config key or flag, on purpose.
SETTINGS = tuple(ENVIRONMENT)
#: No setting may be this.
WRONG = "no no"


@pytest.mark.parametrize("setting", SETTINGS)
def test_core(setting: str) -> None:
    assert setting in {field.name for field in fields(Settings)}, f"{setting} is missing in _core/settings.py"
    assert setting in inspect.signature(LumenfallClient).parameters, f"{setting} is missing in _core/client.py"


@pytest.mark.parametrize("setting", SETTINGS)
def test_ansible(setting: str) -> None:
    assert setting in _options.SETTINGS, f"{setting} is missing in module_utils/_options.py"
    option = _options.SETTINGS[setting]
    assert option in _options.ARGUMENT_SPEC, f"{option} is missing in ARGUMENT_SPEC of module_utils/_options.py"
    for part in ("DOCUMENTATION", "SOURCES"):
        documented = yaml.safe_load(getattr(ModuleDocFragment, part))["options"]
        assert option in documented, f"{option} is missing in {part} of doc_fragments/_lumenfall.py"
    with pytest.raises(ConfigurationError, match=f"^{option}: "):
        _options.read_settings({"api_key": "key", option: WRONG}, {})


@pytest.mark.parametrize("setting", SETTINGS)
def test_pulumi(setting: str) -> None:
    assert setting in CONFIG_KEYS, f"{setting} is missing in pulumi_lumenfall/_properties.py"
    values = {CONFIG_KEYS["api_key"]: "key", CONFIG_KEYS[setting]: WRONG}
    with pytest.raises(ConfigurationError, match=f"^{CONFIG_KEYS[setting]}: "):
        resolve_settings(config_layer(values.get), environ={})

    key = CONFIG_KEYS[setting].removeprefix("lumenfall:")
    variables = SCHEMA["config"]["variables"]
    assert key in variables, f"{key} is missing in config of provider/schema.json"
    assert variables[key]["defaultInfo"]["environment"] == list(ENVIRONMENT[setting])
    assert key in SCHEMA["provider"]["inputProperties"], f"{key} is missing in provider of provider/schema.json"


@pytest.mark.parametrize("command", ["show", "check --minimum=5", "doctor"])
@pytest.mark.parametrize("setting", [name for name in SETTINGS if name != "api_key"])
def test_command_line(
    setting: str, command: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flag is known and reaches the core (cli/arguments.py), also the doctor's (cli/doctor/settings.py)."""
    monkeypatch.setenv("LUMENFALL_API_KEY", "key")
    monkeypatch.setenv("LUMENFALL_API_BASE", "http://127.0.0.1:1")
    monkeypatch.setenv("LUMENFALL_TIMEOUT", "0.1")
    flag = f"--{setting.replace('_', '-')}"
    assert cli.main([*command.split(), f"{flag}={WRONG}"]) == 3
    said = "".join(capfd.readouterr())
    assert f"{flag}: " in said, f"{flag} does not reach the core: {said}"


@pytest.mark.parametrize("setting", SETTINGS)
def test_readme(setting: str) -> None:
    text = (ROOT / "README.md").read_text()
    rows = [row for row in text.splitlines() if f"| `{setting}` |" in row]
    assert len(rows) == 1, f"{setting} is missing in the table of settings in README.md"
    for name in (*ENVIRONMENT[setting], CONFIG_KEYS[setting], _options.SETTINGS[setting]):
        assert f"`{name}`" in rows[0]
