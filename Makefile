# Two commands matter: `make demo` to see it, `make test` to trust it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test test-fault bench lint lock

setup: $(VENV)/.ready

# Rebuilt whenever the lock or a distribution's metadata changes; a half-made
# environment never carries the stamp.
$(VENV)/.ready: requirements.lock pyproject.toml client/pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Sijill needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e client
	touch $@

demo: setup
	$(BIN)/sijill demo

# Whole files for each worker, the long ones first (tests/conftest.py), not those with the most tests.
test: setup lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# Real processes under load, broken by a plan: half an hour. A run that failed says how to repeat it:
# make test-fault LOG=kafka SEED=7 FAULTS=200
test-fault: setup
	$(BIN)/python -m tests.fault.storm $(LOG:%=--log %) $(SEED:%=--seed %) $(FAULTS:%=--faults %) $(WITHIN:%=--within %)

# How fast it is here, beside peers and limits: 25 minutes. QUICK=1: three. JSON=FILE keeps it.
bench: setup
	$(BIN)/sijill bench $(QUICK:%=--quick) $(JSON:%=--json %) $(NAMES)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Versions and hashes only: no index address may enter a committed file.
lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
	    --group dev pyproject.toml client/pyproject.toml -o requirements.lock
