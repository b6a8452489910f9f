# Every target sets up what it needs, and does so once.
.DEFAULT_GOAL := help
.PHONY: help setup native run fix check test quick nightly e2e pictures vsix bench clean

# Python keeps what it compiles, whatever the environment says: the tests start hundreds of processes, and without
# that each of them compiles all it imports, which takes a second.
unexport PYTHONDONTWRITEBYTECODE

UV := $(shell command -v uv || echo .uv/bin/uv)
# Once someone has asked for a compiled llama.cpp, it stays.
SYNC = $(UV) sync --locked $(if $(wildcard .venv/native),--extra native)
BIN := .venv/bin
EXTENSION := vscode-extension
# One process for each core; tests of the real model are one group, since two models at once are slower.
PARALLEL := --numprocesses auto --dist loadgroup

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: .venv/ready ## Install everything, and fetch and probe the default model
	@$(BIN)/assist setup

native: .venv/ready ## Compile llama.cpp for this processor: needs cmake, a C and C++ compiler, and 4 minutes
	@touch .venv/native
	$(SYNC)

run: setup ## Show real completions from the local model, through the real language server
	@$(BIN)/assist demo

fix: .venv/ready $(EXTENSION)/node_modules/ready ## Format, sort imports, repair what can be repaired, write the generated pages again
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .
	$(BIN)/python -m assist_server.cli.reference_pages docs
	$(BIN)/python -m assist_server.config.json_schema $(EXTENSION)/package.json
	npm --prefix $(EXTENSION) run --silent fix

check: .venv/ready $(EXTENSION)/node_modules/ready ## Format, lint, types, import directions, house style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/style/check_style.py
	npm --prefix $(EXTENSION) run --silent check

test: setup ## Run the whole test suite, real model and real server included
	$(BIN)/pytest $(PARALLEL)

quick: .venv/ready ## Run the tests that need no model and no time, while you work (2 minutes at most)
	$(BIN)/pytest $(PARALLEL) -m "not model and not slow"

nightly: setup ## Run the suite with every random test as often as a night allows
	$(BIN)/pytest $(PARALLEL) --hypothesis-profile nightly

e2e: setup vsix ## Drive the real editors, with the real server and the real model
	$(SYNC) --quiet --group e2e
	$(BIN)/python tests/e2e/install_editors.py
	$(BIN)/python tests/style/check_lua.py
	$(BIN)/pytest $(PARALLEL) tests/e2e

pictures: setup vsix ## Make the pictures of the documents anew, by the tests that show what they show
	$(SYNC) --quiet --group e2e
	ASSIST_E2E_PICTURES=$(EXTENSION)/images $(BIN)/pytest tests/e2e/vscode

# The extension carries the wheel of its version, and the hashes of what the wheel needs from the lock file. Nothing
# is fetched for that but the wheel's build backend, and that only once.
define HASHED_WHEEL
import hashlib, pathlib
[wheel] = pathlib.Path().glob("*.whl")
print(f"./{wheel} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}")
endef
export HASHED_WHEEL

vsix: $(EXTENSION)/node_modules/ready $(filter .uv/bin/uv,$(UV)) ## Package the extension for VS Code
	rm -rf $(EXTENSION)/dist/python
	$(UV) build --quiet --wheel --out-dir $(EXTENSION)/dist/python
	$(UV) export --quiet --frozen --no-dev --no-emit-project --no-header --no-annotate \
		--format requirements-txt --output-file $(EXTENSION)/dist/python/requirements.txt
	cd $(EXTENSION)/dist/python && python3 -c "$$HASHED_WHEEL" >> requirements.txt
	npm --prefix $(EXTENSION) run --silent vsix

bench: setup ## Measure this machine: latency, typing against other policies, with DATA=FOLDER quality (an hour)
	$(BIN)/python benchmarks/lsp.py
	$(BIN)/python benchmarks/replay.py
	$(if $(DATA),$(BIN)/python benchmarks/infill.py --data $(DATA) --cut)

clean: ## Remove what was installed here; models stay
	rm -rf .venv .uv build $(EXTENSION)/node_modules $(EXTENSION)/dist $(EXTENSION)/assist.vsix

# uv comes from pip, into a folder of its own: nothing outside this checkout is touched.
.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install --quiet uv

$(EXTENSION)/node_modules/ready: $(EXTENSION)/package-lock.json
	npm --prefix $(EXTENSION) ci --no-audit --no-fund --loglevel=error
	@touch $@

.venv/ready: pyproject.toml uv.lock $(filter .uv/bin/uv,$(UV))
	$(SYNC)
	@touch $@
