# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Write the pages of docs/reference that are made from the code; ``--check`` only says which are out of date.

They are committed, so that they read on GitHub as they do on the site.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import griffe

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/pulumi-lumenfall/pulumi-lumenfall/blob/main"
COLLECTION = "lumenfall.cloud"
CORE = "ansible_collections.lumenfall.cloud.plugins.module_utils._core"
COMMANDS = ("show", "check", "estimate", "run", "doctor", "sandbox", "completion")
PYTHON = {
    "Pulumi programs": (
        *("functions.get_balance", "functions.get_balance_output", "functions.require_balance"),
        *("functions.estimate_cost", "functions.estimate_cost_output"),
        *("hooks.balance_hook", "hooks.gate_stack", "resource.Balance", "policy.require_balance_policy"),
    ),
    "Any Python program": (
        *("client.LumenfallClient", "models.AccountBalance", "models.Gate", "models.Verdict", "models.judge_error"),
        *("pricing.CostEstimate", "errors.LumenfallError"),
    ),
    "The sandbox": ("sandbox.Sandbox",),
}
# What Ansible's documentation calls things: option, value, code, environment variable, return value, ...
_MACRO = re.compile(r"\b(?:[OVCEBI]|RV)\((?:[^)#]*#\w+:)?([^)]*)\)|\b[MP]\(([^)#]*)(?:#\w+)?\)|\bU\(([^)]*)\)")


def command_line() -> Iterator[str]:
    """The help of each command."""
    yield "# Command line\n\n`lumenfall-balance [COMMAND] [OPTIONS]`; without a command, `show`.\n"
    yield "[Output formats](formats.md) has the fields and the exit statuses.\n"
    environment = {**os.environ, "COLUMNS": "100"}
    for command in COMMANDS:
        words = [sys.executable, "-m", "pulumi_lumenfall.cli", command, "--help"]
        text = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
        yield f"\n## {command}\n\n```text\n{text.strip()}\n```\n"


def ansible() -> Iterator[str]:
    """Options and return values of modules, lookup, test and role, as ``ansible-doc`` has them."""
    yield f"# Ansible collection\n\nThe collection `{COLLECTION}`. "
    yield "[Gate a playbook](../guides/gate-a-playbook.md) has examples; `ansible-doc` shows the same in a terminal.\n"
    for kind, name in (
        *(("module", "lumenfall_balance"), ("module", "lumenfall_estimate"), ("role", "require_balance")),
        *(("lookup", "lumenfall_balance"), ("test", "funded")),
    ):
        words = ["ansible-doc", "--json", "--type", kind, f"{COLLECTION}.{name}"]
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT)}
        printed = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
        (found,) = json.loads(printed).values()
        document = next(iter(found["entry_points"].values())) if kind == "role" else found["doc"]
        yield f"\n## {kind.capitalize()} {name}\n\n"
        yield "\n".join(f"- {_plain(line)}" for line in _lines(document["description"])) + "\n"
        yield "\n| option | type, default | meaning |\n|---|---|---|\n"
        for option, spec in document.get("options", {}).items():
            default = f", `{json.dumps(spec['default'])}`" if spec.get("default") is not None else ""
            choices = spec.get("choices") or []
            values = f" One of {', '.join(f'`{value}`' for value in choices)}." if choices else ""
            required = " Required." if spec.get("required") else ""
            meaning = " ".join(map(_plain, _lines(spec["description"])))
            yield f"| `{option}` | {spec.get('type', 'str')}{default} | {meaning}{values}{required} |\n"
        if found.get("return") and kind == "module":
            yield "\n| returned | type | when | meaning |\n|---|---|---|---|\n"
            for value, spec in found["return"].items():
                meaning = " ".join(map(_plain, _lines(spec["description"])))
                yield f"| `{value}` | {spec['type']} | {_plain(spec.get('returned', ''))} | {meaning} |\n"


def plugin() -> Iterator[str]:
    """Functions, resources and configuration, from the schema."""
    schema = json.loads((ROOT / "pulumi_lumenfall/provider/schema.json").read_text(encoding="utf-8"))
    yield "# Provider plugin\n\nThe Pulumi package `lumenfall`, for programs in every language. "
    yield f"The [installation page]({REPOSITORY}/docs/installation-configuration.md) says how to add it.\n"
    yield from _properties("Configuration", schema["config"]["variables"])
    for token, function in schema["functions"].items():
        yield f"\n## Function {token}\n\n{_prose(function)}"
        yield from _properties("Arguments", function["inputs"]["properties"], function["inputs"].get("required", ()))
        yield from _properties("Result", function["outputs"]["properties"])
    for token, resource in schema["resources"].items():
        yield f"\n## Resource {token}\n\n{_prose(resource)}"
        yield from _properties("Inputs", resource["inputProperties"], resource.get("requiredInputs", ()))
        yield from _properties("Outputs", resource["properties"])


