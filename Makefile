# Reelhouse: every command a person types. `make help` lists them.

DATASET ?= sample
TARGET ?= duckdb
$(if $(filter duckdb spark,$(TARGET)),,$(error TARGET=$(TARGET): it must be duckdb or spark))
$(if $(findstring ://,$(DATASET)),$(if $(filter duckdb,$(TARGET)),$(error \
	DATASET=$(DATASET): Spark alone reads an address, so add TARGET=spark)))
ifeq ($(TARGET),spark)
WAREHOUSE ?= warehouse.spark/warehouse.duckdb
endif
WAREHOUSE ?= warehouse.duckdb
LIMIT ?=
THREADS ?= $(shell getconf _NPROCESSORS_ONLN)
MEMORY_LIMIT ?= 2GB
VARS ?=
MODEL ?=
PROTOCOL ?=
EFFORT ?= quick
ACCEPT ?=
FULL ?=
KEEP ?= 3
STATE ?=
ROUNDS ?= 1
SEED ?=
RATINGS ?=
SITE ?= site
FORMAT ?= parquet
OUT ?= export
PORT ?=
WORK ?= data/bench

PYTHON ?= python3
BIN := .venv/bin
DBT := $(BIN)/python -m warehouse.dbt
PROJECT := --project-dir dbt_project --profiles-dir . --target $(TARGET)
DBT_VARS = $${VARS:+--vars "$$VARS"}
# A build tests its data; that the SQL itself is right, dbt's unit tests say in `make test`
DATA_ONLY := --exclude-resource-type unit_test --fail-fast
# The two halves of what bears the tag `training`, which a build leaves out
FITS_READ := tag:training,+marts.features --exclude source:ml+
# Of what fits read, these take longest on Spark, and only the fits of EFFORT=full read them
FULL_ONLY := $(if $(filter full,$(EFFORT)),,stack_features stack_session_features)
JUDGING := source:ml+ intermediate.judging marts.predictions
STAGE := $(BIN)/python -m warehouse --start
# Commands on a candidate run in one shell, which stops at the first that fails
STEPS := -- sh -ec
LOAD := $(BIN)/python -m ingest --dataset "$$DATASET" $${LIMIT:+--limit "$$LIMIT"}
FIT := $(BIN)/python -m models_ml --effort "$$EFFORT" \
	$${MODEL:+--model "$$MODEL"} $${PROTOCOL:+--protocol "$$PROTOCOL"}
CHECK := $(BIN)/python -m expectations
# Between DuckDB and Spark
LAKE := $(BIN)/python -m warehouse.lake
WRITTEN := $(or $(DBT_TARGET_PATH),dbt_project/target)

export REELHOUSE_WAREHOUSE = $(WAREHOUSE)
export REELHOUSE_THREADS = $(THREADS)
export REELHOUSE_MEMORY_LIMIT = $(MEMORY_LIMIT)
export REELHOUSE_KEEP = $(KEEP)
export REELHOUSE_ACCEPT = $(ACCEPT)
# Read by the shell, where quotes and spaces in them do no harm
export DATASET LIMIT MODEL PROTOCOL EFFORT VARS
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DO_NOT_TRACK = 1
export TF_CPP_MIN_LOG_LEVEL ?= 3
# With `debug`, dbt writes down each of its thoughts, which takes a fifth of a small build's time
export DBT_LOG_LEVEL_FILE ?= info
export TF_ENABLE_ONEDNN_OPTS ?= 0

.DEFAULT_GOAL := all
.PHONY: all setup build train publish check states rollback summary report pictures recommend explore sql \
	export docs test torture bench parity lint format audit lock clean help
.NOTPARALLEL:

all: build train summary report ## Everything: set up, load, build, train, publish, report

setup: .venv/.complete ## Make the virtual environment from the locked versions

.venv/.complete: requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v < (3, 14) or sys.exit( \
		"Reelhouse needs Python 3.11 to 3.13, and $(PYTHON) is %d.%d: make PYTHON=python3.12" % v)'
	@test ! -L .venv || { echo ".venv is a link, and not all of its packages are the locked ones:" \
		"remove the link, and make sets up an environment here." >&2; exit 1; }
	@echo "Setting up .venv: about a minute and a half, once"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes --requirement requirements.lock
	@touch $@

