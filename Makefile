# Needed beforehand: Python 3.11 or newer with venv, make, git. PYTHON=/path/to/python3.13 picks another Python.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

# What `make check` runs beside the linter and the types: the import rule first, then what needs no fit.
QUICK := $(addprefix tests/test_,rooms.py repository.py) $(addprefix tests/,notation numbers) tests/views/test_parameters.py \
  tests/book/test_prose.py tests/book/test_editions.py tests/notebooks/test_notebooks.py

.PHONY: book check lint quick test coverage test-slow reproduce truth mutants serve lab sweep report bench clean requirements

# The last good site stays in place until a new one is complete.
book: .venv/ready
	@started=$$($(if $(SNAKEMAKE_OPTIONS),false,$(BIN)/python -S notebooks/unchanged.py)) && echo "$$started" || { \
	  XDG_CACHE_HOME="$${XDG_CACHE_HOME:-$(CURDIR)/.snakemake/cache}" $(BIN)/snakemake --cores all --nolock --rerun-incomplete --quiet host progress reason $(SNAKEMAKE_OPTIONS) \
	  && $(BIN)/python -S notebooks/unchanged.py "$$started"; } \
	  || { echo "The build stopped. The last complete book, if there is one, stays as it was."; exit 1; }
	@echo "The book: book/_build/html/index.html"

# Before each commit, in under a minute on two cores: lint and types beside the import rule and the fastest tests.
check: .venv/ready
	@$(MAKE) --no-print-directory --jobs=2 lint quick

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

quick: .venv/ready
	$(BIN)/pytest -q -n 0 -m "not slow" $(QUICK)

# Lint and every test but those marked slow, which build, sweep, break and stop copies of the project.
test: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest -n auto --dist loadgroup -m "not slow"
	@echo "Left out, because they take minutes: the slow tests. make test-slow runs them."

# Which lines of model/ the fast tests do not run, and the share that they do, which must not fall below fail_under.
coverage: .venv/ready
	$(BIN)/pytest -n auto --dist loadgroup -m "not slow" -q --cov --cov-report=term

# After make book: the slow tests reuse what it built, and what asks the built book has one to ask.
test-slow: .venv/ready
	$(BIN)/pytest -n auto --dist loadgroup -m "slow or built"

# Builds the whole book once more in another folder, zone and language, on one core, and names each file that differs.
reproduce: book
	@$(BIN)/python tests/reproduce.py

# The worst relative error of each law, as numpy computes it, against fifty digits; RECORD=1 writes tests/truth.csv.
truth: .venv/ready
	@PYTHONPATH="$(CURDIR)" $(BIN)/python tests/truth.py $(if $(RECORD),record)

# Small faults planted in one module, in a copy: which its nearest tests do not see. Every fourth; EACH=0 plants all,
# RECORD=1 writes the score into tests/mutants.csv, FILE=score sums it. make mutants FILE=model/laws/roofline.py EACH=4
mutants: .venv/ready
	@test -n "$(FILE)" || { echo "Say make mutants FILE=model/laws/roofline.py, EACH=0 for all faults"; exit 2; }
	@PYTHONPATH="$(CURDIR)" $(BIN)/python tests/mutants.py "$(FILE)" "$(or $(EACH),4)" $(if $(RECORD),record)

serve: book
	@echo "Ctrl-C stops it."
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory book/_build/html

lab: .venv/ready
	$(BIN)/jupyter lab --notebook-dir notebooks

# One run for each row of a file whose columns are parameters: make sweep NOTEBOOK=reliability SCENARIOS=file.csv
# Results go into sweeps/NOTEBOOK, or with SWEEPS=folder into folder/NOTEBOOK.
sweep: .venv/ready
	@test -n "$(NOTEBOOK)" -a -n "$(SCENARIOS)" || { echo "Say make sweep NOTEBOOK=name SCENARIOS=file.csv"; exit 2; }
	@PYTHONPATH="$(CURDIR)" $(BIN)/python notebooks/sweep.py "$(NOTEBOOK)" "$(SCENARIOS)" "$(PROFILE)"

# your_cluster with the parameters of a file, as one HTML file that needs nothing else: reports/NAME.html
report: .venv/ready
	@test -n "$(CLUSTER)" || { echo "Say make report CLUSTER=file.yaml"; exit 2; }
	@PYTHONPATH="$(CURDIR)" $(BIN)/python notebooks/report.py "$(CLUSTER)"

# The speed table, data/speed.csv: an hour or so. QUICK=1 asks a little of each and writes to another place.
bench: .venv/ready
	$(BIN)/python tests/bench/bench.py $(if $(QUICK),.bench/quick.csv quick,data/speed.csv)

clean:
	rm -rf .venv .venv-* .bench .snakemake sweeps reports book/_build book/executed *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Remakes the pins, one version of each package for every supported Python, and requirements.lock with their hashes.
# A version that still fits stays, so that a new package moves no other; NEWEST=1 takes the newest of all.
requirements: .venv/ready
	@cp requirements.txt requirements.txt.new
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest $(if $(NEWEST),--upgrade) \
	  --no-header --no-annotate --no-emit-index-url --output-file requirements.txt.new pyproject.toml > /dev/null
	@{ echo "# Every package pinned. Made by 'make requirements' from pyproject.toml: change it there."; \
	  cat requirements.txt.new; \
	  echo "-e ."; } > requirements.txt.pinned
	@rm requirements.txt.new
	mv requirements.txt.pinned requirements.txt
	@grep -v '^-e' requirements.txt > requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --output-file requirements.lock pyproject.toml > /dev/null

.venv/ready: requirements.txt pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is not here: install Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "This project needs Python 3.11 or\
	 newer, and $(PYTHON) is `$(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'`: set PYTHON=."; exit 1; }
	@$(PYTHON) notebooks/environment.py
