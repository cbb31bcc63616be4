# `make` lists the targets. PORT=… chooses the port of the local stack (4566); its mailbox is at
# PORT + 100.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
SHELL := /bin/bash

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PORT ACCOUNT DECISION REASON SIRET EVENT LINE NAME KIND TO LAST REPORT ENV SET
export BUSINESS STARTED_ON PERIODICITY NATURE ACTIVITIES TERRITORY ACRE FLAT_TAX EFFECTIVE_ON CEASED_ON

TOOLS := .venv/.installed
EMULATOR := .local/stack/.installed
CHECKS := .local/checks/.installed
CLI := .local/cli/.installed
LOCAL := .venv/bin/python -m tools.stack

.PHONY: help dev up down deploy mails affiliate business plan bank sam-local sam-journey sam-invoke clean release watch test unit coverage lint \
    checks facts \
    guards mutation faults audit format hooks bench load screenshots openapi privacy words share cost licences lock \
    browser

help: ## list the targets
	@awk -F ':.*## ' '/^##@ / {printf "\n%s\n", substr($$0, 5)} \
	    /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

##@ Run

dev: $(TOOLS) $(EMULATOR) ## run the portal here, with a mailbox; Ctrl-C stops all
	@$(LOCAL) dev

up: $(TOOLS) $(EMULATOR) ## the same in the background; returns when the portal answers
	@$(LOCAL) up

down: ## stop what `make up` started; data is kept
	@if [ -x .venv/bin/python ]; then $(LOCAL) down; else echo "Not running."; fi

deploy: $(TOOLS) $(EMULATOR) ## deploy what you changed to the running portal
	@$(LOCAL) deploy

mails: $(TOOLS) ## show the mails sent since the start: TO=part-of-an-address LAST=number
	@$(LOCAL) mails

affiliate: $(TOOLS) ## play the back office: DECISION=confirmed|rejected ACCOUNT=… REASON=… STARTED_ON=… ACRE=1 …
	@$(LOCAL) affiliate

business: $(TOOLS) ## play the back office: EFFECTIVE_ON=… PERIODICITY=… NATURE=… ACTIVITIES=…, or CEASED_ON=…
	@$(LOCAL) business

plan: $(TOOLS) ## play the back office: PLAN=1 DECISION=accepted|refused ACCOUNT=… REASON=…
	@$(LOCAL) plan

bank: $(TOOLS) ## play the bank: take what was ordered, and answer; RETURN=AM04 PAYMENT=… gives one back
	@$(LOCAL) bank

sam-local: $(TOOLS) $(EMULATOR) ## serve from Lambda's containers with sam local (needs Docker)
	@$(LOCAL) sam_local

sam-journey: $(TOOLS) $(EMULATOR) ## check the journey of the README under sam local (needs Docker)
	@$(LOCAL) sam_journey

sam-invoke: $(TOOLS) $(EMULATOR) ## run EVENT=events/…, or all of them, in Lambda's containers (needs Docker)
	@$(LOCAL) sam_invoke

clean: ## stop, and delete the local data
	@if [ -x .venv/bin/python ]; then $(LOCAL) clean; fi

##@ Deploy to AWS

release: $(TOOLS) ## build and deploy to ENV=staging|production; SET="Name=value" for this time only
	@python -m tools.release

watch: $(TOOLS) ## see that what ENV has deployed answers, and that nothing rings, for ten minutes
	@python -m tools.release.watch

##@ Check

PYTEST := python -m pytest --numprocesses=2 --dist=worksteal
# Only the plugins that these tests use: each process needs ten seconds to load all of them.
UNIT_PLUGINS := $(addprefix -p ,xdist pytest_socket pytest_timeout _hypothesis_pytestplugin)
UNIT_TESTS := -m "not stack and not browser and not build" --ignore tests/attacks --ignore tests/browser

test: $(TOOLS) $(EMULATOR) $(CHECKS) $(CLI) browser ## install what is missing, check everything, run every test
	@# Side by side: each takes one core. What the checks print comes after what lint prints.
	@$(MAKE) checks >.local/checks.log 2>&1 & checks=$$!; $(MAKE) lint; lint=$$?; \
	    wait $$checks; checks=$$?; cat .local/checks.log; exit $$((lint || checks))
	$(PYTEST) --cov --cov-report=term

unit: $(TOOLS) ## run the tests that need no stack, no browser and no build
	PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(PYTEST) $(UNIT_PLUGINS) $(UNIT_TESTS)

coverage: $(TOOLS) ## show the lines and branches that no unit test runs: half as long again
	COVERAGE_CORE=ctrace PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(PYTEST) $(UNIT_PLUGINS) -p pytest_cov $(UNIT_TESTS) \
	    --cov --cov-branch --cov-report=term

