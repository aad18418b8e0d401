# make demo: the demonstration, into runs/demo. make test: all tests. make check: format, lint, types.
# Each makes and fills .venv first when it is missing or older than pyproject.toml.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check format
.DEFAULT_GOAL := demo

demo: .venv
	$(BIN)/amodal demo --out runs/demo

test: .venv
	$(BIN)/python -m pytest

check: .venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

format: .venv
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The folder exists as soon as its making begins; the file says that it was filled.
.venv: .venv/filled

# torch first and by its version: left to itself, pip takes a build several gigabytes larger.
.venv/filled: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Amodal needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	@echo "filling .venv (once, a few minutes)"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@
