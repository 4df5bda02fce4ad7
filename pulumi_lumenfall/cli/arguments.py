# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Commands, options, help, and what is wrong with a command line.

A mistake is a ConfigurationError that shows no value, since that may be a key.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from ..core import (
    ALLOW,
    DENY,
    ENDPOINTS,
    KEYS_PAGE,
    SETTINGS,
    ConfigurationError,
    Setting,
    __version__,
    looks_like_key,
)

COMMANDS = {
    "show": "print the balance (the default)",
    "check": "pass only if the balance is enough",
    "estimate": "print what a job costs, without running it",
    "run": "run a command only with funds, and stop it when they run low",
    "doctor": "look for what is wrong with the settings, the network and the installation",
    "sandbox": "run a local stand-in for the API, to try things out",
    "completion": "print the completion script for a shell",
}
FORMATS = ("text", "json", "flat", "dotenv", "github", "nagios", "prometheus")
_ESTIMATE_FORMATS = FORMATS[:4]
SHELLS = ("bash", "zsh", "fish")


def _option(metavar: str, help: str, **more: Any) -> dict[str, Any]:
    return {"metavar": metavar, "help": help, **more}


def _describe(setting: Setting) -> str:
    about = "File that contains the API key; - reads standard input." if setting.secret else setting.help
    default = "" if setting.default is None else f"; default: {setting.default}"
    return f"{about} ({', '.join(setting.variables)}{default.removesuffix('.0')})"


_SETTINGS = {each.flag: _option(each.metavar, _describe(each), dest=each.name) for each in SETTINGS if each.flag}
_POLICIES = (ALLOW, DENY)
_BILLING_TYPES = ("prepaid", "postpaid")
_OPTIONS = {
    "--minimum": _option("N", "Dollars that are enough."),
    "--cost-of": _option("FILE", "In place of --minimum: what the request in this file costs; - reads standard input."),
    "--request": _option("FILE", "The JSON body of the real request; - reads standard input."),
    "--endpoint": _option("NAME", f"One of {', '.join(ENDPOINTS)}. (default: {ENDPOINTS[0]})", choices=ENDPOINTS),
    "--times": _option("N", "How many times the request runs. (default: 1)"),
    "--margin": _option("PERCENT", "Added to the price, which is approximate, for example 20%%. (default: 0)"),
    "--warn": _option("N", "Warn below this amount; fails only with --format nagios (exit status 1)."),
    "--postpaid": _option(
        "POLICY", "What postpaid accounts count as: allow or deny. (default: allow)", choices=_POLICIES
    ),
    "--unavailable": _option(
        "POLICY", "What a temporarily unavailable balance counts as: allow or deny. (default: deny)", choices=_POLICIES
    ),
    "--wait": _option("DURATION", "Maximum time to wait until it is enough, for example 15m."),
    "--poll": _option("DURATION", "With --wait: time between two looks. (default: 30s)"),
    "--format": _option("FORMAT", f"One of {', '.join(FORMATS)}. (default: text)", choices=FORMATS),
    "--output": _option("FILE", "Write the result to a file, in one step; not with --format github."),
    "--label": _option("NAME=VALUE", "Add a label to all metrics of --format prometheus; repeatable.", action="append"),
    "--json": {"action": "store_true", "help": "Print one JSON object, for a support ticket."},
    "--amount": _option("N", "Dollars available, or null. (default: 12.50; null for postpaid)"),
    "--billing-type": _option(
        "TYPE", "One of prepaid, postpaid. (default: prepaid)", choices=_BILLING_TYPES, default="prepaid"
    ),
    "--price": _option("MODEL=N", "Dollars for one unit of a model, for cost estimates; repeatable.", action="append"),
    "--port": _option("N", "Loopback port. (default: 0, a free one)", type=int, default=0),
    "--status": _option("N", "Answer with this HTTP error, 400 to 599.", type=int, default=200),
    "--retry-after": _option("TEXT", "Send this Retry-After header with errors."),
    "--delay": _option("DURATION", "Wait before each answer."),
    "shell": _option("SHELL", f"One of {', '.join(SHELLS)}.", choices=SHELLS),
    **_SETTINGS,
}
# Where a command's option differs from that of the others.
_OPTIONS_HERE = {
    ("estimate", "--format"): _option(
        "FORMAT", f"One of {', '.join(_ESTIMATE_FORMATS)}. (default: text)", choices=_ESTIMATE_FORMATS
    ),
    ("estimate", "--output"): _option("FILE", "Write the result to a file, in one step."),
    ("run", "--poll"): _option("DURATION", "Time between two looks while the command runs. (default: 60s)"),
}
_OUTPUT = ("--format", "--output", "--label")
_JOB = ("--endpoint", "--times", "--margin")
_GATE = ("--minimum", "--cost-of", *_JOB, "--postpaid", "--unavailable")
_OPTIONS_OF = {
    "show": (*_OUTPUT, *_SETTINGS),
    "check": (*_GATE, "--warn", "--wait", "--poll", *_OUTPUT, *_SETTINGS),
    "estimate": ("--request", *_JOB, "--format", "--output", *_SETTINGS),
    "run": (*_GATE, "--poll", *_SETTINGS),
    "doctor": ("--minimum", "--json", *_SETTINGS),
    "sandbox": ("--amount", "--billing-type", "--price", "--port", "--status", "--retry-after", "--delay"),
    "completion": ("shell",),
}

