# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Read the balance of a Lumenfall account in a Pulumi program, and deploy only with funds.

The names below load on first use, so that ``pulumi_lumenfall.core`` and the command line
never pay for importing pulumi. Nothing else is loaded here either: a Ctrl-C while the command
line starts, before it can take care of it, would end in a traceback of what is being imported.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .core import __version__
    from .functions import (
        AvailableBalance,
        AwaitableGetBalanceResult,
        GetBalanceResult,
        get_balance,
        get_balance_output,
        require_balance,
    )
    from .hooks import balance_hook, gate_stack
    from .resource import Balance

_HOMES = {
    "AvailableBalance": "functions",
    "AwaitableGetBalanceResult": "functions",
    "Balance": "resource",
    "GetBalanceResult": "functions",
    "__version__": "core",
    "balance_hook": "hooks",
    "gate_stack": "hooks",
    "get_balance": "functions",
    "get_balance_output": "functions",
    "require_balance": "functions",
}

__all__ = [
    "AvailableBalance",
    "AwaitableGetBalanceResult",
    "Balance",
    "GetBalanceResult",
    "__version__",
    "balance_hook",
    "gate_stack",
    "get_balance",
    "get_balance_output",
    "require_balance",
]

if not TYPE_CHECKING:  # else every misspelt name would have a type

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            from importlib import import_module

            value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
            globals()[name] = value
            return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
