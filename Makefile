# Everything happens in a virtual environment of this folder; nothing is installed elsewhere.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test format lint check check-all chaos scaling browser smoke real bench manifests lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

.venv/.ready: requirements/dev.txt pyproject.toml
	@echo 'Installing everything into .venv; the first time takes some minutes.'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@

demo: .venv/.ready ## Mend a bug in a small example project with the embedded model
	PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/demo.sh

check-all: check smoke test ## Everything a change has to pass

test: .venv/.ready ## Run every test but the long suites and those of the other commands here
	$(BIN)/python -m pytest -n auto -m "not slow and not browser and not smoke and not model"

format: .venv/.ready ## Write the code as `make check` wants it, as far as a machine can
	$(BIN)/ruff check --fix --exit-zero --quiet src tests
	$(BIN)/ruff format src tests

lint: .venv/.ready ## The part of `make check` that ruff does
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests

check: lint ## Format, lint, types, import contracts and the shape of the code
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest tests/test_shape.py

chaos: .venv/.ready ## The long suites: hundreds of kills and broken servers
	$(BIN)/python -m pytest -m slow -rs --timeout 1800

scaling: .venv/.ready ## Tasks a second of 1, 2, 4 and 8 `samovar worker`s on PostgreSQL
	$(BIN)/python bench/scaling.py

browser: .venv/.ready .venv/browser/axe.min.js ## The dashboard in Chromium: for everybody, by keyboard, under attack
	@test -n "$${SAMOVAR_CHROMIUM:-$$(command -v chromium)}" || \
	  { echo 'make browser: no Chromium here; apt install chromium, or set SAMOVAR_CHROMIUM' >&2; exit 2; }
	$(BIN)/python -m pytest tests/web -m browser -rs --timeout 300

# Only a tool of the tests (MPL-2.0), so it is fetched and never shipped.
.venv/browser/axe.min.js: .venv/.ready
	mkdir -p .venv/browser
	cd .venv/browser && npm pack --silent axe-core@4.14.1 >/dev/null && tar xzf axe-core-*.tgz
	cp .venv/browser/package/axe.min.js $@

# Seconds it may take; on a slow or busy machine: make smoke SMOKE=120
SMOKE ?= 30

smoke: .venv/.ready ## The whole chain through the command line with a scripted model; fails after half a minute
	@timeout --foreground --signal INT --kill-after 5 $(SMOKE) $(BIN)/python -m pytest tests/smoke -m smoke -n 2; \
	  code=$$?; case $$code in 124|137) echo 'make smoke: it took longer than $(SMOKE) s' >&2;; esac; exit $$code

real: .venv/.ready ## A short run of the real embedded model
	$(BIN)/python -m pytest -m "model and not slow" --timeout 900

.venv/manifests/.ready: requirements/manifests.txt .venv/.ready
	$(PYTHON) -m venv .venv/manifests
	.venv/manifests/bin/pip install --quiet --require-hashes -r requirements/manifests.txt
	@touch $@

manifests: .venv/manifests/.ready ## The files of deploy/ and of the forge's CI, against the published schemas
	.venv/manifests/bin/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	.venv/manifests/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yaml
	.venv/manifests/bin/kubernetes-validate --strict --kubernetes-version 1.33 \
	  $(filter-out %/kustomization.yaml,$(wildcard deploy/kubernetes/*.yaml))

# Every extra but transformers: torch alone is larger than all the rest.
EXTRAS := $(filter-out transformers,$(shell sed -n '/^\[project.optional/,/^\[project.scripts/s/^\([a-z]*\) = .*/\1/p' pyproject.toml))

lock: ## Write the lock files anew
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --custom-compile-command "make lock" pyproject.toml $(EXTRAS:%=--extra %) --group dev \
	  -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --custom-compile-command "make lock" pyproject.toml $(EXTRAS:%=--extra %) --group build \
	  -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --custom-compile-command "make lock" --group manifests \
	  -o requirements/manifests.txt

clean: ## Remove the virtual environment and every cache of this folder
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
