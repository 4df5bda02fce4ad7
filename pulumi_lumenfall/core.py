# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The core under its public name: read a Lumenfall balance from any Python program.

::

    from pulumi_lumenfall.core import LumenfallClient

    with LumenfallClient() as client:
        balance = client.fetch_balance()
    if not balance.is_sufficient("5.00"):
        ...

Importing this imports neither pulumi nor ansible. The code lives in the Ansible collection, because Ansible can ship
it to a host only from there.
"""

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import *  # noqa: F403
from ansible_collections.lumenfall.cloud.plugins.module_utils._core import __all__ as __all__
