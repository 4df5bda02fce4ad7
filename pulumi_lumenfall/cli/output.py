# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Writing to terminals, pipes and files, so that a failure to write is never lost."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from typing import TextIO

from ..core import describe_path, os_reason


class OutputError(Exception):
    """The result could not be written; the message says where and why."""


def write_stdout(text: str) -> None:
    """Write to standard output; an OutputError if it is closed, its reader has gone, or its disk is full."""
    if sys.stdout is None:
        raise OutputError("cannot write to standard output: it is closed")
    try:
        _write(sys.stdout, text)
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write to standard output: {os_reason(error)}") from None


def say(line: str) -> bool:
    """Write a line for people to standard error; returns whether that worked."""
    if sys.stderr is None:
        return False
    try:
        _write(sys.stderr, f"{line}\n")
    except (OSError, ValueError):
        return False
    return True


def write_file(path: str, text: str, *, is_public: bool = False) -> None:
    """Replace a file in one step, so that nobody ever reads half of it; its mode stays, and links are followed.

    Pipes and devices are written to as they are, and ``-`` is standard output. A new file that ``is_public`` can be
    read by all, whatever the umask. After an OutputError what was there before stays.
    """
    if path in ("-", "/dev/stdout"):
        write_stdout(text)
        return
    try:
        # What is behind /dev/fd/3 or /proc/self/fd/3 may be a log.
        if path.startswith(("/dev/", "/proc/")) or (os.path.exists(path) and not os.path.isfile(path)):
            _write_in_place(path, text)
        else:
            _replace(os.path.realpath(path), text, is_public)
    except (OSError, ValueError) as error:
        # A file that is a mount of its own cannot be replaced.
        is_mount = getattr(error, "errno", None) in (errno.EBUSY, errno.EXDEV)
        advice = "; mount the folder, not the file" if is_mount else ""
        raise OutputError(f"--output: cannot write {describe_path(path)}: {os_reason(error)}{advice}") from None


def append_file(name: str, text: str) -> None:
    """Add lines to the file that a variable names, if it is set."""
    path = os.environ.get(name)
    if path:
        try:
            with open(path, "ab+", buffering=0) as file:
                # A line that another command left without an end would swallow our first one, the verdict.
                if file.seekable() and file.tell():
                    file.seek(-1, os.SEEK_END)
                    text = text if file.read(1) == b"\n" else f"\n{text}"
                file.write(text.encode())
        except (OSError, ValueError) as error:
            raise OutputError(f"cannot write to {name}: {os_reason(error)}") from None


def discard(stream: TextIO) -> None:
    """Drop what could not be written to a stream.

    Python would try again at its end, and change the exit status:
    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _write(stream: TextIO, text: str) -> None:
    try:
        print(text, end="", file=stream, flush=True)
    except OSError:
        discard(stream)
        raise


def _write_in_place(path: str, text: str) -> None:
    # Opening a pipe that nobody reads would wait for ever.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _replace(path: str, text: str, is_public: bool) -> None:
    try:
        mode: int | None = stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        mode = 0o644 if is_public else None
    temporary = f"{path}.{os.urandom(8).hex()}.tmp"
    try:
        with open(temporary, "x", encoding="utf-8", newline="\n") as file:
            if mode is not None:
                os.chmod(temporary, mode)
            file.write(text)
            file.flush()
            # Otherwise a crash of the machine may leave an empty file under the final name.
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
