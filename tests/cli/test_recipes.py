# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The recipes in ``examples/ci`` and ``action.yml``: their shell lines run here, their YAML is valid.

What installs the package is replaced by a stand-in, since the package is installed here already.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "examples/ci"


@pytest.fixture
def shell(cli):
    """Runs a script of a recipe with ``lumenfall-balance`` on PATH, as a pipeline's runner does."""
    programs = cli.folder / "bin"
    programs.mkdir()
    (programs / "lumenfall-balance").symlink_to(cli.program)
    for name in ("pip", "python"):
        (programs / name).write_text("#!/bin/sh\nexit 0\n")
        (programs / name).chmod(0o755)

    def run(script, api=None, flags="-eo pipefail", **env):
        environ = cli.environment(api, env)
        environ["PATH"] = f"{programs}:{environ['PATH']}"
        return subprocess.run(
            ["bash", "--noprofile", "--norc", *flags.split(), "-c", script],
            env=environ,
            cwd=cli.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def load(path):
    return yaml.safe_load((RECIPES / path).read_text())


# What each shall come to with 12.50, 3.20 and a server that is gone.
@pytest.fixture(params=[("12.50", 0), ("3.20", 2), ("gone", 3)], ids=["enough", "low", "gone"])
def case(request, api):
    amount, status = request.param
    if amount == "gone":
        api.close()
    else:
        api.amount = amount
    return api, status


@pytest.mark.parametrize(
    ("schema", "path", "options"),
    [
        ("github-actions", "action.yml", []),
        ("github-workflows", "examples/ci/github-actions/deploy.yml", []),
        ("gitlab-ci", "examples/ci/gitlab-ci/.gitlab-ci.yml", ["--data-transform", "gitlab-ci"]),
        # Its patterns are not those of ECMAScript.
        ("azure-pipelines", "examples/ci/azure-pipelines/azure-pipelines.yml", ["--regex-variant", "python"]),
    ],
)
def test_the_public_schemas(schema, path, options):
    """Each as the vendor's own schema, which check-jsonschema carries, has it."""
    ended = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *options, path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def action_steps():
    return {
        step.get("id", "install"): step for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    }


def run_action(cli, shell, api, **inputs):
    """The action's check as the runner starts it: inputs into the environment, then bash."""
    step = action_steps()["check"]
    program = cli.folder / "temp/lumenfall-balance/bin/lumenfall-balance"
    program.parent.mkdir(parents=True)
    program.symlink_to(cli.program)
    given = {"api-key": api.key, "base-url": api.url, "minimum": "5", **inputs}
    env = {
        name: given.get(re.fullmatch(r"\$\{\{ inputs\.(\S+) \}\}", value)[1], "") for name, value in step["env"].items()
    }
    output = cli.folder / "output"
    ended = shell(step["run"], RUNNER_TEMP=str(cli.folder / "temp"), GITHUB_OUTPUT=str(output), **env)
    lines = output.read_text().splitlines() if output.exists() else []
    return ended, dict(line.split("=", 1) for line in lines)


def test_the_action(cli, shell, case):
    """Its status, and the outputs that it promises."""
    api, status = case
    env = {"LUMENFALL_MAX_ATTEMPTS": "1"}
    cli.environ.update(env)
    ended, outputs = run_action(cli, shell, api)
    assert ended.returncode == status
    assert outputs["sufficient"] == str(status == 0).lower()
    declared = yaml.safe_load((ROOT / "action.yml").read_text())["outputs"]
    for name, output in declared.items():
        assert output["value"] == f"${{{{ steps.check.outputs.{name} }}}}"
        assert name in outputs


def test_the_action_leaves_the_base_url_of_its_job(cli, shell, api):
    """An input that is not given is empty, and so unset: the next place in the chain counts."""
    cli.environ["LUMENFALL_API_BASE"] = api.url
    ended, outputs = run_action(cli, shell, api, **{"base-url": ""})
    assert (ended.returncode, outputs["verdict"], len(api.requests)) == (0, "enough", 1)


def test_the_action_takes_every_input(cli, shell, api):
    """Also those that are not given, which the runner makes empty."""
    api.script(None)
    ended, outputs = run_action(cli, shell, api, warn="20", unavailable="allow", postpaid="deny", wait="0", poll="5s")
    assert (ended.returncode, outputs["verdict"]) == (0, "enough")


@pytest.mark.parametrize(
    "value", ['5"; touch hacked; "', "$(touch hacked)", "`touch hacked`", "5 --minimum=0", "--help"]
)
def test_an_input_is_no_command(cli, shell, api, value):
    """Nor can it be another option."""
    ended, outputs = run_action(cli, shell, api, minimum=value)
    assert (ended.returncode, outputs["sufficient"]) == (3, "false")
    assert not (cli.folder / "hacked").exists()


def test_no_input_is_written_into_a_script():
    """An expression there would be pasted before the shell reads it."""
    for step in action_steps().values():
        assert "${{" not in step["run"]
        subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)


