# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Run ansible-test on the collection as its archive holds it.

``python tools/ansible_test.py [sanity] [units] [integration]``: all three by default. It uses the ansible-core
of the Python that runs it, and for the tests on hosts' Pythons whichever of them are on PATH
or known to pyenv; it says which are not there, and fails for that in GitHub's CI. What ansible-test makes for itself
(its virtual environments) is kept in the user's cache folder, so that the next run takes a fraction of the first.
"""

from __future__ import annotations

import argparse
import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import distribution, version
from pathlib import Path

from user_cache import user_cache

ROOT = Path(__file__).resolve().parents[1]
COLLECTION = ROOT / "ansible_collections" / "lumenfall" / "cloud"
BIN = Path(sys.executable).parent
COMMANDS = ("sanity", "units", "integration")

# ansible-test gets pip into its virtual environments with a script that it downloads. This does the same with what
# Python brings along, for machines that cannot reach that server.
GET_PIP = """\
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"])
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "pip", "install"] + arguments)
"""


def cache_folder() -> Path:
    """Where the virtual environments are kept, for this ansible-core and Python."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return user_cache() / "ansible-test" / f"{version('ansible-core')}-py{python}"


def ansible_test_file(name: str) -> str:
    """The text of one of ansible-test's own files."""
    return Path(str(distribution("ansible-core").locate_file(f"ansible_test/{name}"))).read_text(encoding="utf-8")


def python_folders() -> list[str]:
    """The folders of pyenv's Pythons, the newest first; none without pyenv."""
    pyenv = shutil.which("pyenv")
    if pyenv is None:
        return []
    root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False).stdout.strip()
    found = Path(root, "versions").glob("3.*/bin") if root else []
    return [
        str(folder)
        for folder in sorted(found, key=lambda path: [int(part) for part in re.findall(r"\d+", path.parent.name)])[::-1]
    ]


def prepare_home(home: Path) -> None:
    """Make the home folder that ansible-test gets: the stand-in for its download, and pip's settings."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    requirements = ansible_test_file("_internal/python_requirements.py")
    for found in set(re.findall(r"pip='([0-9.]+)'", requirements)):
        script = cache / f"get_pip_{found.replace('.', '_')}.py"
        if not script.exists():
            script.write_text(GET_PIP, encoding="utf-8")
    # ansible-test keeps the environment from pip.
    settings = configparser.ConfigParser(interpolation=None)
    settings["global"] = {
        name.removeprefix("PIP_").lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE"
    }
    path = home / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        settings.write(file)


def install(folder: Path, environment: dict[str, str]) -> Path:
    """Build the archive and install it: the folder to run ansible-test in."""
    galaxy = [str(BIN / "ansible-galaxy"), "collection"]
    for command in (
        [*galaxy, "build", str(COLLECTION), "--output-path", str(folder)],
        [*galaxy, "install", "--offline", "--force", "-p", str(folder)],
    ):
        archives = [str(path) for path in folder.glob("*.tar.gz")]
        subprocess.run(command + archives, env=environment, check=True, stdout=subprocess.DEVNULL)
    return folder / "ansible_collections" / "lumenfall" / "cloud"


def main() -> int:
    """Run the commands; the number of those that failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*", metavar="|".join(COMMANDS), help="default: all")
    parser.add_argument("--skip-test", action="append", default=[], help="a sanity test that cannot run here")
    parser.add_argument("--verbose", "-v", action="store_true")
    options = parser.parse_args()
    commands = options.commands or list(COMMANDS)
    if not set(commands) <= set(COMMANDS):
        parser.error(f"commands are {', '.join(COMMANDS)}")

    home = cache_folder()
    prepare_home(home)
    path = os.pathsep.join([str(BIN), *python_folders(), os.environ.get("PATH", os.defpath)])
    keep = ("LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    environment |= {"HOME": str(home), "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "ANSIBLE_NOCOLOR": "1"}
    controller = f"{sys.version_info[0]}.{sys.version_info[1]}"
    # The Pythons of hosts that this ansible-core supports.
    targets = re.findall(r"'(3\.[0-9]+)'", ansible_test_file("_util/target/common/constants.py"))
    present = [target for target in targets if shutil.which(f"python{target}", path=path)]
    print(f"ansible-core {version('ansible-core')} on Python {controller}; hosts' Pythons: {', '.join(present)}")
    missing = [target for target in targets if target not in present]
    if missing:
        print(f"not here, so not tested: Python {', '.join(missing)}")
        if "GITHUB_ACTIONS" in os.environ:
            print("the workflow is to install them", file=sys.stderr)
            return 1

    failed = []
    with tempfile.TemporaryDirectory(prefix="ansible-test-") as folder:
        collection = install(Path(folder), environment)
        for command in commands:
            arguments = {
                "sanity": ["--color", "no", *(word for test in options.skip_test for word in ("--skip-test", test))],
                "units": ["--color", "no", "--controller", f"origin:python={controller}"]
                + [word for target in present for word in ("--target-python", f"venv/{target}")],
                "integration": ["--color", "no", "--venv", "--python", controller],
            }[command]
            print(f"== ansible-test {command}", flush=True)
            start = time.monotonic()
            done = subprocess.run(
                [str(BIN / "ansible-test"), command, *arguments, *(["-v"] if options.verbose else [])],
                cwd=collection,
                env=environment,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            print(f"== {command}: {'ok' if not done.returncode else 'FAILED'} in {time.monotonic() - start:.0f} s")
            if done.returncode:
                failed.append(command)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
