# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Marks for tests of several folders."""

from __future__ import annotations

import sys

import pytest

#: For a test that needs what no other system has: /proc, /dev/full, Linux's words for an error, a queue that fills up.
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs what only Linux has")
