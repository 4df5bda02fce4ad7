# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A server that answers every request with the same balance and counts them, in a process of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

BODY = b'{"object": "balance", "billing_type": "prepaid", "available": {"amount": 12.50, "currency": "usd"}}'


class Api:
    """The server, as the process that measures sees it."""

    key = "lmnfl_bench.bench"

    def __init__(self, scheme: str, port: int, ca_file: Path, count: Any) -> None:
        self.url = f"{scheme}://localhost:{port}"
        self.environ = {"LUMENFALL_API_BASE": self.url, "LUMENFALL_API_KEY": self.key}
        self.ca_file = ca_file
        self._count = count

    def take_calls(self) -> int:
        """How many requests arrived since the last time this was asked."""
        with self._count.get_lock():
            calls = int(self._count.value)
            self._count.value = 0
        return calls


@contextlib.contextmanager
def serve(folder: Path, *, tls: bool) -> Iterator[Api]:
    """Start the server, and end it with the block."""
    authority = trustme.CA()
    ca_file, certificate = folder / "ca.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    spawn = multiprocessing.get_context("spawn")
    count, (ours, its) = spawn.Value("i", 0), spawn.Pipe()
    process = spawn.Process(target=_serve, args=(its, count, str(certificate) if tls else None), daemon=True)
    process.start()
    try:
        yield Api("https" if tls else "http", ours.recv(), ca_file, count)
    finally:
        process.kill()
        process.join()


def _serve(pipe: Any, count: Any, certificate: str | None) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            with count.get_lock():
                count.value += 1
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY)

        def log_message(self, *_arguments: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    pipe.send(server.server_port)
    server.serve_forever()
