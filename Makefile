# Each target says at its end what came of it. `make help` lists them.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: run test build check bench lint fuzz e2e ui generate clean help binary

# Go asks git for the version to stamp; where git will not answer (a folder of
# another owner, an unpacked archive) the build goes on without.
BUILDFLAGS := $(shell git rev-parse HEAD >/dev/null 2>&1 || echo -buildvcs=false)

run: ## set everything up and open the demo: make run ARGS="--listen 127.0.0.1:9000"
	@scripts/setup run
	@$(MAKE) --no-print-directory binary
	@bin/hsconnect demo $(ARGS)

test: ## set everything up and pass all tests, on both engines and in a browser
	@scripts/setup test
	@$(MAKE) --no-print-directory binary
	@scripts/with-postgres scripts/steps "make test" \
		format scripts/format \
		modules scripts/tidy \
		vet "go vet ./..." \
		lint scripts/lint \
		"go test" "go test -race -shuffle=on -p 2 -timeout 40m ./..." \
		e2e scripts/e2e

build: ## leave the program in bin/hsconnect
	@scripts/setup run
	@$(MAKE) --no-print-directory binary
	@echo "make build: bin/hsconnect is ready"

binary: ui generate
	@CGO_ENABLED=0 go build -trimpath $(BUILDFLAGS) -o bin/hsconnect ./cmd/hsconnect

check: generate ## the fast subset: no browser, no PostgreSQL, no race detector
	@scripts/steps "make check" \
		format scripts/format \
		vet "go vet ./..." \
		lint scripts/lint \
		"go test" "env -u CI -u HSCONNECT_TEST_POSTGRES go test -short -p 2 ./..."

bench: generate ## benchmarks on both engines, as ratios: make bench BENCH=Submit
	@scripts/setup test
	@scripts/bench $(BENCH)

lint: generate ## golangci-lint alone
	@scripts/lint
	@echo "make lint: nothing found"

fuzz: generate ## every fuzz target for a while: make fuzz TIME=5m
	@scripts/fuzz $(TIME)

e2e: ## the browser tests alone
	@scripts/setup test
	@$(MAKE) --no-print-directory binary
	@scripts/with-postgres scripts/e2e
	@echo "make e2e: passed"

ui: ## styles and script, if their sources changed
	@scripts/ui

generate: ## Go from .templ files, if they changed
	@scripts/setup check
	@scripts/generate

clean: ## remove what was built; ./data stays
	rm -rf bin .cache tools/node/node_modules internal/web/ui/node_modules e2e/node_modules e2e/results
	find internal/web/ui/dist -mindepth 1 -not -name .gitkeep -delete
	find internal cmd -name '*_templ.go' -delete
	@echo "make clean: done; ./data is left as it was"

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 18
