# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``check --wait``: what it waits for, what ends it, and what people see meanwhile."""

from __future__ import annotations

import re
import signal
import time

import pytest

from pulumi_lumenfall.cli.wait import describe_duration, parse_duration
from pulumi_lumenfall.core import ConfigurationError
from pulumi_lumenfall.sandbox import Answer, Sandbox

WAIT = ["check", "--minimum", "5", "--wait", "30", "--poll", "1s", "--max-attempts", "1"]
LOW = "balance too low: have 3.20 usd, need 5.00 usd, 1.80 short; add funds at https://lumenfall.ai/app/credits"


def test_nothing_to_wait_for(cli, api):
    """Enough at once: no waiting and no word of it."""
    ended = cli(*WAIT, api=api)
    assert (ended.status, ended.out, ended.err) == (
        0,
        "enough: 12.50 usd available (prepaid), 7.50 more than the 5.00 needed\n",
        "",
    )
    assert len(api.requests) == 1


def test_a_top_up_arrives(cli, api):
    """A line for each look that was not good enough, then the good news."""
    api.script("3.20", "3.20")
    ended = cli(*WAIT, api=api)
    assert ended.status == 0
    assert re.fullmatch(
        r"enough: 12\.50 usd available \(prepaid\), 7\.50 more than the 5\.00 needed; waited [2-9]s\n", ended.out
    )
    lines = ended.err.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert re.fullmatch(rf"lumenfall-balance: waiting, \d+s left, next look in 1s: {re.escape(LOW)}", line)
    assert len(api.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [429, 500, 503, 402, None, Answer(200, b""), Answer(200, b'{"object": "bal')],
    ids=["429", "500", "503", "402", "unavailable", "empty", "cut"],
)
def test_what_may_pass_is_waited_for(cli, api, answer):
    """Transient errors, an account without funds, a balance that is unavailable."""
    api.script(answer)
    ended = cli(*WAIT, api=api)
    assert ended.status == 0
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (401, 3, "AUTHENTICATION_FAILED"),
        (403, 3, "may not read the balance"),
        (404, 3, "HTTP 404"),
        (Answer(302, b"", {"Location": "https://login.example/"}), 3, "redirect"),
        (Answer(200, b"<html>"), 3, "an HTML page"),
    ],
    ids=["401", "403", "404", "redirect", "html"],
)
def test_what_will_not_pass_ends_it_at_once(cli, api, answer, status, words):
    """Waiting cannot mend a key."""
    api.script("3.20", answer)
    ended = cli(*WAIT, api=api)
    assert ended.status == status
    assert words in ended.err.splitlines()[-1]
    assert len(api.requests) == 2


def test_a_postpaid_account_ends_it_at_once(cli, api):
    """Under deny, no top-up makes it enough."""
    api.amount, api.billing_type = None, "postpaid"
    ended = cli(*WAIT, "--postpaid", "deny", api=api)
    assert ended.status == 2
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--wait", "soon"], "--wait: not a duration; set --wait to a duration such as 20s, 15m or 1h30m"),
        (["--wait", "-5"], "--wait: not a duration"),
        (["--wait", "200h"], "--wait: out of range"),
        (["--wait", "1m", "--poll", "0.5s"], "--poll: out of range; set --poll to a duration from 1s to 168h"),
        (["--wait", "1m", "--minimum", "x"], "--minimum: 'x' is not an amount of dollars"),
        (["--wait", "1m", "--timeout", "x"], "--timeout: 'x' is not a number of seconds"),
        (["--wait", "1m", "--ca-bundle", "missing"], "--ca-bundle: the CA bundle 'missing' cannot be read"),
    ],
)
def test_a_mistake_is_not_waited_for(cli, api, words, message):
    """It ends at once, and nothing is sent."""
    ended = cli("check", "--minimum", "5", *words, api=api)
    assert ended.status == 3
    assert message in ended.err
    assert api.requests == []


def test_the_end_of_the_time(cli, api):
    """The last known state: too low is 2. The last look comes shortly before the end."""
    api.amount = "3.20"
    started = time.monotonic()
    ended = cli("check", "--minimum", "5", "--wait", "4s", "--poll", "60", api=api)
    assert ended.status == 2
    assert re.fullmatch(rf"{re.escape(LOW)}; waited [2-4]s\n", ended.out)
    assert len(api.requests) == 2
    assert time.monotonic() - started < 20


def test_an_error_does_not_hide_what_was_known(cli, api):
    """A low balance, then only errors: still too low, and the error is told."""
    api.script("3.20")
    api.status = 503
    ended = cli("check", "--minimum", "5", "--wait", "4s", "--poll", "1", "--max-attempts", "1", api=api)
    assert ended.status == 2
    assert ended.out.startswith(f"{LOW}; waited ")
    assert "but there was no later answer: the API failed (HTTP 503" in ended.out


def test_nothing_was_ever_known(cli, api):
    """Only errors: cannot tell."""
    api.status = 503
    ended = cli("check", "--minimum", "5", "--wait", "4s", "--poll", "60", "--max-attempts", "1", api=api)
    assert ended.status == 3
    assert re.search(r"the API failed \(HTTP 503.*; waited [2-4]s$", ended.err.splitlines()[-1])


