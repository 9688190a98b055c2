# What a person types. CI calls the same targets.
PYTHON ?= python3
PORT ?= 8000
DEMO ?= 1
RECIPE ?= best
BIN := .venv/bin
CODE := annotation_site mpd_builder model tests bench deploy manage.py
SITE_TESTS := $(filter-out tests/mpd_builder tests/model tests/golden tests/e2e,$(patsubst %/,%,$(wildcard tests/*/)))
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=

.PHONY: run test test-sqlite test-postgres check format bench bench-gpu clean dev

run: ## the site, a worker and beat, with a demo (PORT=, DEMO=0)
	@$(PYTHON) deploy/bootstrap.py run --port $(PORT)
	@exec $(BIN)/python -m annotation_site.run --port $(PORT) --demo $(DEMO)

dev:
	@$(PYTHON) deploy/bootstrap.py dev

test: dev ## every test, on SQLite, then the site's again on PostgreSQL
	@rm -f .coverage .coverage.*
	$(PYTEST) tests
	TEST_DATABASE=postgres $(PYTEST) --cov-append $(SITE_TESTS)
	@$(BIN)/coverage report

check: dev ## format, lint, types, import contracts, templates, migrations
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	SECRET_KEY=check $(BIN)/mypy annotation_site mpd_builder model
	$(BIN)/lint-imports
	$(BIN)/djlint templates annotation_site --lint --quiet
	SECRET_KEY=check $(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=check $(BIN)/python manage.py check

format: dev
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

bench: dev ## one table of measured figures
	$(BIN)/python -m bench

bench-gpu: dev ## learning and scoring on a GPU (RECIPE=best)
	@$(BIN)/python -m bench.gpu $(RECIPE)

clean: ## what the tools left; never your data in var/
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* tests/e2e/screens
