# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The core under a friendly name: read a Lumenfall balance from any Python program.

::

    from pulumi_lumenfall.core import LumenfallClient

    with LumenfallClient() as client:
        balance = client.fetch_balance()
    if not balance.is_sufficient("5.00"):
        ...

Importing this never imports pulumi. The code lives in the Ansible collection, since that is
the one place that Ansible ships to a host from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.lumenfall.cloud.plugins.module_utils import _core
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import __all__ as __all__

if TYPE_CHECKING:
    from ansible_collections.lumenfall.cloud.plugins.module_utils._core import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name in __all__:
            return getattr(_core, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
