# Every target sets itself up first; setting up again takes no time, because the stamp is newer than what it was made from.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check bench picture bench-gpu setup clean
.DEFAULT_GOAL := demo

demo: $(READY)            ## the whole journey on the embedded model
	$(BIN)/proctor run demo

test: $(READY)            ## all tests; pytest's "no tests" is a failure
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

check: $(READY)           ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)           ## ratios against the libraries underneath, measured in one run on a quiet machine
	$(BIN)/python -m tests.bench.engines
	$(BIN)/python -m tests.bench.stats
	$(BIN)/python -m tests.bench.judges
	$(BIN)/python -m tests.bench.llamacpp

# vLLM decides which torch it takes, so the extra `gpu` has an environment of its own, and .venv is left alone:
# make bench-gpu GPU_PYTHON=path/to/its/bin/python
GPU_PYTHON ?= python3

bench-gpu:                ## on one GPU at real size, in ten minutes at most; see docs/gpu.md
	$(GPU_PYTHON) -m tests.bench.gpu

picture: $(READY)         ## docs/board.png, from the committed results
	$(BIN)/python -m proctor.leaderboard.tools.picture

setup: $(READY)

$(READY): constraints.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(READY)

clean:                    ## what was built here; results stay
	rm -rf $(VENV) .proctor board *.egg-info
