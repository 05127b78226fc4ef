# Everything runs from $(VENV), which sets itself up. `make PYTHON=python3.13 VENV=.venv-3.13 test`
# does the same with another Python beside it.
VENV ?= .venv
export VENV PYTHON

CODE := chatops_wire chatops_server chatops_agent chatops_tui tests bench
PACKAGES := requirements.lock pyproject.toml packaging/venv.sh

# A clone that was moved needs its environment made again: the scripts in it name the old place.
ifneq ($(wildcard $(VENV)/.place),)
ifneq ($(shell cat $(VENV)/.place),$(CURDIR))
PACKAGES += moved
endif
endif

.PHONY: moved help setup demo test check format-check lint types contracts audit format bench cover lock man key-reference pictures site clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo    a hub, an agent for this machine and the terminal UI, logged in'
	@echo 'make setup   the three programs in .venv/bin, nothing started'
	@echo 'make test    the whole test suite (ARGS="tests/unit -q" for a part)'
	@echo 'make check   formatting, lint, types, import contracts, dependency audit, tests: what CI runs'
	@echo 'make bench   the benchmarks; also into bench/results/*.json'
	@echo 'make format  formats the code; make lock pins newer packages; make cover measures the tests'
	@echo 'make site    the documentation as pages; make man writes the man pages'

setup: $(VENV)/.ready-run

demo: $(VENV)/.ready-run
	@exec $(VENV)/bin/chatops demo

test: $(VENV)/.ready-dev
	$(VENV)/bin/python -m pytest $(ARGS)

check: format-check lint types contracts audit test

format-check: $(VENV)/.ready-dev
	$(VENV)/bin/ruff format --check $(CODE)

lint: $(VENV)/.ready-dev
	$(VENV)/bin/ruff check $(CODE)

types: $(VENV)/.ready-dev
	$(VENV)/bin/mypy

contracts: $(VENV)/.ready-dev
	$(VENV)/bin/lint-imports

audit: $(VENV)/.ready-dev
	$(VENV)/bin/python packaging/audit.py

format: $(VENV)/.ready-dev
	$(VENV)/bin/ruff format $(CODE)
	$(VENV)/bin/ruff check --fix $(CODE)

bench: $(VENV)/.ready-run
	$(VENV)/bin/python -m bench.run

cover: $(VENV)/.ready-dev
	$(VENV)/bin/coverage run -m pytest $(ARGS)
	$(VENV)/bin/coverage report --skip-covered

# One lock for every supported Python: uv writes the markers, pip reads them as constraints.
lock: $(VENV)/.ready-run
	$(VENV)/bin/python -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(VENV)/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras \
		--no-annotate --custom-compile-command 'make lock' --output-file requirements.lock pyproject.toml

# The man pages are installed with the package, so they are kept here.
man: $(VENV)/.ready-dev
	$(VENV)/bin/python packaging/man/make_pages.py

key-reference: $(VENV)/.ready-dev
	$(VENV)/bin/python packaging/site/key_reference.py

pictures: $(VENV)/.ready-dev
	PYTHONPATH=$(CURDIR) $(VENV)/bin/python packaging/site/pictures.py

site: $(VENV)/.ready-dev
	$(VENV)/bin/mkdocs build --strict --quiet --config-file packaging/site/mkdocs.yml --site-dir ../../site
	@echo 'site/index.html is the first page'

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/.ready-run: $(PACKAGES)
	@packaging/venv.sh run

$(VENV)/.ready-dev: $(PACKAGES)
	@packaging/venv.sh dev
