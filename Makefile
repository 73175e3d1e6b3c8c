# Every target makes its own virtual environment when there is none; `make help` lists them.

PYTHON ?= python3
SCENARIO ?= scenarios/qingdao/plan.yaml
REPLICATES ?= 100
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test test-browser test-mutants test-all check bench warm clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo "Variables: SCENARIO=$(SCENARIO) REPLICATES=$(REPLICATES) ARGS=... PYTHON=$(PYTHON)"

run: $(STAMP)  ## Run the Qingdao plan 100 times: targets, probabilities, costs, figures
	@$(BIN)/ris run $(SCENARIO) --replicates $(REPLICATES) $(ARGS)

test: $(STAMP)  ## Run the tests that take seconds, on two cores
	@$(BIN)/python -m pytest -m "not slow" -n 2 $(ARGS)

test-browser: $(STAMP)  ## Drive the live page and a report in Chromium; left out where there is none to be had
	@bash tests/browser/run.sh $(BIN)/python $(ARGS)

test-mutants: $(STAMP)  ## Change core/ and levers/ in one small place at a time and count what the tests notice
	@$(BIN)/python -W ignore -m tests.mutants $(ARGS)

test-all: $(STAMP)  ## Run every test, the slow ones too
	@$(BIN)/python -m pytest -n 2 $(ARGS)
	@$(BIN)/python -W ignore -m tests.mutants

check: $(STAMP)  ## Check style, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy simulator

bench: $(STAMP)  ## Measure how long a run takes
	@$(BIN)/python -m tests.benchmarks $(ARGS)

warm: $(STAMP)  ## Compile the numerical kernels again after editing them
	@find simulator -name '*.nb[ic]' -delete  # the cache does not see edits in imported modules
	@$(BIN)/python -m simulator.warm

clean:  ## Remove the virtual environment and every cache (outputs stay)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find simulator tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The interpreter is tried, not only looked for: an environment that was moved or whose Python is gone is made anew.
$(STAMP): pyproject.toml constraints.txt
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	    command -v $(PYTHON) >/dev/null 2>&1 || \
	        { echo "$(PYTHON) was not found: install Python 3.11 or newer, or name one with PYTHON=..." >&2; exit 1; }; \
	    $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	        { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
	               "Name a newer one, for example PYTHON=python3.12" >&2; exit 1; }; \
	    echo "Making the virtual environment $(VENV) with $$($(PYTHON) -V 2>&1) ..." >&2; \
	    $(PYTHON) -m venv --clear $(VENV) || exit 1; \
	fi
	@echo "Installing the project and its dependencies into $(VENV) (a minute or two, once) ..." >&2
	@$(BIN)/python -m pip install -qq -c constraints.txt -e '.[dev]'
	@if [ -f simulator/warm.py ]; then \
	    echo "Compiling the numerical kernels (once) ..." >&2; \
	    $(BIN)/python -m simulator.warm >&2 || echo "They did not compile now; the first run tries again." >&2; \
	fi
	@touch $(STAMP)
