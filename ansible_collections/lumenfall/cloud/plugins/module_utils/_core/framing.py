# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The framing of an answer, read more strictly than http.client does: what was cut must not pass for a whole.

The standard library alone; knows nothing of what an answer means.
"""

from __future__ import annotations

import http.client
import re
import zlib
from typing import Any

from .wire import MAX_BODY_BYTES, Cut, TooLarge, current_wire


class _WholeLines:
    """The stream of an answer, where http.client takes the end of the stream for the end of a line.

    A status line, header, chunk size or trailer that stops before its newline was cut, and so
    were headers or trailers that stop before the blank line. A carriage return within a line
    is a space (RFC 9112, section 2.2).
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.last_line = b""

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._stream.readline(limit)
        if not line.endswith(b"\n") and len(line) != limit:
            raise Cut
        self.last_line = line
        # For the email package each carriage return would end a header: a MiB of them cost seconds and 460 MiB.
        end = len(line) - (2 if line.endswith(b"\r\n") else 1)
        return line[:end].replace(b"\r", b" ") + line[end:]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


# Three digits (RFC 9112, section 4): http.client takes whatever int() does, such as "+200" and "2_0_0".
_STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] +[0-9]{3}(\s.*)?", re.DOTALL)
# Hexadecimal digits (RFC 9112, section 7.1), where int() takes "0x5c", "+5c" and "5_c" too; extensions are fine.
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]+[ \t]*(;.*)?\r?\n", re.DOTALL)


class StrictResponse(http.client.HTTPResponse):
    """Notes the status and the framing of an answer, strictly, before urllib3 sees it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fp: Any = _WholeLines(self.fp)

    def _read_status(self) -> Any:
        found = super()._read_status()  # type: ignore[misc]
        if not _STATUS_LINE.fullmatch(self.fp.last_line):
            raise http.client.BadStatusLine("not three digits")
        return found

    def _read_next_chunk_size(self) -> int:
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]
        if not _CHUNK_SIZE.fullmatch(self.fp.last_line):
            raise Cut
        return size

    def _get_chunk_left(self) -> Any:
        if self.chunk_left == 0:
            # The end of a chunk: http.client drops two bytes, whatever they are.
            if self._safe_read(2) != b"\r\n":  # type: ignore[attr-defined]
                raise Cut
            self.chunk_left: int | None = None
        return super()._get_chunk_left()  # type: ignore[misc]

    def begin(self) -> None:
        super().begin()
        wire = current_wire()
        fields = self.msg
        lengths = {length.strip() for field in fields.get_all("Content-Length", []) for length in str(field).split(",")}
        codings = fields.get_all("Transfer-Encoding", [])
        if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,18}", length) for length in lengths):
            wire.framing_problem = "its Content-Length makes no sense"
        elif lengths and codings:
            wire.framing_problem = "it has both Content-Length and Transfer-Encoding"
        elif codings and not (self.chunked and len(codings) == 1):
            # http.client takes what it does not know for no coding at all, and looks at the first line alone.
            wire.framing_problem = "its Transfer-Encoding makes no sense"
        elif fields.defects or fields.get_payload():
            wire.framing_problem = "its header lines are malformed"
        elif lengths:
            wire.length = int(lengths.pop())
        wire.encoding = ",".join(map(str, fields.get_all("Content-Encoding", [])))
        # What urllib3 would act on, or log at length, has been dealt with.
        del fields["Content-Length"], fields["Content-Encoding"]
        fields.defects.clear()
        fields.set_payload("")
        wire.headers = fields
        wire.status = self.status


_GZIP = b"\x1f\x8b"
# A balance has one; without a limit, a MiB of empty ones would cost minutes.
_MAX_MEMBERS = 100


class Undecodable(Exception):
    def __init__(self, reason: str, cut: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cut = cut


def decode(raw: bytes, encoding: str) -> bytes:
    """Undo a compression that was not asked for, within bounds whatever it unpacks to.

    gzip may come in several members, and with zero bytes behind them, as the common tools have it.
    """
    name = encoding.strip().lower()
    if not raw or name in ("", "identity"):
        return raw
    if name not in ("gzip", "x-gzip", "deflate"):
        raise Undecodable("it has a Content-Encoding that was not asked for")
    body, rest, is_gzip = b"", raw, raw.startswith(_GZIP)
    for _member in range(_MAX_MEMBERS):
        # Adding 32 lets zlib tell gzip from its own format by the header.
        unpacker = zlib.decompressobj(zlib.MAX_WBITS + 32)
        try:
            body += unpacker.decompress(rest, MAX_BODY_BYTES + 1 - len(body))
        except zlib.error:
            raise Undecodable("its compressed data is corrupt") from None
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge
        if not unpacker.eof:
            raise Undecodable("its compressed data ends early", cut=True)
        rest = unpacker.unused_data
        if is_gzip:
            rest = rest.lstrip(b"\0")
        if not rest:
            return body
        if not (is_gzip and rest.startswith(_GZIP)):
            break
    raise Undecodable("there is more after its compressed data")
