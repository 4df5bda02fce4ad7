# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The command line ``lumenfall-balance``.

A thin integration of the core: words become settings, a verdict becomes text and an exit status. It imports neither
pulumi nor ansible.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The words after the program's name, by default those of the process.

    Returns:
        The exit status: 0 enough (or shown), 1 below ``--warn`` with ``--format nagios``, 2 too low, 3 cannot tell,
        130 after Ctrl-C, 143 after SIGTERM.
    """
    is_process = arguments is None
    try:
        # nohup and the like have it ignored.
        if is_process and signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
            signal.signal(signal.SIGTERM, _terminate)
        # Imported here: a Ctrl-C while it loads is an exit status too.
        from .run import run

        status = run(list(sys.argv[1:] if arguments is None else arguments))
        if is_process:
            # Python's exit would search all that was imported for garbage, which takes a tenth of a run.
            gc.freeze()
        return status
    except KeyboardInterrupt as interrupt:
        if is_process:
            # A second Ctrl-C must not break the end.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with contextlib.suppress(OSError, ValueError):
            print("lumenfall-balance: stopped", file=sys.stderr, flush=True)
        return interrupt.args[0] if interrupt.args else 130


def _terminate(*_signal: object) -> None:
    raise KeyboardInterrupt(143)
