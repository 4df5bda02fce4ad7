# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The commands, their options and help.

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
from .formats import FORMATS
from .output import write_stdout

COMMANDS = {
    "show": "print the balance (the default)",
    "check": "pass only if the balance is enough",
    "estimate": "print what a job costs, without running it",
    "run": "run a command only with funds, and stop it when they run low",
    "doctor": "look for what is wrong with the settings, the network and the installation",
    "sandbox": "run a local stand-in for the API, to try things out",
    "completion": "print the completion script for a shell",
}
_ESTIMATE_FORMATS = FORMATS[:4]
_SHELLS = ("bash", "zsh", "fish")


class _Choices(tuple[str, ...]):
    """What an option may be; blank is unset, and None then."""

    def __contains__(self, value: object) -> bool:
        return value is None or super().__contains__(value)


def _option(metavar: str, help: str, choices: Iterable[str] = (), **more: Any) -> dict[str, Any]:
    kind = {"choices": _Choices(choices) if choices else None, "type": lambda text: text if text.strip() else None}
    return {"metavar": metavar, "help": help, **kind, **more}


def _describe(setting: Setting) -> str:
    about = "File that contains the API key; - reads standard input." if setting.secret else setting.help
    default = "" if setting.default is None else f"; default: {setting.default}"
    return f"{about} ({', '.join(setting.variables)}{default.removesuffix('.0')})"


_SETTINGS = {each.flag: _option(each.metavar, _describe(each), dest=each.name) for each in SETTINGS if each.flag}
_POLICIES = (ALLOW, DENY)
_OPTIONS = {
    "--minimum": _option("N", "Dollars that are enough."),
    "--cost-of": _option("FILE", "In place of --minimum: what the request in this file costs; - reads standard input."),
    "--request": _option("FILE", "The JSON body of the real request; - reads standard input."),
    "--endpoint": _option("NAME", f"One of {', '.join(ENDPOINTS)}. (default: {ENDPOINTS[0]})", ENDPOINTS),
    # Empty text is an error: an unset variable would price one request instead of 300.
    "--times": _option("N", "How many times the request runs. (default: 1)", type=str),
    "--margin": _option("PERCENT", "Added to the price, an estimate, for example 20%%. (default: 0)", type=str),
    "--warn": _option("N", "Warn below this amount; fails only with --format nagios (exit status 1)."),
    "--postpaid": _option("POLICY", "What postpaid accounts count as: allow or deny. (default: allow)", _POLICIES),
    "--unavailable": _option(
        "POLICY", "What a temporarily unavailable balance counts as: allow or deny. (default: deny)", _POLICIES
    ),
    "--wait": _option("DURATION", "Maximum time to wait until it is enough, for example 15m."),
    "--poll": _option("DURATION", "Time between two looks. (default: 30s with --wait, 60s while a command runs)"),
    "--format": _option("FORMAT", f"One of {', '.join(FORMATS)}. (default: text)", FORMATS),
    # In place of --format, where its command is estimate.
    "estimate --format": _option(
        "FORMAT", f"One of {', '.join(_ESTIMATE_FORMATS)}. (default: text)", _ESTIMATE_FORMATS
    ),
    "--output": _option("FILE", "Write the result to a file, in one step."),
    "--label": _option("NAME=VALUE", "Add a label to all metrics of --format prometheus; repeatable.", action="append"),
    "--json": {"action": "store_true", "help": "Print one JSON object, for a support ticket."},
    "--amount": _option("N", "Dollars available, or null. (default: 12.50; null for postpaid)"),
    "--billing-type": _option("TYPE", "One of prepaid, postpaid. (default: prepaid)", ("prepaid", "postpaid")),
    "--price": _option("MODEL=N", "Dollars for one unit of a model, for cost estimates; repeatable.", action="append"),
    "--port": _option("N", "Loopback port. (default: 0, a free one)", type=int, default=0),
    "--status": _option("N", "Answer with this HTTP error, 400 to 599.", type=int, default=200),
    "--retry-after": _option("TEXT", "Send this Retry-After header with errors."),
    "--delay": _option("DURATION", "Wait before each answer."),
    "shell": {"metavar": "SHELL", "choices": _SHELLS, "help": f"One of {', '.join(_SHELLS)}."},
    **_SETTINGS,
}
_JOB = ("--endpoint", "--times", "--margin")
_GATE = ("--minimum", "--cost-of", *_JOB, "--postpaid", "--unavailable")
_OUTPUT = ("--format", "--output", "--label")
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
  lumenfall-balance check --minimum 5              exit 0 only with 5.00 usd or more
  lumenfall-balance check --minimum 5 --wait 15m   give a top-up 15 minutes to arrive
  lumenfall-balance check --cost-of request.json --times 300 --margin 20%
  lumenfall-balance run --minimum 5 -- ./render-all.sh
  lumenfall-balance doctor                         find out what is wrong

