# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The one version of everything: package, collection and plugin."""

from __future__ import annotations

__version__ = "0.1.0"
