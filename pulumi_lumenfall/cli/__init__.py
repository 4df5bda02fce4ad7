# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance``: the balance for people, scripts, CI pipelines and monitoring.

A thin door to the core: it translates words on a command line into settings, and a verdict into
text and an exit status. Never imports pulumi or ansible.
"""

from __future__ import annotations

from .command import main

__all__ = ["main"]
