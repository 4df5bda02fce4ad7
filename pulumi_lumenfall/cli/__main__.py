# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``python -m pulumi_lumenfall.cli``."""

from __future__ import annotations

import sys

from . import main

sys.exit(main())
