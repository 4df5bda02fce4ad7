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
    is_postpaid = options.billing_type == "postpaid"
    amount = options.amount or ("null" if is_postpaid else "12.50")
    try:
        serve(
            amount=None if amount == "null" else amount,
            billing_type="postpaid" if is_postpaid else "prepaid",
            prices=dict(text.rpartition("=")[::2] for text in options.price or () if text),
            port=options.port,
            status=options.status,
            retry_after=options.retry_after,
            delay=parse_duration("--delay", options.delay or 0, maximum=3600),
        )
    except ValueError as error:
        # The rest of its message shows the value, which may be a key that was meant for elsewhere.
        name = str(error).partition(":")[0]
        hint = "see: lumenfall-balance sandbox --help"
        raise ConfigurationError(f"{name}: it is malformed or out of range", hint=hint) from None
    except OSError as error:
        discard(sys.stdout)
        raise OutputError(error.strerror or str(error)) from None
    return 0
