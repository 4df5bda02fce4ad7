# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Writing to terminals, pipes and files, where a failure to write is never lost.

Python's own streams report a full disk or a closed pipe only while the process ends, too late
for its exit status; so this writes to the descriptors themselves.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
from collections.abc import Mapping
from typing import TextIO

# A descriptor by name, of this process or of another.
_DESCRIPTOR = re.compile(
    r"/dev/(?P<stream>stdout|stderr)|(?:/dev|/proc/(?P<process>self|thread-self|[0-9]+))/fd/(?P<number>[0-9]{1,9})"
)
_MAX_LINKS = 40


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


def say(line: str) -> bool:
    """Write a line for people to standard error; if nobody can read it, so be it. Returns whether it was written."""
    return say_raw(f"{line}\n")


def say_raw(text: str) -> bool:
    """Write to standard error as it is, without a line end; returns whether it was written."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            _write(sys.stderr, text)
            return True
    return False


def write_file(path: str, text: str) -> None:
    """Replace a file in one step, so that no reader ever sees half of it.

    A file that is new may be read by everyone (less the umask), as a metrics collector has to; one
    that is replaced keeps its mode. What is not a plain file is written to, and so is what stands
    behind a descriptor that goes by a name, such as ``/dev/stdout``: it may be a log.

    Raises:
        OutputError: It cannot be written; what was there before stays.
    """
    try:
        found = _find_descriptor(path)
        if found and _number_of(found) == 1:
            write_out(text)
        elif found:
            _write_to_descriptor(found, text)
        elif os.path.exists(path) and not os.path.isfile(path):
            _write_to(path, os.O_WRONLY, text)
        else:
            # A link stays, and leads to the new file.
            _replace(os.path.realpath(path), text.encode())
    except (OSError, ValueError) as error:
        raise OutputError(f"--output: cannot write the file: {reason(error)}") from None


def append_file(path: str, text: str, name: str) -> None:
    """Add lines to the end of a file that belongs to someone else.

    Args:
        path: The file.
        text: What to add; it begins on a line of its own, whether or not the last one was ended.
        name: What to call the file in an error.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        begun = _is_line_begun(path)
        _write_to(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, f"\n{text}" if begun else text)
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


def _is_line_begun(path: str) -> bool:
    """Whether the last line of a file lacks its end; False for what cannot be read, or is no plain file."""
    if not os.path.isfile(path) or not os.path.getsize(path):
        return False
    try:
        with open(path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except PermissionError:
        return False


def _find_descriptor(path: str) -> re.Match[str] | None:
    """The descriptor that a path names, itself or by way of links; what it is open on is another matter."""
    for _link in range(_MAX_LINKS):
        path = os.path.abspath(path)
        found = _DESCRIPTOR.fullmatch(path)
        if found:
            return found
        try:
            path = os.path.join(os.path.dirname(path), os.readlink(path))
        except (OSError, ValueError):
            break
    return None


def _number_of(found: re.Match[str]) -> int | None:
    """The descriptor's number; None if it is another process's."""
    if found["stream"]:
        return {"stdout": 1, "stderr": 2}[found["stream"]]
    return int(found["number"]) if found["process"] in (None, "self", "thread-self", str(os.getpid())) else None


def _write_to_descriptor(found: re.Match[str], text: str) -> None:
    number = _number_of(found)
    if number is None:
        _write_to(found.group(), os.O_WRONLY | os.O_APPEND, text)
    else:
        # Opened anew, a file would be written from its start.
        write_all(number, text.encode())


def _replace(target: str, data: bytes) -> None:
    try:
        mode: int | None = stat.S_IMODE(os.stat(target).st_mode)
    except FileNotFoundError:
        mode = None
    # Random, since processes of several containers have the same number.
    temporary = f"{target}.{os.urandom(8).hex()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
    try:
        try:
            if mode is not None and hasattr(os, "fchmod"):
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
