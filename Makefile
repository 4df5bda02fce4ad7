# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors

# Needs make and Python >= 3.11, as ansible-core does; each target installs the rest into .venv. The first run of what
# needs the Pulumi engine also finds, downloads or builds it, once, in the user's cache folder.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COLLECTION := ansible_collections/lumenfall/cloud
CORE := $(COLLECTION)/plugins/module_utils/_core
PYTEST := $(BIN)/python -m pytest -q -n auto
ENGINE := $(BIN)/python tools/pulumi_engine/find_or_build.py
SLOW := engine or playbook or slow

.PHONY: help reference pictures demo test test-all lint unit surfaces real packages collection docs oldest matrix mutants bench plugin pyz dist clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

demo: $(READY)  ## show the main job on the embedded sandbox (LIVE=1: read the real account)
	@LIVE=$(LIVE) $(BIN)/python tools/demo.py

test: lint unit surfaces  ## what to run before each push (under five minutes)

test-all: real collection docs oldest  ## everything else: engines, languages, the collection, packaging, oldest versions

lint: $(READY)  ## style, types, layers, licences
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/reuse --suppress-deprecation lint --quiet

unit: $(READY)  ## the core and the sandbox, with the coverage of the core
	$(PYTEST) -m "not ($(SLOW))" --cov=$(CORE) --cov-report=term-missing:skip-covered --cov-fail-under=95 tests/unit

surfaces: $(READY)  ## command line, Pulumi under mocks, plugin over gRPC, one real `pulumi up`, one real playbook
	@$(ENGINE) > /dev/null
	$(PYTEST) -m "smoke or not ($(SLOW))" --ignore=tests/unit

real: $(READY)  ## the tests through real engines, in every language, and of what users install
	@$(ENGINE) go nodejs yaml > /dev/null
	$(PYTEST) -rs --dist loadfile -m "($(SLOW)) and not smoke"

packages: $(READY)  ## what users install (part of `real`; DIST_FOLDER=dist: what `make dist` built)
	@$(ENGINE) go nodejs yaml > /dev/null
	DIST_FOLDER=$(DIST_FOLDER) $(PYTEST) --dist loadfile tests/packaging tests/plugin/test_archive.py

collection: $(READY)  ## the collection's sanity, unit and integration tests, and the community's linters
	$(BIN)/python tools/ansible_test.py
	$(BIN)/python tools/lint_collection.py

docs: $(READY)  ## build the documentation into build/site; a warning fails, and so does an outdated reference page
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python tools/reference_pages.py --check
	PATH="$(abspath $(BIN)):$$PATH" NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

pictures: $(READY)  ## draw the terminals of docs/pictures from real runs
	$(BIN)/python tools/pictures.py

reference: $(READY)  ## write docs/reference from docstrings, help, schema and Ansible's documentation
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python tools/reference_pages.py

oldest: $(READY)  ## the oldest Python, Pulumi SDK, requests and urllib3; skipped where there is no Python 3.10
	env -u CI $(BIN)/nox --session oldest

matrix: $(READY)  ## every supported version: Pythons, ansible-cores, oldest and newest dependencies (an hour)
	$(BIN)/nox

mutants: $(READY)  ## which changes to the core do its unit tests miss? (by hand, before a release)
	$(BIN)/mutmut run $(MUTANTS)

bench: $(READY)  ## measure against what people use instead (ten minutes), into benchmarks/figures.json
	$(BIN)/python benchmarks/run.py

plugin: $(READY)  ## the archives of the Pulumi provider plugin, into dist/
	$(BIN)/python -m build --wheel
	$(BIN)/python tools/plugin_archive.py dist

pyz: $(READY)  ## the command line as one file, for the Pythons that this machine has, into dist/
	$(BIN)/python tools/one_file.py dist

dist: $(READY)  ## build all that a release publishes into dist/; uploads nothing
	rm -rf dist build/sbom
	$(BIN)/python -m build
	$(BIN)/ansible-galaxy collection build $(COLLECTION) --output-path dist
	$(BIN)/python tools/plugin_archive.py dist
	$(BIN)/python tools/one_file.py dist
	$(BIN)/twine check --strict dist/pulumi_lumenfall-*
	$(BIN)/check-wheel-contents dist/*.whl
	$(PYTHON) -m venv --without-pip build/sbom
	$(BIN)/python -m pip --python build/sbom install --quiet dist/*.whl
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file dist/sbom.cdx.json build/sbom
	cd dist && python3 -c "import hashlib, pathlib; [print(hashlib.sha256(p.read_bytes()).hexdigest(), '', p.name) for p in sorted(pathlib.Path().iterdir())]" > ../build/SHA256SUMS
	mv build/SHA256SUMS dist

clean:  ## remove what this file made, except the user's cache
	rm -rf $(VENV) .nox build dist mutants .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Set PYTHON=..." >&2; exit 1; }
	@echo "== installing what is needed into $(VENV) (a minute or so, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable ".[ansible]" --group dev
	@touch $@