lint: $(TOOLS) ## check style, types, imports and the template
	ruff check
	ruff format --check
	pyright
	PYTHONPATH=layers/shared lint-imports --no-logo --no-cache
	sam validate --region eu-west-3
	cfn-lint --regions eu-west-3 us-east-1 --template template.yaml tools/release/bootstrap.yaml

checks: $(TOOLS) $(CHECKS) ## look for common mistakes of the template, unfinished merges, secrets, licences
	.local/checks/bin/checkov --config-file .checkov.yaml
	.local/checks/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yaml
	.local/checks/bin/zizmor --offline --pedantic --quiet .github/workflows
	git ls-files -z | xargs -0 check-merge-conflict --assume-in-merge
	git ls-files -z | xargs -0 detect-secrets-hook --disable-plugin KeywordDetector \
	    --exclude-files '^requirements/|requirements\.txt$$|package-lock\.json$$' \
	    --exclude-lines '"(apiId|eventID)": '
	$(LICENCES) | diff docs/licences.md - || { echo "Run make licences." >&2; exit 1; }

guards: $(TOOLS) $(EMULATOR) ## remove each guard in a copy, see its tests fail: LINE=1…20 NAME=… KIND=fast|stack
	@python -m tools.guards

mutation: $(TOOLS) ## mutation score of the rules, the links, the limits and the attempts (minutes)
	@python -m tools.mutation

faults: $(TOOLS) ## fail every AWS call of every use case in every way (a quarter of an hour)
	EVERY_FAULT=1 python -m pytest -q tests/functions/test_faults.py

AUDIT := .local/audit/node_modules/.package-lock.json
audit: $(TOOLS) $(EMULATOR) $(AUDIT) browser ## Lighthouse and the HTML validator (needs Node.js and Java)
	PYTHONPATH=layers/shared python -m tools.audit

$(AUDIT): tools/audit/package.json tools/audit/package-lock.json
	mkdir -p .local/audit && cp $^ .local/audit/ && cd .local/audit && npm install --no-audit --no-fund

facts: $(TOOLS) ## list the facts and rates whose source was not read for a year
	@python -m tools.facts

PEERS := .local/peers/.installed
PEERS_JS := .local/better_auth/node_modules/.package-lock.json
bench: $(TOOLS) $(PEERS) $(PEERS_JS) ## measure the budgets beside other services (needs Node.js); REPORT=1 writes docs/performance.md
	cp benchmarks/peers/better_auth/server.mjs .local/better_auth/
	PYTHONPATH=layers/shared python -m benchmarks

$(PEERS_JS): benchmarks/peers/better_auth/package.json benchmarks/peers/better_auth/package-lock.json
	mkdir -p .local/better_auth && cp $^ .local/better_auth/
	cd .local/better_auth && npm install --no-audit --no-fund

LOADERS := .local/load/.installed
load: $(TOOLS) $(EMULATOR) $(LOADERS) ## load the whole journey on the deployed local stack; REPORT=1 writes docs/load.md
	TEST_STACK=under-load PYTHONPATH=layers/shared python -m tests.load

format: $(TOOLS) ## format the code, fix what can be
	ruff check --fix
	ruff format

hooks: $(TOOLS) ## run the checks at each git commit
	pre-commit install

##@ Report: write files of this repository

screenshots: $(TOOLS) $(EMULATOR) browser ## take the pictures of docs/images
	rm -rf .local/screenshots
	PICTURES=1 python -m pytest tests/browser
	rm -f docs/images/*.png docs/images/*.jpg
	python -m tests.browser.sheets docs/images

words: $(TOOLS) ## write the words of passwords that everybody tries, from the locked packages
	PYTHONPATH=layers/shared python -m tools.common_words

privacy: $(TOOLS) ## write the tables of personal data, of docs/privacy.md and of the page
	PYTHONPATH=layers/shared python -m tools.privacy

share: $(TOOLS) ## write how much of the template the local stack tries, in docs/deployment.md
	PYTHONPATH=layers/shared python -m tests.world.share

cost: $(TOOLS) ## write the tables of docs/cost.md, from the template and the last report
	PYTHONPATH=layers/shared python -m benchmarks.cost_page

openapi: $(TOOLS) ## describe the API, in functions/web/openapi.json
	PYTHONPATH=layers/shared python -m tools.openapi

# The packages in the layers, with their licences.
LICENCES = { printf '\# Licences of what is deployed\n\nMade by `make licences`.\n\n' && \
    pip-licenses --from=mixed --format=markdown --with-urls --packages \
    $$(sed -n 's/^\([a-z0-9-]*\)==.*/\1/p' layers/*/requirements.txt | sort -u); }

licences: $(TOOLS) ## list the licences of what is deployed, in docs/licences.md
	$(LICENCES) > docs/licences.md

