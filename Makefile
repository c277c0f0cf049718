# Two commands do all the set-up: `make app` and `make test`. Both start from nothing but Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: app test

app: .venv/run
	$(BIN)/persona app

test: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy pipeline
	$(BIN)/python -m pytest

.venv/run: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/dev: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@ .venv/run
