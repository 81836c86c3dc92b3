# gridfacts: two commands do everything. `make nightly` shows it on a made-up city, `make test` proves it.
#   VENV=/path/to/venv   use that one as it is instead of making ./.venv
#   GRIDFACTS_HOME=/path where the demonstration lives (default ./var)
#   DEMO_CITY=changzhou RESIDENTS=29000 SEED=7   which city `make nightly` makes up (default yunfu)
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help nightly test lint services-night clean

VENV ?= .venv
PYTHON3 ?= python3.11
GRIDFACTS_HOME ?= var
PYTHON := $(VENV)/bin/python
GRIDFACTS := $(PYTHON) -c 'from transforms.cli import main; main(prog_name="gridfacts")'
READY := $(if $(filter file,$(origin VENV)),$(VENV)/.ready)
DEMO_CITY ?= yunfu
RESIDENTS ?= 29000
SEED ?= 7

override GRIDFACTS_HOME := $(abspath $(GRIDFACTS_HOME))
DEMO := $(GRIDFACTS_HOME)/.made-by-make-nightly
CITY := $(GRIDFACTS_HOME)/city
LOGS := $(GRIDFACTS_HOME)/logs

include dags/airflow.env
export $(shell sed -n 's/^\([A-Z_]*\)=.*/\1/p' dags/airflow.env)
export AIRFLOW__CORE__DAGS_FOLDER := $(CURDIR)/dags
export PYTHONPATH := $(CURDIR)
export GRIDFACTS_HOME
unexport PYTHONDONTWRITEBYTECODE # a night is many processes: each would compile the project again

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 24

$(VENV)/.ready: requirements.txt pyproject.toml
	@command -v $(PYTHON3) >/dev/null || { echo "Python 3.11 is needed: $(PYTHON3) is not on the PATH" >&2; exit 2; }
	@test -x $(PYTHON) || $(PYTHON3) -m venv $(VENV)
	@echo "Installing $$(grep -c '^[a-z0-9].*==' requirements.txt) pinned packages into $(VENV) (once; 2 GB, some minutes)"
	@$(PYTHON) -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r requirements.txt \
		| awk '/^Collecting/ { n++; if (n % 20 == 0) { print "  " n " packages found"; fflush() } } \
			/^Installing collected/ { print "  unpacking"; fflush() }'
	@$(PYTHON) -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

nightly: export AIRFLOW_HOME := $(GRIDFACTS_HOME)/airflow
nightly: $(READY) ## the sample city, two nights through Airflow, and a summary
	@if [ -e $(DEMO) ]; then rm -rf $(GRIDFACTS_HOME); fi
	@if [ -n "$$(ls -A $(GRIDFACTS_HOME) 2>/dev/null)" ]; then \
		echo "$(GRIDFACTS_HOME) holds something that make nightly did not make: choose another GRIDFACTS_HOME" >&2; exit 2; fi
	@mkdir -p $(LOGS) && touch $(DEMO)
	@$(GRIDFACTS) demo keys
	@$(GRIDFACTS) demo city --city $(DEMO_CITY) --residents $(RESIDENTS) --nights 2 --seed $(SEED) --out $(CITY)
	@$(PYTHON) -m airflow db migrate > $(LOGS)/airflow.log 2>&1 || { tail -n 20 $(LOGS)/airflow.log; exit 1; }
	@for night in $$(ls $(CITY)/drops); do \
		echo "nightly_merge of $$night through Airflow (whole log: $(LOGS)/$$night.log)"; \
		$(PYTHON) -m airflow dags test nightly_merge \
			--conf "{\"night\": \"$$night\", \"drops\": \"$(CITY)/drops/$$night\"}" 2>&1 | tee $(LOGS)/$$night.log \
			| sed -un 's/^[^]]*\] \(.*[^ ]\)  *\[gridfacts\].*/  \1/p' \
			|| { grep -hE '^[a-z.]+Error|DagRun failed' $(LOGS)/$$night.log | sort -u; exit 1; }; \
	done
	@$(GRIDFACTS) summary --truth $(CITY)/truth --night $$(ls $(CITY)/drops | tail -n 1)

# Tests wait for the disk a fifth of their time: what they write lies in memory where there is plenty of it.
ROOMY := $(shell [ "$$(df --output=avail -BG /dev/shm 2>/dev/null | tr -dc 0-9)" -ge 12 ] 2>/dev/null \
	&& awk '/^MemAvailable/ && $$2 > 12000000 { print "/dev/shm" }' /proc/meminfo)
test: export TMPDIR := $(or $(TMPDIR),$(ROOMY),/tmp)
test: $(READY) ## the tests (CI=1 make test: the thorough ones too, whole nights each)
	@$(PYTHON) -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

lint: $(READY) ## style, types, Airflow rules
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

services-night: $(READY) ## one night on real Airflow services, one task killed on its way
	@$(PYTHON) .ci/services.py

clean: ## remove the demonstration, .venv and caches
	@if [ -e $(DEMO) ]; then rm -rf $(GRIDFACTS_HOME); fi
	@rm -rf .venv *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
