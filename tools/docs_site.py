# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What the documentation site takes from elsewhere in the checkout, as hooks of MkDocs.

The reference is made where the words are: the collection's from its documentation (antsibull-docs), the plugin's from
schema.json, the command line's from its parsers; README sections, the changelog and CONTRIBUTING.md are shown as they
are. A file of docs/ that has a place in the navigation and is not there is left out; every link of the finished pages
is followed. A warning here fails ``mkdocs build --strict``.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from docutils.core import publish_parts
from mkdocs.structure.files import File, Files
from mkdocs.structure.toc import get_toc

from pulumi_lumenfall.cli.arguments import COMMANDS, make_parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "pulumi_lumenfall/provider/schema.json"
COLLECTION_PAGES = ("lumenfall_balance_module", "require_balance_role", "funded_test", "lumenfall_balance_lookup")
PROJECT_PAGES = {"release-notes.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md", "security.md": "SECURITY.md"}
log = logging.getLogger("mkdocs.hooks.docs_site")


def on_config(config: MkDocsConfig) -> None:
    """Leave out of the navigation what is not there."""
    made = {*PROJECT_PAGES, "reference/command-line.md", "reference/plugin.md"}
    made |= {f"reference/{name}.md" for name in COLLECTION_PAGES}

    def there(entry: Any) -> Any:
        if isinstance(entry, list):
            return [found for item in entry if (found := there(item))]
        if isinstance(entry, dict):
            return {title: found for title, item in entry.items() if (found := there(item))}
        return entry if entry in made or (Path(config.docs_dir) / entry).exists() else None

    config.nav = there(config.nav)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from something else."""
    pages = {
        "reference/command-line.md": command_line(),
        "reference/plugin.md": plugin(json.loads(SCHEMA.read_text(encoding="utf-8"))),
    }
    for name, source in PROJECT_PAGES.items():
        pages[name] = (ROOT / source).read_text(encoding="utf-8")
    # Filled in by on_page_content: antsibull-docs writes what Markdown cannot hold.
    pages |= {f"reference/{name}.md": f"# {name}\n" for name in COLLECTION_PAGES}
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_rest: Any) -> str:
    """Take README sections in, point links at what is outside docs/, drop a fence's second word: it is for tests."""
    where = ROOT / PROJECT_PAGES.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    markdown = re.sub(r"^<!-- README: (.+) -->$", lambda match: readme(match[1]), markdown, flags=re.MULTILINE)
    markdown = re.sub(r"^(\s*```\w+) [\w ]+$", r"\1", chooser(markdown), flags=re.MULTILINE)
    if markdown.startswith("---\n"):
        markdown = markdown.partition("\n---\n")[2]

    def point(match: re.Match[str]) -> str:
        target, _, anchor = match[1].partition("#")
        if not target or ":" in target:
            return match[0]
        docs = Path(config.docs_dir)
        # A README section names files as the README sees them.
        path = next((p for p in (Path(os.path.normpath(where.parent / target)), ROOT / target) if p.exists()), None)
        if path is None or path.is_relative_to(docs):
            path = path or where.parent / target
            with contextlib.suppress(ValueError):
                target = os.path.relpath(path, (docs / page.file.src_uri).parent)
            return f"]({target}{'#' + anchor if anchor else ''})"
        names = {source: name for name, source in PROJECT_PAGES.items()}
        name = path.relative_to(ROOT).as_posix()
        if name in names:
            return f"]({os.path.relpath(docs / names[name], (docs / page.file.src_uri).parent)})"
        return f"]({config.repo_url}/{'tree' if path.is_dir() else 'blob'}/main/{name})"

    return re.sub(r"\]\(([^)\s]+)\)", point, markdown)


def on_page_content(html: str, page: Page, **_rest: Any) -> str:
    """Put the collection's reference in; in docstrings, turn what is reStructuredText and not Markdown."""
    name = Path(page.file.src_uri).stem
    if name not in COLLECTION_PAGES:
        html = re.sub(r":(class|func|meth):(?=<)", "", html)
        return re.sub(r"<p>::</p>\n?", "", html).replace("::</p>", ":</p>")
    body = collection()[name]
    headings = re.findall(r'<section id="([^"]+)">\s*<h(\d)>(.*?)</h\d>', body)
    page.toc = get_toc(
        [{"level": int(n), "id": anchor, "name": text, "children": []} for anchor, n, text in headings if n != "1"]
    )
    return body


def on_post_build(config: MkDocsConfig) -> None:
    """Follow every link of the finished pages: Markdown's own check does not see what is written in HTML."""
    site = Path(config.site_dir)
    pages = {
        path: Anchors(path.read_text(encoding="utf-8")) for path in site.rglob("*.html") if path.name != "404.html"
    }
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = Path(os.path.normpath(path.parent / unquote(parts.path))) if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                log.warning("%s: nothing is at %s", path.relative_to(site), link)
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                log.warning("%s: no such place in the page: %s", path.relative_to(site), link)


class Anchors(HTMLParser):
    """The places in a page, and what it links to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = {"", "__skip"}
        self.links: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag is, or refers to."""
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif name in ("href", "src") and value and tag in ("a", "img", "script", "link"):
                self.links.add(value)


