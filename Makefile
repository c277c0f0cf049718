# Two commands do all the set-up: `make app` and `make test`. Both start from nothing but Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin

# One worker per processor, because "auto" counts cores and sees one where two threads share it; at most four, because
# each worker that opens a browser starts a server and a Chromium. A file stays with one worker, so that what its tests
# share is made once. In the order of their names, so that the browser's long files come first and not last.
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: app check lint test test-all

app: .venv/run
	$(BIN)/persona app

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy pipeline

check: lint
	$(PYTEST) -m "not slow" tests/unit

test: lint
	$(PYTEST) -m "not slow"

test-all: lint
	$(PYTEST)

.venv/run: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/dev: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@ .venv/run
