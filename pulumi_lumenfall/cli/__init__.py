# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance``: the balance for people, scripts, CI pipelines and monitoring.

A thin door to the core: it translates words on a command line into settings, and a verdict into
text and an exit status. Never imports pulumi or ansible.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The words after the program's name. By default those of the process, which then
            ends here: taking a Python apart in good order costs a fifth of the whole run.

    Returns:
        The exit status: 0 enough (or shown), 1 below ``--warn`` in the format nagios, 2 too low,
        3 cannot tell, 130 and 143 after Ctrl-C and SIGTERM.
    """
    try:
        # Before anything that takes time to load: a Ctrl-C then is an exit status like any other.
        from .signals import Stopped, restore_signals, stop_on_signals
    except KeyboardInterrupt:
        return 130
    try:
        stop_on_signals()
        from .command import run, run_process

        return run_process() if arguments is None else run(list(arguments))
    except Stopped as stopped:
        from .console import say

        say("lumenfall-balance: stopped")
        return stopped.status
    finally:
        # A process that ends here has no use for Python's own handlers, and their tracebacks.
        if arguments is not None:
            restore_signals()
