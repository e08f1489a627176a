# Everything this project does starts here. `make` alone lists it.
# Paths stay relative, so that the clone may live in a folder with spaces in its name.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.PHONY: help venv run test check audit sbom format profiles tables lock bench wheel clean
.DEFAULT_GOAL := help

help: ## This list
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | while IFS='	' read -r name about; do \
		printf '  make %-10s %s\n' "$$name" "$$about"; done

venv: $(BIN)/.installed ## Make .venv with everything installed, at the versions of requirements.lock

$(BIN)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or later is needed: install it, or give PYTHON=/path/to/python3.'; exit 1; }
	@"$(PYTHON)" -m venv .venv || { echo 'Making .venv failed. On Debian and Ubuntu: apt install python3-venv.'; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q fhir_server
	@touch $@

run: venv ## Start the server with its own MongoDB in .data/, on http://127.0.0.1:8000/fhir
	@exec $(BIN)/python -m fhir_server.cli serve --data-dir .data

# Dozens of processes start: each would compile the sources anew where Python is told to keep nothing.
# Three at once, as for two processors: one of them waits most of the time, for a server or a disk.
test: venv ## Run all tests
	@env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX="$(CURDIR)/.venv/pycache" \
		$(BIN)/python -m pytest -n 3 --dist loadfile

check: venv ## Format, lint, types, layers, weak spots, and that the docs name all there is
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m bandit --quiet --recursive fhir_server tools -c pyproject.toml
	@$(BIN)/python -m pytest tests/architecture
	@$(BIN)/python -m tools.audit

audit: venv ## Ask for known vulnerabilities of the locked packages, where PyPI's service answers
	@$(BIN)/python -m tools.audit

sbom: venv ## Write the bill of materials (CycloneDX) of requirements.lock into dist/
	@$(BIN)/python -m tools.sbom

format: venv ## Let ruff put the code in order
	@$(BIN)/python -m ruff format .
	@$(BIN)/python -m ruff check --fix .

.venv/load/.installed: requirements-bench.lock $(BIN)/.installed
	@"$(PYTHON)" -m venv .venv/load
	@.venv/load/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

# Options: make bench BENCH='--quick', or --hapi; `.venv/bin/python -m benchmarks --help` lists them.
bench: .venv/load/.installed ## Measure this machine: rates beside bare limits, start-up, memory; writes docs/performance.md
	@env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX="$(CURDIR)/.venv/pycache" $(BIN)/python -m benchmarks $(BENCH)

profiles: venv ## Compile profiles/fsh to profiles/se (needs node and the FHIR packages in ~/.fhir), and its docs
	@$(BIN)/python tools/compile_profiles.py
	@$(BIN)/python tools/profile_pages.py

tables: venv ## Derive profiles/r4 from HL7's definitions: make tables PACKAGE=folder (profiles/r4/README.md)
	@$(BIN)/python -m tools.derive_r4 "$(PACKAGE)"

lock: venv ## Settle all versions anew in requirements.lock
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/python -m uv pip compile pyproject.toml --quiet --universal --generate-hashes --extra embedded --extra test --extra dev \
		--python-version 3.11 --no-header -o requirements.lock
	@printf 'locust\norjson\n' | $(BIN)/python -m uv pip compile - --quiet --universal --generate-hashes \
		--constraint requirements.lock --python-version 3.11 --no-header -o requirements-bench.lock

wheel: venv ## Build the wheel into dist/
	@$(BIN)/python -m build --wheel --no-isolation

clean: ## Remove .venv and what tools left; not your data in .data/
	@rm -rf .venv dist build .mypy_cache .ruff_cache .import_linter_cache .hypothesis
