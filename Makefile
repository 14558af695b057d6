# Everything happens in .venv, which the targets make themselves. `make demo` first; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# One OpenMP thread a process: the arrays are small, and tests run side by side.
export OMP_NUM_THREADS := 1

.PHONY: help demo demo-train test nightly lint format docs links bench leaderboard leaderboard-check examples api walk pictures schema card controls clean
.DEFAULT_GOAL := help

help:
	@echo "make demo              score the built-in simulator and its broken twin (about a minute; no key, no GPU)"
	@echo "make demo-train        fine-tune a toy Wan2.1 on simulated clips and score it (a minute or two; brings torch)"
	@echo "make test              run the tests"
	@echo "make nightly           properties on new random examples; the wheel alone, the oldest packages, each adapter (downloads gigabytes)"
	@echo "make lint              ruff, mypy --strict, import contracts"
	@echo "make format            rewrite the code in the house format"
	@echo "make docs              build the site into docs/_build/html; a warning is an error"
	@echo "make links             ask for every address in the pages, the site, the suite and the citation (needs a network)"
	@echo "make bench             run the benchmarks and write docs/benchmarks.md (half an hour)"
	@echo "make leaderboard       check all submissions and build the site in build/leaderboard"
	@echo "make examples          make the example submissions anew (some minutes)"
	@echo "make api               list the public interface in tests/packaging/api.txt"
	@echo "make pictures          take the pictures of the pages (Chromium)"
	@echo "make walk              follow the tutorials in a fresh clone and an empty environment, and log it in docs"
	@echo "make schema            regenerate rubrics/schema"
	@echo "make card              refresh the figures in rubrics/README.md"
	@echo "make controls          write contact sheets and truth tables of the simulated clips into docs"
	@echo "make clean             remove .venv and what the targets made"

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed, got {sys.version.split()[0]}")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime: $(VENV)/python pyproject.toml constraints.txt
	@echo "installing the library into $(VENV) ..."
	@$(INSTALL) -e .
	@touch $@

$(VENV)/development: $(VENV)/runtime
	@echo "installing the test tools into $(VENV) ..."
	@$(INSTALL) -e '.[dev]'
	@touch $@

# Each adapter is a distribution of its own; those that run a model bring torch, which is why the demo does without.
ADAPTERS := $(wildcard adapters/*/pyproject.toml)

$(VENV)/adapters: $(VENV)/development $(ADAPTERS)
	@echo "installing the adapters into $(VENV) (torch among them, about a minute) ..."
	@$(INSTALL) -e '.[microverse]' $(patsubst %/pyproject.toml,-e ./%,$(ADAPTERS))
	@touch $@

demo: $(VENV)/runtime
	@$(BIN)/mwb demo

$(VENV)/training: $(VENV)/runtime
	@echo "installing what training needs into $(VENV) (torch among it, about a minute) ..."
	@$(INSTALL) -e '.[microverse]'
	@touch $@

# The whole way from clips to a score on toy sizes; each line is what one would type for the real thing.
TASKS := --task mitosis --task vessel-clot --task vesicle-diffusion
CLIPS := -g width=192 -g height=128 -g duration_s=1.0625
TOY := model=demo-train/model cache=demo-train/cache out=demo-train/run validation.suite=core \
	'validation.tasks=[mitosis,vessel-clot,vesicle-diffusion]'
SAMPLING := -g width=96 -g height=64 -g frames=17 -g fps=16 -g steps=10 -g guidance=1 -g flow_shift=3

demo-train: $(VENV)/training
	rm -rf demo-train
	$(BIN)/microverse make-tiny demo-train/model
	$(BIN)/mwb generate --generator simulator $(TASKS) --seeds 6 $(CLIPS) --out demo-train/clips
	$(BIN)/microverse cache tiny $(TOY) --videos demo-train/clips
	$(BIN)/microverse train tiny $(TOY) --score-with measured
	$(BIN)/microverse export demo-train/run --out demo-train/export
	$(BIN)/microverse generate demo-train/export --suite core $(TASKS) $(SAMPLING) --out demo-train/videos
	$(BIN)/mwb run --generator folder:demo-train/videos --name toy $(TASKS) --out demo-train/score
	@echo
	@echo "A toy network after 200 steps: look at what it has learnt, its scores mean nothing."
	@echo "samples  demo-train/run/samples/index.html"

test: $(VENV)/adapters
	$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal

# Five rounds of new random examples, a thousand a round of every property that does not set a number of its own.
nightly: $(VENV)/adapters
	for round in 1 2 3 4 5; do \
		$(BIN)/python -m pytest -q -n auto --maxprocesses 8 -m hypothesis --hypothesis-profile=nightly || exit 1; done
	$(BIN)/python tests/packaging/without_sources.py
	$(BIN)/python tests/packaging/oldest.py
	$(BIN)/python tests/packaging/each_alone.py

lint: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests/typing
	$(BIN)/lint-imports

format: $(VENV)/development
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/docs: $(VENV)/runtime
	@echo "installing Sphinx into $(VENV) ..."
	@$(INSTALL) -e '.[docs]'
	@touch $@

docs: $(VENV)/docs
	$(BIN)/python -m sphinx -E -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# Links to files and headings are in the tests as well; only whether an address answers needs a network.
links: $(VENV)/development docs
	$(BIN)/lychee '**/*.md' docs/_build/html CITATION.cff rubrics/core/tasks/*.yaml

bench: $(VENV)/development
	$(BIN)/python benchmarks/_page.py $(ONLY)

SUBMISSIONS := leaderboard/submissions

leaderboard: $(VENV)/runtime
	$(BIN)/mwb leaderboard check $(wildcard $(SUBMISSIONS)/[a-z0-9]*)
	$(BIN)/mwb leaderboard build $(SUBMISSIONS) --out build/leaderboard
	$(BIN)/mwb leaderboard readme $(SUBMISSIONS) leaderboard/README.md

# What a pull request proposes, read as data by this checkout's code; PROPOSED is the folder of its submissions.
leaderboard-check: $(VENV)/runtime
	$(BIN)/mwb leaderboard proposed "$(PROPOSED)" --base $(SUBMISSIONS)

examples: $(VENV)/runtime
	$(BIN)/python leaderboard/examples.py

api: $(VENV)/development
	$(BIN)/python tests/packaging/api.py

pictures: $(VENV)/development
	$(BIN)/python docs/pictures.py

walk: $(VENV)/development
	$(BIN)/python tests/docs/walk.py > docs/new-user-walk.tmp && mv docs/new-user-walk.tmp docs/new-user-walk.md

schema: $(VENV)/runtime
	$(BIN)/mwb suites schema --write

card: $(VENV)/runtime
	$(BIN)/mwb suites card core --into rubrics/README.md

controls: $(VENV)/runtime
	$(BIN)/mwb controls pages docs

clean:
	rm -rf $(VENV) demo demo-train mwb-runs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
