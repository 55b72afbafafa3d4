# The two commands of the project are `make train` and `make test`. Everything installs into .venv, by pip, under the
# exact versions of constraints.txt.

BOOTSTRAP_PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
INSTALLING := $(VENV)/.installing
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup train test lint generate bench bench-check soak release-check clean

help: ## show these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

setup: $(STAMP) ## create .venv and install the project into it, once

# The stamp is written last. The mark `.installing` is what an install leaves that was killed halfway: the next call then
# starts from an empty environment. An install that pip itself gave up (no network, say) has been rolled back by pip.
$(STAMP): pyproject.toml constraints.txt
	@test -n "$(BOOTSTRAP_PYTHON)" || { echo "Python 3.11 or later is needed, and none was found. \
Install it, or run: make setup BOOTSTRAP_PYTHON=/path/to/python3" >&2; exit 1; }
	@test ! -e $(INSTALLING) && $(BIN)/python -c 'import pip, sys; sys.exit(sys.prefix == sys.base_prefix)' 2>/dev/null || \
	{ rm -rf $(VENV) && echo "creating $(VENV) with $(BOOTSTRAP_PYTHON)" && $(BOOTSTRAP_PYTHON) -m venv $(VENV); }
	@echo "installing into $(VENV) under constraints.txt (about 6 GB the first time)" && touch $(INSTALLING)
	@$(PIP_INSTALL) --upgrade pip && $(PIP_INSTALL) --build-constraint constraints.txt --editable '.[dev,cv]' \
	|| { rm -f $(INSTALLING); exit 1; }
	@rm -f $(INSTALLING) && touch $(STAMP)

train: setup ## the main job: a small ResNet on real handwritten digits, tracked in MLflow
	$(BIN)/accelerator experiment train experiment=digits_resnet

# The long files, of commands, come first, so that no worker waits for another's at the end.
test: setup ## the whole test suite
	$(PYTEST) --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: setup ## all that pre-commit runs: Black, isort, Flake8, Prettier, mypy, import-linter
	$(BIN)/pre-commit run --all-files --show-diff-on-failure

generate: setup ## rewrite what is made from configs and components: index files, editors' schema, reference
	$(BIN)/accelerator configure index
	$(BIN)/accelerator configure schema --reference docs/config_reference.md

bench: setup ## measure speed and memory against plain PyTorch; rewrites the committed table
	$(BIN)/python -m benchmarks

bench-check: setup ## read the committed table and fail on a missed bound
	$(BIN)/python -m benchmarks.check

soak: setup ## the tests that take long: all seeds, ten runs at once, kills by the hundred
	$(PYTEST) -m soak --numprocesses 0

release-check: setup ## build the wheel and do the main job with it in a truly empty environment
	$(BIN)/python scripts/release_check.py

clean: ## remove .venv, caches and builds; runs, MLflow's store and data stay
	rm -rf $(VENV) $(VENV)-hydra14* build dist .mypy_cache .pytest_cache .import_linter_cache .hypothesis
	find accelerator benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
