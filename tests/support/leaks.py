# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The one leak detector: what a secret may look like where it must not be, and where to look for it."""

from __future__ import annotations

import base64
import contextlib
import re
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from typing_extensions import Self

#: A key that no other text resembles. The marker is what is looked for: the secret part alone is a leak too.
MARKER = "Marker-Of-The-Tests"
KEY = f"lmnfl_kid.{MARKER}"
OTHER_KEY = f"lmnfl_other.other-{MARKER}"
#: The same with characters that are quoted in URLs, JSON and HTML.
ODD_KEY = f'lmnfl_kid.{MARKER}+/="<&'


def _pattern(secret: str) -> re.Pattern[bytes]:
    """A secret as it might be written, in lower case: as it is, or within base64, as a pickle in a state is."""
    found = [secret.encode()]
    for offset in range(3):
        encoded = base64.b64encode(b"x" * offset + secret.encode())
        # Without the ends, which depend on what stands beside it.
        found.append(encoded[(offset * 8 + 5) // 6 : -4])
    return re.compile(b"|".join(re.escape(trace.lower()) for trace in found))


def leaks(written: Mapping[str, bytes], secret: str = MARKER) -> list[str]:
    """Where a secret is, with what stands around it; empty where it is nowhere."""
    pattern = _pattern(secret)
    matches = {name: pattern.search(data.lower()) for name, data in written.items()}
    return [
        f"{name}: {match.string[max(0, match.start() - 200) :][:300]!r}" for name, match in matches.items() if match
    ]


def leaked(*texts: str | bytes | None) -> bool:
    """Whether the marker is in one of the texts."""
    raw = (text if isinstance(text, bytes) else (text or "").encode("utf-8", "surrogatepass") for text in texts)
    return bool(leaks({str(number): data for number, data in enumerate(raw)}))


def lines_with(text: str) -> list[str]:
    """The lines of a log that hold the marker."""
    return [line for line in text.splitlines() if leaked(line)]


def files(*folders: Path) -> dict[str, bytes]:
    """All that is on disk there, by path; the names of files count as well."""
    return {
        str(path): str(path).encode() + b"\n" + path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


class Processes:
    """What every process of the machine shows to the others while it runs (Linux).

    Used as a context it looks again and again; called, as the ``on_request`` of a sandbox, it looks at that moment.

    Attributes:
        seen: Process id and command line -> environment, of each process that was seen.
    """

    def __init__(self) -> None:
        self.seen: dict[tuple[int, bytes], bytes] = {}

    def __call__(self, *_: object) -> None:
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command_line = (folder / "cmdline").read_bytes()
                self.seen[int(folder.name), command_line] = (folder / "environ").read_bytes()

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self()

    def __enter__(self) -> Self:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def written(self, within: str, may_know: Callable[[str], bool] = lambda command: True) -> dict[str, bytes]:
        """Command lines, and the environments of processes that have no need of the key; where there is /proc, some.

        Args:
            within: Text in the environment of the processes that belong to the test; others are of other tests.
            may_know: Whether a process, by its command line, may have the key there; all may by default.
        """
        written = {}
        for (number, command_line), environment in list(self.seen.items()):
            if within.encode() in environment:
                command = command_line.replace(b"\0", b" ").decode(errors="replace")
                written[f"command line {command} ({number})"] = command_line
                if not may_know(command):
                    written[f"environment of {command} ({number})"] = environment
        assert written or sys.platform != "linux", "saw no process of this test"
        return written
