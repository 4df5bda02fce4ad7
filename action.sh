#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
# What action.yml runs: makes lumenfall-balance ready in a folder of its own, and checks the balance with it.
# Plain sh, since Alpine has no bash. Inputs come in the environment: in a script they could be commands.
set -eu

# Every end has its outputs, also one before the check.
cannot_tell() {
  printf '::error title=Lumenfall balance::cannot tell: %s\n' "$1"
  printf '%s\n' sufficient=false "verdict=cannot tell" amount= status= "message=cannot tell: $1" >>"$GITHUB_OUTPUT"
  exit 3
}

case $LUMENFALL_API_KEY in
  *[![:space:]]*) ;;
  *) cannot_tell "the input api-key is empty; set the secret it names (pull requests from forks get no secrets)" ;;
esac

python=$(command -v python3 || command -v python) ||
  cannot_tell "needs Python 3.10 or newer, and PATH has none; use actions/setup-python"
version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])') ||
  cannot_tell "$python does not start; use actions/setup-python"
case $version in
  2.* | 3.[0-9].*) cannot_tell "needs Python 3.10 or newer, this is $version; use actions/setup-python" ;;
esac

# pip's index stays as the runner has it (PIP_INDEX_URL); settings that forbid or redirect this install do not.
unset PIP_PREFIX PIP_ROOT PIP_TARGET
export PIP_USER=0 PIP_REQUIRE_HASHES=0 PIP_REQUIRE_VIRTUALENV=0 PIP_ROOT_USER_ACTION=ignore

# A folder of our own, and "cd": Python must not import what lies in the user's repository.
folder=$(mktemp -d "$RUNNER_TEMP/lumenfall-balance.XXXXXX")
(cd "$folder" && "$python" -m pip install --quiet --disable-pip-version-check --target "$folder" \
  "requests>=2.32.4,<3" "truststore>=0.10; sys_platform == 'darwin'" "urllib3>=2.7,<3") ||
  cannot_tell "pip could not install requests; its output above says why"
cp -R "$GITHUB_ACTION_PATH/pulumi_lumenfall" "$GITHUB_ACTION_PATH/ansible_collections" "$folder"
echo 'from pulumi_lumenfall.cli import main; raise SystemExit(main())' >"$folder/__main__.py"

# An option that is empty is unset. The base URL is no option, since other processes could read it there.
case $BASE_URL in
  *[![:space:]]*) export LUMENFALL_API_BASE="$BASE_URL" ;;
esac
status=0
# Without cost-of, times and margin are an error, so their defaults are not passed.
[ "$COST_OF/$TIMES/$MARGIN" = "/1/0" ] || set -- --times="$TIMES" --margin="$MARGIN"
"$python" -I "$folder" check --format github "$@" \
  --minimum="$MINIMUM" --cost-of="$COST_OF" --endpoint="$ENDPOINT" --warn="$WARN" \
  --postpaid="$POSTPAID" --unavailable="$UNAVAILABLE" --wait="$WAIT" --poll="$POLL" || status=$?
case $status in
  0 | 2 | 3) exit "$status" ;;
  *) cannot_tell "lumenfall-balance ended with status $status" ;;
esac
