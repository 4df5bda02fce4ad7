# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Pulumi's protocol: the messages that its SDK has generated, without the SDK around them.

To load all of ``pulumi`` takes longer than all else that the plugin does before it answers, and the plugin needs
nothing of it.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2

__all__ = ["CHANNEL_OPTIONS", "engine_pb2", "engine_pb2_grpc", "plugin_pb2", "provider_pb2"]

#: As the SDK has them: room for a large state, and time for a busy machine.
CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.server_max_unrequested_time_in_server", 30 * 60),
]

_MESSAGES = ("engine_pb2", "engine_pb2_grpc", "plugin_pb2", "provider_pb2")


def _load() -> dict[str, ModuleType]:
    if "pulumi" not in sys.modules:
        try:
            with _hollow_packages():
                return _load_messages()
        except (ImportError, AttributeError):
            pass  # An SDK whose messages need more of it than those of today.
    return _load_messages()


def _load_messages() -> dict[str, ModuleType]:
    return {name: importlib.import_module(f"pulumi.runtime.proto.{name}") for name in _MESSAGES}


@contextlib.contextmanager
def _hollow_packages() -> Iterator[None]:
    """Packages in which modules are found, but whose own code has not run; gone again for whoever imports the SDK."""
    hollow: list[str] = []
    try:
        for name in ("pulumi", "pulumi.runtime"):
            spec = importlib.util.find_spec(name)
            if spec is None:
                raise ImportError(name)
            sys.modules[name] = importlib.util.module_from_spec(spec)
            hollow.append(name)
        yield
    finally:
        for name in hollow:
            del sys.modules[name]


globals().update(_load())