_EXAMPLES = """\
examples (the key is in LUMENFALL_API_KEY):
  lumenfall-balance check --minimum 5                  exit 0 only with 5.00 usd or more
  lumenfall-balance check --minimum 5 --wait 15m       give a top-up 15 minutes to arrive
  lumenfall-balance check --cost-of request.json --times 300 --margin 20%
  lumenfall-balance run --minimum 5 -- ./render-all.sh
  lumenfall-balance doctor                             find out what is wrong

exit status:
  0  enough (or shown)
  1  enough, but below --warn; with --format nagios only
  2  too low: also an account without funds (HTTP 402), and postpaid with --postpaid deny
  3  cannot tell: any other error, no price, or a balance that is temporarily unavailable
  run: that of the command (128+n if signal n ended it); 2 also when it stops the command for lack of funds
"""

_KEY_OPTION = re.compile(r"--?(lumenfall[-_])?(api[-_]?)?(key|token|secret|password)(=.*)?", re.IGNORECASE | re.DOTALL)
# Compiled when they are needed, since most command lines have no mistake.
_OPTION_NAME = r"--[a-z][a-z-]{0,24}|-[a-z]"
_AMOUNT = r"[0-9]{1,7}(\.[0-9]{1,6})?"
_LABEL = r"(?s)(?!__)([a-zA-Z_][a-zA-Z0-9_]*)=(.+)"
_RESERVED_LABELS = ("billing_type", "status", "currency")


class HelpRequested(Exception):
    """The text to print instead of running."""


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of the command, its name as ``command``, and as ``words`` what ``run`` is to run."""
    arguments, after = _split(arguments)
    if any(map(_KEY_OPTION.fullmatch, arguments)):
        raise ConfigurationError(
            "a key on the command line is visible to others",
            hint=f"revoke it at {KEYS_PAGE}, and pass a new one in LUMENFALL_API_KEY or with --api-key-file",
        )
    words = _without_empty(arguments)
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"]
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "show")
    command = words[0]
    if not command.startswith("-") and command not in COMMANDS:
        suggestion = _closest(command, COMMANDS)
        hint = f"did you mean: lumenfall-balance {suggestion}?" if suggestion else "see: lumenfall-balance --help"
        raise ConfigurationError(f"unknown command (known: {', '.join(COMMANDS)})", hint=hint)
    # The options of the other commands would only cost time.
    options, unknown = make_parser([command] if command in COMMANDS else COMMANDS).parse_known_args(words)
    if unknown:
        raise _unknown(unknown[0], options)
    options.words = after
    _check(options)
    return options


def find_output_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Where the error goes if the command line has a mistake: ``format``, ``output`` and ``label``."""
    words = _without_empty(_split(arguments)[0])
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in _OUTPUT:
        parser.add_argument(name, nargs="?", action="append" if name == "--label" else "store")
    options, _ = parser.parse_known_args(words)
    options.command = words[0] if words and words[0] in COMMANDS else "show"
    if options.format not in (_ESTIMATE_FORMATS if options.command == "estimate" else FORMATS):
        options.format = "text"
    try:
        options.label = _parse_labels([label for label in options.label or () if label])
    except ConfigurationError:
        options.label = []
    if options.output and options.format == "github":
        options.format = "json"
    return options


