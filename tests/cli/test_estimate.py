# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``estimate`` and ``check --cost-of``: what a job costs, and whether the balance pays for it."""

from __future__ import annotations

import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pulumi_lumenfall.cli.arguments import FORMATS
from pulumi_lumenfall.sandbox import Answer

REQUEST = {"model": "gpt-image-1", "prompt": "a secret lighthouse"}
JOB = ["--times", "300", "--margin", "20%"]
LOW = (
    "balance too low: have 9.00 usd, need 28.80 usd (300 x 0.08 + 20%), 19.80 short; "
    "add funds at https://lumenfall.ai/app/credits\n"
)


@pytest.fixture
def api(api, folder):
    """A sandbox with prices, and ``request.json`` beside it. Whatever a test does, all POSTs are dry runs."""
    api.amount, api.prices = "9", {"gpt-image-1": "0.08", "tiny": "0.000001", "free": "0", "a b'c": "1"}
    (folder / "request.json").write_text(json.dumps(REQUEST))
    yield api
    posts = [request.path for request in api.requests if request.method != "GET"]
    assert all(path.startswith("/openai/v1/") and path.endswith("?dryRun=true") for path in posts), posts


def write_request(folder, **changes):
    (folder / "request.json").write_text(json.dumps({**REQUEST, **changes}))


@pytest.mark.parametrize(
    ("words", "model", "shown"),
    [
        ([], "gpt-image-1", "0.08 usd (gpt-image-1, via sandbox); an estimate\n"),
        (JOB, "gpt-image-1", "28.80 usd for 300 x 0.08 + 20% (gpt-image-1, via sandbox); an estimate\n"),
    ],
)
def test_the_price_for_people(cli, api, folder, words, model, shown):
    write_request(folder, model=model)
    ended = cli("estimate", "--request", "request.json", *words, api=api)
    assert (ended.status, ended.out, ended.err) == (0, shown, "")


@pytest.mark.parametrize("endpoint", ["images/generations", "images/edits", "videos", "chat/completions"])
def test_the_price_for_programs(cli, api, endpoint):
    facts = {"cost": "28.80", "unit_cost": "0.08", "currency": "usd", "model": "gpt-image-1", "provider": "sandbox"}
    words = ["estimate", "--request", "request.json", "--endpoint", endpoint, *JOB]
    assert cli(*words, "--format", "json", api=api).json == {**facts, "times": 300, "margin": "20%"}
    assert cli(*words, "--format", "flat", api=api).json == {**facts, "times": "300", "margin": "20%"}
    assert {request.path for request in api.requests} == {f"/openai/v1/{endpoint}?dryRun=true"}


def test_dotenv(cli, api, folder):
    """No quotes and no spaces, whatever the model is called; empty after an error."""
    write_request(folder, model="a b'c")
    words = ["estimate", "--request", "request.json", "--format", "dotenv"]
    shown = cli(*words, "--output", "price.env", api=api)
    assert (shown.status, shown.text) == (0, "")
    lines = (folder / "price.env").read_text().splitlines()
    assert lines[:2] == ["LUMENFALL_ESTIMATE_COST=1.00", "LUMENFALL_ESTIMATE_UNIT_COST=1.00"]
    assert "LUMENFALL_ESTIMATE_MODEL=a_b_c" in lines
    failed = cli(*words, "--times", "0", api=api)
    assert failed.status == 3
    assert [line.partition("=")[::2] for line in failed.out.splitlines()] == [
        (line.split("=")[0], "") for line in lines
    ]


@pytest.mark.parametrize("format", ["github", "nagios", "prometheus"])
def test_a_price_is_no_verdict(cli, api, format):
    ended = cli("estimate", "--request", "request.json", "--format", format, api=api)
    assert (ended.status, api.requests) == (3, [])
    assert "--format: not one of text, json, flat, dotenv;" in ended.text


def test_standard_input(program, api):
    """For both commands."""
    ended = program("estimate", "--request", "-", api=api, stdin=json.dumps(REQUEST))
    assert ended.out == "0.08 usd (gpt-image-1, via sandbox); an estimate\n"
    assert program("check", "--cost-of", "-", *JOB, api=api, stdin=json.dumps(REQUEST)).out == LOW


def test_the_price_is_asked_once(cli, api):
    """However long it waits for the balance."""
    api.script(200, "1", "1", "30")
    ended = cli("check", "--cost-of", "request.json", *JOB, "--wait", "60s", "--poll", "1s", api=api)
    assert ended.status == 0
    assert [request.method for request in api.requests] == ["POST", "GET", "GET", "GET"]


