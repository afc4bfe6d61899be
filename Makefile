# Every target sets up what it needs: a fresh machine with python3, git and make runs `make plan` as it is.
.DEFAULT_GOAL := help
.PHONY: help setup system-deps plan plans serve check format test test-slow bench calibrate schemas clean

SCENARIO ?= examples/flagship.yaml
SCENARIOS ?= examples
OUT ?= out
JOBS ?= 2
T ?= tests
PORT ?= 8000
STAMP := .venv/.synced
RUN := .venv/bin/

##@ Plan
plan: $(STAMP) ## Plan one scenario (SCENARIO=examples/flagship.yaml), print the decision, write plan.json and report.xlsx to OUT
	@$(RUN)splitfleet plan $(SCENARIO) -o $(OUT)

plans: $(STAMP) ## Plan every scenario of a folder (SCENARIOS=examples), JOBS at a time; unchanged ones are skipped, failures named at the end
	@$(RUN)splitfleet plans $(SCENARIOS) -o $(OUT) --jobs $(JOBS)

serve: $(STAMP) ## Start the REST service on PORT (8000); OpenAPI at /docs
	@$(RUN)splitfleet serve --port $(PORT)

##@ Develop
setup: $(STAMP) ## Create .venv with the locked dependencies

check: $(STAMP) ## Format, lint, strict types, import contracts
	$(RUN)ruff format --check .
	$(RUN)ruff check .
	$(RUN)mypy
	$(RUN)lint-imports

format: $(STAMP) ## Rewrite the sources in the project's format
	$(RUN)ruff format .
	$(RUN)ruff check --fix .

test: $(STAMP) ## Run the test suite (T=tests/planner narrows it)
	$(RUN)pytest -n 2 $(T)

test-slow: $(STAMP) ## Run the slow suites: brute force, full grids, many workbooks
	$(RUN)pytest -n 2 -m slow --timeout 3600 $(T)

bench: $(STAMP) ## Measure speed and accuracy; every benchmark prints a table
	@for script in benchmarks/*_*.py; do echo "## $$script"; $(RUN)python -m benchmarks.$$(basename $$script .py) || exit 1; done

calibrate: $(STAMP) ## Refit the performance coefficients to measurements (DATA=file.csv.gz)
	@test -n "$(DATA)" || { echo "make calibrate needs DATA=measurements.csv.gz"; exit 2; }
	$(RUN)splitfleet calibrate $(DATA)

schemas: $(STAMP) ## Rewrite the JSON Schemas of Scenario and Plan and the OpenAPI description in docs/
	$(RUN)python -m tools.schemas

##@ Machine
system-deps: ## Install the Debian packages that the full test suite can use (LibreOffice Calc, PDF tools)
	tools/system-deps

clean: ## Remove the environment and every output
	rm -rf .venv .tools $(OUT)

$(STAMP): pyproject.toml uv.lock tools/bootstrap
	@tools/bootstrap
	@touch $@

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
