# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Read the balance of a Lumenfall account in a Pulumi program, and deploy only with funds.

The names below load on first use, so that ``pulumi_lumenfall.core`` and the command line never load pulumi.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .core import __version__
    from .functions import (
        AvailableBalance,
        AwaitableGetBalanceResult,
        EstimateCostResult,
        GetBalanceResult,
        estimate_cost,
        estimate_cost_output,
        get_balance,
        get_balance_output,
        require_balance,
    )
    from .hooks import balance_hook, gate_stack
    from .resource import Balance

# fmt: off
__all__ = [
    "AvailableBalance", "AwaitableGetBalanceResult", "Balance", "EstimateCostResult", "GetBalanceResult",
    "__version__", "balance_hook", "estimate_cost", "estimate_cost_output", "gate_stack",
    "get_balance", "get_balance_output", "require_balance",
]
# fmt: on

if not TYPE_CHECKING:  # else every misspelt name would have a type

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        for module in ("core", "functions", "hooks", "resource") if name in __all__ else ():
            value = getattr(import_module(f".{module}", __name__), name, None)
            if value is not None:
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
