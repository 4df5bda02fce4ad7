# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``examples/ci``: the shell lines of each recipe run here, and its real consumer or its schema checks the rest."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "examples/ci"


def load(path):
    return yaml.safe_load((RECIPES / path).read_text())


def check(*command, **options):
    ended = subprocess.run(command, **{"cwd": ROOT, **options}, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def shellcheck(shell, script):
    check(Path(sys.executable).with_name("shellcheck"), "--shell", shell, "-", input=script)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "path", "options"),
    [
        ("github-actions", "action.yml", []),
        ("gitlab-ci", "examples/ci/gitlab-ci/.gitlab-ci.yml", ["--data-transform", "gitlab-ci"]),
        # Its patterns are not those of ECMAScript.
        ("azure-pipelines", "examples/ci/azure-pipelines/azure-pipelines.yml", ["--regex-variant", "python"]),
    ],
)
def test_the_public_schemas(schema, path, options):
    check(sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *options, path)


@pytest.mark.slow
def test_actionlint(go_tool, tmp_path):
    """Our workflows, and the examples: they use the action that is here, so that its inputs are checked, too."""
    workflows = shutil.copytree(ROOT / ".github/workflows", tmp_path / ".github/workflows")
    for example in (RECIPES / "github-actions").iterdir():
        text = re.sub(r"pulumi-lumenfall/pulumi-lumenfall@\S+", "./", example.read_text())
        (workflows / example.name).write_text(text)
    (tmp_path / ".git").mkdir()
    shutil.copy(ROOT / "action.yml", tmp_path)
    check(go_tool("actionlint"), "-shellcheck", Path(sys.executable).with_name("shellcheck"), cwd=tmp_path)


def test_shellcheck():
    gitlab = load("gitlab-ci/.gitlab-ci.yml")
    azure = load("azure-pipelines/azure-pipelines.yml")
    cron = load("kubernetes/cronjob.yaml")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    shellcheck("sh", (ROOT / "action.sh").read_text())
    for script in (gitlab["balance"]["script"], gitlab["deploy"]["script"]):
        shellcheck("sh", "\n".join(script))
    for step in azure["steps"]:
        shellcheck("bash", step.get("bash", ""))
    for script in re.findall(r"'''\n(.*?)'''", (RECIPES / "jenkins/Jenkinsfile").read_text(), re.DOTALL):
        shellcheck("sh", script)
    shellcheck("sh", cron["args"][0])


def test_gitlab(run, folder, case):
    """The job ends as it should, and what it leaves for later jobs is what GitLab reads."""
    api, status = case
    jobs = load("gitlab-ci/.gitlab-ci.yml")
    job = jobs["balance"]
    ended = run("\n".join(job["script"]), api, MINIMUM=job["variables"]["MINIMUM"])
    assert ended.returncode == status, ended.stderr
    report = folder / job["artifacts"]["reports"]["dotenv"]
    # docs.gitlab.com: one NAME=value per line, no quotes; all that GitLab takes as a value is what is behind "=".
    pairs = [re.fullmatch(r"([A-Z_]+)=([^\s'\"]*)", line).groups() for line in report.read_text().splitlines()]
    variables = dict(pairs)
    assert variables["LUMENFALL_BALANCE_VERDICT"] == {0: "enough", 2: "too_low", 3: "cannot_tell"}[status]
    assert variables["LUMENFALL_BALANCE_SUFFICIENT"] == str(status == 0).lower()
    assert variables["LUMENFALL_BALANCE_AMOUNT"] == {0: "12.50", 2: "3.20", 3: ""}[status]
    assert job["artifacts"]["when"] == "always"
    if status == 0:
        ended = run("\n".join(jobs["deploy"]["script"]), **variables)
        assert ended.stdout == "Deploying with 12.50 usd available\n"


def test_gitlab_without_the_key(run, folder):
    ended = run("\n".join(load("gitlab-ci/.gitlab-ci.yml")["balance"]["script"]), MINIMUM="5")
    assert ended.returncode != 0
    assert "no merge request from a fork" in ended.stderr
    assert not (folder / "balance.env").exists()


def test_azure(run, api, case):
    """The step that needs the key gets it through env."""
    api, status = case
    steps = [step for step in load("azure-pipelines/azure-pipelines.yml")["steps"] if "bash" in step]
    assert [run(step["bash"], api).returncode for step in steps] == [0, status, 0]
    assert steps[1]["env"] == {"LUMENFALL_API_KEY": "$(LUMENFALL_API_KEY)"}


def test_azure_without_the_key(run, api):
    """Azure leaves the text as it is then."""
    download, check, _ = load("azure-pipelines/azure-pipelines.yml")["steps"]
    run(download["bash"]).check_returncode()
    ended = run(check["bash"], api, **check["env"])
    assert (ended.returncode, api.requests) == (3, [])
    assert "LUMENFALL_API_KEY" in ended.stderr


def test_jenkins(run, folder, case):
    api, status = case
    text = (RECIPES / "jenkins/Jenkinsfile").read_text()
    install, script = re.findall(r"'''\n(.*?)'''", text, re.DOTALL)
    assert run(install, api, shell="sh -xe").returncode == 0
    assert run(script, api, shell="sh -xe").returncode == status
    # Groovy would paste into these.
    assert '"""' not in text


def test_make(run, case):
    api, status = case
    ended = run(f"make -f {shlex.quote(str(RECIPES / 'make/Makefile'))} deploy", api)
    assert (ended.returncode == 0) == (status == 0)
    assert ("Deploying" in ended.stdout) == (status == 0)


def test_terraform(run, folder, api):
    """The protocol of the data source "external": JSON in, an object of strings out; else a status and stderr."""
    text = (RECIPES / "terraform/main.tf").read_text()
    words = json.loads(re.search(r"program = (\[.*\])", text)[1].replace("var.minimum", '"5"'))
    script = f"echo '{{}}' | {shlex.join(words)}"
    ended = run(script, api)
    result = json.loads(ended.stdout)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {type(value) for value in result.values()} == {str}
    assert set(re.findall(r"data\.external\.lumenfall\.result\.(\w+)", text)) <= result.keys()
    assert (result["amount"], result["verdict"]) == ("12.50", "enough")
    api.amount = "3.20"
    ended = run(script, api)
    assert ended.returncode == 2
    assert "balance too low: have 3.20 usd, need 5.00 usd" in ended.stderr
    if shutil.which("terraform"):
        run(f"terraform fmt -check -diff {RECIPES / 'terraform'}").check_returncode()


def test_a_kubernetes_job(run, folder, case):
    """The init container's command, with the key from the mounted secret."""
    api, status = case
    [container] = load("kubernetes/job.yaml")["spec"]["template"]["spec"]["initContainers"]
    (folder / "api-key").write_text(api.key)
    mount = container["volumeMounts"][0]["mountPath"]
    assert f"{mount}/api-key" in container["command"]
    command = shlex.join(container["command"]).replace(mount, ".")
    assert run(command, LUMENFALL_API_BASE=api.url).returncode == status
