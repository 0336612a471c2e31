# The commands of this repository. Written for GNU Make 3.81 and later.
# A target that builds runs `make setup` first when something is missing.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
NODES ?= 3
SOAK ?= 1
BIN = node_modules/.bin
STAMPS = build/stamps

# What each step of the build is made from; a step runs again when one of these is newer than its stamp.
PROTOS := $(wildcard proto/*.proto proto/*/*.proto proto/*/*/*/*.proto proto/*.yaml) $(wildcard node/scripts/generate-api.mjs)
NATIVE := $(wildcard node/native/*/*.cc node/native/*/*.h) node/binding.gyp $(wildcard node/scripts/build-addon.mjs)

.PHONY: help setup build run test test-native test-native-plain test-node test-arm soak lint format bench bench-graph images crds e2e e2e-smoke example clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  make %-22s %s\n", $$1, $$2 }'

setup: $(STAMPS)/setup ## install the Debian and npm packages that are missing
	@bash scripts/setup-python-client.sh
	@touch $(STAMPS)/python-client
	@echo "Everything that the build needs is installed."

$(STAMPS)/setup: scripts/setup.sh scripts/apt-packages.txt package-lock.json
	@bash scripts/setup.sh
	@mkdir -p $(STAMPS) && touch $@

# Made or not, it is tried once here, so that tests after it need no network; `make setup` tries it each time.
$(STAMPS)/python-client: $(STAMPS)/setup scripts/setup-python-client.sh node/test/clients/python/requirements.txt
	@bash scripts/setup-python-client.sh
	@touch $@

$(STAMPS)/generated: $(STAMPS)/setup $(PROTOS)
	@node node/scripts/generate-api.mjs
	@touch $@

$(STAMPS)/addon: $(STAMPS)/setup $(NATIVE)
	@JOBS=$(JOBS) node node/scripts/build-addon.mjs
	@touch $@

build: $(STAMPS)/generated $(STAMPS)/addon ## compile the native engine and the TypeScript
	@$(BIN)/tsc -b

run: build ## start three nodes on loopback, load the example and search it; NODES=1 for one; Ctrl-C stops
	@NODES=$(NODES) bash scripts/run.sh

test: test-native test-node ## run every test

# Sanitized and not plain too: the addon runs the optimised build through all of the node's tests.
test-native: $(STAMPS)/setup ## run the tests of the native engine under address and undefined-behaviour sanitizers
	@$(MAKE) -s -C node/native -j$(JOBS) test SANITIZE=1

test-native-plain: $(STAMPS)/setup ## the same without sanitizers, for a debugger
	@$(MAKE) -s -C node/native -j$(JOBS) test

test-node: build $(STAMPS)/python-client ## run the tests of the TypeScript, over the built engine
	@$(BIN)/vitest run $(VITEST_FLAGS)

# Seeds beyond those of `make test`; the first ones of each can be chosen to repeat a failure (CONTRIBUTING.md).
soak: build ## look for rare defects with many more seeds; SOAK=10 for ten times as many, and so on
	@SOAK_SEEDS=$(SOAK)0000 REPLICA_SEEDS=$(SOAK)000 CRASH_SEEDS=$(SOAK)0 $(BIN)/vitest run --testTimeout=86400000 \
	  node/test/raft/simulator.test.ts node/test/replica/simulation.test.ts node/test/crash $(VITEST_FLAGS)

test-arm: ## cross-compile the distance kernels for arm64 and test them under qemu-user
	@$(MAKE) -C node/native test-kernels-arm

lint: $(STAMPS)/generated ## check types, style, formatting and the arrows between folders
	@$(BIN)/tsc -p tsconfig.check.json
	@$(BIN)/eslint . --max-warnings 0
	@$(BIN)/prettier --check .
	@$(BIN)/depcruise --config .dependency-cruiser.cjs node/src operator/src examples/src bench/src

format: $(STAMPS)/setup ## rewrite the sources as `make lint` wants them
	@$(BIN)/prettier --write .

bench: build ## measure against other engines; see docs/internals/performance.md
	@node build/tools/bench/src/main.js $(BENCH_FLAGS)

bench-graph: ## measure the graph of the engine alone
	@$(MAKE) -C node/native bench-graph

images: build ## assemble the images of node and operator as archives, without a container engine
	@sh scripts/make-images.sh

crds: build ## write the CRDs, their copies in the chart and the reference out of the schema
	@node operator/scripts/generate-crds.mjs

e2e: build ## start a real Kubernetes on this machine, install the operator and run its scenarios; needs root
	@bash scripts/e2e.sh

e2e-smoke: build ## the same for the main road alone: create, scale, kill a pod
	@SMOKE=1 bash scripts/e2e.sh

example: build ## make examples/wordnet again from the full data in WORDNET_DIR
	@node build/tools/examples/src/make-sample.js

clean: ## remove what was built, but not the installed packages or the data
	@rm -rf node/build node/dist build/tools node/src/api/grpc/generated node/src/peers/generated coverage
	@find . -name '*.tsbuildinfo' -not -path '*/node_modules/*' -delete
	@rm -f $(STAMPS)/generated $(STAMPS)/addon
