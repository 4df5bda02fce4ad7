# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The words of the command line: commands, options, help, and what is wrong with them.

A mistake is a ConfigurationError that never shows what was typed: it may have been a key.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import NoReturn

from ..core import ConfigurationError, __version__

COMMANDS = {
    "show": "print the balance (the default)",
    "check": "pass only if the balance is enough",
    "doctor": "look for what is wrong with the settings, the network and the installation",
    "sandbox": "run a local stand-in for the API, to try things out",
    "completion": "print the completion script for a shell",
}
FORMATS = ("text", "json", "github", "nagios", "prometheus")
POLICIES = ("allow", "deny")
SHELLS = ("bash", "zsh", "fish")
#: The formats whose result can go to a file.
FILE_FORMATS = ("json", "prometheus")

_OVERVIEW = """\
usage: lumenfall-balance [COMMAND] [OPTIONS]

Read the balance of a Lumenfall account, and stop a pipeline before it runs out of funds.

commands:
{commands}

examples:
  export LUMENFALL_API_KEY=...                         the key is never an option: others would see it
  lumenfall-balance                                    print the balance
  lumenfall-balance check --minimum 5                  exit 0 only with 5.00 usd or more
  lumenfall-balance check --minimum 5 --wait 15m       give a top-up 15 minutes to arrive
  lumenfall-balance check --minimum 5 --format github  annotations, outputs and a summary in GitHub Actions
  lumenfall-balance doctor                             find out what is wrong
  eval "$(lumenfall-balance completion bash)"          complete commands and options with the tab key

exit status:
  0  enough (or shown)
  1  below --warn, with --format nagios only
  2  too low
  3  cannot tell: an error, or a balance that is temporarily unavailable

'lumenfall-balance COMMAND --help' lists the options of a command; --version prints the version.
"""

_KEY_HELP = (
    "The key comes from --api-key-file, LUMENFALL_API_KEY or ~/.lumenfall/credentials.json, in this order. "
    "No option takes the key itself, since other users of the machine and logs would see it."
)
_EXAMPLES = {
    "show": """\
examples:
  lumenfall-balance show
  lumenfall-balance show --format json | jq .available.amount
  lumenfall-balance show --format prometheus --output /var/lib/node_exporter/lumenfall.prom
  pass show lumenfall | lumenfall-balance show --api-key-file -
""",
    "check": """\
examples:
  lumenfall-balance check --minimum 5
  lumenfall-balance check --minimum 5 --warn 20            a warning below 20.00, exit status still 0
  lumenfall-balance check --minimum 5 --wait 15m           wait for a top-up that is on its way
  lumenfall-balance check --minimum 5 --postpaid deny      a postpaid account does not count as enough
  lumenfall-balance check --minimum 5 --warn 20 --format nagios

exit status:
  0  enough
  1  enough, but below --warn, with --format nagios only
  2  too low (an account without funds, and postpaid with '--postpaid deny', included)
  3  cannot tell: any other error, or a balance that is temporarily unavailable
""",
    "doctor": """\
examples:
  lumenfall-balance doctor
  lumenfall-balance doctor --json > support-ticket.json    of a long key, the id and four characters
""",
    "sandbox": """\
examples:
  lumenfall-balance sandbox --amount 12.50                 prints two 'export' lines to use it
  lumenfall-balance sandbox --amount null                  a balance that is temporarily unavailable
  lumenfall-balance sandbox --billing-type postpaid
  curl -X PUT -d '{"amount": "3.20"}' $LUMENFALL_API_BASE/sandbox
""",
    "completion": """\
examples:
  eval "$(lumenfall-balance completion bash)"                                         in ~/.bashrc
  eval "$(lumenfall-balance completion zsh)"                                          in ~/.zshrc
  lumenfall-balance completion fish > ~/.config/fish/completions/lumenfall-balance.fish
""",
}

# Options that are followed by a value, to tell a command from the value of an option before it.
_WITH_VALUE = frozenset(
    [
        "--amount",
        "--api-key-file",
        "--base-url",
        "--billing-type",
        "--ca-bundle",
        "--delay",
        "--format",
        "--max-attempts",
        "--minimum",
        "--output",
        "--poll",
        "--port",
        "--postpaid",
        "--retry-after",
        "--status",
        "--timeout",
        "--unavailable",
        "--wait",
        "--warn",
    ]
)
_KEY_OPTION = re.compile(r"--?(lumenfall[-_])?(api[-_]?)?(key|token|secret|password)(=.*)?", re.IGNORECASE | re.DOTALL)
_OPTION_NAME = re.compile(r"--[a-z][a-z-]{0,24}|-[a-z]")


