# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Draws what a terminal shows when a gate passes and when it stops: docs/pictures/pipeline.svg and playbook.svg.

The commands are run on the embedded sandbox, and what they write is drawn. ``--check`` draws nothing and fails where a
picture is not what the commands write today, unless it was drawn with another ansible-core, whose words differ.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from html import escape
from importlib.metadata import version
from pathlib import Path

from pulumi_lumenfall.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs/pictures"
PLAYBOOKS = ROOT / "examples/ansible"
COLUMNS = 120
ANSIBLE = ".".join(version("ansible-core").split(".")[:2])
CHARACTER, LINE, MARGIN = 8.4, 19, 18
# The terminal's colours, by their SGR code; 1 is bold.
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#76e3ea"}
HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" aria-label="{title}" \
font-family="'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">
<!-- SPDX-License-Identifier: Apache-2.0
     SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
     Drawn by tools/terminal_pictures.py from a real run, with ansible-core {ansible}. -->
<title>{title}</title>
<rect width="100%" height="100%" rx="8" fill="#161b22"/>
<circle cx="20" cy="18" r="6" fill="#ff5f57"/><circle cx="40" cy="18" r="6" fill="#febc2e"/>\
<circle cx="60" cy="18" r="6" fill="#28c840"/>
"""


def run(command: str, environ: dict[str, str]) -> tuple[str, int]:
    """What a command writes, with its colours, and its exit status."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            command.split(),
            cwd=PLAYBOOKS,
            env={
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
                "HOME": home,
                "LC_ALL": "C.UTF-8",
                "COLUMNS": str(COLUMNS),
                "ANSIBLE_FORCE_COLOR": "1",
                "ANSIBLE_LOCALHOST_WARNING": "0",
                "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT),
                **environ,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    return done.stdout, done.returncode


def session(command: str) -> list[str]:
    """The lines of a terminal in which a command is run with 12.50 usd, and then with 3.20."""
    lines: list[str] = []
    with Sandbox(amount="12.50") as api:
        for amount, status in (("12.50", 0), ("3.20", 2)):
            api.amount = amount
            written, returned = run(command, api.environ)
            if returned != status:
                sys.exit(f"{command}: exit status {returned}, not {status}\n{written}")
            lines += ["", f"\x1b[1m# with {amount} usd\x1b[0m", f"$ {command}"]
            # A request id is another one in each run, and a reader's own folder another than this.
            written = re.sub(r"\breq_[0-9a-f]{16}\b", "req_0123456789abcdef", written)
            lines += re.sub(r"\n{2,}", "\n", written.replace(f"{PLAYBOOKS}/", "")).strip().splitlines()
            lines += ["$ echo $?", str(returned)]
    return [part for line in lines[1:] for part in wrap(line)]


def wrap(line: str) -> list[str]:
    """A line as the terminal breaks it; colours go on."""
    parts, width, code = [""], 0, ""
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b"):
            code = piece
            parts[-1] += piece
            continue
        for character in piece:
            if width == COLUMNS:
                parts.append(code)
                width = 0
            parts[-1] += character
            width += 1
    return parts


def draw(title: str, lines: list[str]) -> str:
    """The lines as a picture."""
    width = COLUMNS * CHARACTER + 2 * MARGIN
    height = (len(lines) + 1) * LINE + 2 * MARGIN
    drawn = [HEAD.format(width=width, height=height, title=escape(title), ansible=ANSIBLE)]
    for number, line in enumerate(lines):
        colour, weight, column = "#c9d1d9", "", 0
        spans = []
        for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
            if piece.startswith("\x1b"):
                codes = piece[2:-1].split(";")
                colour = next((COLOURS[code] for code in codes if code in COLOURS), "#c9d1d9")
                weight = ' font-weight="bold"' if "1" in codes and colour == "#c9d1d9" else ""
            elif piece:
                x, length = MARGIN + column * CHARACTER, len(piece) * CHARACTER
                spans.append(
                    f'<tspan x="{x:.1f}" textLength="{length:.1f}" fill="{colour}"{weight}>'
                    f"{escape(piece).replace(' ', '&#160;')}</tspan>"
                )
                column += len(piece)
        y = MARGIN + (number + 2) * LINE - 4
        drawn.append(f'<text y="{y}">{"".join(spans)}</text>\n')
    return "".join(drawn) + "</svg>\n"


def main() -> int:
    """Draw, or check; the number of pictures that are not as they should be."""
    stale = 0
    for name, title, command in (
        ("pipeline", "A check that passes with 12.50 usd and stops with 3.20", "lumenfall-balance check --minimum 5"),
        ("playbook", "A playbook that goes on with 12.50 usd and stops with 3.20", "ansible-playbook gate.yml"),
    ):
        path = PICTURES / f"{name}.svg"
        picture = draw(title, session(command))
        if "--check" not in sys.argv[1:]:
            path.write_text(picture, encoding="utf-8")
            continue
        drawn = path.read_text(encoding="utf-8")
        if drawn != picture and f"ansible-core {ANSIBLE}." in drawn:
            print(f"{path.relative_to(ROOT)} is not what '{command}' writes today; run: make pictures", file=sys.stderr)
            stale += 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
