# Needs make and Python 3.11 or newer. Every target makes the virtual environment where it is missing.
PYTHON = $(firstword $(foreach p,python3 python3.11 python3.12 python3.13 python3.14,$(shell \
	$(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
BIN := .venv/bin

.PHONY: check test nightly bench specs rows clean
.DELETE_ON_ERROR:

check: .venv/installed  ## every case of every spec, and every saved counterexample
	$(BIN)/modelcheck gate specs
	find counterexamples -name '*.itf.json' | sort | xargs -r $(BIN)/modelcheck replay

test: .venv/tests  ## every test
	$(BIN)/python -m pytest $(ARGS)

nightly: .venv/tests  ## temporal properties of random systems against brute force, random networks against TChecker
	$(BIN)/python -m tests.liveness.compared 20000
	if command -v tck-reach; then $(BIN)/python -m tests.timed.compared --random 2000; \
		else echo "tck-reach is not installed: nothing is compared with it" >&2; fi

bench: .venv/installed  ## the Python back end alone, then every protocol against SPIN and C where they are installed
	$(BIN)/python bench/two_phase_commit.py --managers 6
	$(BIN)/python bench/run.py --sizes 1e5 $(ARGS)

specs: .venv/installed  ## rewrites the saved counterexamples
	$(BIN)/modelcheck gate specs --save counterexamples

rows: .venv/installed  ## rewrites the table of answers for the system of the thread
	$(BIN)/modelcheck gate --quiet specs/qemu --markdown specs/qemu/ROWS.md

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .hypothesis .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: setup.cfg pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/tests: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "no python3.11 or newer was found" >&2; exit 1; }
	$(PYTHON) -m venv .venv