def make_parser(commands: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of the command line, with these commands."""
    parser = _Parser(
        prog="lumenfall-balance",
        description="Read the balance of a Lumenfall account, and stop a pipeline before it runs out of funds.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("--version", action=_Help, nargs=0, help="Print the version.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name in commands:
        about = COMMANDS[name]
        epilog = "'lumenfall-balance --help' has examples, and the meaning of the exit status."
        command = subparsers.add_parser(name, help=about, description=f"{about.capitalize()}.", epilog=epilog)
        if name == "run":
            command.usage = "lumenfall-balance run (--minimum N | --cost-of FILE) [OPTIONS] -- COMMAND [ARGUMENT ...]"
        _add_options(command, name)
    return parser


def _add_options(parser: argparse.ArgumentParser, command: str) -> None:
    for name in _OPTIONS_OF[command]:
        action = parser.add_argument(name, **_OPTIONS_HERE.get((command, name), _OPTIONS[name]))
        if action.metavar in ("FILE", "PATH"):
            action.complete = "file"  # type: ignore[attr-defined]  # for shtab


class _Parser(argparse.ArgumentParser):
    """A parser whose errors show no value."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=_Formatter, allow_abbrev=False, add_help=False, **settings)
        self.add_argument("-h", "--help", action=_Help, nargs=0, help="Show this help.")

    def error(self, message: str) -> NoReturn:
        option = re.match(r"argument ([\w-]+)", message)
        problem = "it needs a value"
        if "invalid choice" in message:
            problem = f"not one of {message.rpartition('(choose from ')[2].rstrip(')')}".replace("'", "")
        elif "invalid int value" in message:
            problem = "it is not a whole number"
        elif "ignored explicit argument" in message:
            problem = "it takes no value"
        elif "arguments are required" in message:
            option, problem = re.match(r".*: ([\w-]+)", message), f"one of {', '.join(SHELLS)} is needed"
        text = f"{option[1]}: {problem}" if option else "the command line is malformed"
        raise ConfigurationError(text, hint=f"see: {self.prog} --help")


class _Help(argparse.Action):
    """Shows the help or the version instead of running."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> NoReturn:
        is_version = "--version" in self.option_strings
        raise HelpRequested(f"lumenfall-balance {__version__}\n" if is_version else parser.format_help())


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=110)


def _split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Our own words, and those of the command that ``run`` is to run."""
    if words[:1] == ["run"] and "--" in words:
        end = words.index("--")
        return words[:end], words[end + 1 :]
    return words, []


def _without_empty(words: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for word in words:
        if re.match(r"-\.?[0-9]", word) and kept and re.fullmatch("--[a-z-]+", kept[-1]):
            # argparse takes "-5" for a value, and "-5%" for an option.
            kept[-1] += f"={word}"
        elif word.strip() and not (word.startswith("--") and not word.partition("=")[2].strip() and "=" in word):
            kept.append(word)
        elif not word.strip() and kept and kept[-1].startswith("--"):
            kept.pop()
    return kept


def _check(options: argparse.Namespace) -> None:
    """Refuse what needs no more than a look at the options."""
    if options.command in ("show", "check"):
        options.format = options.format or "text"
        options.label = _parse_labels(options.label)
        if options.output and options.format == "github":
            raise ConfigurationError("--output cannot be used with --format github", hint="use --format json")
        if options.label and options.format != "prometheus":
            raise ConfigurationError("--label needs --format prometheus", hint="add it, or remove --label")
    if options.command == "estimate":
        options.format = options.format or "text"
        if options.request is None:
            raise ConfigurationError("estimate needs --request", hint="name a file with the body of the real request")
    if options.command in ("check", "run"):
        _check_gate(options)
    if options.command == "check" and options.poll is not None and options.wait is None:
        raise ConfigurationError("--poll needs --wait", hint="add --wait, such as: --wait 15m")
    if options.command == "run" and not options.words:
        raise ConfigurationError("run needs a command", hint="put it at the end: -- COMMAND")
    path = getattr(options, "cost_of", None) or getattr(options, "request", None)
    if path == "-" == options.api_key:
        raise ConfigurationError("--api-key-file: standard input is the request already", hint="use a file for one")


def _check_gate(options: argparse.Namespace) -> None:
    if options.minimum is None and options.cost_of is None:
        hint = "set what is enough, such as: --minimum 5"
        raise ConfigurationError(f"{options.command} needs --minimum or --cost-of", hint=hint)
    if options.minimum is not None and options.cost_of is not None:
        raise ConfigurationError("--cost-of cannot be used with --minimum", hint="give one of the two")
    useless = next((flag for flag in _JOB if options.cost_of is None and getattr(options, flag[2:]) is not None), None)
    if useless:
        raise ConfigurationError(f"{useless} needs --cost-of", hint="add --cost-of FILE")


def _parse_labels(texts: Sequence[str] | None) -> list[tuple[str, str]]:
    labels: dict[str, str] = {}
    for text in texts or ():
        match = re.fullmatch(_LABEL, text)
        if match is None or match[1] in (*labels, *_RESERVED_LABELS) or looks_like_key(text):
            raise ConfigurationError(
                "--label: expected NAME=VALUE, each name once",
                hint=f"for example account=studio; reserved names: {', '.join(_RESERVED_LABELS)}",
            )
        labels[match[1]] = match[2]
    return list(labels.items())


def _unknown(word: str, options: argparse.Namespace) -> ConfigurationError:
    """The error for a word that nothing was waiting for; it names an option, never a value."""
    name = word.partition("=")[0]
    hint = f"see: lumenfall-balance {options.command} --help"
    if word in COMMANDS:
        return ConfigurationError(f"{word}: the command comes first", hint=f"run: lumenfall-balance {word} [OPTIONS]")
    if not word.startswith("-"):
        if options.command == "check" and options.minimum is None and re.fullmatch(_AMOUNT, word):
            hint = f"did you mean --minimum {word}?"
        elif options.command == "run":
            hint = "put -- before the command to run"
        return ConfigurationError("an unexpected argument (not shown)", hint=hint)
    if not re.fullmatch(_OPTION_NAME, name):
        return ConfigurationError("an unknown option (not shown)", hint=hint)
    other = next((command for command, names in _OPTIONS_OF.items() if name in names), None)
    if other:
        hint = f"did you mean: lumenfall-balance {other} {name} ...?"
    elif suggestion := _closest(name, _OPTIONS_OF[options.command]):
        hint = f"did you mean {suggestion}?"
    return ConfigurationError(f"unknown option {name}", hint=hint)


def _closest(word: str, known: Iterable[str]) -> str | None:
    # Imported here: only a mistake needs it.
    from difflib import get_close_matches

    names = list(known)
    return next((name for name in names if name.startswith(word)), None) or next(
        iter(get_close_matches(word, names, 1)), None
    )
