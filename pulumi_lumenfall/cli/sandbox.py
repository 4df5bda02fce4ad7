# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance sandbox``: the options of :mod:`pulumi_lumenfall.sandbox`, which does the work."""

from __future__ import annotations

import sys
from argparse import Namespace

from ..core import ConfigurationError, parse_duration
from ..sandbox import serve
from .output import OutputError, discard, write_stdout


def run(options: Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM, both of which are its regular end."""
    # Without standard output nobody would learn where it is.
    write_stdout("")
    amount = options.amount or ("12.50" if options.billing_type == "prepaid" else "null")
    try:
        serve(
            amount=None if amount == "null" else amount,
            billing_type=options.billing_type,
            prices=dict(text.rpartition("=")[::2] for text in options.price or ()),
            port=options.port,
            status=options.status,
            retry_after=options.retry_after,
            delay=parse_duration("--delay", options.delay or 0, maximum=3600),
        )
    except ValueError as error:
        # Its message shows the value, which may be a key that was meant for elsewhere.
        name, _, problem = str(error).partition(":")
        wrong = problem.rpartition(" is ")[2].replace("None", "null")
        hint = "see: lumenfall-balance sandbox --help"
        raise ConfigurationError(
            f"--{name.replace('_', '-').replace('prices', 'price')}: it is {wrong}", hint=hint
        ) from None
    except OSError as error:
        discard(sys.stdout)
        raise OutputError(error.strerror or str(error)) from None
    return 0
