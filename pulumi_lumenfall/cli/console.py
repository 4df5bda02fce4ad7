# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Writing to terminals, pipes and files, where a failure to write is never lost.

Python's own streams report a full disk or a closed pipe only while the process ends, too late
for its exit status; so this writes to the descriptors themselves.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Mapping
from typing import TextIO


class OutputError(Exception):
    """The result could not be written; the message says where and why."""


def write_out(text: str) -> None:
    """Write to standard output.

    Raises:
        OutputError: It is closed, its reader has gone, or its disk is full.
    """
    stream = sys.stdout
    if stream is None:
        raise OutputError("cannot write to standard output: it is closed")
    try:
        _write(stream, text)
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write to standard output: {reason(error)}") from None


def say(line: str) -> None:
    """Write a line for people to standard error; if nobody can read it, so be it."""
    say_raw(f"{line}\n")


def say_raw(text: str) -> None:
    """Write to standard error as it is, without a line end."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            _write(sys.stderr, text)


def write_file(path: str, text: str) -> None:
    """Replace a file in one step, so that no reader ever sees half of it.

    A file that is new may be read by everyone (less the umask), as a metrics collector has to; one
    that is replaced keeps its mode. What is not a plain file, such as ``/dev/stderr``, is written to.

    Raises:
        OutputError: It cannot be written; what was there before stays.
    """
    target = os.path.realpath(path)
    try:
        try:
            mode: int | None = os.stat(target).st_mode
        except FileNotFoundError:
            mode = None
        if mode is not None and not stat.S_ISREG(mode):
            _write_to(target, os.O_WRONLY, text)
            return
        _replace(target, text.encode(), 0o666 if mode is None else stat.S_IMODE(mode), mode is not None)
    except (OSError, ValueError) as error:
        raise OutputError(f"--output: cannot write the file: {reason(error)}") from None


def append_file(path: str, text: str, name: str) -> None:
    """Add to the end of a file that belongs to someone else.

    Args:
        path: The file.
        text: What to add.
        name: What to call the file in an error.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        _write_to(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, text)
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write to {name}: {reason(error)}") from None


def reason(error: Exception) -> str:
    """Why an operation on a file failed, in the system's words, without the file's name."""
    return (getattr(error, "strerror", None) or "it is not usable").lower()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person watches this stream."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def may_colour(stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether to colour what goes to a stream: https://no-color.org, and not on a dumb terminal."""
    return is_terminal(stream) and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of the bytes, however few the system takes at a time."""
    while data:
        data = data[os.write(descriptor, data) :]


def _write(stream: TextIO, text: str) -> None:
    # A stream that knows no more than ASCII shows the rest escaped instead of failing.
    write_all(stream.fileno(), text.encode(stream.encoding or "utf-8", "backslashreplace"))


def _write_to(path: str, flags: int, text: str) -> None:
    # Opening a pipe would otherwise wait for its reader, however long; what is written fits into its buffer.
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o644)
    try:
        if hasattr(os, "O_NONBLOCK"):
            os.set_blocking(descriptor, True)
        write_all(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _replace(target: str, data: bytes, mode: int, keep_mode: bool) -> None:
    # Random, since processes of several containers have the same number.
    temporary = f"{target}.{os.urandom(8).hex()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        try:
            if keep_mode and hasattr(os, "fchmod"):
                os.fchmod(descriptor, mode)
            write_all(descriptor, data)
            # Without it a crash of the machine may leave an empty file under the final name.
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