def python() -> Iterator[str]:
    """Signatures and docstrings of the public names."""
    yield "# Python\n\n`pulumi_lumenfall` is for Pulumi programs. `pulumi_lumenfall.core` is for any Python program "
    yield "and does not import pulumi.\n"
    package = griffe.load("pulumi_lumenfall", search_paths=[str(ROOT)], docstring_parser="google")
    core = griffe.load(CORE, search_paths=[str(ROOT)], docstring_parser="google", resolve_aliases=False)
    for title, names in PYTHON.items():
        yield f"\n## {title}\n"
        for name in names:
            place = core if title == "Any Python program" else package
            yield from _object(place[name])


def _object(found: Any) -> Iterator[str]:
    is_class = found.is_class
    function = found.members.get("__init__") if is_class else found
    yield f"\n### {found.name}\n\n"
    if function is not None:
        yield f"```python part\n{_signature(found.name, function)}\n```\n\n"
    for documented in dict.fromkeys(part for part in (found, function) if part is not None):
        for section in documented.docstring.parsed if documented.docstring else ():
            yield from _section(section)
    for method in found.members.values() if is_class else ():
        if not method.name.startswith("_") and method.docstring and (method.is_function or "property" in method.labels):
            first = " ".join(method.docstring.value.partition("\n\n")[0].split())
            call = "()" if method.is_function and "property" not in method.labels else ""
            yield f"- `.{method.name}{call}`: {_rst(first)}\n"


def _signature(name: str, function: Any) -> str:
    parameters, is_keyword = [], False
    for parameter in function.parameters:
        if parameter.name == "self":
            continue
        if parameter.kind.name == "keyword_only" and not is_keyword:
            parameters.append("*")
            is_keyword = True
        default = f"={parameter.default}" if parameter.default is not None else ""
        parameters.append(f"{parameter.name}{default}")
    return f"{name}({', '.join(parameters)})"


def _section(section: Any) -> Iterator[str]:
    kind = section.kind.value
    if kind == "text":
        yield f"{_rst(section.value)}\n\n"
    elif kind == "returns":
        yield f"Returns: {_rst(' '.join(word for item in section.value for word in item.description.split()))}\n\n"
    elif kind in ("parameters", "attributes", "raises"):
        yield f"{kind.capitalize()}:\n\n"
        for item in section.value:
            name = item.annotation if kind == "raises" else item.name
            yield f"- `{name}`: {_rst(' '.join(item.description.split()))}\n"
        yield "\n"


def _rst(text: str) -> str:
    """Docstring markup as Markdown."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text).replace("``", "`")
    return re.sub(r"\n?::\n\n((?:    .*\n?|\n)+)", lambda code: _code(code[1]), text).rstrip()


def _code(block: str) -> str:
    lines = "\n".join(line[4:] for line in block.rstrip().splitlines())
    return f"\n\n```python part\n{lines}\n```\n\n"


def _properties(title: str, properties: dict[str, Any], required: Iterable[str] = ()) -> Iterator[str]:
    yield f"\n{title}:\n\n| name | type | meaning |\n|---|---|---|\n"
    for name, spec in properties.items():
        notes = [word for word, holds in (("required", name in required), ("secret", spec.get("secret"))) if holds]
        kind = spec.get("type") or spec["$ref"].rpartition(":")[2].rpartition("/")[2]
        meaning = " ".join(spec.get("description", "").split()).replace("|", "\\|")
        yield f"| `{name}` | {', '.join([kind, *notes])} | {meaning} |\n"


def _prose(spec: dict[str, Any]) -> str:
    # The examples are for the Pulumi Registry and the generated SDKs.
    return str(spec["description"]).partition("{{% examples %}}")[0].strip() + "\n"


def _lines(text: Any) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def _plain(text: str) -> str:
    marked = _MACRO.sub(lambda macro: f"`{macro[1] or macro[2]}`" if macro[3] is None else f"<{macro[3]}>", text)
    return " ".join(marked.split()).replace("|", "\\|")


def main() -> int:
    """Write the pages, or check them."""
    stale = []
    for page in (command_line, ansible, plugin, python):
        path = ROOT / "docs/reference" / f"{page.__name__.replace('_', '-')}.md"
        text = "".join(page()).rstrip() + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print(f"out of date: {', '.join(stale)}; run: python tools/reference_pages.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
