# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A stand-in for the API on a free port of the loopback interface; its address is in the file that it is given."""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

KEY = "lmnfl_integration.test"
BALANCE = {"object": "balance", "billing_type": "prepaid", "available": {"amount": 12.50, "currency": "usd"}}
REFUSAL = {"error": {"message": "Invalid API key", "code": "AUTHENTICATION_FAILED"}}


class Handler(BaseHTTPRequestHandler):
    """GET answers with the balance, PUT ends the server."""

    def do_GET(self):
        is_authorized = self.headers.get("Authorization") == "Bearer " + KEY
        self._answer(200 if is_authorized else 401, BALANCE if is_authorized else REFUSAL)

    def do_PUT(self):
        self._answer(200, {})
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
