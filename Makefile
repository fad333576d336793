# What a person does with the project. `make up` and `make test` work on a fresh clone with Python, Go and a registry.
PYTHON ?= python3
VENV := .venv
STACK ?= dev
INSTALLED := $(VENV)/.installed
PY := $(VENV)/bin/python
# Each of the processes starts a local cloud of its own, which takes 1.5 GB.
SIDE_BY_SIDE := --numprocesses=auto --maxprocesses=4 --dist=loadgroup
# The variable silences a notice about the theme's successor: docs/adr/0010-docs-and-command-line.md.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs
# A test's file stays in one process, which deploys each of its stacks once.
UNIT := $(VENV)/bin/python -m pytest tests/unit standin --numprocesses=auto --dist=loadfile
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Containers often set it. Every program would compile this project's modules again then, each time that it starts.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up cloud build down env status ship preview demo-fleet demo-response test test-fast test-unit test-local test-pipeline \
	test-slow check lock renew-images release-check format generate bench bench-preview bench-fleet bench-responder \
	bench-pipeline docs docs-serve clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' Makefile

up: $(INSTALLED) ## start the local cloud and deploy the stacks of Pulumi.local*.yaml into it
	@$(PY) -m localcloud up

cloud: $(INSTALLED) ## start the local cloud, and deploy nothing
	@$(PY) -m localcloud up --no-deploy

build: $(INSTALLED) ## take or build the programs that this machine lacks, which `make up` and the tests do too
	@$(PY) -m localcloud build

down: $(INSTALLED) ## stop every process of the local cloud and forget its state
	@$(PY) -m localcloud down

env: $(INSTALLED) ## print what a shell needs to use it: eval "$(make -s env)"; STACK=local-spoke for another stack
	@$(PY) -m localcloud env $(if $(filter command line,$(origin STACK)),--stack $(STACK))

status: $(INSTALLED) ## list what runs
	@$(PY) -m localcloud status

ship: $(INSTALLED) ## ship sample events through what is deployed
	@$(PY) -m localcloud check

preview: $(INSTALLED) ## preview a stack under its policies: make preview STACK=dev
	@$(VENV)/bin/falco-firelens policy preview Pulumi.$(STACK).yaml

demo-fleet: $(INSTALLED) ## deploy twelve stacks in four accounts, find drift, render a pull request
	@$(MAKE) --no-print-directory cloud
	@eval "$$($(PY) -m localcloud env)" && $(PY) -m tools.fleet_demo

demo-response: $(INSTALLED) ## answer events in what `make up` deployed: in a dry run, for real, and undo it
	@$(PY) -m tools.response_demo

test: test-unit test-local test-pipeline ## run all tests

test-fast: $(INSTALLED) ## run what a person runs while editing: unit tests without property tests and most stacks
	$(UNIT) -m "not slow and not extreme and not stacks and not hypothesis"

test-unit: $(INSTALLED) ## run the tests that need no other program, and name the ten slowest
	$(UNIT) --durations=10

test-local: $(INSTALLED) ## run the real engine on a local cloud of the tests' own
	$(PY) -m pytest tests/local tests/attacks $(SIDE_BY_SIDE)

test-pipeline: $(INSTALLED) ## run the real Fluent Bit and Falco, where they are on PATH
	$(PY) -m pytest tests/pipeline

test-slow: $(INSTALLED) ## run what `make test` leaves out: more events, requests and examples, any moment
	$(PY) -m pytest tests standin -m "slow or hypothesis" --hypothesis-profile=full $(SIDE_BY_SIDE)

check: $(INSTALLED) ## format, lint, types, locks, images, workflows, wording and links of the docs
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/basedpyright
	$(PY) -m tools.locks --check
	$(PY) -m tools.images check
	$(VENV)/bin/zizmor --quiet --offline --persona auditor --min-severity medium .github
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.gitlab-ci examples/gitlab-ci*.yml
	$(PY) -m tools.prose
	$(MKDOCS) build

docs: $(INSTALLED) ## build the documentation's site in .local/site
	@$(PY) -m tools.site
	@$(MKDOCS) build

docs-serve: $(INSTALLED) ## show the site on http://127.0.0.1:8000 while you write
	@$(PY) -m tools.site
	@$(MKDOCS) serve --dev-addr 127.0.0.1:8000

lock: $(INSTALLED) ## write the locks after a change of requirements*.txt: make lock UPGRADE=1 for newest versions of the rest
	$(PY) -m tools.locks $(if $(UPGRADE),--upgrade)

renew-images: $(INSTALLED) ## ask the registries for the digests of images, and verify Falco's signature
	$(PY) -m tools.images renew

release-check: $(INSTALLED) ## build the wheel that a release publishes, check it, and install it in an empty environment
	$(PY) -m tools.release

format: $(INSTALLED) ## format, and fix what the linter can
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

generate: $(INSTALLED) ## write the generated references, schema and pictures
	@mkdir -p .local
	$(VENV)/bin/falco-firelens schema > .local/schema.json && mv .local/schema.json falco_firelens/settings/schema.json
	$(VENV)/bin/falco-firelens reference > .local/reference.md && mv .local/reference.md docs/configuration.md
	$(VENV)/bin/falco-firelens reference --commands > .local/commands.md && mv .local/commands.md docs/commands.md
	$(VENV)/bin/falco-firelens policy reference > .local/policy.md && mv .local/policy.md docs/policy.md
	$(PY) -m plugin.generate plugin/settings.py
	$(PY) -m standin.aws.catalogue
	$(PY) -m tools.dashboard_picture docs/dashboard.png
	$(PY) -m tools.hub_dashboard_picture docs/hub-dashboard.png

bench: bench-preview bench-fleet bench-responder bench-pipeline ## measure, see docs/performance.md

bench-preview: cloud ## measure previews of one stack: make bench-preview DEV=1 for the dev stack alone
	@eval "$$($(PY) -m localcloud env)" && $(PY) -m bench.preview $(if $(DEV),--dev)

bench-fleet: cloud ## measure previews of many stacks: make bench-fleet STACKS=100
	@eval "$$($(PY) -m localcloud env)" && $(PY) -m bench.fleet $(STACKS)

bench-responder: $(INSTALLED) ## measure the start of the response function
	@$(PY) -m bench.responder

bench-pipeline: $(INSTALLED) ## measure Fluent Bit: make bench-pipeline ROUNDS=5
	@if command -v fluent-bit > /dev/null; then $(PY) -m bench.pipeline $(if $(ROUNDS),--rounds $(ROUNDS)); \
	else echo "The pipeline was not measured: fluent-bit is not on PATH."; fi

clean: ## stop the local cloud, and remove it and the virtual environment
	@if [ -e $(PY) ]; then $(PY) -m localcloud down; fi
	rm -rf .local $(VENV)

# Written last, so that an installation that was cut off is done again. Its output stays out of `make -s env`.
$(INSTALLED): requirements-dev.lock pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is not on PATH: install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) --version): Python 3.11 or newer is needed (make PYTHON=python3.12 …)" >&2; exit 1; }
	@echo "installing the Python packages into $(VENV) (about a minute)" >&2
	@$(PYTHON) -m venv $(VENV) >&2 || { echo "cannot make $(VENV): on Debian, apt-get install python3-venv" >&2; exit 1; }
	@$(PY) -m pip install --quiet --requirement requirements-dev.lock >&2
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable . >&2
	@touch $@
