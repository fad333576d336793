# What a person does with the project. `make up` and `make test` work on a fresh clone with Python, Go and a registry.
PYTHON ?= python3
VENV := .venv
STACK ?= dev
INSTALLED := $(VENV)/.installed
PY := $(VENV)/bin/python
# Each of the processes starts a local cloud of its own, which takes 1.5 GB.
SIDE_BY_SIDE := --numprocesses=auto --maxprocesses=4 --dist=loadgroup
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo-fleet demo-response up down env status ship preview build test test-unit test-local test-pipeline test-slow \
	check format bench clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile

up: $(INSTALLED) ## start the local cloud and deploy the stacks of Pulumi.local*.yaml into it
	@$(PY) -m localcloud up

build: $(INSTALLED) ## build the programs that this machine lacks, which `make up` and the tests do too
	@$(PY) -m localcloud build

down: $(INSTALLED) ## stop every process of the local cloud and forget its state
	@$(PY) -m localcloud down

env: $(INSTALLED) ## what a shell needs to use it: eval "$(make -s env)"
	@$(PY) -m localcloud env

status: $(INSTALLED) ## say what runs
	@$(PY) -m localcloud status

ship: $(INSTALLED) ## ship sample events through what is deployed
	@$(PY) -m localcloud check

preview: $(INSTALLED) ## preview a stack under its policies: make preview STACK=dev
	@$(VENV)/bin/falco-firelens policy preview Pulumi.$(STACK).yaml

demo-fleet: $(INSTALLED) ## deploy twelve stacks in four accounts, find drift, render a pull request
	@$(PY) -m localcloud up --no-deploy
	@eval "$$($(PY) -m localcloud env)" && $(PY) -m tools.fleet_demo

demo-response: $(INSTALLED) ## answer events in what `make up` deployed: in a dry run, for real, and undo it
	@$(PY) -m localcloud.response_demo

test: test-unit test-local test-pipeline ## run all tests

test-unit: $(INSTALLED) ## run the tests that need no other program
	$(PY) -m pytest tests/unit standin -n auto

test-local: $(INSTALLED) ## run the real engine on a local cloud of the tests' own
	$(PY) -m pytest tests/local $(SIDE_BY_SIDE)

test-pipeline: $(INSTALLED) ## run the real Fluent Bit and Falco, where they are on PATH
	$(PY) -m pytest tests/pipeline

test-slow: $(INSTALLED) ## run what `make test` leaves out: more events, more requests, any moment
	$(PY) -m pytest tests -m slow $(SIDE_BY_SIDE)

check: $(INSTALLED) ## format, lint and types
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/basedpyright

format: $(INSTALLED) ## format, and mend what the linter can
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

bench: $(INSTALLED) ## measure, see docs/performance.md
	@$(PY) -m localcloud up --no-deploy
	@eval "$$($(PY) -m localcloud env)" && $(PY) -m bench.preview && $(PY) -m bench.fleet
	@$(PY) -m bench.responder
	@if command -v fluent-bit > /dev/null; then $(PY) -m bench.pipeline; \
	else echo "The pipeline was not measured: fluent-bit is not on PATH."; fi

clean: ## stop the local cloud, and remove it and the virtual environment
	@if [ -e $(PY) ]; then $(PY) -m localcloud down; fi
	rm -rf .local $(VENV)

# Written last, so that an installation that was cut off is done again. Its output stays out of `make -s env`.
$(INSTALLED): requirements.txt requirements-fleet.txt falco_firelens/policy/requirements.txt requirements-dev.txt pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is not on PATH: install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) --version): Python 3.11 or newer is needed (make PYTHON=python3.12 …)" >&2; exit 1; }
	@echo "installing the Python packages into $(VENV) (about a minute)" >&2
	@$(PYTHON) -m venv $(VENV) >&2 || { echo "cannot make $(VENV): on Debian, apt-get install python3-venv" >&2; exit 1; }
	@$(PY) -m pip install --quiet --requirement requirements-dev.txt >&2
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable . >&2
	@touch $@
