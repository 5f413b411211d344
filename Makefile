# make help lists the targets. Most need only Go and make.

GO    ?= go
ARCH  ?= arm64
# The race detector needs cgo and a C compiler; without them the tests run without it.
RACE   = $(shell [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v $$($(GO) env CC) >/dev/null && echo -race)

# The version of the build, from git in the folder of this Makefile: sam build copies
# the tree without .git, but reads the original Makefile. Empty if there is no git; see
# internal/version.
SOURCE := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
KMSENTRY_VERSION ?= $(if $(wildcard $(SOURCE).git),$(shell git -C '$(SOURCE)' describe --tags --long --always --abbrev=12 --dirty 2>/dev/null))
STAMP  := -X github.com/kmsentry/kmsentry/internal/version.described=$(KMSENTRY_VERSION)
LEAN   := -trimpath -buildvcs=false -tags lambda.norpc -ldflags "-s -w $(STAMP)"

.DEFAULT_GOAL := help
.PHONY: help run test test-all moto cfn-lint build build-DetectorFunction build-SweepFunction package release bench fuzz mutate oracle preview lint soak scale deploy delete smoke clean bin/bootstrap bin/kmsentry

help: ## list the targets
	@awk -F ':.*## ' '/^[a-zA-Z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: bin/bootstrap bin/kmsentry ## send every sample event through the real Lambda binary and show the results
	@bin/kmsentry invoke events/
	@echo
	@echo "See any of them: bin/kmsentry invoke events/NAME.json   All of them, in a browser: make preview"

# The packages that start no goroutines, in which the race detector can find nothing;
# targets_test.go checks this. All others are tested with it.
SEQUENTIAL = . ./alert/... ./detector/... ./history/...
# Many tests wait for a timeout or a process, and all are slow on a busy machine.
PATIENT    = -parallel 8 -timeout 40m

test: ## run vet and the short tests of every package, in less than two minutes
	$(GO) vet ./...
	$(GO) test -short $(PATIENT) $(SEQUENTIAL)
	$(GO) test -short $(PATIENT) $(RACE) $$($(GO) list ./... | grep -vxF "$$($(GO) list $(SEQUENTIAL))")

test-all: ## run vet and all tests in full, with moto, cfn-lint and Chromium where installed
	$(GO) vet ./...
	$(GO) test $(PATIENT) $(RACE) ./...

moto: ## run the tests against moto: function, sweep, doctor, runbook (minutes; pip install 'moto[server]')
	CI=true $(GO) test -count=1 -run Moto ./cmd/... ./internal/... ./lambda/...

cfn-lint: ## run cfn-lint on every template, as it is and translated (pip install cfn-lint aws-sam-translator)
	CI=true $(GO) test -count=1 -run CfnLint .

build: bin/bootstrap bin/kmsentry ## build the command and the Lambda binary, for this machine and for deployment
	$(MAKE) build-DetectorFunction ARTIFACTS_DIR=dist/linux-$(ARCH)
	$(MAKE) build-SweepFunction ARTIFACTS_DIR=dist/linux-$(ARCH)/sweep
	@ls -l bin/bootstrap bin/kmsentry dist/linux-$(ARCH)/bootstrap dist/linux-$(ARCH)/sweep/bootstrap

# For this machine; kmsentry invoke runs it.
bin/bootstrap:
	CGO_ENABLED=0 $(GO) build $(LEAN) -o $@ ./lambda

bin/kmsentry:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(STAMP)" -o $@ ./cmd/kmsentry

# sam build calls these by the functions' logical ids.
build-DetectorFunction:
	mkdir -p $(ARTIFACTS_DIR)
	CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) $(GO) build $(LEAN) -o $(ARTIFACTS_DIR)/bootstrap ./lambda
	cp exceptions.yaml $(ARTIFACTS_DIR)/exceptions.yaml
	if [ -f rcp.json ]; then cp rcp.json $(ARTIFACTS_DIR)/rcp.json; fi

build-SweepFunction:
	mkdir -p $(ARTIFACTS_DIR)
	CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) $(GO) build $(LEAN) -o $(ARTIFACTS_DIR)/bootstrap ./lambda/sweep
	cp exceptions.yaml $(ARTIFACTS_DIR)/exceptions.yaml
	if [ -f rcp.json ]; then cp rcp.json $(ARTIFACTS_DIR)/rcp.json; fi

