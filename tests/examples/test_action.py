# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The GitHub action: its step runs as the runner starts it."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
SCRIPT = (ROOT / "action.sh").read_text()
[STEP] = ACTION["runs"]["steps"]
# pip installs nothing; the Python of the tests has all that it would.
NO_PIP = f'#!/bin/sh\nif [ "$1 $2" = "-m pip" ]; then exit 0; fi\nexec {sys.executable} "$@"\n'
SHELLS = ("sh -e", "bash --posix -e", "busybox sh -e")


def make_python(folder, text):
    program = folder / "bin/python3"
    program.write_text(text)
    program.chmod(0o755)


@pytest.fixture
def action(run, folder, api):
    """Runs the action with inputs; gives how it ended, and its outputs."""
    temp, output = folder / "temp", folder / "output"
    temp.mkdir()
    make_python(folder, NO_PIP)

    def act(env=None, shell="sh -e", **inputs):
        given = {"api-key": api.key, "base-url": api.url, "minimum": "5", **inputs}
        names = {name: re.fullmatch(r"\$\{\{ inputs\.(\S+) \}\}", text)[1] for name, text in STEP["env"].items()}
        assert given.keys() <= ACTION["inputs"].keys() == {*names.values()}
        runner = {"RUNNER_TEMP": str(temp), "GITHUB_OUTPUT": str(output), "GITHUB_ACTION_PATH": str(ROOT)}
        inputs = {name: given.get(key, ACTION["inputs"][key].get("default", "")) for name, key in names.items()}
        ended = run(STEP["run"], shell=shell, **runner, **inputs, **(env or {}))
        outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
        for name, each in ACTION["outputs"].items():
            assert each["value"] == f"${{{{ steps.{STEP['id']}.outputs.{name} }}}}"
            assert name in outputs
        assert api.key not in ended.stdout + ended.stderr + output.read_text()
        return ended, outputs

    return act


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell.split()[0])])
def test_verdicts(action, case, shell):
    _, status = case
    ended, outputs = action(shell=shell)
    verdict = {0: "enough", 2: "too low", 3: "cannot tell"}[status]
    assert (ended.returncode, outputs["verdict"]) == (status, verdict)
    assert outputs["sufficient"] == str(status == 0).lower()
    assert verdict in outputs["message"]


def test_every_input(action, api):
    api.script(None)
    ended, outputs = action(warn="20", unavailable="allow", postpaid="deny", wait="0", poll="5s")
    assert (ended.returncode, outputs["verdict"]) == (0, "enough")


@pytest.mark.parametrize(
    ("inputs", "status", "message"),
    [
        ({"times": "2"}, 0, "12.34 more than the 0.16 needed"),
        ({"times": "300", "margin": "20%", "endpoint": "videos"}, 2, "need 28.80 usd (300 x 0.08 + 20%), 16.30 short"),
        # A variable that is not set.
        ({"times": ""}, 3, "--times: it is empty"),
        ({"times": "0"}, 3, "--times: '0' is not a whole number that is 1 or more"),
        ({"minimum": "5"}, 3, "--cost-of cannot be used with --minimum"),
    ],
)
def test_the_price_of_a_job(action, api, folder, inputs, status, message):
    api.prices = {"gpt-image-1": "0.08"}
    (folder / "request.json").write_text('{"model": "gpt-image-1", "prompt": "a lighthouse"}')
    ended, outputs = action(**{"minimum": "", "cost-of": "request.json", **inputs})
    assert ended.returncode == status
    assert message in outputs["message"]
    posts = [request.path for request in api.requests if request.method == "POST"]
    endpoint = inputs.get("endpoint", "images/generations")
    assert posts == ([] if status == 3 else [f"/openai/v1/{endpoint}?dryRun=true"])


@pytest.mark.parametrize(("amount", "status"), [("28.80", 0), ("28.79", 2)])
def test_the_batch_example(action, run, api, folder, amount, status):
    """Its gate is one job for the sum, which the others need."""
    workflow = yaml.safe_load((ROOT / "examples/ci/github-actions/batch.yml").read_text())
    write, gate = workflow["jobs"]["balance"]["steps"]
    run(write["run"], **workflow["env"]).check_returncode()
    api.amount, api.prices = amount, {"gpt-image-1": "0.08"}
    ended, outputs = action(**{"minimum": "", **gate["with"], "api-key": api.key})
    assert (ended.returncode, outputs["amount"]) == (status, amount)
    assert workflow["jobs"]["render"]["needs"] == "balance"
    assert str(len(workflow["jobs"]["render"]["strategy"]["matrix"]["part"]) * 30) == gate["with"]["times"]


