# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors

# Needs make and Python >= 3.10; each target installs the rest into .venv. The first run of what
# needs the Pulumi engine also finds or builds it, once, in the user's cache folder.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest -q

.PHONY: help demo test lint unit engines ansible packages plugin bench clean
.DEFAULT_GOAL := help

help:  ## say what there is to make
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: $(READY)  ## show the main job on the embedded sandbox (LIVE=1: read the real account)
	@LIVE=$(LIVE) $(BIN)/python tools/demo.py

test: lint unit engines ansible packages  ## everything that CI runs

lint: $(READY)  ## style, types, licences, links between the parts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/reuse --suppress-deprecation lint --quiet

unit: $(READY)  ## core, sandbox and command line, over real sockets
	$(PYTEST) -n auto tests/unit tests/cli

engines: $(READY)  ## Pulumi programs of every language and playbooks through the real engines
	@$(BIN)/python tools/pulumi_engine/find_or_build.py go nodejs yaml
	$(PYTEST) -rs -n auto tests/contract tests/pulumi tests/plugin tests/ansible tests/typing

ansible: $(READY)  ## the collection's sanity, unit and integration tests
	$(BIN)/python tools/ansible_test.py

packages: $(READY)  ## build and install what users install
	$(PYTEST) tests/packaging

plugin: $(READY)  ## the archive of the Pulumi provider plugin, into dist/
	$(BIN)/python tools/plugin_archive.py dist

bench: $(READY)  ## measure ourselves against what people use instead
	$(BIN)/python benchmarks/core_bench.py
	$(BIN)/python benchmarks/ansible_bench.py
	$(BIN)/python benchmarks/pulumi_bench.py
	$(BIN)/python benchmarks/plugin_bench.py

clean:  ## remove what this file made, except the user's cache
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Set PYTHON=..." >&2; exit 1; }
	@echo "== installing what is needed into $(VENV) (a minute or so, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable ".[ansible]" --group dev
	@touch $@
