# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``python -m pulumi_lumenfall.provider``: the plugin where its console script is not on PATH."""

from __future__ import annotations

import sys

from . import main

sys.exit(main())
