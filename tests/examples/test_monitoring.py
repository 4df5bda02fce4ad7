# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Metrics for Prometheus: what writes them, node_exporter, and the alerts."""

from __future__ import annotations

import re
import shlex
import shutil
import stat
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

RECIPES = Path(__file__).parents[2] / "examples/ci"
ALERTS = RECIPES / "prometheus/alerts.yml"


def read_metrics(path):
    """Each sample's value, by metric."""
    return {each.name: each.samples[0].value for each in text_string_to_metric_families(path.read_text())}


def systemd_settings(name):
    return dict(re.findall(r"^([A-Za-z]+)=(.*)$", (RECIPES / "systemd" / name).read_text(), re.MULTILINE))


def cron_lines(folder):
    """The commands of the crontab, with its variables, and our folders in place of its own."""
    text = (RECIPES / "cron/lumenfall-balance").read_text()
    variables = dict(re.findall(r"^([A-Z]+)=(.*)$", text, re.MULTILINE))
    variables.update(PATH=f"{folder / 'bin'}:/usr/bin:/bin", KEYS=str(folder), METRICS=str(folder))
    return re.findall(r"^\*/5 \* \* \* \* root (.*)$", text, re.MULTILINE), variables


def test_kubernetes_cron_job(run, folder, case):
    """It writes metrics in each case; "too low" is no failure of the job."""
    api, status = case
    document = yaml.safe_load((RECIPES / "kubernetes/cronjob.yaml").read_text())
    [container] = document["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    (folder / "api-key").write_text(api.key)
    command = shlex.join([*container["command"], *container["args"]])
    for mount in container["volumeMounts"]:
        command = command.replace(f"{mount['mountPath']}/", "./")
    ended = run(command, LUMENFALL_API_BASE=api.url)
    assert (ended.returncode == 0) == (status != 3)
    assert read_metrics(folder / "lumenfall.prom")["lumenfall_balance_sufficient"] == (status == 0)


def test_systemd_service(run, folder, case):
    """The command as systemd runs it, with the key from its credentials folder."""
    api, status = case
    settings = systemd_settings("lumenfall-balance.service")
    metrics = settings["ReadWritePaths"]
    (folder / "api-key").write_text(api.key)
    command = settings["ExecStart"].removeprefix("/usr/local/bin/").replace(metrics, ".")
    ended = run(command, LUMENFALL_API_BASE=api.url, CREDENTIALS_DIRECTORY=".")
    assert (ended.returncode, settings["SuccessExitStatus"]) == (status, "2")
    assert read_metrics(folder / "lumenfall.prom")["lumenfall_balance_sufficient"] == (status == 0)


def test_systemd_units(tmp_path):
    """systemd's own check, where there is one."""
    assert systemd_settings("lumenfall-balance.timer")["OnUnitActiveSec"] == "5min"
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for name in ("lumenfall-balance.service", "lumenfall-balance.timer"):
        text = (RECIPES / "systemd" / name).read_text()
        (tmp_path / name).write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    units = [str(path) for path in tmp_path.iterdir()]
    ended = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.slow
def test_two_accounts_on_one_node_exporter(run, folder, api, go_tool):
    """What cron writes for two accounts, also with a strict umask, node_exporter serves with their labels."""
    commands, variables = cron_lines(folder)
    for name, amount in (("prod", "12.50"), ("dev", "0.75")):
        (folder / name).write_text(api.key)
        api.amount = amount
        [command] = [each for each in commands if f'"$KEYS/{name}"' in each]
        run(f"umask 077\n{command}", shell="sh", **variables, LUMENFALL_API_BASE=api.url)
        assert (folder / f"lumenfall-{name}.prom").stat().st_mode & stat.S_IROTH
    collector = ["--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={folder}"]
    server = subprocess.Popen(
        [go_tool("node_exporter"), "--web.listen-address=127.0.0.1:0", *collector], stderr=subprocess.PIPE, text=True
    )
    try:
        address = next(filter(None, (re.search(r"Listening on.*address=(\S+)", line) for line in server.stderr)))[1]
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer:
            families = {each.name: each for each in text_string_to_metric_families(answer.read().decode())}
    finally:
        server.kill()
        server.communicate()
    assert families["node_textfile_scrape_error"].samples[0].value == 0
    for metric, prod, dev in (("available", 12.5, 0.75), ("minimum", 5, 1), ("sufficient", 1, 0)):
        samples = families[f"lumenfall_balance_{metric}"].samples
        assert {each.labels["account"]: each.value for each in samples} == {"prod": prod, "dev": dev}
    files = {Path(each.labels["file"]).name for each in families["node_textfile_mtime_seconds"].samples}
    pattern = re.search(r'file=~"(.*?)"', ALERTS.read_text())[1]
    assert all(re.fullmatch(pattern, name) for name in files)
    assert len(files) == 2


@pytest.mark.slow
def test_alerts(go_tool):
    """Low and every second probe failing, unavailable for hours, 402, two jobs, no file, and when all is well."""
    for command in (["check", "rules", "--lint-fatal", ALERTS], ["test", "rules", ALERTS.with_name("alerts_test.yml")]):
        ended = subprocess.run([go_tool("promtool"), *command], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_alerts_name_metrics_that_exist(run, folder, api):
    [group] = yaml.safe_load(ALERTS.read_text())["groups"]
    used = set(re.findall(r"lumenfall_balance_\w+", " ".join(rule["expr"] for rule in group["rules"])))
    run("lumenfall-balance check --minimum 5 --format prometheus --output out.prom", api)
    assert used
    assert used <= read_metrics(folder / "out.prom").keys()