# What a stack set needs: a template without a transform, and a zip for each function
# and architecture, under the key prefix in the template's CodeKeyPrefix.
OUT       ?= dist/package
FUNCTIONS  = $(shell sed -n 's/^build-\([A-Za-z]*\):$$/\1/p' '$(SOURCE)Makefile')

package: ## write a template without a transform and the functions' zips to dist/package, for stack sets
	rm -rf '$(OUT)'
	set -e; for function in $(FUNCTIONS); do \
	  $(MAKE) build-$$function ARTIFACTS_DIR='$(OUT)/build/'$$function-arm64 ARCH=arm64; \
	  $(MAKE) build-$$function ARTIFACTS_DIR='$(OUT)/build/'$$function-x86_64 ARCH=amd64; \
	done
	set -e; cd '$(OUT)/build'; zips=$$(for dir in *; do echo "$$dir=$$PWD/$$dir"; done); cd - >/dev/null; \
	sum=$$($(GO) run ./internal/pack -o '$(OUT)/code/new' $$zips); \
	prefix=kmsentry/$(or $(KMSENTRY_VERSION),devel)-$$sum; \
	mkdir -p '$(OUT)/code/kmsentry'; mv '$(OUT)/code/new' '$(OUT)/code/'$$prefix; \
	python3 deploy/transform.py --package $$prefix < template.yaml > '$(OUT)/kmsentry.json'
	rm -rf '$(OUT)/build'
	cp deploy/forwarder.yaml deploy/chat.yaml '$(OUT)'
	@find '$(OUT)' -type f | sort

# Compiling it takes some minutes, but avoids a third-party binary.
GORELEASER ?= $(GO) run github.com/goreleaser/goreleaser/v2@v2.15.1

release: ## build a release with goreleaser, from a clean tree on a tag; a dry run: make release RELEASE='--snapshot --clean'
	$(GORELEASER) check
	KMSENTRY_VERSION='$(KMSENTRY_VERSION)' $(GORELEASER) release $(or $(RELEASE),--clean)

bench: ## run the benchmarks, including iam-simulate's if make oracle has installed it
	$(if $(wildcard detector/policy/decide/testdata/oracle/node_modules),KMSENTRY_ORACLE=1) $(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## fuzz every target for FUZZTIME (default 10s)
	.ci/fuzz $(or $(FUZZTIME),10s)

mutate: ## check that the tests notice a change to any row of condition keys and any guard of the decision (minutes)
	$(GO) test -count=1 ./detector/policy/decide -run TestRowMutants -rowmutants 0
	$(GO) run ./internal/mutate $(MUTATE)

oracle: ## compare the decision with that of @cloud-copilot/iam-simulate (needs node and npm)
	cd detector/policy/decide/testdata/oracle && npm ci
	KMSENTRY_ORACLE=1 $(GO) test -count=1 -run TestOracle ./detector/policy/decide

soak: ## send 20,000 events through the real binary: each alert is sent once, and memory does not grow
	KMSENTRY_SOAK=1 $(GO) test -count=1 -timeout 30m -v -run TestSoak ./lambda/detect

scale: ## sweep 100,000 keys of a fake KMS: each is found once, and memory does not grow (minutes)
	KMSENTRY_SCALE=1 $(GO) test ./internal/sweep -run TestHundredThousandKeys -count=1 -v

deploy: ## build and deploy a stack with the SAM CLI: make deploy EMAIL=security@example.com [STACK=kmsentry]
	@[ -n "$(EMAIL)" ] || { echo "make deploy: expected EMAIL=..., the mailbox that gets the alerts" >&2; exit 2; }
	sam build
	sam deploy --stack-name $(or $(STACK),kmsentry) --parameter-overrides AlertEmail=$(EMAIL)

delete: ## delete a stack with the SAM CLI, but keep its queues and logs: make delete STACK=kmsentry
	@[ -n "$(STACK)" ] || { echo "make delete: expected STACK=..." >&2; exit 2; }
	sam delete --stack-name $(STACK)

smoke: ## run a drill on a deployed stack with a new key, which it schedules for deletion: make smoke STACK=kmsentry
	@[ -n "$(STACK)" ] || { echo "make smoke: expected STACK=..." >&2; exit 2; }
	deploy/smoke $(STACK)

preview: ## write docs/preview.html: every sample event in every channel
	$(GO) run ./internal/preview -o docs/preview.html

lint: ## run staticcheck, gofumpt, actionlint, gosec and go mod tidy, in the versions that CI uses
	.ci/lint

clean: ## remove what make builds
	rm -rf bin dist
