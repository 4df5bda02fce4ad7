# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Runs the provider plugin; see PulumiPlugin.yaml."""

import sys

try:
    from pulumi_lumenfall.provider import main
except ImportError as error:
    sys.exit(f"pulumi-resource-lumenfall: {error}; install what requirements.txt beside {__file__} lists")

sys.exit(main())
