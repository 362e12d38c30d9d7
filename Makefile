# Everything a person or a machine does with this repository. `make` alone lists it.
# Written for GNU make 3.81, the make of macOS.

PYTHON ?= python3
# Extra words for pytest, e.g. make test PYTEST="-k merge"
PYTEST ?=

VENV := .venv
BIN := $(VENV)/bin
# Twice quiet: errors only. A user's pip settings (index, certificates, cache) count; those that would send packages
# somewhere else than into .venv do not. By wheels only: an old pip makes an egg of what is published as source alone,
# and others do not find that.
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install -qq --no-user --use-pep517 --constraint constraints.txt
# The documentation theme advertises its successor on every build.
export NO_MKDOCS_2_WARNING := 1
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIREMENT PIP_CONSTRAINT PYTHONHOME

# One file each says that .venv holds what pyproject.toml and constraints.txt ask for.
RUNTIME := $(VENV)/.runtime-is-installed
COMPLETE := $(VENV)/.everything-is-installed

.PHONY: help setup example quick test check bench soak docs pictures lock clean
.PHONY: check-types check-documentation check-workflow check-formatting

help:
	@echo 'make setup    install everything into .venv (Python 3.11 or newer; PYTHON=python3.12 chooses one)'
	@echo 'make example  run the reference experiment and three ways to learn digits: a minute'
	@echo 'make quick    the tests that need neither Snakemake nor a cluster: a minute, after each edit'
	@echo 'make test     run all tests'
	@echo 'make check    formatting, lint, types, the workflow, the documentation'
	@echo 'make bench    the benchmarks'
	@echo 'make soak     the tests that take long on purpose'
	@echo 'make docs     build the documentation into site/'
	@echo 'make pictures draw the pictures of mle watch and of a search again'
	@echo 'make lock     renew constraints.txt with the newest versions'
	@echo 'make clean    remove what is built or cached; results and .venv stay'

setup: $(COMPLETE)

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON) here. mle-toolbox needs Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "mle-toolbox needs Python 3.11 or newer, and $(PYTHON) is `$(PYTHON) -V 2>&1`." >&2; \
	  echo "Name a newer one, for example: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "No virtual environment could be made. On Debian or Ubuntu: apt install python3-venv" >&2; \
	  rm -rf $(VENV); exit 1; }

$(RUNTIME): pyproject.toml constraints.txt mle_toolbox/__init__.py | $(BIN)/python
	@echo "Installing mle-toolbox into $(VENV) ..."
	@# Until version 1.0 this distribution had the name of the original, which has the same command.
	@$(BIN)/python -m pip --disable-pip-version-check uninstall -qq -y mle-toolbox
	@$(INSTALL) --editable .
	@touch $@

$(COMPLETE): $(RUNTIME)
	@echo "Installing the extras and the tools for development into $(VENV) ..."
	@$(INSTALL) --editable '.[all,dev]'
	@touch $@
	@echo "Done. Next: make example"

# First the reference experiment, without its table: its seeds change nothing, so there is nothing to see. And without the
# conda environment that it names: a fresh machine has none.
example: $(RUNTIME)
	@echo '== The reference experiment, 2 configurations x 10 seeds'
	@$(BIN)/mle run exp.yaml --profile local --set single_job_args.use_conda_venv=false >/dev/null
	@$(BIN)/python -c 'import sklearn' 2>/dev/null || { echo 'Installing scikit-learn, which has the digits ...'; \
	  $(INSTALL) --editable '.[examples]'; }
	@echo '== Three ways to train a network on handwritten digits, 5 seeds each'
	@$(BIN)/mle run examples/digits/exp.yaml --profile local

quick: $(COMPLETE)
	@$(BIN)/python -m pytest -n logical --dist worksteal -m 'not slow and not soak' -q tests/unit $(PYTEST)

# Five processes even on two cores: many tests wait, for a scheduler or for what they have told to end.
test: $(COMPLETE)
	@$(BIN)/python -m pytest -n 5 --dist worksteal -m 'not soak' --durations 15 $(PYTEST)

soak: $(COMPLETE)
	@$(BIN)/python -m pytest -m soak --durations 15 $(PYTEST)
	@$(BIN)/python -m pytest -m 'hypothesis and not soak' --hypothesis-profile 'new examples' $(PYTEST)

# One target each, so that `make -j check` can do several at a time; the longest first.
CHECKS := check-types check-documentation check-workflow check-formatting
check: $(CHECKS)
$(CHECKS): $(COMPLETE)

check-types:
	$(BIN)/mypy

check-documentation:
	$(BIN)/mkdocs build --strict --quiet

check-workflow:
	$(BIN)/snakefmt --check Snakefile workflow rules examples
	$(BIN)/snakemake --lint

check-formatting:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Status 2: what it measures is not here, and it has said so.
bench: $(COMPLETE)
	@for benchmark in `grep -l __main__ benchmarks/*.py`; do \
	  echo "== $$benchmark"; $(BIN)/python "$$benchmark" || test $$? -eq 2 || exit 1; done

docs: $(COMPLETE)
	@$(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html"

pictures: $(COMPLETE)
	@$(BIN)/python docs/pictures/watch.py
	@$(BIN)/python docs/pictures/search.py
	@$(BIN)/python docs/pictures/search_page.py

# Without the old constraints, in an environment of its own.
LOCK := build/lock
lock:
	@rm -rf $(LOCK) && $(PYTHON) -m venv $(LOCK)
	@$(LOCK)/bin/python -m pip --disable-pip-version-check install -qq --no-user '.[all,dev]'
	@sed '/^[^#]/d' constraints.txt > $(LOCK)/constraints.txt
	@$(LOCK)/bin/python -m pip freeze --exclude mle-toolbox-snakemake >> $(LOCK)/constraints.txt
	@mv $(LOCK)/constraints.txt constraints.txt && rm -rf $(LOCK)
	@git --no-pager diff --stat -- constraints.txt

clean:
	rm -rf build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
