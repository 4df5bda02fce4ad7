# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The plugin as a process: it serves, prints its port, and ends with the engine."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from typing import Any

import grpc.aio

from .protocol import engine_pb2, engine_pb2_grpc
from .server import Log, ProviderServer

__all__ = ["run"]

# gRPC would use HTTP_PROXY even for a connection within this machine.
_CHANNEL_OPTIONS = [("grpc.enable_http_proxy", 0)]
_LOG_SECONDS = 2.0


def run(engine_address: str | None) -> int:
    """Serve until the engine at this address is gone, if there is one, or a signal says so; return the exit status."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(engine_address))
    return 0


async def _serve(engine_address: str | None) -> None:
    engine = grpc.aio.insecure_channel(engine_address, options=_CHANNEL_OPTIONS) if engine_address else None
    provider = ProviderServer(_log_to(engine))
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((provider.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    ended = asyncio.Event()

    def interrupt() -> None:
        # The engine hears a Ctrl-C too, and ends what is under way before it ends this process: by Cancel and then an
        # interrupt. A plugin that was only asked for its schema is never configured, and ended by an interrupt alone.
        if engine is None or provider.cancelled or not provider.configured:
            ended.set()
        provider.cancel_calls()

    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        loop.add_signal_handler(signal.SIGINT, interrupt)

    # The engine reads this line, and nothing else.
    print(port, flush=True)
    watch = asyncio.create_task(_watch(engine, ended)) if engine else None
    await ended.wait()
    if watch is not None:
        watch.cancel()
    await server.stop(grace=None)


async def _watch(engine: grpc.aio.Channel, ended: asyncio.Event) -> None:
    """Set ``ended`` once nothing listens at the engine's address.

    An engine kills its plugins when it ends, but not when it is killed itself, and they are in process groups of their
    own.
    """
    state = engine.get_state(try_to_connect=True)
    while state not in (grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN):
        await engine.wait_for_state_change(state)
        # A lost or idle connection is tried again; only a refused one counts.
        state = engine.get_state(try_to_connect=True)
    ended.set()


def _log_to(engine: grpc.aio.Channel | None) -> Log:
    """Show lines through the engine, which hides what its plugins print; without one, on standard error."""
    stub: Any = engine_pb2_grpc.EngineStub(engine) if engine else None

    async def log(severity: Any, text: str, urn: str) -> None:
        if stub is None:
            print(text, file=sys.stderr, flush=True)
            return
        with contextlib.suppress(grpc.RpcError):
            await stub.Log(engine_pb2.LogRequest(severity=severity, message=text, urn=urn), timeout=_LOG_SECONDS)

    return log