def test_the_base_url_of_the_job(action, api):
    ended, _ = action({"LUMENFALL_API_BASE": api.url}, **{"base-url": " "})
    assert (ended.returncode, len(api.requests)) == (0, 1)


@pytest.mark.parametrize(
    "value", ['5"; touch hacked; "', "$(touch hacked)", "`touch hacked`", "5 --minimum=0", "--help"]
)
def test_an_input_is_neither_a_command_nor_an_option(action, folder, value):
    ended, outputs = action(minimum=value)
    assert (ended.returncode, outputs["verdict"]) == (3, "cannot tell")
    assert not list(folder.rglob("hacked"))
    assert "${{" not in STEP["run"]


@pytest.mark.parametrize("secret", ["", " \n"])
def test_an_empty_secret(action, api, secret):
    """What a pull request from a fork gets."""
    ended, outputs = action(**{"api-key": secret})
    assert (ended.returncode, outputs["verdict"], api.requests) == (3, "cannot tell", [])
    assert "input api-key" in ended.stdout
    assert "pull requests from forks" in outputs["message"]


@pytest.mark.parametrize(
    ("python", "advice"),
    [
        ("#!/bin/sh\necho 3.9.18\n", "needs Python 3.10 or newer, this is 3.9.18"),
        ("#!/bin/sh\necho 2.7.18\n", "needs Python 3.10 or newer, this is 2.7.18"),
        ("#!/bin/sh\nexit 127\n", "does not start"),
        (NO_PIP.replace("exit 0", "exit 1"), "pip could not install"),
        (NO_PIP.replace("exec", "[ $1 != -I ] || exit 137; exec"), "ended with status 137"),
    ],
)
def test_an_end_before_the_check(action, folder, api, python, advice):
    """One line, and all outputs."""
    make_python(folder, python)
    ended, outputs = action()
    assert (ended.returncode, outputs["verdict"], outputs["sufficient"]) == (3, "cannot tell", "false")
    assert advice in outputs["message"]
    assert (len(ended.stdout.splitlines()), api.requests) == (1, [])


def pythons(pattern):
    return sorted((Path.home() / ".pyenv/versions").glob(f"{pattern}/bin/python3"))


@pytest.mark.slow
@pytest.mark.parametrize("python", pythons("3.1[03].*") or [Path(sys.executable)], ids=lambda path: path.parts[-3])
def test_a_self_hosted_runner(action, folder, python):
    """pip really installs, whatever the runner's settings for pip are; the user's repository has files in the way."""
    make_python(folder, f'#!/bin/sh\nexec {python} "$@"\n')
    for name in ("pip", "requests", "pulumi_lumenfall", "json"):
        (folder / f"{name}.py").write_text("raise SystemExit(f'{__file__} was imported')")
    (folder / "home").mkdir()
    (folder / "home/.pip").mkdir()
    (folder / "home/.pip/pip.conf").write_text("[install]\nuser = true\nrequire-hashes = true\n")
    settings = {"PIP_USER": "1", "PIP_REQUIRE_HASHES": "1", "PIP_REQUIRE_VIRTUALENV": "1", "HOME": str(folder / "home")}
    places = {name: str(folder / "elsewhere") for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")}
    ended, outputs = action({**settings, **places})
    assert (ended.returncode, outputs["verdict"]) == (0, "enough"), ended.stderr
    [own] = (folder / "temp").iterdir()
    assert (own / "requests").is_dir()
    assert not (own / "pulumi").exists()
    assert not (folder / "elsewhere").exists()


def test_it_installs_what_the_package_asks_for():
    """All but Pulumi, and what completes commands in a shell."""
    text = (ROOT / "pyproject.toml").read_text()
    listed = re.search(r"^dependencies = \[$(.*?)^\]$", text, re.DOTALL | re.MULTILINE)[1]
    asked = {
        each for each in re.findall(r'^ *"(.+?)",', listed, re.MULTILINE) if not each.startswith(("pulumi", "shtab"))
    }
    assert set(re.findall(r'"([a-z0-9-]+>=.*?)"', SCRIPT)) == asked