def test_the_workflow_gives_what_the_action_takes():
    """Inputs by their names."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    steps = load("github-actions/deploy.yml")["jobs"]["deploy"]["steps"]
    [use] = [step for step in steps if "pulumi-lumenfall@" in step.get("uses", "")]
    assert use["with"].keys() <= action["inputs"].keys()
    assert use["with"].keys() >= {name for name, each in action["inputs"].items() if each.get("required")}


def test_gitlab(cli, shell, case):
    """The script fails as it should, and what comes after it always leaves the artifact that is kept."""
    api, status = case
    job = load("gitlab-ci/.gitlab-ci.yml")["balance"]
    ended = shell("\n".join(job["script"]), api, MINIMUM=job["variables"]["MINIMUM"], LUMENFALL_MAX_ATTEMPTS="1")
    assert ended.returncode == status, ended.stderr
    ended = shell("\n".join(job["after_script"]), api, LUMENFALL_MAX_ATTEMPTS="1")
    assert ended.returncode == 0
    [kept] = job["artifacts"]["paths"]
    assert api.key not in (cli.folder / kept).read_text()


def test_jenkins(cli, shell, case):
    """The lines of each ``sh``; Groovy pastes nothing into them."""
    api, status = case
    text = (RECIPES / "jenkins/Jenkinsfile").read_text()
    install, check = re.findall(r"'''\n(.*?)'''", text, re.DOTALL)
    assert '"""' not in text
    (cli.folder / ".venv/bin").mkdir(parents=True)
    (cli.folder / ".venv/bin/lumenfall-balance").symlink_to(cli.program)
    (cli.folder / ".venv/bin/pip").symlink_to(cli.folder / "bin/pip")
    assert shell(install, api, flags="-xe").returncode == 0
    assert shell(check, api, flags="-xe", LUMENFALL_MAX_ATTEMPTS="1").returncode == status


def test_azure(shell, case):
    """Each bash step; the one that needs the key gets it through env."""
    api, status = case
    steps = [step for step in load("azure-pipelines/azure-pipelines.yml")["steps"] if "bash" in step]
    statuses = [shell(step["bash"], api, LUMENFALL_MAX_ATTEMPTS="1").returncode for step in steps]
    assert statuses == [0, status, 0]
    assert steps[1]["env"] == {"LUMENFALL_API_KEY": "$(LUMENFALL_API_KEY)"}


def test_make(cli, shell, case):
    """Nothing is deployed without funds; make turns every failure into a status 2 of its own."""
    api, status = case
    makefile = shlex.quote(str(RECIPES / "make/Makefile"))
    ended = shell(f"make -f {makefile} deploy", api, LUMENFALL_MAX_ATTEMPTS="1")
    assert (ended.returncode == 0) == (status == 0)
    assert ("Deploying" in ended.stdout) == (status == 0)


