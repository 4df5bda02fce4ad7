# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The server of the soak: a process of its own that fails at random, three times in ten, and keeps a log of it.

What fetch number N meets on its attempt K depends on the seed, N and K alone, not on which thread came first. The
first line of output has the ports; when standard input ends, the log follows: fetch -> what each attempt met.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import ssl
import struct
import sys
import threading

FAILURE_RATE = 0.3
_OK = b'{"object": "balance", "billing_type": "prepaid", "available": {"amount": 12.50, "currency": "usd"}}'
_NULL = b'{"object": "balance", "billing_type": "prepaid", "available": {"amount": null, "currency": "usd"}}'


def _answer(status: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


#: What an attempt can meet: the bytes (None: a reset), whether it is retried, and the class that it ends in.
KINDS: dict[str, tuple[bytes | None, bool, str]] = {
    "ok": (_answer("200 OK", _OK), False, "known"),
    "503": (_answer("503 Service Unavailable", b"<html>", "Retry-After: 0"), True, "ServerError"),
    "500": (_answer("500 Internal Server Error", b'{"error": {"message": "x"}}'), True, "ServerError"),
    "429": (_answer("429 Too Many Requests", b"", "Retry-After: 0.01"), True, "RateLimitedError"),
    "reset": (None, True, "ConnectionFailedError"),
    "silent": (b"", True, "ConnectionFailedError"),
    "cut head": (b"HTTP/1.1 200 OK\r\nContent-Le", True, "ConnectionFailedError"),
    "cut body": (_answer("200 OK", _OK[:60], length=len(_OK)), True, "ConnectionFailedError"),
    "empty": (_answer("200 OK", b""), True, "InvalidResponseError"),
    "null": (_answer("200 OK", _NULL), True, "unavailable"),
    "401": (_answer("401 Unauthorized", b"{}"), False, "AuthenticationError"),
    "402": (_answer("402 Payment Required", b"{}"), False, "InsufficientBalanceError"),
    "302": (_answer("302 Found", b"", "Location: https://login.example/"), False, "UnexpectedRedirectError"),
    "html": (_answer("200 OK", b"<html>log in</html>"), False, "InvalidResponseError"),
    "large": (_answer("200 OK", b" " * (1 << 20) + _OK), False, "InvalidResponseError"),
}
_FAILURES = [kind for kind in KINDS if kind != "ok"]


class Server:
    """Answers ``/N/v1/balance``."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.log: dict[int, list[str]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            fetch = int(head.split(b"/", 2)[1])
            met = self.log.setdefault(fetch, [])
            draw = random.Random(f"{self._seed}/{fetch}/{len(met)}")
            kind = draw.choice(_FAILURES) if draw.random() < FAILURE_RATE else "ok"
            met.append(kind)
            answer = KINDS[kind][0]
            if answer is None:
                link = writer.get_extra_info("socket")
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return
            writer.write(answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client hung up
        finally:
            writer.close()


async def main(seed: int, certificate: str) -> None:
    """Serve http and https until standard input ends."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = Server(seed)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(done.set)

    ports = []
    listeners = []
    for tls in (None, context):
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls, backlog=512)
        listeners.append(listener)
        ports.append(listener.sockets[0].getsockname()[1])
    print(json.dumps(ports), flush=True)
    threading.Thread(target=wait, daemon=True).start()
    await done.wait()
    for listener in listeners:
        listener.close()
    print(json.dumps(server.log), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