def test_a_slow_server_cannot_stretch_the_time(cli):
    """A question that is open when the time is over is given up."""

    def slow_from_now_on(_request):
        api.delay = 3600

    with Sandbox(amount="3.20", on_request=slow_from_now_on) as api:
        ended = cli("check", "--minimum", "5", "--wait", "5s", "--poll", "1", "--timeout", "3600", api=api)
    assert ended.status == 2
    assert re.search(
        r"but there was no later answer: at the end of --wait: no complete answer from \S+ within [0-9.]{3} s",
        ended.out,
    )


def test_the_setting_that_was_too_short_is_named(cli):
    """Where the wait was over before an answer could come, that is not the timeout; a first question has all of it."""

    def slow_from_now_on(_request):
        api.delay = 3600

    with Sandbox(amount=None, status=503, on_request=slow_from_now_on) as api:
        words = ("check", "--minimum", "5", "--wait", "3s", "--max-attempts", "1")
        late = cli(*words, "--poll", "1", api=api).err.splitlines()[-1]
        first = cli(*words, "--timeout", "1", api=api).err.splitlines()[0]
    assert "at the end of --wait: no complete answer" in late
    assert "give --wait more time" in late
    assert "raise the timeout setting" in first


def test_retry_after_is_honoured(cli, api):
    """The server's wish is longer than --poll."""
    api.script(Answer(429, b"", {"Retry-After": "2"}))
    ended = cli(*WAIT, api=api)
    assert ended.status == 0
    assert "next look in 2s" in ended.err
    first, second = api.requests
    assert (second.time - first.time).total_seconds() >= 2


def test_retry_after_beyond_the_time_ends_it(cli, api):
    """It is of no use to ask before, nor to wait for nothing."""
    api.status, api.retry_after = 429, 3600
    ended = cli(*WAIT, api=api)
    assert ended.status == 3
    assert ended.err.endswith("; the server asks to be left alone for 1h00m, longer than is left of --wait\n")
    assert len(api.requests) == 1


def test_wait_0_asks_once(cli, api):
    """So that a pipeline can turn it off with a number."""
    api.amount = "3.20"
    ended = cli("check", "--minimum", "5", "--wait", "0", api=api)
    assert (ended.status, ended.out, ended.err) == (2, f"{LOW}\n", "")


def test_json_stays_json(cli, api):
    """The waiting is told on standard error."""
    api.script("3.20")
    ended = cli(*WAIT, "--format", "json", api=api)
    assert (ended.status, ended.json["sufficient"]) == (0, True)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_can_be_stopped(cli, api, number, status):
    """While it waits, with one line and no traceback."""
    api.amount = "3.20"
    process = cli.start("check", "--minimum", "5", "--wait", "15m", api=api)
    assert process.stderr is not None
    assert "waiting" in process.stderr.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (status, "", "lumenfall-balance: stopped\n")


def test_a_countdown_on_a_terminal(cli, api):
    """One line that is rewritten each second and cleared in the end; Ctrl-C leaves with 130."""
    api.amount = "3.20"
    status, shown = cli.on_terminal(
        "check", "--minimum", "5", "--wait", "15m", api=api, env={"TERM": "xterm"}, until=b"next look in 19s"
    )
    assert status == 130
    assert re.search(r"\r\033\[Kwaiting, 1(5m00|4m5[0-9])s left, next look in 20s: balance too low", shown)
    assert "Traceback" not in shown
    before, _, after = shown.rpartition("\r\033[K")
    assert after.replace("^C", "").strip() == "lumenfall-balance: stopped"
    assert "\n" not in before
    for line in before.split("\r\033[K"):
        assert len(line.replace("^C", "")) < 80


def test_no_countdown_on_a_dumb_terminal(cli, api):
    """A line for each look, as in a log."""
    api.amount = "3.20"
    status, shown = cli.on_terminal(
        "check", "--minimum", "5", "--wait", "15m", api=api, env={"TERM": "dumb"}, until=b"next look in 20s"
    )
    assert status == 130
    assert "\033" not in shown


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("15m", 900), ("1h30m", 5400), ("1H", 3600), ("1h2m3s", 3723), ("0.5m", 30), ("0", 0)],
)
def test_durations(text, seconds):
    """Numbers with units, largest first; a bare number is seconds."""
    assert parse_duration("--wait", text) == seconds


@pytest.mark.parametrize(
    "text", ["", "m", "1x", "1s2m", "1 m 1", "-1", "+1", "1e3", "\u0663s", "inf", "nan", "9999999s", "."]
)
def test_no_durations(text):
    """Anything else is refused."""
    with pytest.raises(ConfigurationError):
        parse_duration("--wait", text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (59.4, "59s"), (59.6, "1m00s"), (3599.6, "1h00m"), (5400, "1h30m")]
)
def test_described_durations(seconds, text):
    """Short, and never "60s"."""
    assert describe_duration(seconds) == text
