# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance sandbox``: the options of :mod:`pulumi_lumenfall.sandbox`, which does the work."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping

from ..core import ConfigurationError, describe
from ..sandbox import serve
from .console import say
from .report import EXIT_CANNOT_TELL
from .signals import Stopped


def run(options: Namespace, _environ: Mapping[str, str]) -> int:
    """Serve until Ctrl-C or SIGTERM, both of which end it well."""
    if sys.stdout is None:
        # Nobody would learn where it is.
        say("lumenfall-balance: cannot write to standard output: it is closed")
        return EXIT_CANNOT_TELL
    billing_type = options.billing_type or "prepaid"
    amount = options.amount or ("12.50" if billing_type == "prepaid" else "null")
    try:
        serve(
            amount=None if amount == "null" else amount,
            billing_type=billing_type,
            port=_whole("--port", options.port, 0),
            status=_whole("--status", options.status, 200),
            retry_after=options.retry_after,
            delay=_seconds(options.delay),
        )
    except Stopped:
        return 0
    except ValueError as error:
        # Its message shows the value as it is, which may be a key that was meant for elsewhere; and it says None.
        name, _, problem = str(error).partition(":")
        value = describe(getattr(options, name))
        wrong = problem.rpartition(" is ")[2].replace("None", "null")
        _refuse(f"--{name.replace('_', '-')}: {value} is {wrong}")
    except ConfigurationError as error:
        _refuse(str(error))
    except OSError as error:
        # Python would try to write the rest again while it ends, and exit with a status of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        say(f"lumenfall-balance: {error.strerror or error}")
    else:
        return 0
    return EXIT_CANNOT_TELL


def _refuse(problem: str) -> None:
    say(f"lumenfall-balance: {problem}; see: lumenfall-balance sandbox --help")


def _whole(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 5:
        raise ConfigurationError(f"{name}: it must be a whole number")
    return int(text)


def _seconds(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        raise ConfigurationError("--delay: it must be a number of seconds") from None
