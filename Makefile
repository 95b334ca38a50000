.DEFAULT_GOAL := help
.PHONY: help demo build test check lint fmt bench soak needs
SHELL := /bin/bash

# Tools have a module of their own, so that their dependencies stay out of ours.
lint := go tool -modfile=tools/go.mod golangci-lint

# Go stamps the commit into the binary; where git refuses to look (a checkout
# that belongs to another user) it would fail instead of leaving the stamp out.
stamp := $(shell git status --porcelain >/dev/null 2>&1 || echo -buildvcs=false)

# Three packages at a time: every package that speaks to a database starts its
# own, and waits for its disk much of the time.
test := go test -race -p 3 -timeout 30m

help: ## show this
	@awk -F':.*## ' '/^[a-z]+:.*##/ {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## a town of people living with a shop; needs only Go and make
	./bin/heed demo

build: ## ./bin/heed
	go build $(stamp) -o bin/heed ./cmd/heed

test: needs lint build ## everything that must hold, on both databases; installs what is missing
	go vet ./...
	$(test) ./...
	go test -run TestShred ./internal/app

check: lint ## the quick part of test: no database, no browser
	go vet ./...
	go test . ./internal/policy/... ./internal/config/...

lint: ## format and rules; the first time it builds the linter
	$(lint) run

fmt: ## format, and write the tables that come from code
	$(lint) fmt
	go test . -run TestDocs -update

bench: build ## figures; compare only with others of the same run
	go test -run '^$$' -bench . -benchmem ./...
	./bin/heed bench ingest --json

soak: needs build ## the long ones: every test again and again at full length, every parser fuzzed
	HEED_LONG=1 $(test) -count 5 -shuffle on ./...
	bash tools/fuzz.sh 60s

needs:
	@bash tools/needs.sh
