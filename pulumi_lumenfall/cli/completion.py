# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``lumenfall-balance completion``: a script for a shell, made by shtab from the parsers."""

from __future__ import annotations

from argparse import Namespace

import shtab

from .arguments import make_parser
from .output import write_stdout


def run(options: Namespace) -> int:
    """Print the script."""
    write_stdout(f"{shtab.complete(make_parser(), options.shell)}\n")
    return 0