class HelpRequested(Exception):
    """Not a mistake: the text to print instead of running."""


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line.

    Returns:
        The options of the command, with the name of the command as ``command``. An option that
        is empty is None.

    Raises:
        ConfigurationError: There is a mistake in it.
        HelpRequested: It asks for help or for the version.
    """
    words = list(arguments)
    _refuse_keys(words)
    command = _take_command(words)
    if command is None:
        if "--version" in words:
            raise HelpRequested(f"lumenfall-balance {__version__}\n")
        if "--help" in words or "-h" in words:
            raise HelpRequested(_overview())
    elif command not in COMMANDS:
        for word in words:
            # More likely that word's value than a command.
            if word.startswith("-") and word.partition("=")[0] not in (*_WITH_VALUE, "--json", "--help", "-h"):
                raise _unknown(word, None)
        raise ConfigurationError(
            f"unknown command (known: {', '.join(COMMANDS)})", hint="see: lumenfall-balance --help"
        )
    parser = make_parser(command or "show")
    options, unknown = parser.parse_known_args(words)
    if unknown:
        raise _unknown(unknown[0], command)
    for name, value in vars(options).items():
        if isinstance(value, str) and not value.strip():
            setattr(options, name, None)
    options.command = command or "show"
    _check(options)
    return options


def settings_layer(options: argparse.Namespace, key: str | None) -> dict[str, tuple[str, str | None]]:
    """What the command line gives to the core's chain of settings, with the key that ``--api-key-file`` led to."""
    return {
        "api_key": ("--api-key-file", key),
        "base_url": ("--base-url", options.base_url),
        "timeout": ("--timeout", options.timeout),
        "max_attempts": ("--max-attempts", options.max_attempts),
        "ca_bundle": ("--ca-bundle", options.ca_bundle),
    }


def guess_format(arguments: Sequence[str]) -> str:
    """The format asked for on a command line that has a mistake in it."""
    chosen = "text"
    for word, following in zip(arguments, [*arguments[1:], ""], strict=False):
        name, _, value = word.partition("=")
        if name == "--format":
            chosen = value or following
    return chosen if chosen in FORMATS else "text"