# What the explorer needs beside the locked packages of all commands
.venv/.explore: requirements-explore.lock .venv/.complete
	@echo "Adding the explorer's packages to .venv: half a minute, once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes --requirement requirements-explore.lock
	@touch $@

# What Spark needs beside the locked packages of all commands; Java comes from the system
.venv/.spark: requirements-spark.lock .venv/.complete
	@echo "Adding Spark's packages to .venv: a minute, once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes --requirement requirements-spark.lock
	@touch $@

ENGINE := setup $(if $(filter spark,$(TARGET)),.venv/.spark)

build: $(ENGINE) ## Load what is new in DATASET, build and test, publish as WAREHOUSE
	@$(STAGE) $(if $(filter spark,$(TARGET))$(FULL),empty,changes) $(STEPS) '$(BUILD_$(TARGET))'

BUILD_duckdb = \
	$(CHECK) --suites raw marts --after \
		$(DBT) build $(PROJECT) $(DBT_VARS) $(DATA_ONLY) --exclude tag:training --after $(LOAD)
# Spark itself loads what has an address, such as s3a://bucket/ratings
BUILD_spark = \
	$(LAKE) --anew; \
	$(LOAD); \
	$(LAKE) --give $(if $(findstring ://,$(DATASET)),,raw) published; \
	$(DBT) build $(PROJECT) $(DBT_VARS) $(DATA_ONLY) --exclude tag:training; \
	$(LAKE) --show; \
	$(CHECK) --suites raw marts; \
	$(LAKE) --settle

train: $(ENGINE) ## Fit the models, or MODEL on PROTOCOL alone, and publish them
	@$(STAGE) published $(STEPS) '$(TRAIN_$(TARGET))'

TRAIN_duckdb = \
	$(DBT) build $(PROJECT) $(DBT_VARS) $(DATA_ONLY) --select $(FITS_READ); \
	$(FIT); \
	$(CHECK) --suites predictions --after \
		$(DBT) build $(PROJECT) $(DBT_VARS) $(DATA_ONLY) --select $(JUDGING)
TRAIN_spark = \
	$(LAKE) --settled; \
	$(DBT) build $(PROJECT) $(DBT_VARS) $(DATA_ONLY) --select $(FITS_READ) $(FULL_ONLY); \
	$(LAKE) --show; \
	$(FIT); \
	$(LAKE) --give ml; \
	$(DBT) build $(PROJECT) $(DBT_VARS) $(DATA_ONLY) --select $(JUDGING); \
	$(LAKE) --show; \
	$(CHECK) --suites predictions; \
	$(LAKE) --settle

publish: setup ## Test what a plain `dbt build` made of the candidate, and publish it
	@$(STAGE) candidate $(STEPS) '$(CHECK) --after $(DBT) test $(PROJECT) $(DBT_VARS) $(DATA_ONLY)'

check: setup ## Check all gates, on the candidate where there is one
	@$(CHECK) --list

states: setup ## List the last published states, KEEP of which are kept
	@$(BIN)/python -m warehouse.states

rollback: setup ## Publish the latest kept state again, or STATE=number
	@$(BIN)/python -m warehouse.states --restore $(if $(STATE),--number '$(STATE)')

summary: setup ## Say what the warehouse holds
	@$(BIN)/python -m report

report: setup ## Show the warehouse as a page with pictures, in SITE
	@$(BIN)/python -m report.page --site '$(SITE)'

pictures: report ## Draw the README's pictures anew, from a warehouse of the sample
	@cp '$(SITE)/figures/best_movies.svg' '$(SITE)/figures/segment_map.svg' docs/
	@$(BIN)/python -m report --svg docs/summary.svg > /dev/null

# Every machine sets USER in the environment: only what is given to make names a user
recommend: setup ## Say what USER=200, or somebody new with RATINGS=file, may see next
	@$(BIN)/python -m models_ml.recommend \
		$(if $(filter command,$(firstword $(origin USER))),--user '$(USER)') \
		$(if $(RATINGS),--ratings '$(RATINGS)')

# What a browser shows is this machine's: nobody else on the network reaches it
explore: setup .venv/.explore ## Open the published warehouse in the browser: movies, users, SQL
	@$(BIN)/python -m explorer $(if $(PORT),--port '$(PORT)')

sql: $(ENGINE) ## Open a read-only SQL prompt on the warehouse
	@test -f '$(WAREHOUSE)' || { echo "There is no warehouse at $(WAREHOUSE): make build" >&2; exit 1; }
	@$(PROMPT_$(TARGET))

PROMPT_duckdb = $(BIN)/duckdb -readonly -cmd .safe_mode '$(WAREHOUSE)'
PROMPT_spark = $(LAKE) --sql

export: setup ## Write the marts as files of FORMAT (parquet or csv) into OUT
	@$(BIN)/python -m warehouse.export --format '$(FORMAT)' --out '$(OUT)'

docs: setup ## Put dbt's docs, the gates' docs and the report in SITE
	@$(DBT) docs generate --static $(PROJECT)
	@mkdir -p '$(SITE)/dbt'
	@cp '$(WRITTEN)/static_index.html' '$(SITE)/dbt/index.html'
	@$(CHECK) --docs '$(SITE)/gates'
	@$(BIN)/python -m report.page --site '$(SITE)'

test: setup .venv/.explore ## Run the tests
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal

torture: setup ## Try faults for ROUNDS of half an hour, and show what survived
	@$(BIN)/python -m torture --rounds '$(ROUNDS)' $(if $(SEED),--seed '$(SEED)')

bench: setup ## Measure builds, trainings and questions at all sizes, for hours
	@$(BIN)/python -m benchmarks.sizes --work '$(WORK)'

parity: .venv/.spark ## Build DATASET on both engines, and compare every relation
	@$(BIN)/python -m benchmarks.parity "$$DATASET" --work '$(WORK)/parity' --no-page

lint: setup ## Check style and types of Python and SQL
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --quiet --processes 0 dbt_project

format: setup ## Put Python and SQL in order
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --quiet dbt_project

audit: setup ## Look for known vulnerabilities in the locked versions
	@$(BIN)/python -m pip_audit --vulnerability-service osv --disable-pip --require-hashes \
		--progress-spinner off --requirement requirements.lock \
		--requirement requirements-explore.lock --requirement requirements-spark.lock

lock: setup ## Choose versions anew and write the lock files
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command 'make lock' \
		--upgrade pyproject.toml --group dev --output-file requirements.lock
	@for group in explore spark; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-annotate --custom-compile-command 'make lock' \
			--upgrade --group $$group --constraint requirements.lock \
			$$(sed -nE 's/^([a-z0-9._-]+)==.*/--no-emit-package \1/p' requirements.lock) \
			--output-file requirements-$$group.lock; \
	done

clean: ## Remove what was built; the environment and downloads stay
	@folder=$$(dirname "$$REELHOUSE_WAREHOUSE"); name=$$(basename "$$REELHOUSE_WAREHOUSE"); \
		cd "$$folder" && rm -rf "$$name" "$${name%.*}.models" "$${name%.*}.states" \
		"candidate/$$name" "candidate/$$name".*
	@cd '$(SITE)' 2>/dev/null && rm -rf index.html figures dbt gates || true
	@rm -rf dbt_project/target target logs dbt_project/logs
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis data/.*-*

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12
	@echo
	@echo 'Variables: DATASET (a release such as ml-latest-small, or a folder; for Spark'
	@echo 'also an address), WAREHOUSE (a file), TARGET (duckdb, or spark), FULL (1 builds'
	@echo 'all anew), LIMIT (the first N ratings), THREADS, MEMORY_LIMIT (as in 2GB), VARS,'
	@echo 'MODEL and PROTOCOL (what alone to train), EFFORT (quick, or full: the accurate'
	@echo 'models too, for minutes; or spark: those that Spark fits too), ACCEPT'
	@echo '(expectations that may fail), KEEP (states to keep), STATE (the one to roll back'
	@echo 'to), USER (a user id), RATINGS (a CSV file of your own: title or movieId,'
	@echo 'rating), SITE (the folder of report and docs), FORMAT and OUT (of export), PORT'
	@echo '(of the explorer), ROUNDS and SEED (of torture), WORK (a folder for tens of GB,'
	@echo 'of bench and parity)'
