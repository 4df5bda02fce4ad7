# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""One file for each output format, loaded when it is asked for.

Each has ``write(report, destination, environ)``, which returns the exit status.
"""