NO_ESTIMATE = {
    "model": (404, "MODEL_NOT_FOUND"),
    "down": (503, "HTTP 503"),
    # It says nothing about the balance.
    "refused": (402, "HTTP 402"),
    "run": (Answer(200, '{"created": 1, "data": []}'), "THE REQUEST MAY HAVE BEEN RUN AND CHARGED"),
}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("answer", "message"), NO_ESTIMATE.values(), ids=list(NO_ESTIMATE))
def test_no_price_is_cannot_tell(cli, api, folder, format, answer, message):
    """In every format; the balance is not asked for."""
    if answer == 404:
        write_request(folder, model="unknown")
    else:
        api.script(answer, answer)
    words = ["--format", format, "--max-attempts", "1"]
    ended = cli("check", "--cost-of", "request.json", *words, api=api)
    assert ended.status == 3
    assert "cannot tell whether the balance is enough: " in ended.text
    assert message in ended.text.replace("&#95;", "_")
    assert "lighthouse" not in ended.text
    if format == "prometheus":
        assert "lumenfall_balance_sufficient 0\n" in ended.out
    if format in ("text", "json", "flat", "dotenv"):
        estimated = cli("estimate", "--request", "request.json", *words, api=api)
        assert estimated.status == 3
        assert message in estimated.err
        assert "cannot tell" not in estimated.err
    assert {request.method for request in api.requests} == {"POST"}


@pytest.mark.parametrize(
    ("amount", "model", "times", "left"),
    [
        ("9", "gpt-image-1", "1", 112),
        ("0.239999", "gpt-image-1", "3", 0),
        ("-5", "gpt-image-1", "1", 0),
        ("123456789.123456", "tiny", "1", 123456789123456),
        ("9", "free", "1", None),
        (None, "gpt-image-1", "1", None),
    ],
)
def test_jobs_left(cli, api, folder, amount, model, times, left):
    """Absent, never 0, where it is not known."""
    api.amount = amount
    write_request(folder, model=model)
    words = ["check", "--cost-of", "request.json", "--times", times, "--format", "prometheus", "--max-attempts", "1"]
    families = list(text_string_to_metric_families(cli(*words, api=api).out))
    found = [family.samples[0].value for family in families if family.name == "lumenfall_balance_jobs_left"]
    assert found == ([] if left is None else [left])
    shown = cli("check", "--minimum", "1", "--format", "prometheus", "--max-attempts", "1", api=api)
    assert "jobs_left" not in shown.out


FILES = {
    "list": '["a secret"]',
    "nothing": "",
    "large": json.dumps({"prompt": "a secret" * 150_000}),
}
MISTAKES = {
    **{name: (["--file", name], ": it is ") for name in FILES},
    "missing": (["--file", "missing"], ": it cannot be read (no such file or directory)"),
    "times 0": (["--times", "0"], "--times: '0' is not a whole number that is 1 or more"),
    "margin": (["--margin=-5%"], "--margin: '-5%' is not a percentage that is 0 or more"),
    "another margin": (["--margin", "-5%"], "--margin: its value is missing or malformed"),
    "endpoint": (["--endpoint", "audio/speech"], "--endpoint: not one of images/generations,"),
    "both": (["--minimum", "5"], "--cost-of cannot be used with --minimum"),
    "stdin twice": (["--file", "-", "--api-key-file", "-"], "--api-key-file: standard input is the request already"),
}


@pytest.mark.parametrize(("words", "message"), MISTAKES.values(), ids=list(MISTAKES))
@pytest.mark.parametrize("command", ["estimate", "check", "run"])
def test_bad_input(cli, api, folder, command, words, message):
    """One line, nothing sent, nothing run, and no word of the request."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    flag = "--request" if command == "estimate" else "--cost-of"
    words = [flag if word == "--file" else word for word in words]
    if flag not in words:
        words = [flag, "request.json", *words]
    if command == "estimate" and "--minimum" in words:
        message = "unexpected argument --minimum"
    ended = cli(command, *words, *(["--", "touch", "started"] if command == "run" else []), api=api)
    assert (ended.status, ended.out, ended.err.count("\n")) == (3, "", 1)
    assert message in ended.err
    assert "secret" not in ended.text
    assert api.requests == []
    assert not (folder / "started").exists()
