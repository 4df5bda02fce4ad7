# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Run ansible-test, without containers, on the collection as its archive holds it.

``python tools/ansible_test.py [sanity] [units] [integration]``; all three by default. It uses the ansible-core of the
Python that runs it. Units also run on the oldest and the newest Python of hosts that is on PATH or known to pyenv; with
``--all-pythons`` sanity and units run on all of them, which takes a few minutes longer.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distribution, version
from pathlib import Path

from user_cache import user_cache

COLLECTION = Path(__file__).resolve().parents[1] / "ansible_collections/lumenfall/cloud"
BIN = Path(sys.executable).parent
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
COMMANDS = ("sanity", "units", "integration")
KEPT_VARIABLES = ("LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy")

# ansible-test downloads a script that installs pip. This one does the same with what Python brings along, for machines
# that cannot reach that server.
GET_PIP = """\
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"])
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "pip", "install"] + arguments)
"""


def ansible_test_file(name: str) -> str:
    """The text of one of ansible-test's own files."""
    return Path(str(distribution("ansible-core").locate_file(f"ansible_test/{name}"))).read_text(encoding="utf-8")


def pyenv_folders() -> list[str]:
    """The folders of pyenv's Pythons, the newest first; none without pyenv."""
    pyenv = shutil.which("pyenv")
    root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True).stdout.strip() if pyenv else ""
    found = Path(root, "versions").glob("3.*/bin") if root else []
    return sorted(map(str, found), key=lambda path: [int(part) for part in re.findall(r"\d+", path)], reverse=True)


def prepare_home(home: Path) -> None:
    """Put the script in the place of ansible-test's download, and pip's settings where pip finds them."""
    cache = home / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    for pip in set(re.findall(r"pip='([0-9.]+)'", ansible_test_file("_internal/python_requirements.py"))):
        (cache / f"get_pip_{pip.replace('.', '_')}.py").write_text(GET_PIP, encoding="utf-8")
    # ansible-test keeps PIP_* variables from pip.
    settings = {name[4:].lower().replace("_", "-"): value for name, value in os.environ.items() if name[:4] == "PIP_"}
    settings.pop("config-file", None)
    path = home / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["[global]", *(f"{name} = {value}" for name, value in settings.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    """Run the commands; the number of those that failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*", metavar="|".join(COMMANDS), help="default: all")
    parser.add_argument("--all-pythons", action="store_true", help="every Python of hosts, not the oldest and newest")
    parser.add_argument("--skip-test", action="append", default=[], help="a sanity test that cannot run here")
    options = parser.parse_args()

    # Virtual environments and compiled tools are kept for the next run.
    home = user_cache() / "ansible-test" / f"{version('ansible-core')}-py{PYTHON}"
    prepare_home(home)
    path = os.pathsep.join([str(BIN), *pyenv_folders(), os.environ.get("PATH", os.defpath)])
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    environment |= {"HOME": str(home), "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "ANSIBLE_NOCOLOR": "1"}
    supported = re.findall(r"'(3\.[0-9]+)'", ansible_test_file("_util/target/common/constants.py"))
    hosts = [target for target in supported if shutil.which(f"python{target}", path=path)]
    print(f"ansible-core {version('ansible-core')} on Python {PYTHON}; Pythons of hosts: {', '.join(hosts)}")
    if missing := [target for target in supported if target not in hosts]:
        print(f"not on this machine, so not tested: Python {', '.join(missing)}")
        if options.all_pythons and "GITHUB_ACTIONS" in os.environ:
            return 1
    if not options.all_pythons:
        hosts = sorted({hosts[0], hosts[-1]}, key=supported.index)

    skip = [word for name in options.skip_test for word in ("--skip-test", name)]
    arguments = {
        "sanity": skip if options.all_pythons else [*skip, "--python", PYTHON],
        "units": [f"--controller=origin:python={PYTHON}", *(f"--target-python=venv/{target}" for target in hosts)],
        "integration": ["--venv", "--python", PYTHON],
    }
    failed = []
    with tempfile.TemporaryDirectory(prefix="ansible-test-") as folder:
        galaxy = [str(BIN / "ansible-galaxy"), "collection"]
        build = [*galaxy, "build", str(COLLECTION), "--output-path", folder]
        subprocess.run(build, env=environment, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tar.gz")
        install = [*galaxy, "install", "--offline", "--force", "-p", folder, str(archive)]
        subprocess.run(install, env=environment, check=True, stdout=subprocess.DEVNULL)
        for command in options.commands or COMMANDS:
            print(f"== ansible-test {command}", flush=True)
            done = subprocess.run(
                [str(BIN / "ansible-test"), command, "--color", "no", *arguments[command]],
                cwd=Path(folder, "ansible_collections/lumenfall/cloud"),
                env=environment,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            if done.returncode:
                failed.append(command)
    print(f"failed: {', '.join(failed) or 'none'}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