def make_parser(command: str) -> argparse.ArgumentParser:
    """The parser of one command."""
    parser = _Parser(
        prog=f"lumenfall-balance {command}",
        description=COMMANDS[command][0].upper() + COMMANDS[command][1:] + ".",
        epilog=_EXAMPLES[command] + ("" if command in ("sandbox", "completion") else f"\n{_KEY_HELP}\n"),
        formatter_class=_Formatter,
        allow_abbrev=False,
        add_help=False,
    )
    add = parser.add_argument
    if command == "check":
        add("--minimum", metavar="N", help="the least amount that is enough, dollars (needed)")
        add("--warn", metavar="N", help="warn below this amount; does not fail, except with --format nagios (1)")
        add("--postpaid", metavar="POLICY", help="what a postpaid account counts as: allow (default) or deny")
        add(
            "--unavailable",
            metavar="POLICY",
            help="what a balance that is temporarily unavailable counts as: deny (default) or allow",
        )
        add(
            "--wait",
            metavar="DURATION",
            help="keep asking for so long, such as 15m, until it is enough; the first answer may take all of --timeout",
        )
        add("--poll", metavar="DURATION", help="with --wait: ask every so often (default: 20s)")
    if command == "doctor":
        add("--minimum", metavar="N", help="also check that the balance is at least this, dollars")
        add("--json", action="store_true", help="print one JSON object, for a support ticket")
    if command in ("show", "check"):
        add("--format", metavar="FORMAT", help=f"{', '.join(FORMATS)} (default: text)")
        add(
            "--output",
            metavar="FILE",
            help="write the result to a file, in one step; - is standard output (json and prometheus)",
        )
    if command in ("show", "check", "doctor"):
        add("--api-key-file", metavar="FILE", help="read the key from a file, or with - from standard input")
        add(
            "--base-url", metavar="URL", help="where the API is (LUMENFALL_API_BASE; default: https://api.lumenfall.ai)"
        )
        add("--timeout", metavar="SECONDS", help="total time for one answer (LUMENFALL_TIMEOUT; default: 30)")
        add("--max-attempts", metavar="N", help="requests in all, 1 to 10 (LUMENFALL_MAX_ATTEMPTS; default: 3)")
        add(
            "--ca-bundle", metavar="FILE", help="CA certificates to trust (REQUESTS_CA_BUNDLE; default: the platform's)"
        )
    if command == "sandbox":
        add("--amount", metavar="N", help="dollars available, or null (default: 12.50; null for postpaid)")
        add("--billing-type", metavar="TYPE", help="prepaid (default) or postpaid")
        add("--port", metavar="N", help="port on the loopback interface (default: 0, a free one)")
        add("--status", metavar="N", help="answer every request with this HTTP status, 400 to 599")
        add("--retry-after", metavar="TEXT", help="send this Retry-After header with errors")
        add("--delay", metavar="SECONDS", help="wait before each answer")
    if command == "completion":
        add("shell", metavar="SHELL", nargs="?", help=", ".join(SHELLS))
    add("-h", "--help", action=_Help, nargs=0, help="show this help")
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints hold no value."""

    def error(self, message: str) -> NoReturn:
        option = re.match(r"argument (--?[a-z-]+)", message)
        problem = f"{option[1]}: it needs a value" if option else "the command line is malformed"
        if option and "ignored explicit argument" in message:
            problem = f"{option[1]}: it takes no value"
        raise ConfigurationError(problem, hint=f"see: {self.prog} --help")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=110)


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> None:
        raise HelpRequested(parser.format_help())


def _overview() -> str:
    width = max(map(len, COMMANDS)) + 2
    return _OVERVIEW.format(commands="\n".join(f"  {name:{width}}{text}" for name, text in COMMANDS.items()))


def _refuse_keys(words: list[str]) -> None:
    for word in words:
        if _KEY_OPTION.fullmatch(word):
            raise ConfigurationError(
                "a key is never given on the command line, where other users of the machine and logs can see it",
                hint="set LUMENFALL_API_KEY, or use --api-key-file FILE (- reads standard input); a key that was typed "
                "here is best replaced at https://lumenfall.ai/app/api_keys",
            )


def _take_command(words: list[str]) -> str | None:
    """Take the command out of the words, wherever it stands, and return it."""
    position = 0
    while position < len(words):
        word = words[position]
        if not word.startswith("-"):
            return words.pop(position)
        position += 2 if word in _WITH_VALUE else 1
    return None


def _unknown(word: str, command: str | None) -> ConfigurationError:
    """The error for a word that nothing was waiting for; it names an option, never a value."""
    name = word.partition("=")[0]
    if not _OPTION_NAME.fullmatch(name):
        what = "an unknown option (not shown)" if word.startswith("-") else "an unexpected argument (not shown)"
        return ConfigurationError(
            f"{what}: it may be the value of an option that takes none", hint=f"see: {_help_of(command)}"
        )
    hint = f"see: {_help_of(command)}"
    if command is None and name in _WITH_VALUE:
        for other in ("check", "sandbox"):
            if name in make_parser(other)._option_string_actions:
                hint = f"did you mean: lumenfall-balance {other} {name} ...?"
                break
    return ConfigurationError(f"unknown option {name}", hint=hint)


def _help_of(command: str | None) -> str:
    return f"lumenfall-balance {command} --help" if command else "lumenfall-balance --help"


def _check(options: argparse.Namespace) -> None:
    """Refuse what needs no more than a look at the options."""
    command = options.command
    if command in ("show", "check"):
        options.format = _choice("--format", options.format, FORMATS) or "text"
        if options.output is not None and options.format not in FILE_FORMATS:
            raise ConfigurationError(
                f"--output: the format {options.format} goes to standard output only",
                hint=f"use --output with --format {' or '.join(FILE_FORMATS)}",
            )
    if command == "check":
        if options.minimum is None:
            raise ConfigurationError("check needs --minimum", hint="say what is enough, such as: --minimum 5")
        if options.poll is not None and options.wait is None:
            raise ConfigurationError("--poll: it has no meaning without --wait", hint="add --wait, such as: --wait 15m")
    if command == "completion":
        options.shell = _choice("completion", options.shell, SHELLS)
        if options.shell is None:
            raise ConfigurationError("completion needs a shell", hint=f"name one of {', '.join(SHELLS)}")


def _choice(name: str, value: str | None, choices: tuple[str, ...]) -> str | None:
    if value is not None and value not in choices:
        raise ConfigurationError(f"{name}: not one of {', '.join(choices)}", hint=f"use {name} {choices[0]}")
    return value
