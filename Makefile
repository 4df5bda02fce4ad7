# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors

# Needs make and Python >= 3.11, as ansible-core does; each target installs the rest into .venv. The first run of what
# needs the Pulumi engine also finds or builds it, once, in the user's cache folder.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest -q

.PHONY: help demo test lint unit engines ansible packages plugin docs pictures speed bench faults fuzz mutants soak oldest matrix prepare release clean
.DEFAULT_GOAL := help

help:  ## say what there is to make
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: $(READY)  ## show the main job on the embedded sandbox (LIVE=1: read the real account)
	@LIVE=$(LIVE) $(BIN)/python tools/demo.py

test: lint unit engines ansible packages docs oldest speed  ## everything but the version matrix

lint: $(READY)  ## style, types, licences
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/reuse --suppress-deprecation lint --quiet

unit: $(READY)  ## core, sandbox and command line, over real sockets
	$(PYTEST) -n auto tests/unit tests/cli

engines: $(READY)  ## Pulumi programs of every language and playbooks through the real engines
	@$(BIN)/python tools/pulumi_engine/find_or_build.py go nodejs yaml
	$(PYTEST) -rs -n auto tests/contract tests/pulumi tests/plugin tests/ansible tests/typing

ansible: $(READY)  ## the collection's sanity, unit and integration tests, and the community's linters
	$(BIN)/python tools/ansible_test.py
	$(BIN)/python tools/lint_collection.py

packages: $(READY)  ## build and install what users install
	$(PYTEST) -n auto --dist loadfile tests/packaging

plugin: $(READY)  ## the archive of the Pulumi provider plugin, into dist/
	$(BIN)/python tools/plugin_archive.py dist

docs: $(READY)  ## build the documentation site into build/site; a warning fails
	$(BIN)/python tools/terminal_pictures.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

pictures: $(READY)  ## draw the terminal pictures of the documentation anew
	$(BIN)/python tools/terminal_pictures.py

oldest: $(READY)  ## the oldest Python, Pulumi SDK, requests and urllib3; where there is no Python 3.10, nothing
	env -u CI $(BIN)/nox --session oldest

matrix: $(READY)  ## every supported version: Pythons, ansible-cores, oldest and newest dependencies
	$(BIN)/nox

prepare: $(READY)  ## VERSION=x.y.z: write the version, make the changelogs out of their fragments
	@$(BIN)/python tools/release.py prepare $(VERSION)

release: $(READY)  ## VERSION=x.y.z: build all artefacts of the commit into dist/; uploads nothing
	@$(BIN)/python tools/release.py build $(VERSION)

speed: $(READY)  ## a short run of the benchmarks: do they work, are the API calls right?
	$(BIN)/python benchmarks/run.py --quick

bench: $(READY)  ## measure against what people use instead, into docs/benchmarks.md (ten minutes)
	$(BIN)/python benchmarks/run.py

faults: $(READY)  ## play every fault through every surface, and write docs/faults.md
	@$(BIN)/python tools/pulumi_engine/find_or_build.py
	$(BIN)/python tools/faults.py

fuzz: $(READY)  ## a million cases of each fuzz target (an hour; CASES=, TARGETS=)
	-$(BIN)/python -m pip install --quiet --group fuzz
	$(BIN)/python tools/fuzz.py --cases $(or $(CASES),1000000) $(TARGETS)

mutants: $(READY)  ## break the core in some 2,000 ways and see which the tests miss (an hour; FILES=)
	$(BIN)/python tools/mutants.py $(FILES)

soak: $(READY)  ## 20,000 fetches on 8 threads from a server that fails at random
	$(BIN)/python tools/soak.py

clean:  ## remove what this file made, except the user's cache
	rm -rf $(VENV) .nox build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Set PYTHON=..." >&2; exit 1; }
	@echo "== installing what is needed into $(VENV) (a minute or so, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable ".[ansible]" --group dev
	@touch $@
