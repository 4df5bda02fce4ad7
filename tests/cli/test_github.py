# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``--format github``: annotations, outputs, summary, and no way for a server to write any of them."""

from __future__ import annotations

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


@pytest.fixture
def actions(cli):
    """Runs it as a step; gives its end, the outputs as the runner reads them, and the summary."""

    def run(*words, **more):
        output, summary = cli.folder / "output", cli.folder / "summary"
        output.write_text("earlier=value\n")
        summary.write_text("# Earlier\n")
        env = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"}
        ended = cli(*words, "--format", "github", env=env, **more)
        outputs = {}
        for line in output.read_text().splitlines():
            assert "<<" not in line.partition("=")[0]
            name, equals, value = line.partition("=")
            assert equals
            assert name not in outputs
            outputs[name] = value
        assert outputs.pop("earlier") == "value"
        text = summary.read_text()
        assert text.startswith("# Earlier\n")
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
    assert "### Lumenfall balance\n\n| | |\n|---|---|\n| verdict | enough |\n" in summary
    assert "| amount | 12.50 |\n" in summary


def test_show_has_no_verdict(actions, api):
    """Without a minimum nothing is sufficient."""
    ended, outputs, _ = actions("show", api=api)
    assert ended.status == 0
    assert (outputs["verdict"], outputs["sufficient"], outputs["minimum"]) == ("shown", "", "")


def test_too_low(actions, api):
    """One error annotation."""
    ended, outputs, summary = actions("check", "--minimum", "50", api=api)
    assert ended.status == 2
    [(level, message)] = annotations(ended)
    assert level == "error"
    assert message.startswith("balance too low: have 12.50 usd, need 50.00 usd")
    assert (outputs["verdict"], outputs["sufficient"], outputs["message"]) == ("too low", "false", message)
    assert "| verdict | too low |" in summary


def test_a_warning(actions, api):
    """Below --warn: a warning annotation, and still 0."""
    ended, outputs, _ = actions("check", "--minimum", "5", "--warn", "20", api=api)
    assert ended.status == 0
    assert annotations(ended) == [("warning", "12.50 usd is less than the 20.00 usd to warn at")]
    assert outputs["sufficient"] == "true"
    assert outputs["warning"] == "12.50 usd is less than the 20.00 usd to warn at"


def test_cannot_tell(actions, api):
    """An error is not sufficient, and has no amount."""
    api.status = 503
    ended, outputs, _ = actions("check", "--minimum", "5", "--max-attempts", "1", api=api)
    assert ended.status == 3
    assert [level for level, _ in annotations(ended)] == ["error"]
    assert (outputs["verdict"], outputs["sufficient"], outputs["amount"]) == ("cannot tell", "false", "")
    assert outputs["error_type"] == "ServerError"


def test_a_mistake_on_the_command_line(actions, api):
    """Later steps still read that it is not sufficient."""
    ended, outputs, _ = actions("check", api=api)
    assert ended.status == 3
    assert annotations(ended) == [("error", "check needs --minimum; say what is enough, such as: --minimum 5")]
    assert outputs["sufficient"] == "false"


def test_outside_of_actions(cli, api):
    """Without the two files there are annotations alone."""
    ended = cli("check", "--minimum", "50", "--format", "github", api=api)
    assert ended.status == 2
    assert len(annotations(ended)) == 1


def test_hostile_text(actions, api):
    """What a server says can neither give commands, nor set outputs, nor draw in the summary."""
    import json

    body = json.dumps({"error": {"message": HOSTILE, "code": "X\n::error::c"}})
    api.script(Answer(400, body, {"X-Lumenfall-Request-Id": "a%0A::error::b"}))
    ended, outputs, summary = actions("check", "--minimum", "5", api=api)
    assert ended.status == 3
    [(_, message)] = annotations(ended)
    assert "::" not in message
    assert "##vso" not in message
    assert "%0A::" not in message
    assert "\x1b" not in ended.text
    assert outputs["sufficient"] == "false"
    assert len(outputs) == 10
    row = next(line for line in summary.splitlines() if line.startswith("| message |"))
    assert row.count("|") == 3
    assert not set("<>[]()`@*_{}$") & set(row)
    assert "://" not in row


def test_a_percent_sign_is_escaped(actions, api):
    """As the toolkit's escapeData does: "%0A" in a text is not a line end."""
    api.script(Answer(400, '{"error": {"message": "100%0Asure", "code": "X"}}'))
    ended, _, _ = actions("check", "--minimum", "5", api=api)
    assert "100%250Asure" in ended.out


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("missing/folder", "no such file or directory"),
        (".", "is a directory"),
        pytest.param("/dev/full", "no space left on device", marks=linux),
    ],
)
def test_a_file_that_cannot_be_written(cli, api, name, place, problem):
    """It does not pass where the next step could not see why; a verdict that fails keeps its status."""
    message = f"cannot write to {name}: {problem}"
    ended = cli("check", "--minimum", "5", "--format", "github", api=api, env={name: place})
    assert ended.status == 3
    assert annotations(ended) == [("error", message)]
    ended = cli("check", "--minimum", "50", "--format", "github", api=api, env={name: place})
    assert ended.status == 2
    assert annotations(ended)[1] == ("error", message)


def test_a_read_only_output_file(cli, api, plain_user):
    """As above, for a file that may not be written."""
    path = cli.folder / "output"
    path.write_text("")
    path.chmod(0o444)
    env = {"GITHUB_OUTPUT": str(path)}
    ended = cli("check", "--minimum", "5", "--format", "github", api=api, env=env, prefix=plain_user)
    assert ended.status == 3
    assert annotations(ended) == [("error", "cannot write to GITHUB_OUTPUT: permission denied")]
    assert path.read_text() == ""


def test_a_last_line_that_was_not_ended_stays_one(cli, api):
    """An earlier command of the step may have written it so; an empty file does not begin with a blank line."""
    output, summary = cli.folder / "output", cli.folder / "summary"
    output.write_text("earlier=value")
    summary.write_text("")
    env = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    assert cli("check", "--minimum", "5", "--format", "github", api=api, env=env).status == 0
    assert output.read_text().startswith("earlier=value\nverdict=enough\n")
    assert summary.read_text().startswith("\n### Lumenfall balance\n")
