# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A stand-in for the API on a free port of the loopback interface; its address is in the file that it is given."""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

KEY = "lmnfl_integration.test"


class Handler(BaseHTTPRequestHandler):
    """GET /v1/balance answers, GET /calls counts, PUT /amount sets, PUT /quit ends."""

    amount = 12.50
    calls = 0

    def do_GET(self):
        if self.path == "/calls":
            self._answer(200, {"calls": Handler.calls})
            return
        Handler.calls += 1
        if self.headers.get("Authorization") != "Bearer " + KEY:
            self._answer(401, {"error": {"message": "Invalid API key", "code": "AUTHENTICATION_FAILED"}})
            return
        available = {"amount": Handler.amount, "currency": "usd"}
        self._answer(200, {"object": "balance", "billing_type": "prepaid", "available": available})

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/amount":
            Handler.amount, Handler.calls = json.loads(body), 0
        self._answer(200, {})
        if self.path == "/quit":
            self.server.running = False

    def _answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


def main():
    """Serve until told to quit."""
    ready = sys.argv[1]
    server = HTTPServer(("127.0.0.1", 0), Handler)
    with open(ready + ".new", "w", encoding="utf-8") as file:
        json.dump({"url": f"http://127.0.0.1:{server.server_port}", "key": KEY}, file)
    # Complete from the moment that it is there.
    os.rename(ready + ".new", ready)
    server.running = True
    while server.running:
        server.handle_request()


if __name__ == "__main__":
    main()
