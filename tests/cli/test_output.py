# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Where a result goes: ``--output``, closed pipes, full disks. What cannot be written is never exit status 0."""

from __future__ import annotations

import json
import os
import stat
import subprocess

import pytest

from pulumi_lumenfall.cli import output as output_module
from pulumi_lumenfall.cli.arguments import FORMATS
from pulumi_lumenfall.sandbox import Answer
from support.marks import linux

FILE_FORMATS = [format for format in FORMATS if format != "github"]
PROMETHEUS = ["check", "--minimum", "5", "--format", "prometheus", "--output", "x.prom"]


@pytest.mark.parametrize("format", FILE_FORMATS)
def test_a_file_gets_what_standard_output_would(cli, folder, api, format):
    words = ["show", "--format", format]
    ended = cli(*words, "--output", "x", api=api)
    assert (ended.status, ended.out) == (0, "")
    if format in ("json", "flat", "dotenv", "text"):
        assert (folder / "x").read_text() == cli(*words, api=api).out
    assert "12.5" in (folder / "x").read_text()


@pytest.mark.parametrize("format", [*FILE_FORMATS, "github", "xml", ""])
@pytest.mark.parametrize("mistake", [["check"], ["check", "--minimum", "x"], ["show", "--frob"]])
def test_a_mistake_replaces_the_file(cli, folder, api, format, mistake):
    """What an earlier run wrote, such as ``"sufficient": true``, must not be read as the result of this one."""
    command, *rest = mistake
    for words in (
        [*mistake, "--output", "x", "--format", format],
        [command, f"--format={format}", "--output=x", *rest],
    ):
        (folder / "x").write_text('{"sufficient": true}')
        assert cli(*words, api=api).status == 3
        assert "true" not in (folder / "x").read_text()
    assert api.requests == []


def test_a_file_is_replaced_in_one_step(cli, folder, api):
    """A new file under the old name, with its mode, also behind a link; nothing else stays in the folder."""
    path = folder / "real"
    path.write_text("before")
    path.chmod(0o664)
    (folder / "x.prom").symlink_to("real")
    with path.open() as reader:
        assert cli(*PROMETHEUS, api=api).status == 0
        assert reader.read() == "before"
    assert path.read_text().startswith("# HELP")
    assert stat.S_IMODE(path.stat().st_mode) == 0o664
    assert (folder / "x.prom").is_symlink()
    assert sorted(os.listdir(folder)) == ["real", "x.prom"]


@pytest.mark.parametrize(("format", "mode"), [("prometheus", 0o644), ("json", 0o600)])
def test_the_mode_of_a_new_file(program, api, format, mode):
    """node_exporter runs as another user, and cron often with this umask."""
    words = f"check --minimum 5 --format {format} --output x"
    assert program.in_shell(f'umask 077; "$L" {words}', api).status == 0
    assert stat.S_IMODE((program.folder / "x").stat().st_mode) == mode


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("missing/x", "no such file or directory"),
        (".", "is a directory"),
        pytest.param("/dev/full", "no space left on device", marks=linux),
    ],
)
@pytest.mark.parametrize(("minimum", "status"), [("5", 3), ("50", 2)])
def test_a_file_that_cannot_be_written(cli, folder, api, place, problem, minimum, status):
    """One line with the path and the verdict, which does not pass."""
    ended = cli("check", "--minimum", minimum, "--format", "json", "--output", place, api=api)
    assert ended.status == status
    assert ended.err.startswith(f"lumenfall-balance: --output: cannot write {place}: {problem}; the verdict was: ")
    assert ended.err.count("\n") == 1
    assert os.listdir(folder) == []


def test_a_file_that_is_a_mount(tmp_path, monkeypatch):
    """As in a container: it cannot be replaced, so the advice is to mount the folder."""

    def busy(*_paths):
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(os, "replace", busy)
    (tmp_path / "x").write_text("before")
    with pytest.raises(output_module.OutputError, match="x: device or resource busy; mount the folder, not the file"):
        output_module.write_file(str(tmp_path / "x"), "after")
    assert (tmp_path / "x").read_text() == "before"
    assert os.listdir(tmp_path) == ["x"]