def test_kubernetes_job(cli, case):
    """The init container's command, with the key from the mounted secret."""
    api, status = case
    spec = load("kubernetes/job.yaml")["spec"]["template"]["spec"]
    [container] = spec["initContainers"]
    (cli.folder / "api-key").write_text(api.key)
    program, *words = container["command"]
    mount = container["volumeMounts"][0]["mountPath"]
    assert program == "lumenfall-balance"
    assert f"{mount}/api-key" in words
    words = [word.replace(mount, ".") for word in words]
    assert cli(*words, env={"LUMENFALL_API_BASE": api.url, "LUMENFALL_MAX_ATTEMPTS": "1"}).status == status


def test_kubernetes_cron_job(cli, shell, case):
    """It writes metrics in each case; too low is no failure of the job, not knowing is."""
    api, status = case
    spec = load("kubernetes/cronjob.yaml")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = spec["containers"]
    assert container["command"] == ["sh", "-c"]
    (cli.folder / "api-key").write_text(api.key)
    env = {"LUMENFALL_API_BASE": api.url, "LUMENFALL_MAX_ATTEMPTS": "1", "KEY_FILE": "api-key", "METRICS": "."}
    ended = shell(f"sh -c {shlex.quote(container['args'][0])}", **env)
    assert (ended.returncode == 0) == (status != 3)
    metrics = {family.name for family in text_string_to_metric_families((cli.folder / "lumenfall.prom").read_text())}
    assert ("lumenfall_balance_available" in metrics) == (status != 3)
    volumes = {volume["name"] for volume in spec["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes


@pytest.mark.parametrize("name", ["job", "cronjob"])
def test_kubernetes_objects(name):
    """The fields that the API asks for, and no privileges."""
    document = load(f"kubernetes/{name}.yaml")
    assert document["apiVersion"] == "batch/v1"
    assert document["metadata"]["name"]
    spec = document["spec"]["jobTemplate"]["spec"] if name == "cronjob" else document["spec"]
    pod = spec["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        assert container["image"]
        assert container["securityContext"]["allowPrivilegeEscalation"] is False


def unit(name):
    """A unit file's settings."""
    pairs = re.findall(r"^([A-Za-z]+)=(.*)$", (RECIPES / "systemd" / name).read_text(), re.MULTILINE)
    return dict(pairs)


def test_systemd_service(cli, case):
    """The command as systemd runs it, with the key from its credentials folder."""
    api, status = case
    settings = unit("lumenfall-balance.service")
    program, *words = shlex.split(settings["ExecStart"])
    assert Path(program).name == "lumenfall-balance"
    (cli.folder / "api-key").write_text(api.key)
    output = words[words.index("--output") + 1]
    assert output.startswith(settings["ReadWritePaths"])
    words = [word.replace("${CREDENTIALS_DIRECTORY}", ".").replace(output, "x.prom") for word in words]
    ended = cli(*words, env={"LUMENFALL_API_BASE": api.url, "LUMENFALL_MAX_ATTEMPTS": "1"})
    assert ended.status == status
    assert settings["SuccessExitStatus"] == "2"
    assert [*text_string_to_metric_families((cli.folder / "x.prom").read_text())]


def test_systemd_units(tmp_path):
    """systemd's own check, where there is one."""
    assert unit("lumenfall-balance.timer")["OnUnitActiveSec"] == "5min"
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for name in ("lumenfall-balance.service", "lumenfall-balance.timer"):
        text = (RECIPES / "systemd" / name).read_text()
        (tmp_path / name).write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    ended = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_alerts_name_metrics_that_exist(cli, api):
    """Each metric of ours in a rule is one that is written."""
    [group] = load("systemd/alerts.yml")["groups"]
    used = set(re.findall(r"lumenfall_balance_\w+", " ".join(rule["expr"] for rule in group["rules"])))
    out = cli("check", "--minimum", "5", "--format", "prometheus", api=api).out
    assert used
    assert used <= {family.name for family in text_string_to_metric_families(out)}
    for rule in group["rules"]:
        assert rule["alert"]
        assert rule["annotations"]["summary"]
    if shutil.which("promtool"):
        subprocess.run(["promtool", "check", "rules", str(RECIPES / "systemd/alerts.yml")], check=True)
