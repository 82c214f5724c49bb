# Every command of the project, each listed by `make help`.
# Needs Python 3.11 or 3.12, make and git; all else lands in .venv.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
export UV_PYTHON_DOWNLOADS := never
# Tests and servers start Python by the thousand: none may have to compile what it imports, whatever a shell says.
export PYTHONDONTWRITEBYTECODE :=

BIN := .venv/bin
UV = $(shell uv --version >/dev/null 2>&1 && echo uv || echo $(BIN)/uv)
INSTALL = $(UV) pip install --python $(BIN)/python
SUITS := -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))'

# A .venv that is missing, broken, or of another Python than the one asked for is made anew.
ifeq ($(findstring $(if $(PYTHON),$(shell { $(PYTHON) -V; } 2>/dev/null),Python 3),$(shell { $(BIN)/python -V; } 2>/dev/null)),)
.PHONY: .venv/pyvenv.cfg
endif
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do $$p $(SUITS) 2>/dev/null && echo $$p && break; done)

.PHONY: help
help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-19s %s\n", $$1, $$2 }'

.PHONY: setup
setup: .venv/dev ## make .venv with all that development needs

STORE ?= folder
.PHONY: demo
ifeq ($(STORE),cluster)
demo: .venv/dev ## draw a small library, search it, say what to try next (on servers: make demo STORE=cluster)
	PYTHONPATH=tests $(BIN)/python -m services.library demo-cluster
	$(BIN)/watchdown demo --library demo-cluster/watchdown.toml
	@echo "The servers go on; stop them with: make services-down"
else
demo: .venv/local
	$(BIN)/watchdown demo --library demo-library
endif

.PHONY: test
test: check ## run every check and every test
	$(BIN)/pytest -n 2 --dist loadfile

.PHONY: check
check: .venv/dev ## lint (Dockerfiles too), format, types, import direction
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/hadolint --config containers/.hadolint.yaml containers/*.Dockerfile

.PHONY: fix
fix: .venv/dev ## mend what ruff can mend, and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: bench
bench: .venv/dev ## compare speed and memory side by side; starts and ends its own servers
	@set -e; for bench in tests/benchmarks/bench_*.py; do echo "== $$bench"; PYTHONPATH=tests $(BIN)/python $$bench; done

IMAGES ?= default
REVISION = $(shell git describe --always --dirty --abbrev=40 --exclude '*' 2>/dev/null)
.PHONY: images
images: ## build the images of containers/, where Docker is (more: containers/README.md)
	@docker buildx version >/dev/null 2>&1 || { \
		echo "Docker with Buildx is needed; containers/README.md says how to do with Podman or Buildah." >&2; exit 1; }
	@mkdir -p build
	$(if $(REGISTRY),REGISTRY=$(REGISTRY)) $(if $(VERSION),VERSION=$(VERSION)) REVISION=$(REVISION) docker buildx bake \
		--file containers/docker-bake.json --metadata-file build/images.json $(BAKE) $(IMAGES)

SERVICES = PYTHONPATH=tests $(BIN)/python -m services
.PHONY: services
services: .venv/dev ## start PostgreSQL, S3, OpenSearch and Triton here; say where they are
	$(SERVICES) up postgresql s3 opensearch triton

.PHONY: services-down
services-down: .venv/dev ## stop them; their data stays
	$(SERVICES) down

.PHONY: cluster
cluster: .venv/dev ## start the whole platform here, Airflow and Kubernetes too, with a library of 20 titles
	PYTHONPATH=tests $(BIN)/python -m services.platform cluster

.PHONY: cluster-down
cluster-down: services-down ## stop the platform; its data stays

.PHONY: features
features: .venv/dev ## write into docs/features.md which test shows which row
	$(BIN)/python tests/features_table.py --write

.PHONY: schemas
schemas: .venv/dev ## write what is derived from the schema types: schemas/derived, docs, versions
	$(BIN)/python tests/derived_files.py --write

.PHONY: reference
reference: .venv/dev ## write docs/reference, and the table of docs/states.md, from the code
	$(BIN)/python tests/reference.py --write
	$(BIN)/python tests/states_page.py --write

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(LOCK)
PART = $(COMPILE) pyproject.toml -c requirements/dev.txt
.PHONY: lock
lock: .venv/pyvenv.cfg ## recompile requirements/*.txt (newest of all: make lock LOCK=--upgrade)
	$(bring-uv)
	for group in uv kubernetes-node; do $(COMPILE) --group $$group -o requirements/$$group.txt || exit; done
	for group in postgresql jdk go triton; do \
		$(COMPILE) --no-deps --group $$group -o requirements/$$group.txt || exit; done
	@# Airflow's environment is its own: what it wants is not held to what .venv has.
	$(COMPILE) pyproject.toml --extra operators --group airflow -o requirements/operators.txt
	@# Resolved together first, so that one environment can hold them; each other lock is a part of it.
	$(COMPILE) pyproject.toml --extra local --extra cluster --extra quality --extra metrics --group dev -o requirements/dev.txt
	$(COMPILE) --group build -c requirements/dev.txt -o requirements/build.txt
	$(PART) --extra local --group build -o requirements/local.txt
	$(PART) --extra cluster -o requirements/cluster.txt
	$(PART) --extra quality -o requirements/quality.txt
	$(PART) --extra openclip -o requirements/openclip.txt
	$(PART) --extra local --extra cluster --extra metrics -o requirements/worker.txt
	$(PART) --extra local --extra cluster --extra quality --extra metrics -o requirements/pipeline.txt
	echo onnxruntime | $(PART) --extra local --extra cluster --extra metrics --group gpu --excludes /dev/stdin \
		-o requirements/worker-gpu.txt

.PHONY: clean
clean: ## remove what the other commands made
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist demo-library demo-cluster
	find . -name __pycache__ -prune -exec rm -rf {} +

# An installed uv serves; else the pinned one comes into .venv.
define bring-uv
@uv --version >/dev/null 2>&1 || test -x $(BIN)/uv || { \
	$(BIN)/python -m ensurepip >/dev/null 2>&1 || { \
		echo "This Python cannot make pip. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt; }
endef

.venv/pyvenv.cfg:
	@"$(PYTHON)" $(SUITS) 2>/dev/null || { \
		echo "Python 3.11 or 3.12 is needed$(if $(PYTHON),; $(PYTHON) is not one or does not run)." >&2; \
		echo "On Debian: apt install python3 python3-venv. Elsewhere: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	"$(PYTHON)" -m venv --clear --without-pip .venv

.venv/local: .venv/pyvenv.cfg requirements/local.txt requirements/uv.txt pyproject.toml
	$(bring-uv)
	$(INSTALL) --require-hashes -r requirements/local.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: .venv/local requirements/dev.txt
	$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@
