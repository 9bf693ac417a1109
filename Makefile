# The newcomer's commands.  Tools are configured in pyproject.toml.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The pyright launcher otherwise advertises releases newer than the pinned one.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

# The tests that compare with pinned texts, in the order of what they rest on.
GOLDEN := spec/tests/clauses/test_spec_sentences.py \
	reference/tests/test_reference_failures.py \
	conformance/tests/play/test_conformance_play_pinned.py \
	conformance/tests/scenarios/test_conformance_fixed_pinned.py \
	conformance/tests/scenarios/test_conformance_drawn_pinned.py \
	conformance/tests/scenarios/test_conformance_symbolic_shapes.py \
	conformance/tests/scenarios/test_conformance_kernel_pinned.py \
	conformance/tests/scenarios/test_conformance_drawn_shares.py \
	conformance/tests/scenarios/test_conformance_kernel_shares.py \
	conformance/tests/run/test_conformance_checking_run.py \
	conformance/tests/run/test_conformance_smoke.py \
	conformance/tests/run/test_conformance_rejudge.py \
	conformance/tests/run/test_conformance_rerun.py \
	conformance/tests/report/test_conformance_report_pinned.py

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup check test quick lint types unit contracts docs bench
.PHONY: hostile format golden slow-list silent mutate compiled wheel clean

SEED := 1
COUNT := 600
HOURS := 2

# Where the compiled specification lies, and what its tests import besides.
COMPILED := $(CURDIR)/build/compiled
OF_TESTS := spec/tests reference reference/tests conformance conformance/tests

# As many workers as there are cores: docs/decisions says why.
SIDE_BY_SIDE := -n auto

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' Makefile

setup: $(STAMP)  ## create or renew the environment in .venv

# The environment is a function of the two files, so it is made anew.  The stamp
# comes last: an interrupted set-up is started again.
$(STAMP): pyproject.toml constraints.txt
	@echo "setting up $(VENV) (a minute or two, once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq -c constraints.txt -e '.[dev,docs]'
	@touch $@

# make itself ends with 2 whatever went wrong; the command's own exit code stands in
# the line that make prints last.
check: $(STAMP)  ## judge the reference, and /dev/kvm where it is usable
	@$(BIN)/memslots check

test: lint types unit docs  ## everything that has to pass before a merge

# The last -m that pytest is given is the one that counts.
hostile: $(STAMP)  ## the targets that turn on the suite, and take their time
	@$(BIN)/pytest -q $(SIDE_BY_SIDE) -m hostile

# Each step in turn, the cheapest first: the first that fails is the answer.
quick: $(STAMP) lint  ## in a minute: style, mypy, and the tests that are not slow
	@$(BIN)/mypy
	@$(BIN)/pytest -q $(SIDE_BY_SIDE) --quick

lint: $(STAMP)  ## style and format
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

types: $(STAMP)  ## mypy and pyright, both strict
	@$(BIN)/mypy
	@$(BIN)/pyright --pythonpath $(BIN)/python

unit: $(STAMP)  ## every test, the proofs of the contracts among them
	@$(BIN)/pytest -q $(SIDE_BY_SIDE)

contracts: $(STAMP)  ## only the proofs of the contracts, by CrossHair
	@$(BIN)/pytest -q spec/tests/arithmetic/test_spec_contracts.py

# The tests of the specification again, now of the compiled package: its folder comes
# before the sources, here and for what tests start.  CrossHair reads Python alone.
compiled: $(STAMP)  ## compile the judge, for speed, and test what came of it
	@$(BIN)/python spec/compiled/build.py --into $(COMPILED)
	@PYTHONPATH=$(COMPILED) $(BIN)/memslots --version
	@PYTHONPATH=$(COMPILED) $(BIN)/pytest -q $(SIDE_BY_SIDE) \
		-o pythonpath="$(COMPILED) $(OF_TESTS)" spec

wheel: $(STAMP)  ## a wheel with the compiled judge, into dist
	@HATCH_BUILD_HOOK_ENABLE_CUSTOM=true PIP_CONSTRAINT=constraints.txt \
		$(BIN)/python -m pip wheel -qq --no-deps --wheel-dir dist .

docs: $(STAMP)  ## build the book into docs/_build/html
	@$(BIN)/sphinx-build -q -W -n --keep-going docs docs/_build/html

bench: $(STAMP)  ## what judging, growth and making failures small cost, /dev/kvm too
	@$(BIN)/python conformance/benchmarks/judging.py
	@$(BIN)/python conformance/benchmarks/growth.py
	@$(BIN)/python conformance/benchmarks/kernel.py
	@$(BIN)/python conformance/benchmarks/protocol.py
	@$(BIN)/python conformance/benchmarks/shrinking.py

golden: $(STAMP)  ## write what is pinned anew: sentences, failures, shares, reports
	@$(BIN)/pytest -q --write-golden $(GOLDEN)

silent: $(STAMP)  ## make twelve changes that no verdict shows: does quick notice?
	@$(BIN)/python conformance/mutation/silent.py

# What was tried out stays in mutants/, so it can be stopped and gone on with.
mutate: $(STAMP)  ## mutation by lot of the suite; SEED, COUNT and HOURS can be set
	@$(BIN)/python conformance/mutation/by_lot.py \
		--seed $(SEED) --count $(COUNT) --hours $(HOURS)

slow-list: $(STAMP)  ## measure every test, and list those that quick leaves out
	@$(BIN)/pytest -q $(SIDE_BY_SIDE) --list-slow

format: $(STAMP)  ## rewrite the code in the house format
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

clean:  ## remove the environment, the caches and what was built
	@rm -rf $(VENV) build dist docs/_build .memslots-cache .mypy_cache .pytest_cache .ruff_cache
	@find spec reference conformance docs -name __pycache__ -prune -exec rm -rf {} +
