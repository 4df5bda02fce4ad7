# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance completion SHELL``: commands and options with the tab key, made of the parsers themselves."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping

from .arguments import COMMANDS, SHELLS, make_parser
from .console import write_out

PROGRAM = "lumenfall-balance"

_BASH = """\
_lumenfall_balance() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} command=show each
  for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $each in {alternatives}) command=$each; break ;; esac
  done
  case $command in
{cases}
  esac
}}
complete -o default -F _lumenfall_balance {program}
"""


def run(options: Namespace, _environ: Mapping[str, str]) -> int:
    """Print the script of the shell that was asked for."""
    write_out(_fish() if options.shell == "fish" else _bash(zsh=options.shell == "zsh"))
    return 0


def _options(command: str) -> list[str]:
    """The long options of a command; ``show`` is what no command means."""
    actions = make_parser(command)._actions
    return sorted(name for action in actions for name in action.option_strings if name.startswith("--"))


def _bash(*, zsh: bool) -> str:
    cases = []
    for command in COMMANDS:
        words = [*_options(command), *(COMMANDS if command == "show" else SHELLS if command == "completion" else ())]
        cases.append(f'    {command}) COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$word")) ;;')
    script = _BASH.format(alternatives="|".join(COMMANDS), cases="\n".join(cases), program=PROGRAM)
    # zsh runs bash's completion functions.
    return f"autoload -Uz bashcompinit && bashcompinit\n{script}" if zsh else script


def _fish() -> str:
    lines = [
        f"complete -c {PROGRAM} -f -n __fish_use_subcommand -a {command} -d '{text}'"
        for command, text in COMMANDS.items()
    ]
    for command in COMMANDS:
        seen = "__fish_use_subcommand" if command == "show" else f"'__fish_seen_subcommand_from {command}'"
        lines += [f"complete -c {PROGRAM} -n {seen} -l {name.removeprefix('--')}" for name in _options(command)]
    lines.append(f"complete -c {PROGRAM} -f -n '__fish_seen_subcommand_from completion' -a '{' '.join(SHELLS)}'")
    return "\n".join(lines) + "\n"
