# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format github``: annotations, outputs, summary, and no way for a server to write any of them."""

from __future__ import annotations

import json
import re

import pytest

from pulumi_lumenfall.sandbox import Answer
from support.marks import linux

# "Workflow commands for GitHub Actions": a command is a line that begins with two colons.
COMMAND = re.compile(r"^::(error|warning) title=Lumenfall balance::([^\r\n]+)$")
HOSTILE = (
    "bad\n::error::fake\r::set-output name=sufficient::true\u2028::stop-commands::x ##vso[task.complete]%0A::debug::y"
    " | <img src=x onerror=alert(1)> [link](https://evil.example) `code` @admin \x1b[31m \u202e{{ 7*7 }} ${{ secrets }}"
)
OUTPUTS = {
    *("verdict", "sufficient", "status", "amount", "currency"),
    *("billing_type", "minimum", "warning", "error_type", "message"),
}


@pytest.fixture
def actions(cli, folder):
    """Runs it as a step; gives its end, the outputs as the runner reads them, and the summary."""

    def run(*words, env_more=None, **more):
        output, summary = folder / "output", folder / "summary"
        output.write_text("earlier=value\n")
        summary.write_text("# Earlier\n")
        env = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"}
        env.update(env_more or {})
        ended = cli(*words, "--format", "github", env=env, **more)
        outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
        assert outputs.pop("earlier") == "value"
        assert outputs.keys() == OUTPUTS
        assert len(output.read_text().splitlines()) == len(OUTPUTS) + 1
        text = summary.read_text()
        assert text.startswith("# Earlier\n\n### Lumenfall balance\n\n| | |\n|---|---|\n| verdict | ")
        return ended, outputs, text

    return run


def annotations(ended):
    found = [COMMAND.match(line) for line in ended.out.splitlines()]
    assert all(found), ended.out
    return [(match[1], match[2]) for match in found]


def test_enough(actions, api):
    """No annotation; the sentence is in the log, the facts in the outputs and the summary."""
    ended, outputs, summary = actions("check", "--minimum", "5", api=api)
    sentence = "enough: 12.50 usd available (prepaid), 7.50 more than the 5.00 needed"
    assert (ended.status, ended.out, ended.err) == (0, "", f"{sentence}\n")
    assert outputs == {
        "verdict": "enough",
        "sufficient": "true",
        "status": "known",
        "amount": "12.50",
        "currency": "usd",
        "billing_type": "prepaid",
        "minimum": "5.00",
        "warning": "",
        "error_type": "",
        "message": sentence,
    }
    assert "| amount | 12.50 |\n" in summary


def test_a_line_without_an_end(cli, folder, api):
    """What another command left in the file stays an output of its own."""
    (folder / "output").write_text("earlier=value")
    cli("check", "--minimum", "50", "--format", "github", api=api, env={"GITHUB_OUTPUT": "output"})
    assert (folder / "output").read_text().startswith("earlier=value\nverdict=too low\n")


def test_show_has_no_verdict(actions, api):
    ended, outputs, _ = actions("show", api=api)
    assert ended.status == 0
    assert (outputs["verdict"], outputs["sufficient"], outputs["minimum"]) == ("shown", "", "")


def test_too_low(actions, api):
    ended, outputs, summary = actions("check", "--minimum", "50", api=api)
    [(level, message)] = annotations(ended)
    assert (ended.status, level) == (2, "error")
    assert message.startswith("balance too low: have 12.50 usd, need 50.00 usd")
    assert (outputs["verdict"], outputs["sufficient"], outputs["message"]) == ("too low", "false", message)
    assert "| verdict | too low |" in summary


def test_a_warning(actions, api):
    ended, outputs, _ = actions("check", "--minimum", "5", "--warn", "20", api=api)
    assert (ended.status, outputs["sufficient"]) == (0, "true")
    assert annotations(ended) == [("warning", outputs["warning"])]
    assert outputs["warning"] == "12.50 usd is below the 20.00 usd of --warn"


@pytest.mark.parametrize(
    ("words", "env", "answer", "kind", "message"),
    [
        (["check", "--minimum", "5"], {}, 503, "ServerError", "HTTP 503"),
        (["check"], {}, 200, "ConfigurationError", "check needs --minimum or --cost-of"),
        (["check", "--minimum", "5"], {"LUMENFALL_API_KEY": ""}, 200, "ConfigurationError", "pull requests from forks"),
    ],
    ids=["503", "mistake", "empty secret"],
)
def test_an_error_is_not_sufficient(actions, api, words, env, answer, kind, message):
    api.status = answer
    ended, outputs, _ = actions(*words, api=api, env_more={"LUMENFALL_MAX_ATTEMPTS": "1", **env})
    assert (ended.status, annotations(ended)) == (3, [("error", outputs["message"])])
    assert (outputs["verdict"], outputs["sufficient"], outputs["amount"]) == ("cannot tell", "false", "")
    assert outputs["error_type"] == kind
    assert message in outputs["message"]


def test_hostile_text(actions, api):
    """What a server says can neither give commands, nor set outputs, nor draw in the summary."""
    body = json.dumps({"error": {"message": HOSTILE, "code": "X\n::error::c"}})
    api.script(Answer(400, body, {"X-Lumenfall-Request-Id": "a%0A::error::b"}))
    ended, outputs, summary = actions("check", "--minimum", "5", api=api)
    [(_, message)] = annotations(ended)
    assert (ended.status, outputs["sufficient"]) == (3, "false")
    for bad in ("::", "##vso", "%0A::", "\x1b"):
        assert bad not in message
    # As the toolkit does it: "%0A" in a text is not a line end.
    assert "%250A" in message
    row = next(line for line in summary.splitlines() if line.startswith("| message |"))
    assert row.count("|") == 3
    assert not set("<>[]()`@*_{}$") & set(row)
    assert "://" not in row


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize("place", ["missing/folder", pytest.param("/dev/full", marks=linux)])
def test_a_file_that_cannot_be_written(cli, api, name, place):
    """It does not pass where the next step could not see why; a verdict that fails keeps its status."""
    for minimum, status in (("5", 3), ("50", 2)):
        ended = cli("check", "--minimum", minimum, "--format", "github", api=api, env={name: place})
        assert (ended.status, ended.out) == (status, "")
        assert ended.err.startswith(f"lumenfall-balance: cannot write to {name}: no s")
        assert "; the verdict was: " in ended.err
