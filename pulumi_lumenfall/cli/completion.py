# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance completion``: a script for a shell, made from the parsers themselves.

The scripts are whole: pressing the tab key starts no Python.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping

from .arguments import COMMANDS, FORMATS, POLICIES, SHELLS, make_parser
from .console import write_out

# Option -> the words that may follow it.
_VALUES = {
    "--format": FORMATS,
    "--postpaid": POLICIES,
    "--unavailable": POLICIES,
    "--billing-type": ("prepaid", "postpaid"),
}
_FILES = ("--api-key-file", "--ca-bundle", "--output")


def run(options: Namespace, _environ: Mapping[str, str]) -> int:
    """Print the script."""
    write_out({"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell]())
    return 0


def _options(command: str) -> dict[str, tuple[str, bool]]:
    """Option -> its help, and whether a value follows it."""
    return {
        option: (action.help or "", action.nargs is None)
        for action in make_parser(command)._actions
        for option in action.option_strings
        if option.startswith("--")
    }


def _all_with_value() -> str:
    found = {option for command in COMMANDS for option, (_, value) in _options(command).items() if value}
    return "|".join(sorted(found - {*_VALUES, *_FILES}))


def _bash() -> str:
    values = "\n".join(
        f'    {option}) COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$word")); return ;;'
        for option, words in _VALUES.items()
    )
    commands = "\n".join(
        f'    {command}) words="{" ".join([*_options(command), *(SHELLS if command == "completion" else ())])}" ;;'
        for command in COMMANDS
    )
    return f"""\
# Completion of lumenfall-balance for bash: eval "$(lumenfall-balance completion bash)"
_lumenfall_balance() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= words= each
  COMPREPLY=()
  case $before in
{values}
    {"|".join(_FILES)}) COMPREPLY=($(compgen -f -- "$word")); return ;;
    {_all_with_value()}) return ;;
  esac
  for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $each in {"|".join(COMMANDS)}) command=$each; break ;; esac
  done
  case ${{command:-show}} in
{commands}
  esac
  [ -n "$command" ] || words="{" ".join(COMMANDS)} --version $words"
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -F _lumenfall_balance lumenfall-balance
"""


def _zsh() -> str:
    def quoted(text: str) -> str:
        for character in "\\'[]:":
            text = text.replace(character, "'\\''" if character == "'" else f"\\{character}")
        return text

    def specification(option: str, about: str, value: bool) -> str:
        action = f":value:({' '.join(_VALUES[option])})" if option in _VALUES else ":value: "
        if option in _FILES:
            action = ":file:_files"
        return f"        '{option}{'=' if value else ''}[{quoted(about)}]{action if value else ''}'"

    cases = []
    for command in COMMANDS:
        lines = [specification(option, about, value) for option, (about, value) in _options(command).items()]
        if command == "completion":
            lines.append(f"        '1:shell:({' '.join(SHELLS)})'")
        cases.append(f"    {command})\n      _arguments \\\n" + " \\\n".join(lines) + "\n      ;;")
    names = "\n".join(f"    '{name}:{quoted(about)}'" for name, about in COMMANDS.items())
    return f"""\
#compdef lumenfall-balance
# Completion of lumenfall-balance for zsh: eval "$(lumenfall-balance completion zsh)"
_lumenfall_balance() {{
  local -a commands
  commands=(
{names}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  local command=show
  if (( $+words[2] )) && [[ $words[2] != -* ]]; then
    command=$words[2]
    words=("${{(@)words[2,-1]}}")
    (( CURRENT-- ))
  fi
  case $command in
{chr(10).join(cases)}
  esac
}}
compdef _lumenfall_balance lumenfall-balance
"""


def _fish() -> str:
    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    names = " ".join(COMMANDS)
    lines = [
        "# Completion of lumenfall-balance for fish: ~/.config/fish/completions/lumenfall-balance.fish",
        "complete -c lumenfall-balance -f",
        "complete -c lumenfall-balance -n __fish_is_first_arg -l version -d 'print the version'",
    ]
    for name, about in COMMANDS.items():
        lines.append(
            f"complete -c lumenfall-balance -n 'not __fish_seen_subcommand_from {names}' -a {name} -d {quoted(about)}"
        )
    for command in COMMANDS:
        seen = f"__fish_seen_subcommand_from {command}"
        if command == "show":
            others = " ".join(name for name in COMMANDS if name != "show")
            seen = f"not __fish_seen_subcommand_from {others}"
        for option, (about, value) in _options(command).items():
            follows = " -r" if value else ""
            if option in _VALUES:
                follows = f" -x -a {quoted(' '.join(_VALUES[option]))}"
            elif option in _FILES:
                follows = " -r -F"
            lines.append(f"complete -c lumenfall-balance -n {quoted(seen)} -l {option[2:]}{follows} -d {quoted(about)}")
    lines.append(
        f"complete -c lumenfall-balance -n '__fish_seen_subcommand_from completion' -a {quoted(' '.join(SHELLS))}"
    )
    return "\n".join(lines) + "\n"