@linux
@pytest.mark.parametrize(
    "script",
    [
        "$SHOW --output /dev/stdout >>log",
        "$SHOW --output /dev/fd/3 3>>log",
        "$SHOW --output /proc/self/fd/3 3>>log",
        "$SHOW --output /dev/stdout | cat >>log",
        "mkfifo done; $SHOW --output >(cat >>log; echo >done) && read -r <done",
    ],
)
def test_output_to_a_descriptor(program, api, script):
    """A pipe works, and a log that is behind it keeps what it contains."""
    (program.folder / "log").write_text("first\n")
    script = script.replace("$SHOW", '"$L" show --format json')
    ended = program.in_shell(f"( {script} ) && echo last >>log", api)
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    first, result, last = (program.folder / "log").read_text().splitlines()
    assert (first, json.loads(result)["status"], last) == ("first", "known", "last")


@linux
def test_a_pipe_that_nobody_reads(cli, folder, api):
    """It is not waited for."""
    os.mkfifo(folder / "fifo")
    ended = cli("check", "--minimum", "5", "--format", "json", "--output", "fifo", api=api)
    assert ended.status == 3
    assert "cannot write fifo: no such device or address" in ended.err


@linux
@pytest.mark.parametrize("format", FILE_FORMATS)
@pytest.mark.parametrize(("minimum", "status"), [("5", 3), ("50", 2)])
def test_a_full_disk(program, api, format, minimum, status):
    """A verdict that nobody could read does not pass; one that fails keeps its status."""
    ended = program.in_shell(f'"$L" check --minimum {minimum} --format {format} >/dev/full', api)
    problem = "lumenfall-balance: cannot write to standard output: no space left on device; the verdict was: "
    assert (ended.status, ended.err.count("\n")) == (status, 1)
    assert ended.err.startswith(problem)


@linux
@pytest.mark.parametrize("words", ["--help", "--version", "completion bash", "doctor", "sandbox"])
def test_a_full_disk_elsewhere(program, api, words):
    ended = program.in_shell(f'"$L" {words} >/dev/full', api)
    assert (ended.status, ended.err.count("\n")) == (3, 1)
    assert "no space left on device" in ended.err.lower()


@linux
@pytest.mark.parametrize(("redirect", "status"), [(">/dev/full 2>/dev/full", 3), (">/dev/full", 0)])
def test_github_where_nobody_reads_it(program, api, redirect, status):
    """Without a file of outputs, what is enough passes only if the sentence can be written somewhere."""
    command = f'"$L" check --minimum 5 --format github {redirect}'
    assert program.in_shell(command, api).status == status
    assert program.in_shell(command, api, GITHUB_OUTPUT="outputs").status == 0
    assert (program.folder / "outputs").read_text().startswith("verdict=enough\n")


@pytest.mark.parametrize(("minimum", "status"), [("5", 3), ("50", 2)])
def test_a_closed_pipe(program, api, minimum, status):
    """The reader went away before it could read the verdict."""
    # The reader is gone for certain before anything is written.
    check = f'"$L" check --minimum {minimum}'
    ended = program.in_shell(
        f'mkfifo gone; {{ read -r _ <gone; {check}; echo "$?" >&2; }} | {{ exec <&-; echo >gone; }}', api
    )
    message, shown = ended.err.splitlines()
    assert message.startswith("lumenfall-balance: cannot write to standard output: broken pipe; the verdict was: ")
    assert shown == str(status)


@pytest.mark.parametrize(
    ("redirect", "statuses"),
    [
        ("2>&-", (0, 2, 3)),
        ("<&- >&- 2>&-", (3, 2, 3)),
        pytest.param("2>/dev/full", (0, 2, 3), marks=linux),
    ],
)
def test_closed_streams(program, api, redirect, statuses):
    """What was to be said may be lost; the exit status is not."""
    for words, status in zip(("check --minimum 5", "check --minimum 50", "--frob"), statuses, strict=True):
        assert program.in_shell(f'"$L" {words} {redirect}', api).status == status


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_stream_that_knows_few_characters(program, api, encoding):
    """The rest is escaped; nothing fails for it."""
    api.script(Answer(400, '{"error": {"message": "caf\u00e9 \u4f59\u989d", "code": "X"}}'))
    ended = subprocess.run(
        [str(program.path), "check", "--minimum", "5", "--format", "nagios"],
        env=program.environment(api, {"PYTHONIOENCODING": encoding}),
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 3
    assert "caf\u00e9 \u4f59\u989d".encode(encoding, "backslashreplace") in ended.stdout