# Locks. The tools are resolved first (the SAM CLI pins boto3). The functions' packages are then
# resolved to the same versions, so that what is tested is what is deployed.
# `make lock UPGRADE=--upgrade` uses newer versions.

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.13 --generate-hashes \
    --no-emit-index-url --custom-compile-command 'make lock' $(UPGRADE)
UV = $(or $(shell command -v uv),.local/uv/bin/uv)

lock: ## compile pyproject.toml into the locked requirements
	@command -v $(UV) >/dev/null || { python=$$(bash -c "$$FIND_PYTHON") && \
	    "$$python" -m venv --clear .local/uv && .local/uv/bin/python -m pip install uv; }
	$(COMPILE) pyproject.toml --group dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --constraints requirements/dev.txt \
	    --output-file layers/dependencies/requirements.txt
	$(COMPILE) --group signatures --constraints requirements/dev.txt \
	    --output-file layers/signatures/requirements.txt
	$(COMPILE) --group bank --constraints requirements/dev.txt \
	    --output-file layers/bank/requirements.txt
	$(COMPILE) --group stack --output-file requirements/stack.txt
	$(COMPILE) --group checks --output-file requirements/checks.txt
	$(COMPILE) --group cli --output-file requirements/cli.txt
	$(COMPILE) --group peers --output-file requirements/peers.txt
	$(COMPILE) --group load --output-file requirements/load.txt

# Environments: created again when their lock changes or when the last try failed.

$(TOOLS): requirements/dev.txt .python-version
	$(call environment,.venv,$<,the tools and the tests,2 minutes)

$(EMULATOR): requirements/stack.txt .python-version
	$(call environment,.local/stack,$<,the AWS emulator,1 minute)

$(CHECKS): requirements/checks.txt .python-version
	$(call environment,.local/checks,$<,the checks of the template,2 minutes)

$(CLI): requirements/cli.txt .python-version
	$(call environment,.local/cli,$<,the AWS CLI,1 minute)

$(PEERS): requirements/peers.txt .python-version
	$(call environment,.local/peers,$<,the services to compare with,1 minute)

$(LOADERS): requirements/load.txt .python-version
	$(call environment,.local/load,$<,the load test,1 minute)

define environment
@if [ -L $(1) ]; then echo "$(1) is a link and older than $(2): run make where it leads," \
    "or remove the link. Nothing was changed." >&2; exit 1; fi
@free=$$(df -Pk . | awk 'NR == 2 {print int($$4 / 1024)}'); if [ "$$free" -lt 2048 ]; then \
    echo "Only $$free MiB are free on this disk: $(1) needs 2048. Free some, then try again." >&2; \
    exit 1; fi
@python=$$(bash -c "$$FIND_PYTHON") && \
    echo "Installing $(3) in $(1) with $$python: about $(4), once." && \
    mkdir -p $(dir $(1)) && "$$python" -m venv --clear $(1)
@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
    --requirement $(2) >$(1)/install.log 2>&1 || { cat $(1)/install.log >&2; \
    echo "$(1) was not installed: pip says why above." >&2; exit 1; }
@touch $@
endef

# Prints the path of a Python 3.13 that runs and can make environments; pyenv's shims may do neither.
define FIND_PYTHON
usable() {
    "$$1" -c 'import ensurepip, sys, venv
assert sys.version_info[:2] == (3, 13)
print(getattr(sys, "_base_executable", sys.executable))' 2>/dev/null
}
for candidate in python3.13 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13*/bin/python3.13; do
    usable "$$candidate" && exit
done
if command -v uv >/dev/null; then
    usable "$$(uv python find 3.13 2>/dev/null)" && exit
    echo "Installing Python 3.13 with uv" >&2
    uv python install 3.13 >&2 && usable "$$(uv python find 3.13)" && exit
fi
echo "Python 3.13 with venv is needed, and none was found on PATH, under pyenv or through uv." >&2
echo "Install one (pyenv install 3.13, uv python install 3.13, or your system's package)," >&2
echo "then try again." >&2
exit 1
endef
export FIND_PYTHON

# A browser for the end-to-end tests: the system's Chromium, installed with apt if allowed, else
# Playwright's own.
browser: $(TOOLS)
	@command -v chromium >/dev/null || bash -c "$$APT_BROWSER" || \
	    playwright install chromium || \
	    { echo "The end-to-end tests need a browser: install Chromium, then try again." >&2; exit 1; }

define APT_BROWSER
command -v apt-get >/dev/null || exit 1
[ "$$(id -u)" = 0 ] || root="sudo -n"
echo "Installing Chromium with apt-get"
export DEBIAN_FRONTEND=noninteractive
$$root apt-get update && $$root apt-get install --yes --no-install-recommends chromium
endef
export APT_BROWSER