exit status:
  0  enough (or shown)
  1  enough, but below --warn; with --format nagios only
  2  too low: also an account without funds (HTTP 402), and postpaid with
     --postpaid deny
  3  cannot tell: any other error, no price, or a balance that is temporarily
     unavailable
  run: that of the command (128+n if signal n ended it); 2 also when it stops the
       command for lack of funds
"""
_SEE_OVERVIEW = "'lumenfall-balance --help' has examples, and the meaning of the exit status."
_RUN_USAGE = "lumenfall-balance run (--minimum N | --cost-of FILE) [OPTIONS] -- COMMAND [ARGUMENT ...]"

# Compiled when they are needed, since most command lines have no mistake.
_OPTION_NAME = r"--[a-z][a-z_-]{0,24}|-[a-z]"
_KEY_OPTION = r"(?i)--?(lumenfall[-_])?(api[-_]?)?(key|token|secret|password)"
_AMOUNT = r"[0-9]{1,7}(\.[0-9]{1,6})?"
# One metric has these labels already.
_LABEL = r"(?s)(?!__|(?:billing_type|status|currency)=)([a-zA-Z_][a-zA-Z0-9_]*)=(.+)"


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of the command, its name as ``command``, and as ``words`` what ``run`` is to run."""
    words, after = _split(arguments)
    command = words[0]
    if not command.startswith("-") and command not in COMMANDS:
        close = _closest(command, COMMANDS)
        hint = f"did you mean: lumenfall-balance {close}?" if close else "see: lumenfall-balance --help"
        raise ConfigurationError(f"unknown command (known: {', '.join(COMMANDS)})", hint=hint)
    # The options of the other commands would only cost time.
    parser = make_parser([command] if command in COMMANDS else COMMANDS)
    options, unknown = parser.parse_known_args(words, argparse.Namespace(format=None, output=None, label=None))
    if unknown:
        raise _unexpected(unknown[0], command)
    options.words = after
    options.format = options.format or "text"
    _check(options)
    return options


