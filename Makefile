# FlexAGE. `make help` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help run worker test check lint types imports migrations-check test-sqlite test-postgres \
	test-api test-chaos test-e2e test-local-model chaos fuzz bench-api bench-grading schema format \
	lock audit clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-warn-conflicts
PYTEST := $(BIN)/python -m pytest
HERE := not e2e and not live and not chaos

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 20

# --- set-up --------------------------------------------------------------------

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo "FlexAGE needs Python 3.11 or newer; there is no '$(PYTHON)' here (set PYTHON=...)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "FlexAGE needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1) (set PYTHON=...)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "FlexAGE needs Python's venv module (Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@echo "Making the virtual environment ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: requirements.txt | $(VENV)/.made
	@echo "Installing what FlexAGE needs (about a minute) ..."
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/.made
	@echo "Installing what the checks need (about two minutes) ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@ $(VENV)/.run

# --- using it ------------------------------------------------------------------

run: $(VENV)/.run  ## run FlexAGE here: database, demo data, web server and worker
	@$(BIN)/python -m flexage.dotenv
	@exec $(BIN)/python manage.py run

worker: $(VENV)/.run  ## run one more worker
	@exec $(BIN)/python manage.py worker

# --- checking it ---------------------------------------------------------------

test: check  ## everything: lint, types, imports, migrations, tests on both databases, browser

check: lint types imports migrations-check test-sqlite test-postgres test-api test-chaos test-e2e  ## the same
	@echo "All checks passed."

lint: $(VENV)/.dev  ## style of code and templates
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/djlint templates --lint --quiet

types: $(VENV)/.dev  ## static types
	@$(BIN)/mypy .

imports: $(VENV)/.dev  ## who may import whom
	@$(BIN)/lint-imports

migrations-check: $(VENV)/.dev  ## every model change has its migration
	@DJANGO_SETTINGS_MODULE=flexage.settings_test $(BIN)/python manage.py makemigrations --check --dry-run

test-sqlite: $(VENV)/.dev  ## tests on SQLite
	@env -u DATABASE_URL $(PYTEST) -n 2 -m "$(HERE)"

test-postgres: $(VENV)/.dev  ## tests on a private PostgreSQL
	@$(BIN)/python scripts/with_postgres.py $(PYTEST) -n 2 -m "$(HERE)"

test-api: $(VENV)/.dev  ## the running API against its schema, and a client generated from that
	@$(BIN)/python scripts/with_postgres.py $(PYTEST) -n 2 -m live

test-e2e: $(VENV)/.dev  ## the journeys in a real browser, with real servers and workers
	@sh scripts/ensure_browser.sh $(BIN)/python
	@$(BIN)/python scripts/with_postgres.py $(PYTEST) -m e2e

test-chaos: $(VENV)/.dev  ## killed workers, a restarted database, a provider that fails
	@$(PYTEST) -m chaos

chaos: $(VENV)/.dev  ## the same for longer: ANSWERS to grade
	@$(BIN)/python -m grading.tests.chaos --answers $(or $(ANSWERS),3000)

test-local-model: $(VENV)/.dev  ## grade ANSWERS (JSON Lines, see scripts/local_model.py) with a small real model
	@$(BIN)/python -m scripts.local_model $(ANSWERS)

fuzz: $(VENV)/.dev  ## the same for longer: EXAMPLES per operation, ROLE of who asks (all without it)
	@$(BIN)/python scripts/with_postgres.py $(BIN)/python -m scripts.fuzz_api $(ROLE) --examples $(or $(EXAMPLES),100)

bench-api: $(VENV)/.dev  ## how quick the API is, beside floors measured in the same run
	@$(BIN)/python -W ignore -m scripts.bench.api

bench-grading: $(VENV)/.dev  ## how close grading comes to the provider's own limit
	@$(BIN)/python -W ignore -m scripts.bench.grading

# --- keeping it ----------------------------------------------------------------

format: $(VENV)/.dev  ## format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

schema: $(VENV)/.dev  ## write docs/openapi.yaml, the schema of the API
	@DJANGO_SETTINGS_MODULE=flexage.settings_test $(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

lock: $(VENV)/.dev  ## compile the pins from requirements*.in
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --no-emit-index-url --no-emit-find-links requirements.in -o requirements.txt
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --no-emit-index-url --no-emit-find-links requirements-dev.in -c requirements.txt -o requirements-dev.txt

audit: $(VENV)/.dev  ## known vulnerabilities of the pinned dependencies (asks a public service)
	@$(BIN)/pip-audit -r requirements.txt

clean:  ## remove what the checks leave behind (never data)
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results staticfiles
