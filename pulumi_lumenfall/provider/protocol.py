# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The generated messages of Pulumi's protocol, loaded without the rest of the Pulumi SDK.

With the SDK the plugin takes 2.8 times as long to print its port as ``python -c "import grpc"`` takes, without it 1.5
times, and it needs nothing else of it.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2

__all__ = ["engine_pb2", "engine_pb2_grpc", "plugin_pb2", "provider_pb2"]

_PACKAGES = ("pulumi", "pulumi.runtime")


def _load() -> None:
    for name in __all__:
        globals()[name] = importlib.import_module(f"pulumi.runtime.proto.{name}")


def _load_without_sdk() -> None:
    """Load the messages below stand-ins for the two packages above them, so that these packages' code does not run."""
    try:
        for package in _PACKAGES:
            spec = importlib.util.find_spec(package)
            assert spec is not None
            sys.modules[package] = importlib.util.module_from_spec(spec)
        _load()
    finally:
        # Whoever imports the SDK afterwards gets the real one.
        for package in _PACKAGES:
            sys.modules.pop(package, None)


if "pulumi" not in sys.modules:
    # The messages of a later SDK may need more of it than those of today.
    with contextlib.suppress(ImportError, AttributeError):
        _load_without_sdk()
_load()
