# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``pulumi-resource-lumenfall``: the balance for Pulumi programs in other languages.

The Pulumi engine starts this plugin, reads a port from its output and speaks the protocol of resource providers to it,
gRPC: ``pulumi/provider.proto``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the plugin until the engine that started it has no more need of it.

    Args:
        arguments: The words after the program's name; by default those of the process. The engine gives its own
            address last. Without one, as for a debugger (``PULUMI_DEBUG_PROVIDERS=lumenfall:PORT``), the plugin serves
            until it is interrupted.

    Returns:
        The exit status.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words in (["--version"], ["--help"], ["-h"]):
        from ..core import __version__

        print(f"pulumi-resource-lumenfall {__version__}: a Pulumi provider plugin, started by the pulumi command")
        return 0

    engine = words[-1] if words and not words[-1].startswith("-") else None
    if arguments is None:
        _end_quietly(has_engine=engine is not None)
    # Read when gRPC loads: its notes on connections that come and go would be shown to the user as diagnostics.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from .process import run

    # The flags before it are for plugins that can log more than this one.
    return run(engine)


def _end_quietly(*, has_engine: bool) -> None:
    """Until the server takes care of signals itself: loading gRPC takes a while, and would end in a traceback."""
    import signal

    def end(_number: int, _frame: object) -> None:
        os._exit(0)

    # A Ctrl-C is the engine's to handle; it ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN if has_engine else end)
    signal.signal(signal.SIGTERM, end)
