# Two commands do all the set-up: `make app` and `make test`. Both start from nothing but Python 3.11 or newer, and
# install exactly what the lock names (requirements.txt, requirements-dev.txt).
PYTHON ?= python3
BIN := .venv/bin
LATEST := .venv-latest/bin
COMPILE = $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes $(UPGRADE)

.PHONY: app test lock latest

app: .venv/run
	$(BIN)/persona app

test: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy pipeline
	$(BIN)/python -m pytest

# Write the lock from the ranges in pyproject.toml. Keeps the versions that are locked already; to take the newest of
# everything inside the ranges: make lock UPGRADE=--upgrade
lock: .venv/run
	$(COMPILE) --group checkout --output-file requirements.txt
	$(COMPILE) --group checkout --group dev --constraints requirements.txt --output-file requirements-dev.txt

# What would break if the newest of everything inside the ranges were locked; in an environment of its own.
latest:
	$(PYTHON) -m venv .venv-latest
	$(call install,$(LATEST),requirements-dev.txt)
	@echo "Newer than the lock, inside the ranges:"
	$(LATEST)/uv pip install --python $(LATEST)/python --upgrade --editable . --group checkout --group dev
	@failed=""; \
	for check in "ruff check ." "mypy pipeline" "python -m pytest -x --maxfail=30 tests/unit"; do \
		echo "== $$check"; $(LATEST)/$$check || failed="$$failed [$$check]"; \
	done; \
	if [ -n "$$failed" ]; then echo "With the newest versions these fail:$$failed"; exit 1; fi; \
	echo "Nothing breaks with the newest versions."

# uv installs several times faster than pip, and `sync` leaves nothing but what the lock names. It is in the lock
# itself: pip is given that one entry of it, with its hashes.
define install
	sed -n '/^uv==/,/# via/p' $(2) | $(1)/pip install --quiet --disable-pip-version-check --requirement /dev/stdin
	$(1)/uv pip sync --quiet --python $(1)/python --require-hashes $(2)
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
