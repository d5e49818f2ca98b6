# The tasks of pyproject.toml's [tool.pixi.tasks] for machines without pixi. `make start` and `make test` make the
# virtual environment themselves and reuse it.

VENV := .venv
PYTHON ?= python3.11
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: start test lint format typecheck evaluate bench chaos soak install clean

start: $(STAMP)
	$(BIN)/traffic-monitor run

# What runs the whole program has the machine to itself.
WHOLE := tests/processes tests/end_to_end
test: $(STAMP)
	$(BIN)/pytest --numprocesses=2 $(WHOLE:%=--ignore=%)
	$(BIN)/pytest $(WHOLE)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

typecheck: $(STAMP)
	$(BIN)/mypy

# Measures the shipped weights; writes weights/metrics.json and the table in weights/README.md.
evaluate: $(STAMP)
	$(BIN)/python -m training.evaluate

# How fast the application is on this machine; needs the shared clips and weights. See benchmarks/RESULTS.md.
bench: $(STAMP)
	$(BIN)/python -m benchmarks.speed

# What becomes of a run whose services are killed or stopped at random moments, TIMES of each kind.
TIMES ?= 50
chaos: $(STAMP)
	$(BIN)/python -m benchmarks.chaos --times $(TIMES)
	$(BIN)/python -m benchmarks.chaos_sources

# Whether anything grows in MINUTES of a live source.
MINUTES ?= 60
soak: $(STAMP)
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

install: $(STAMP)

# The stamp is newer than what it was installed from, else everything is installed again.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