def find_output_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Where the error goes if the command line has a mistake: ``command``, ``format``, ``output`` and ``label``."""
    words, _ = _split(arguments)
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--format", nargs="?")
    parser.add_argument("--output", nargs="?")
    parser.add_argument("--label", nargs="?", action="append")
    options, _ = parser.parse_known_args(words)
    options.command = words[0]
    options.label = _parse_labels(options.label)
    if "--output" not in _OPTIONS_OF.get(options.command, _OUTPUT):
        # The "--" of run was forgotten, and this option is for the command: do not touch its file.
        options.output = None
    if options.format not in FORMATS or (options.output and options.format == "github"):
        options.format = "text"
    return options


def make_parser(commands: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of the command line, with these commands."""
    parser = _Parser(
        prog="lumenfall-balance",
        description="Read the balance of a Lumenfall account, and stop a pipeline before it runs out of funds.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"lumenfall-balance {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name in commands:
        about, usage = COMMANDS[name], _RUN_USAGE if name == "run" else None
        description = f"{about[0].upper()}{about[1:]}."
        command = subparsers.add_parser(
            name, help=about, description=description, epilog=_SEE_OVERVIEW, usage=usage, allow_abbrev=False
        )
        for option in _OPTIONS_OF[name]:
            action = command.add_argument(option, **_OPTIONS.get(f"{name} {option}", _OPTIONS[option]))
            if action.metavar in ("FILE", "PATH"):
                action.complete = "file"  # type: ignore[attr-defined]  # for shtab
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser whose errors show no value."""

    def error(self, message: str) -> NoReturn:
        option = re.match(r"argument (\S+): ", message)
        problem = "its value is missing or malformed"
        if "invalid choice" in message:
            problem = f"not one of {message.rpartition('(choose from ')[2].rstrip(')')}".replace("'", "")
        elif "ignored explicit argument" in message:
            problem = "it takes no value"
        text = f"{option[1]}: {problem}" if option else "an argument is missing"
        raise ConfigurationError(text, hint=f"see: {self.prog} --help")

    def exit(self, status: int = 0, _message: str | None = None) -> NoReturn:
        """End after the help or the version, which must not get lost."""
        write_stdout("")
        raise SystemExit(status)


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Our own words, of which the first is a command unless it asks for help, and those of what ``run`` is to run."""
    words, after = list(arguments), []
    if words[:1] == ["run"] and "--" in words:
        end = words.index("--")
        words, after = words[:end], words[end + 1 :]
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"]
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "show")
    return words, after


def _check(options: argparse.Namespace) -> None:
    """Refuse what needs no more than a look at the options."""
    command, given = options.command, {name for name, value in vars(options).items() if value}
    problem = hint = ""
    if command in ("check", "run"):
        if not given & {"minimum", "cost_of"}:
            problem, hint = f"{command} needs --minimum or --cost-of", "set what is enough, such as: --minimum 5"
        elif {"minimum", "cost_of"} <= given:
            problem, hint = "--cost-of cannot be used with --minimum", "give one of the two"
        elif "minimum" in given and given & {"endpoint", "times", "margin"}:
            problem, hint = "--endpoint, --times and --margin need --cost-of", "add --cost-of FILE"
    if command == "check" and "poll" in given and "wait" not in given:
        problem, hint = "--poll needs --wait", "add --wait, such as: --wait 15m"
    if command == "run" and not options.words:
        problem, hint = "run needs a command", "put it at the end: -- COMMAND"
    if command == "estimate" and "request" not in given:
        problem, hint = "estimate needs --request", "name a file with the body of the real request"
    file = vars(options).get("cost_of") or vars(options).get("request")
    if file == "-" == options.api_key:
        problem, hint = "--api-key-file: standard input is the request already", "use a file for one"
    if "output" in given and options.format == "github":
        problem, hint = "--output cannot be used with --format github", "use --format json"
    labels = list(filter(None, options.label or ()))
    options.label = _parse_labels(labels)
    if len(options.label) < len(labels):
        problem, hint = (
            "--label: expected NAME=VALUE, each name once",
            "for example account=studio; taken: billing_type, status, currency",
        )
    elif options.label and options.format != "prometheus":
        problem, hint = "--label needs --format prometheus", "add it, or remove --label"
    if problem:
        raise ConfigurationError(problem, hint=hint)


def _parse_labels(texts: Iterable[str] | None) -> dict[str, str]:
    """The labels that are well-formed."""
    found = (re.fullmatch(_LABEL, text or "") for text in texts or ())
    return {match[1]: match[2] for match in found if match and not looks_like_key(match[2])}


def _unexpected(word: str, command: str) -> ConfigurationError:
    """The error for a word that nothing was waiting for; it names an option or a command, never a value."""
    name = word.partition("=")[0]
    other = next((each for each, names in _OPTIONS_OF.items() if name in names), None)
    hint = f"see: lumenfall-balance {command} --help"
    if re.fullmatch(_KEY_OPTION, name):
        hint = (
            f"a key on the command line is visible to others: revoke it at {KEYS_PAGE}, and pass a new one in "
            "LUMENFALL_API_KEY or with --api-key-file"
        )
    elif command == "check" and re.fullmatch(_AMOUNT, word):
        hint = f"did you mean --minimum {word}?"
    elif command == "run" and not word.startswith("-"):
        hint = "put -- before the command to run"
    elif other:
        hint = f"did you mean: lumenfall-balance {other} {name} ...?"
    elif name.strip("-") and (close := _closest(name, _OPTIONS_OF[command])):
        hint = f"did you mean {close}?"
    shown = name if name in COMMANDS or re.fullmatch(_OPTION_NAME, name) else "(not shown)"
    return ConfigurationError(f"unexpected argument {shown}", hint=hint)


def _closest(word: str, known: Iterable[str]) -> str | None:
    # Imported here: only a mistake needs it.
    from difflib import get_close_matches

    return next((name for name in known if name.startswith(word)), None) or next(
        iter(get_close_matches(word, known, 1)), None
    )
