# Every target works on a fresh Debian or Ubuntu machine with Python 3.10 or later; none needs root.
VENV   ?= .venv
PYTHON ?= $(shell .ci/find-python)
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check --quiet

export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help run up check test test-all chaos prove fuzz mutants agent package bench bench-compare docs lock clean

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "cbsnap needs Python 3.10 or later: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "The venv module is missing: apt-get install python3-venv"; exit 1; }

$(VENV)/run-ready: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing pinned packages into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev-ready: requirements/dev.txt pyproject.toml $(VENV)/run-ready
	@echo "Installing pinned development packages into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

run: $(VENV)/run-ready  ## Show the main job: a timer, two hosts under load, proved snapshots
	@$(PY) -m demo

up: $(VENV)/run-ready  ## Stay up: the console on a cloud of this machine; prints its address and a token
	@$(PY) -m demo.up $(UP_OPTIONS)

check: $(VENV)/dev-ready  ## Lint, types and the rules of import
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check --config agent/ruff.toml agent
	@$(VENV)/bin/ruff check --config agent/ruff.toml agent
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@.ci/compile-agent

test: $(VENV)/dev-ready  ## Run the tests that need no root
	@$(PY) -m pytest --numprocesses 2 --dist loadscope $(PYTEST_OPTIONS)

test-all: $(VENV)/dev-ready  ## Run all tests, as root: real filesystems, real databases
	@$(PY) -m pytest --root --cov --cov-report=term:skip-covered $(PYTEST_OPTIONS)

chaos: $(VENV)/dev-ready  ## Break what can break, a thousand times: CHAOS_OPTIONS="--cases 5000 --seed 7"
	@$(PY) -m tests.chaos --cases 1000 $(CHAOS_OPTIONS)

prove: $(VENV)/dev-ready  ## Restore snapshots of busy databases and count what is broken, as root: PROVE_OPTIONS="--trials 3"
	@$(PY) -m tests.prove $(PROVE_OPTIONS)

mutants: $(VENV)/dev-ready  ## Break what labels, deletions and locks hang on, and name what no test notices
	@$(PY) -m tests.mutation $(MUTANTS_OPTIONS)

fuzz: $(VENV)/dev-ready  ## Send garbage to everything that reads: FUZZ_OPTIONS="--minutes 60"
	@$(PY) -m tests.fuzz $(FUZZ_OPTIONS)

agent: $(VENV)/run-ready  ## Build the host's agent, one file: dist/cbsnap-agent.pyz
	@$(PY) agent/build.py dist/cbsnap-agent.pyz

package: $(VENV)/run-ready  ## Build layers and functions as they are deployed: dist/layers, dist/functions
	@$(PY) -m release

bench: $(VENV)/dev-ready  ## Measure, as ratios to baselines of the same run
	@$(PY) -m bench $(BENCH_OPTIONS)

bench-compare: $(VENV)/dev-ready  ## Measure anew and name what has become worse: BENCH_OPTIONS="window agent"
	@$(PY) -m bench.compare $(BENCH_OPTIONS)

docs: $(VENV)/dev-ready  ## Build the documentation's site: dist/site/index.html
	@$(PY) -m release.site

lock: $(VENV)/dev-ready  ## Resolve the dependencies anew into hashed lock files
	@PATH="$(VENV)/bin:$$PATH" .ci/lock

clean:  ## Remove what the other targets made
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
