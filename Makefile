# `make help` lists the targets. Everything is installed into .venv; `cmean setup` keeps
# weights in a folder of the user (CMEAN_WEIGHTS_DIR). Nothing else is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo

.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.user ## Install cmean and run the main job on a small corpus that it composes
	@$(BIN)/cmean setup || echo 'going on without these weights'
	$(BIN)/cmean demo $(DEMO)

install: $(VENV)/.user ## Install cmean into .venv

develop: $(VENV)/.developer ## Install cmean with what its tests and linters need

test: $(VENV)/.developer ## Run all tests, with real servers that the tests start themselves
	@$(BIN)/cmean setup || echo 'tests that need these weights will fail, and say so'
	@$(BIN)/python -m compileall -q cmean migrations tests # once for the programs that tests start
	$(BIN)/python -m pytest -n auto --dist loadgroup

lint: $(VENV)/.developer ## Format check, linter, import contracts, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(VENV)/.developer ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.developer ## Run the benchmarks and print their tables
	$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/python benchmarks/captions.py
	$(BIN)/python benchmarks/mapper_speed.py
	$(BIN)/python benchmarks/matching.py --write
	$(BIN)/python benchmarks/ledger.py --million
	$(BIN)/python benchmarks/queues.py
	$(BIN)/python benchmarks/worker.py --tasks 2000
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/busy.py
	$(BIN)/python benchmarks/constrained.py
	$(BIN)/python benchmarks/permutations.py

clean: ## Remove the environment and what builds leave behind
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cmean needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.user: $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.developer: $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install --quiet 'torch==2.13.0'
	$(BIN)/python -m pip install --quiet --editable '.[imagebind,models,parquet,server]' --group test --group lint
	$(BIN)/python -m pip install --quiet --no-deps 'imagebind-unofficial==0.1.1'  # read by one test
	@touch $@ $(VENV)/.user

.PHONY: help demo install develop test lint format bench clean
