# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Bad ends: closed pipes, full disks, signals, terminals, and bugs of our own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from pulumi_lumenfall.cli.arguments import FORMATS
from pulumi_lumenfall.sandbox import Answer
from support.interruption import interrupt
from support.marks import linux


def shell(cli, api, script, **env):
    """Run a bash script that calls the program as ``$L``."""
    ended = subprocess.run(
        ["bash", "-c", script],
        env=cli.environment(api, {"L": str(cli.program), **env}),
        cwd=cli.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    return ended


@linux
# In github, what is enough is not said on standard output.
@pytest.mark.parametrize("format", [format for format in FORMATS if format != "github"])
@pytest.mark.parametrize(("minimum", "status"), [("5", 3), ("50", 2)])
def test_a_full_disk(cli, api, format, minimum, status):
    """A verdict that nobody could read does not pass; one that fails keeps its status."""
    with open("/dev/full", "w") as full:
        ended = cli("check", "--minimum", minimum, "--format", format, api=api, stdout=full)
    assert ended.status == status
    problem = "lumenfall-balance: cannot write to standard output: no space left on device; the verdict was: "
    assert ended.err.startswith(problem)
    assert ended.err.count("\n") == 1


@linux
@pytest.mark.parametrize("words", ["--help", "--version", "check --help", "completion bash", "doctor", "doctor --json"])
def test_a_full_disk_elsewhere(cli, api, words):
    """Nor do help, version and completion pretend that they were read."""
    ended = shell(cli, api, f'"$L" {words} >/dev/full')
    assert ended.returncode == 3
    assert ended.stderr == "lumenfall-balance: cannot write to standard output: no space left on device\n"


@linux
@pytest.mark.parametrize(("minimum", "status"), [("5", 3), ("50", 2)])
def test_a_folder_that_is_gone(cli, api, minimum, status):
    """The current one: a verdict that could not be written is no bug of ours."""
    words = f"check --minimum {minimum} --format json --output gone.json"
    ended = shell(cli, api, f'mkdir gone; cd gone; rmdir ../gone; "$L" {words}')
    assert ended.returncode == status
    assert ended.stderr.startswith("lumenfall-balance: --output: cannot write the file: no such file or directory; ")


@linux
def test_github_on_a_full_disk(cli, api):
    """An annotation that is lost keeps the status of its verdict."""
    with open("/dev/full", "w") as full:
        ended = cli("check", "--minimum", "50", "--format", "github", api=api, stdout=full)
    assert ended.status == 2
    assert "cannot write to standard output: no space left on device; the verdict was: balance too low" in ended.err


@linux
@pytest.mark.parametrize(
    ("script", "status"),
    [
        (">/dev/full 2>/dev/full", 3),
        (">&- 2>&-", 3),
        (">&- 2>/dev/full", 3),
        ("2>/dev/full", 0),
        (">/dev/full", 0),
    ],
)
def test_github_where_nobody_hears_of_it(cli, api, script, status):
    """Without a file of outputs, what is enough passes only if the sentence can be written somewhere."""
    command = '"$L" check --minimum 5 --format github '
    ended = shell(cli, api, command + script)
    assert ended.returncode == status
    assert ended.stdout + ended.stderr == "" or "enough: 12.50 usd" in ended.stdout + ended.stderr
    assert shell(cli, api, command + script, GITHUB_OUTPUT="outputs").returncode == 0
    assert (cli.folder / "outputs").read_text().startswith("verdict=enough\n")


@linux
@pytest.mark.parametrize(
    ("words", "env"),
    [("--format json --output fifo", {}), ("--format github", {"GITHUB_OUTPUT": "fifo"})],
    ids=["output", "github"],
)
def test_a_named_pipe(cli, api, words, env):
    """One that nobody reads is not waited for, and its verdict does not pass; one with a reader is written to."""
    os.mkfifo(cli.folder / "fifo")
    ended = cli("check", "--minimum", "5", *words.split(), api=api, env=env)
    assert ended.status == 3
    assert "no such device or address" in ended.text
    script = f'exec 3<>fifo; "$L" check --minimum 5 {words} && read -r line <&3 && echo "$line"'
    ended = shell(cli, api, script, **env)
    assert ended.returncode == 0
    assert '"sufficient": true' in ended.stdout or ended.stdout == "verdict=enough\n"


@pytest.mark.parametrize(
    "script",
    [
        "$SHOW --output - >>log",
        "$SHOW --output /dev/stdout >>log",
        "$SHOW --output /dev/../dev/stdout >>log",
        "$SHOW --output /proc/self/fd/1 >>log",
        "ln -s /dev/stdout link; $SHOW --output link >>log",
        "$SHOW --output /dev/stderr 2>>log",
        "$SHOW --output /dev/fd/3 3>>log",
        "exec 3>>log; $SHOW --output /proc/$BASHPID/fd/3 && true",
        "$SHOW --output /dev/stdout | cat >>log",
        "$SHOW --output /dev/stderr 2>&1 | cat >>log",
        "mkfifo done; $SHOW --output >(cat >>log; echo >done) && read -r <done",
        "exec >>log; $SHOW --output /dev/stdout",
    ],
)
@linux
def test_output_to_a_descriptor_that_goes_by_a_name(cli, api, script):
    """A pipe works, and a log that stands behind it keeps what it holds, and what is written to it later."""
    log = cli.folder / "log"
    log.write_text("first\n")
    number = log.stat().st_ino
    script = script.replace("$SHOW", '"$L" show --format json')
    ended = shell(cli, api, f"( {script} ) && echo last >>log")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    first, result, last = log.read_text().splitlines()
    assert (first, json.loads(result)["status"], last) == ("first", "known", "last")
    assert log.stat().st_ino == number


@linux
def test_output_keeps_its_place_in_a_file(cli, api):
    """One that several commands write to, each from where the one before it stopped."""
    script = '{ echo first; "$L" show --format json --output /dev/stdout; echo last; } >log'
    assert shell(cli, api, script).returncode == 0
    first, _result, last = (cli.folder / "log").read_text().splitlines()
    assert (first, last) == ("first", "last")


@linux
@pytest.mark.parametrize("place", ["/dev/fd/9", "/dev/stdout", "/dev/stderr", "-"])
def test_output_to_a_closed_descriptor(cli, api, place):
    ended = shell(cli, api, f'"$L" show --format json --output {place} >&- 2>&-')
    assert ended.returncode == 3


@pytest.mark.parametrize(("minimum", "status"), [("5", 3), ("50", 2)])
def test_a_closed_pipe(cli, api, minimum, status):
    """The reader went away before it could read the verdict."""
    # The reader is gone for certain before anything is written.
    script = (
        f'{{ read -r _ <gone; "$L" check --minimum {minimum}; echo "status $?" >&2; }} | {{ exec <&-; echo >gone; }}'
    )
    ended = shell(cli, api, f"mkfifo gone; {script}")
    lines = ended.stderr.splitlines()
    assert lines[0].startswith("lumenfall-balance: cannot write to standard output: broken pipe; the verdict was: ")
    assert lines[1:] == [f"status {status}"]


@pytest.mark.parametrize(("minimum", "status"), [("5", 3), ("50", 2)])
def test_closed_standard_output(cli, api, minimum, status):
    """Nothing may be written into whatever got its descriptor instead."""
    ended = shell(cli, api, f'"$L" check --minimum {minimum} >&-')
    assert ended.returncode == status
    assert ended.stderr.startswith(
        "lumenfall-balance: cannot write to standard output: it is closed; the verdict was: "
    )


@pytest.mark.parametrize("redirect", ["2>&-", pytest.param("2>/dev/full", marks=linux)])
def test_standard_error_that_cannot_be_written(cli, api, redirect):
    """What was to be said is lost; the exit status is not."""
    for words, status in (("check --minimum 5", 0), ("check --minimum 50 --format json", 2), ("--frob", 3)):
        ended = shell(cli, api, f'"$L" {words} {redirect}')
        assert ended.returncode == status


def test_all_streams_closed(cli, api):
    """As some daemons start their children."""
    for words, status in (("check --minimum 5", 3), ("check --minimum 50", 2), ("--frob", 3)):
        ended = shell(cli, api, f'"$L" {words} <&- >&- 2>&-')
        assert ended.returncode == status


def interrupted(cli, api, command, number):
    """How a command ended after a signal that came when the sandbox had been asked."""
    return interrupt(
        command, number, 0.0, env=cli.environment(api), cwd=cli.folder, ready=lambda: len(api.requests) > 0
    )


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("words", [["show"], ["check", "--minimum", "5", "--format", "json"], ["doctor"]])
def test_stopped_while_it_asks(cli, api, words, number, status):
    """One line, nothing on standard output, no traceback."""
    api.delay = 3600
    ended = interrupted(cli, api, [cli.program, *words], number)
    assert (ended.status, ended.out, ended.err) == (status, "", "lumenfall-balance: stopped\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_between_attempts(cli, api, number):
    """While it waits as long as the server asked for."""
    api.status, api.retry_after = 503, 1000
    ended = interrupted(cli, api, [cli.program, "check", "--minimum", "5", "--timeout", "3600"], number)
    assert (ended.status, ended.err) == (128 + number, "lumenfall-balance: stopped\n")


def test_an_ignored_interrupt_stays_ignored(cli, api):
    """Whoever starts us may have asked for that (nohup, a background job of a script)."""
    api.delay = 3600
    command = ["bash", "-c", 'trap "" INT; exec "$0" check --minimum 5 --timeout 2', cli.program]
    ended = interrupted(cli, api, command, signal.SIGINT)
    assert ended.status == 3
    assert "within 2 s" in ended.err


def test_the_sandbox_stops_well(cli):
    """It prints how to use it, and Ctrl-C is its regular end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        process, exports = cli.start_sandbox("--amount", "3.20")
        ended = cli("check", "--minimum", "5", env=exports)
        assert ended.status == 2
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (0, "")
        assert "GET /v1/balance 200 3.20 usd" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--amount x", "--amount: 'x' is not a plain number"),
        ("--billing-type free", "--billing-type: 'free' is neither"),
        ("--port x", "--port: it must be a whole number"),
        ("--port 70000", "--port: '70000' is not within 0 to 65535"),
        ("--status 302", "--status: '302' is neither 200 nor within 400 to 599"),
        ("--delay x", "--delay: it must be a number of seconds"),
        ("--delay -1", "--delay: '-1' is not a number of seconds"),
        ("--retry-after $'a\\nb'", "--retry-after: "),
        pytest.param(">/dev/full", "No space left on device", marks=linux),
    ],
)
def test_a_sandbox_that_cannot_start(cli, words, message):
    """One line, status 3."""
    ended = shell(cli, None, f'"$L" sandbox {words}')
    assert ended.returncode == 3
    assert message in ended.stderr
    assert ended.stderr.startswith("lumenfall-balance: ")
    assert ended.stderr.count("\n") == 1


def test_a_port_that_is_taken(cli, api):
    """It says which, and what to do."""
    ended = cli("sandbox", "--port", api.url.rpartition(":")[2])
    assert ended.status == 3
    assert "cannot listen on 127.0.0.1, port" in ended.err
    assert "choose another port" in ended.err


@pytest.mark.parametrize(
    ("billing_type", "amount", "shown"),
    [([], ["--amount", "null"], "temporarily unavailable"), (["--billing-type", "postpaid"], [], "postpaid account")],
)
def test_a_sandbox_without_an_amount(cli, billing_type, amount, shown):
    """``null`` is a word of its own; a postpaid account has none by default."""
    _, exports = cli.start_sandbox(*billing_type, *amount)
    assert shown in cli("show", "--max-attempts", "1", env=exports).out


@pytest.mark.parametrize(
    ("env", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
        ({}, False),
    ],
)
def test_colour(cli, api, env, coloured):
    """On a terminal that can, unless NO_COLOR says no (https://no-color.org: when not empty)."""
    for words, code in ((["--minimum", "5", "--warn", "20"], "\033[32m"), (["--minimum", "50"], "\033[31m")):
        _, shown = cli.on_terminal("check", *words, api=api, env=env)
        assert (code in shown) == coloured
        assert ("\033" in shown) == coloured
        assert "12.50 usd" in shown


def test_no_colour_in_a_pipe(cli, api):
    """Whatever the terminal can do."""
    assert "\033" not in cli("check", "--minimum", "5", api=api, env={"TERM": "xterm", "FORCE_COLOR": "1"}).out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_stream_that_knows_few_characters(cli, api, encoding):
    """The rest is escaped; nothing fails for it."""
    api.script(Answer(400, '{"error": {"message": "caf\u00e9 \u4f59\u989d", "code": "X"}}'))
    process = subprocess.run(
        [str(cli.program), "check", "--minimum", "5"],
        env=cli.environment(api, {"PYTHONIOENCODING": encoding}),
        capture_output=True,
        check=False,
    )
    assert process.returncode == 3
    assert "caf\u00e9 \u4f59\u989d".encode(encoding, "backslashreplace") in process.stderr


def test_a_bug_of_ours_is_no_warning_to_nagios(cli, api):
    """Python would exit with 1. The exception's text may hold anything, so it is not shown."""
    code = (
        "import sys; from pulumi_lumenfall.cli import command, main\n"
        "def broken(*_): raise RuntimeError('lmnfl_secret')\n"
        "command._ask_once = broken\n"
        "sys.exit(main(['check', '--minimum', '5', '--format', sys.argv[1]]))"
    )
    for format in FORMATS:
        ended = subprocess.run(
            [sys.executable, "-c", code, format], env=cli.environment(api), capture_output=True, text=True, check=False
        )
        assert ended.returncode == 3
        assert "internal error" in ended.stdout + ended.stderr
        assert "RuntimeError" in ended.stdout + ended.stderr
        assert "lmnfl_secret" not in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        assert bool(ended.stdout) == (format != "text")  # a program gets its document even then


@linux
def test_a_sandbox_that_nobody_hears(cli):
    """Where it is would be nobody's knowledge."""
    ended = shell(cli, None, '"$L" sandbox >&-')
    assert (ended.returncode, ended.stderr) == (
        3,
        "lumenfall-balance: cannot write to standard output: it is closed\n",
    )
