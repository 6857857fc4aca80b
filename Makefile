# `make demo` and `make test` are all a newcomer needs; `make help` lists the rest.

PORT ?= 8000
JOBS ?= auto
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/runtime.stamp
DEVELOPMENT := $(VENV)/development.stamp
PIP := $(PY) -m pip --disable-pip-version-check --quiet
SCRATCH := DATABASE_URL= DATABASE_PATH=$(CURDIR)/var/scratch.sqlite3

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-sqlite test-postgresql lint format cluster bench faults fuzz coverage lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 26

setup: $(DEVELOPMENT) ## prepare .venv for serving and for development

demo: $(RUNTIME) ## load the demo and serve it on http://127.0.0.1:8000 (PORT=, RESET=1)
ifeq ($(RESET),1)
	@echo "[2/4] beginning anew with an empty database"
	@echo "[3/4] loading the demo"
	@$(PY) manage.py demo --quiet --reset
else
	@echo "[2/4] migrating the database"
	@$(PY) manage.py migrate --verbosity 0
	@echo "[3/4] loading the demo"
	@$(PY) manage.py demo --quiet
endif
	@echo "[4/4] serving (Ctrl-C stops everything)"
	@exec $(PY) manage.py serve --port $(PORT) --signins

serve: $(RUNTIME) ## migrate and serve what is in the database, without the demo
	@$(PY) manage.py migrate --verbosity 0
	@exec $(PY) manage.py serve --port $(PORT)

test: $(DEVELOPMENT) ## run everything: on SQLite, then what touches the database on PostgreSQL
	@$(PY) tests/programs.py
	@status=0; \
	$(MAKE) --no-print-directory test-sqlite || status=1; \
	$(MAKE) --no-print-directory test-postgresql || status=1; \
	$(PY) tests/programs.py --closing; \
	exit $$status

test-sqlite: $(DEVELOPMENT) ## the whole suite on SQLite (ARGS="-k word" for some of it)
	$(PY) -m pytest -q -n $(JOBS) --dist loadfile $(ARGS)

test-postgresql: $(DEVELOPMENT) ## the tests that touch the database, on a PostgreSQL of their own
	$(PY) tests/services.py $(PY) -m pytest -q -n $(JOBS) --dist loadfile --database-only $(ARGS)

lint: $(DEVELOPMENT) ## ruff, mypy strict, migrations complete, deployment checks
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(SCRATCH) $(PY) manage.py makemigrations --check --dry-run
	$(SCRATCH) ALLOWED_HOSTS=exam.example SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))') \
		$(PY) manage.py check --deploy --fail-level WARNING

format: $(DEVELOPMENT) ## sort imports and format
	$(VENV)/bin/ruff check --fix --select I .
	$(VENV)/bin/ruff format .

cluster: $(RUNTIME) ## run a whole cluster on this machine for a trial: nginx, two web processes, worker (PORT=)
	@exec $(PY) -m deploy.cluster --port $(PORT)

bench: $(DEVELOPMENT) ## figures as ratios to references of the same minute (CAPACITY=1: a full house)
	@$(PY) tests/programs.py
	CAPACITY=$(CAPACITY) $(PY) -m tests.bench

faults: $(DEVELOPMENT) ## kill processes under candidates at work; none of their answers may be lost (SHORT=1)
	@$(PY) tests/programs.py
	@$(PY) -m tests.faults $(if $(filter 1,$(SHORT)),--short)

fuzz: $(DEVELOPMENT) ## read documents and packages gone wrong for a while (MINUTES=10)
	@$(PIP) install --only-binary :all: "atheris>=2.3" || echo "atheris is not to be had here: by chance, then"
	@$(PY) -m tests.fuzz --minutes $(or $(MINUTES),10)

coverage: $(DEVELOPMENT) ## branch coverage of the suite on SQLite
	$(PY) -m pytest -q -n $(JOBS) --dist loadfile --cov --cov-branch --cov-report=term $(ARGS)

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		pyproject.toml --group dev -o requirements-dev.lock

clean: ## remove .venv and caches; data stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "[0/4] creating $(VENV) with $$($$name --version)"; \
			$$name -m venv $(VENV) && exit 0; \
		fi; \
	done; \
	echo "Invigil needs Python 3.11 or later with its venv module (Debian: apt install python3-venv)." >&2; \
	exit 1

$(RUNTIME): requirements.lock | $(VENV)/bin/python
	@echo "[1/4] installing the locked dependencies"
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r requirements.lock
	@touch $@

$(DEVELOPMENT): requirements-dev.lock | $(VENV)/bin/python
	@echo "installing the locked dependencies, with the tools"
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r requirements-dev.lock
	@touch $@ $(RUNTIME)