def readme(title: str) -> str:
    """A section of README.md, without its heading."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(rf"^## {re.escape(title)}\n\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if match is None:
        log.warning("README.md has no section %r", title)
        return ""
    return match[1].rstrip()


def chooser(markdown: str) -> str:
    """The Pulumi Registry's way to show a language out of several, as tabs."""
    titles = {
        "csharp": "C#",
        "go": "Go",
        "java": "Java",
        "python": "Python",
        "typescript": "TypeScript",
        "yaml": "YAML",
    }

    def tab(match: re.Match[str]) -> str:
        language = match[1].strip("\"'")
        inside = "".join(f"    {line}\n" if line.strip() else "\n" for line in match[2].strip("\n").splitlines())
        return f'=== "{titles.get(language, language.title())}"\n\n{inside}\n'

    markdown = re.sub(
        r"^\{\{% choosable language ([\w\"']+) %\}\}\n(.*?)^\{\{% /choosable %\}\}\n?",
        tab,
        markdown,
        flags=re.MULTILINE | re.DOTALL,
    )
    return re.sub(r"^\{\{[<%] /?(chooser|example)[^}]*\}\}\n?", "", markdown, flags=re.MULTILINE)


def command_line() -> str:
    """The help of each command."""
    parts = ["# Command line\n\n`lumenfall-balance [COMMAND] [OPTIONS]`; without a command, `show`.\n"]
    for command in COMMANDS:
        # argparse wraps to the terminal it finds.
        parts.append(f"## {command}\n\n```text\n{make_parser(command).format_help().rstrip()}\n```\n")
    return "\n".join(parts)


def plugin(schema: dict[str, Any]) -> str:
    """The plugin's package schema as a page."""

    def kind(property_: dict[str, Any]) -> str:
        reference = property_.get("$ref", "")
        if reference.startswith("#/types/"):
            name = reference.rpartition(":")[2]
            return f"[{name}](#{name.lower()})"
        return str(property_.get("type", reference))

    def table(properties: dict[str, Any], required: Sequence[str] = ()) -> str:
        rows = ["| name | type | meaning |", "|---|---|---|"]
        for name, property_ in properties.items():
            notes = [
                word for word, holds in (("needed", name in required), ("secret", property_.get("secret"))) if holds
            ]
            text = property_.get("description", "").replace("\n", " ").replace("|", "\\|")
            note = f" ({', '.join(notes)})" if notes else ""
            rows.append(f"| `{name}`{note} | {kind(property_)} | {text} |")
        return "\n".join(rows) + "\n"

    def prose(text: str) -> str:
        # The examples are for the Registry's language chooser, and stand in the generated SDKs.
        text = re.sub(r"\{\{% examples %\}\}.*?\{\{% /examples %\}\}", "", text, flags=re.DOTALL)
        return text.strip() + "\n"

    parts = [f"# Provider plugin\n\n{schema['description']} Version {schema['version']}, package `{schema['name']}`.\n"]
    parts += ["## Configuration\n", prose(schema["provider"]["description"]), table(schema["config"]["variables"])]
    for token, function in schema["functions"].items():
        parts += [f"## Function {token.rpartition(':')[2]}\n", f"`{token}`\n", prose(function["description"])]
        parts += ["### Arguments\n", table(function["inputs"]["properties"], function["inputs"].get("required", []))]
        parts += ["### Result\n", table(function["outputs"]["properties"])]
    for token, resource in schema["resources"].items():
        parts += [f"## Resource {token.rpartition(':')[2]}\n", f"`{token}`\n", prose(resource["description"])]
        parts += ["### Inputs\n", table(resource["inputProperties"], resource.get("requiredInputs", []))]
        parts += ["### Outputs\n", table(resource["properties"])]
    parts.append("## Types\n")
    for token, type_ in schema["types"].items():
        parts += [f"### {token.rpartition(':')[2]}\n", prose(type_["description"])]
        if "enum" in type_:
            parts.append("".join(f"- `{value['value']}`: {value['description']}\n" for value in type_["enum"]))
        else:
            parts.append(table(type_["properties"]))
    return "\n".join(parts)


_collection: dict[str, str] = {}


def collection() -> dict[str, str]:
    """The collection's pages, by name, as HTML."""
    if _collection:
        return _collection
    program = str(Path(sys.executable).with_name("antsibull-docs"))
    command = [program, "collection", "--use-current", "--squash-hierarchy", "--no-indexes", "--fail-on-error"]
    with tempfile.TemporaryDirectory(prefix="docs-") as folder:
        subprocess.run(
            [*command, "--output-format", "simplified-rst", "--dest-dir", folder, "lumenfall.cloud"],
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT),
                "PATH": os.pathsep.join([str(Path(program).parent), os.environ["PATH"]]),
            },
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for name in COLLECTION_PAGES:
            text = (Path(folder) / f"{name}.rst").read_text(encoding="utf-8")
            # The page has a table of contents of its own.
            text = re.sub(r"^\.\. contents::\n(   .*\n)*", "", text, flags=re.MULTILINE)
            # In :code:, docutils keeps the backslashes.
            text = text.replace("ansible\\-galaxy", "ansible-galaxy")
            settings = {"syntax_highlight": "none", "doctitle_xform": False, "initial_header_level": 1, "halt_level": 2}
            body = publish_parts(text, writer="html5", settings_overrides=settings)["body"]
            body = re.sub(r'<span class="pre">(.*?)</span>', r"\1", body, flags=re.DOTALL)
            body = re.sub(r'<span class="docutils literal">(.*?)</span>', r"<code>\1</code>", body, flags=re.DOTALL)
            _collection[name] = re.sub(
                r"(href=[\"'])(?:\.\./\.\./lumenfall/cloud/)?(\w+)\.(?:rst|html)", r"\1\2.html", body
            )
    return _collection
