# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``pulumi-resource-lumenfall``: the balance for Pulumi programs in any language.

The Pulumi engine starts this plugin, reads a port from its standard output, and calls it over gRPC
(``pulumi/provider.proto``).
"""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["main"]


def main() -> int:
    """Run the plugin until the engine that started it ends.

    The engine passes its own address as the last argument. Without one, as under a debugger
    (``PULUMI_DEBUG_PROVIDERS=lumenfall:PORT``), the plugin serves until it is interrupted.

    Returns:
        The exit status.
    """
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["--help"], ["-h"]):
        from ..core import __version__

        print(f"pulumi-resource-lumenfall {__version__}: a Pulumi provider plugin, started by the pulumi command")
        return 0

    engine = arguments[-1] if arguments and not arguments[-1].startswith("-") else None
    # Until the server handles signals: a Ctrl-C while gRPC loads would print a traceback. The engine handles its own.
    signal.signal(signal.SIGINT, signal.SIG_IGN if engine else signal.SIG_DFL)
    # Read when gRPC loads: the engine would show its notes about connections to the user.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from .process import run

    return run(engine)
