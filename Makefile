# Everything is set up by itself: a virtual environment in .venv, npm packages below js, the build in nexus_jupyter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# For the status of the first command of a pipe.
SHELL := /bin/bash
export PATH := $(CURDIR)/$(BIN):$(PATH)

SOURCES := $(shell find js -name node_modules -prune -o -name lib -prune -o \( -name '*.ts' -o -name '*.css' -o -name '*.mjs' -o -name 'package*.json' \) -print)

ENGINE := $(wildcard engine/*.c engine/*.h engine/*.py engine/*.txt)
FUZZ_SECONDS ?= 600
FUZZ_INPUTS ?= 1000000
SOAK_SECONDS ?= 600
ATTACK_SECONDS ?= 600
SEARCH_SECONDS ?= 600
LOWEST ?= tests/test_public_face.py tests/dashboards tests/fidelity/test_types.py tests/frames tests/mcp/test_tools.py tests/notebook/test_workspace.py

.PHONY: help attack lowest demo test bench lint build build-js reference engine fuzz-engine fuzz-nxml reproducible search soak faults protocol setup

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: pyproject.toml requirements.lock hatch_build.py $(SOURCES) $(ENGINE)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock hatchling editables jupyter-builder ziglang
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --no-build-isolation --editable '.[test]'
	touch $@

setup: $(VENV)/.installed

demo: setup  ## Open examples/01-first-panel.ipynb in JupyterLab (DEMO=--no-browser prints the URL only)
	$(BIN)/nexus demo $(DEMO) $(filter --no-browser,$(MAKEFLAGS))

test: setup  ## Run every test that CI runs; says at the end what failed
	tests/run.sh

bench: setup  ## Run the benchmarks, each beside its peer
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --no-build-isolation --editable ".[bench]"
	$(BIN)/nexus bench

lint: setup  ## Format and check
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy
	cd js && npm run --silent types

build-js:  ## Build the JavaScript into the package
	cd js && npm ci --no-audit --no-fund && npm run build
	cd js/studio && npm install --no-audit --no-fund && npm run build

engine: setup  ## Build the engine artefact into the package
	$(BIN)/python engine/build.py nexus_jupyter/static/engine.wasm

# Leaks are not looked for: QuickJS loses some memory when it runs out of it, and a machine is thrown away as a whole.
fuzz-engine: setup  ## Fuzz the engine's C interface (FUZZ_SECONDS=600); needs clang
	mkdir -p build/corpus
	$(BIN)/python engine/build.py --fuzz build/fuzz
	ASAN_OPTIONS=detect_leaks=0 build/fuzz -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=0 -timeout=20 \
	  -artifact_prefix=build/ -print_final_stats=1 build/corpus engine/corpus 2>&1 | tail -n 40; exit $${PIPESTATUS[0]}
	build/fuzz-heap -max_total_time=$(FUZZ_SECONDS) -max_len=6000 -artifact_prefix=build/ -print_final_stats=1 2>&1 \
	  | tail -n 40; exit $${PIPESTATUS[0]}

fuzz-nxml: setup  ## Fuzz the language with damaged panels (FUZZ_INPUTS=1000000)
	cd js && node run.mjs fuzz/main.ts $(FUZZ_INPUTS)

# The second build shares nothing with the first: another folder, an empty compiler cache.
reproducible: setup  ## Build the engine artefact twice in different folders and compare
	mkdir -p build/zig
	$(BIN)/python engine/build.py build/one.wasm
	ZIG_GLOBAL_CACHE_DIR=$(CURDIR)/build/zig ZIG_LOCAL_CACHE_DIR=$(CURDIR)/build/zig $(BIN)/python engine/build.py build/two.wasm
	cmp build/one.wasm build/two.wasm
	cmp build/one.wasm nexus_jupyter/static/engine.wasm
	rm -r build/zig build/one.wasm build/two.wasm

# The lowest versions that are declared, in an environment of their own. The lock file is made anew, where a minimum was
# changed, by: pip install uv; uv pip compile --resolution lowest-direct --python-version 3.11 --no-annotate --no-header
#   --extra demo --extra otlp --extra postgres --extra tokens pyproject.toml -o tests/lowest.lock
lowest: setup  ## Run tests with the lowest versions that are declared
	$(PYTHON) -m venv build/lowest
	build/lowest/bin/pip install --quiet --disable-pip-version-check --requirement tests/lowest.lock
	build/lowest/bin/pip install --quiet --disable-pip-version-check --constraint requirements.lock hatchling editables jupyter-builder ziglang \
	  hypothesis ipywidgets marionette-driver nbclient nbconvert playwright polars psutil pytest pytest-jupyter[server] pytest-timeout selenium
	build/lowest/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	PATH=$(CURDIR)/build/lowest/bin:$$PATH build/lowest/bin/python -m pytest -q -p no:cacheprovider $(LOWEST)
	PATH=$(CURDIR)/build/lowest/bin:$$PATH build/lowest/bin/python -m pytest -q -p no:cacheprovider -p pytest_jupyter.jupyter_server tests/server

search: setup  ## Try the properties on new inputs, again and again (SEARCH_SECONDS=600)
	@end=$$((SECONDS + $(SEARCH_SECONDS))); while [ $$SECONDS -lt $$end ]; do \
	  $(BIN)/pytest --hypothesis-profile=default $$(grep -rl "hypothesis import" --include="test_*.py" tests) || exit 1; \
	done

soak: setup  ## Run hostile and friendly programs at random (SOAK_SECONDS=600)
	NEXUS_SOAK_SECONDS=$(SOAK_SECONDS) $(BIN)/pytest tests/sandbox/test_soak.py -s --timeout=0

attack: setup  ## Attack a real server with random messages (ATTACK_SECONDS=600, ATTACK_SEED=...)
	$(BIN)/python -m tests.attacker --seconds $(ATTACK_SECONDS) $(if $(ATTACK_SEED),--seed $(ATTACK_SEED))

faults: setup  ## Kill writers and the database server at random, 500 times (NEXUS_KILLS=500)
	NEXUS_KILLS=$${NEXUS_KILLS:-500} $(BIN)/pytest tests/faults -s

protocol: setup  ## Generate JSON Schema and TypeScript from the Pydantic contracts
	$(BIN)/python -m nexus_jupyter.protocol.schema js/protocol/schema.json
	cd js && npm run --silent protocol

reference: setup  ## Write docs/nxml.md and docs/limits.md from the tables of the code
	$(BIN)/python -m nexus_jupyter.reference docs/nxml.md
	$(BIN)/python -m nexus_jupyter.limits docs/limits.md

build: setup  ## Build wheel and sdist
	$(BIN)/pip install --quiet --disable-pip-version-check build
	$(BIN)/python -m build
