# Two commands on a fresh machine: `make report` and `make test`. Needed: Python >= 3.11 with venv, and make.

VENV    := .venv
BIN     := $(VENV)/bin
DEMO    ?= build/demo
SAMPLE  ?= 30s
PYTHON  ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
             $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP     := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check --no-input
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
             --no-annotate --no-emit-package pip --custom-compile-command "make lock" --group build

# Tests of pure functions and single parts share out the processors by file. Faults wait for disks and for processes
# that they end: four at a time. Real systems, their deadlines and their browser run one by one.
SHARED_OUT := --numprocesses=auto --dist=loadfile tests/house tests/contracts tests/properties tests/golden tests/fuzz tests/unit
FAULTS     := --numprocesses=4 --dist=worksteal tests/faults
ALONE      := tests/system

# The longest run in .ci/run alone, against the wheel; `make test TESTS=` runs them here too.
TESTS ?= -m "not long"

.DEFAULT_GOAL := help
MUTANTS ?= --limit 60
NIGHT   ?= --minutes 10
.PHONY: help report demo test check fix bench bench-quality mutants night soak wheel docs docs-site release lock

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

report: $(VENV)/.runtime ## sample this machine for half a minute, then report on it
	@$(BIN)/plimsoll collect --for $(SAMPLE)
	@$(BIN)/plimsoll report daily

demo: $(VENV)/.runtime ## a simulated fleet with a month of history, in build/demo, and its reports
	@rm -rf build/demo
	@$(BIN)/plimsoll demo $(DEMO)

test: $(VENV)/.dev ## the test suite but its longest tests; what needs a program that is missing is skipped with its reason
	@$(BIN)/python -m pytest $(TESTS) $(SHARED_OUT)
	@$(BIN)/python -m pytest $(TESTS) $(FAULTS)
	@$(BIN)/python -m pytest $(TESTS) $(ALONE)

check: $(VENV)/.dev ## style, types (mypy and pyright, strict), floors, house rules
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest --quiet tests/house

fix: $(VENV)/.dev ## mend what style can mend by itself: unused imports, order, format
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(VENV)/.dev ## speed, as ratios inside one run
	@for bench in $(filter-out %_quality.py,$(wildcard benchmarks/*.py)); do PYTHONPATH=. $(BIN)/python $$bench || exit 1; done

bench-quality: $(VENV)/.dev ## how right detectors, forecasts and rules are, on planted and public truth
	@for bench in benchmarks/*_quality.py; do PYTHONPATH=. $(BIN)/python $$bench || exit 1; done

mutants: $(VENV)/.dev ## how many small mistakes the tests notice, in a copy: make mutants MUTANTS="--limit 60 --seed 1 --file lake/"
	@nice $(BIN)/python -m tests.mutation $(MUTANTS)

night: $(VENV)/.dev ## kills under a bad world, and what was lost, doubled or broke: make night NIGHT="--minutes 480 --seed 1"
	@nice $(BIN)/python -m tests.faults.night $(NIGHT)

soak: $(VENV)/.dev ## hours of `up --serve` under names that churn; memory, descriptors and threads with their slopes
	@nice $(BIN)/python -m tests.faults.night.soak --minutes 120 --folder build/soak

wheel: $(VENV)/.dev ## dist/plimsoll_fleet-*.whl, with the built-in config, jobs and templates inside
	@rm -rf dist
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist

docs: $(VENV)/.dev ## docs/reference from the program itself (a test fails when it is stale)
	@$(BIN)/python -m tests.house.reference

release: $(VENV)/.dev ## dist: checks, wheel and sdist, tried on each Python that is here, a bill of materials, sums; publishes nothing
	@.ci/release

docs-site: $(VENV)/.dev ## build/site: the documentation as a folder of pages that opens without a network
	@$(BIN)/python -m tests.house.site build/site

lock: $(VENV)/.dev ## both lock files anew: every version with its hashes, no registry named
	@$(PIP) install uv
	@$(COMPILE) --upgrade --output-file requirements.lock
	@$(COMPILE) --upgrade --group dev --constraint requirements.lock --output-file requirements-dev.lock

# .venv is made on first use and kept in step with the locks. Running Plimsoll needs the first stamp, working on it both.
$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Plimsoll needs Python 3.11 or newer; install one, or name it: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12" >&2; exit 2; }
	@echo "setting up $(VENV) with $$($(PYTHON) --version) (once; a minute or two)" >&2
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a venv; on Debian: apt install python3-venv" >&2; exit 2; }

$(VENV)/.runtime: requirements.lock pyproject.toml hatch_build.py | $(VENV)/bin/python
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@
