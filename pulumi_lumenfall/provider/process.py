# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The plugin as a process: starts the server, tells its port, and ends with the engine.

Knows nothing of what the server answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import Any

import grpc.aio

from .protocol import CHANNEL_OPTIONS, engine_pb2, engine_pb2_grpc
from .server import ProviderServer, Tell

__all__ = ["run"]

# A user who is told something late has lost less than one who waits for it.
_NOTICE_SECONDS = 2.0


def run(engine_address: str | None) -> int:
    """Serve until the engine is gone, or a signal says so.

    Args:
        engine_address: ``host:port`` of the engine, or None where there is none to watch.

    Returns:
        The exit status.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(engine_address))
    sys.stdout.flush()
    sys.stderr.flush()
    # A fetch may still be on its way in a thread, and gRPC has threads of its own: nobody waits for them any more.
    os._exit(0)


async def _serve(engine_address: str | None) -> None:
    # gRPC would look for a proxy even on the way to this very machine.
    options = [*CHANNEL_OPTIONS, ("grpc.enable_http_proxy", 0)]
    engine = grpc.aio.insecure_channel(engine_address, options=options) if engine_address else None
    provider = ProviderServer(_notices(engine))
    # One event loop and no threads of a pool: slow calls can never take the place that a Cancel needs.
    server = grpc.aio.server(options=CHANNEL_OPTIONS)
    server.add_generic_rpc_handlers((provider.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    ended = asyncio.Event()

    def interrupted() -> None:
        # The engine hears a Ctrl-C too: it ends what is under way in good order, and then this process. That it does,
        # as at the end of every run, by a Cancel and then an interrupt, after which it waits up to 5 s for the end.
        # The language host of YAML has one for the schema alone; it configures none, and ends it by an interrupt.
        if engine is None or provider.cancelled or not provider.configured:
            ended.set()
        provider.cancel_calls()

    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        loop.add_signal_handler(signal.SIGINT, interrupted)

    # The one thing that the engine reads here.
    print(port, flush=True)
    watch = asyncio.create_task(_engine_is_gone(engine, ended)) if engine else None
    await ended.wait()
    if watch is not None:
        watch.cancel()
    await server.stop(grace=None)


async def _engine_is_gone(engine: grpc.aio.Channel, ended: asyncio.Event) -> None:
    """Set ``ended`` once nobody listens at the engine's address.

    An engine that ends in good order kills its plugins. One that was killed cannot, and plugins are in process groups
    of their own, so a plugin that did not look would stay for ever.
    """
    state = engine.get_state(try_to_connect=True)
    while state not in (grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN):
        await engine.wait_for_state_change(state)
        # A connection that was lost or rests is tried again; only one that is refused counts.
        state = engine.get_state(try_to_connect=True)
    ended.set()


def _notices(engine: grpc.aio.Channel | None) -> Tell:
    """What shows a line to the user: the engine hides all that its plugins print."""
    log: Any = engine_pb2_grpc.EngineStub(engine).Log if engine else None

    async def tell(text: str, *, urn: str = "", warning: bool = False) -> None:
        if log is None:
            print(text, file=sys.stderr, flush=True)
            return
        severity = engine_pb2.WARNING if warning else engine_pb2.INFO
        with contextlib.suppress(grpc.RpcError):
            await log(engine_pb2.LogRequest(severity=severity, message=text, urn=urn), timeout=_NOTICE_SECONDS)

    return tell
