# SPDX-License-Identifier: Apache-2.0
#
# `make serve` and `make test` set a fresh Debian machine with Swift up; root (or sudo) is asked for only if a package
# is missing. One release build serves the server and the tests.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build serve test lint bench bench-check fuzz install uninstall

# What `GET /api/status/buildinfo` names.
export VIVACE_REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null | cut -c1-12)

# A target that imports what Package.swift does not give it is an error: so the floors of the house hold.
SWIFT_BUILD := swift build -c release --explicit-target-dependency-import-check error
DATA_DIR ?= ./data
# Further options of `vivace serve`, as in: make serve SERVE_FLAGS='--http :3200 --memory 2GiB'
SERVE_FLAGS ?=
# Where `make install` puts things; DESTDIR is a root for packages to be made of.
PREFIX ?= /usr/local
DESTDIR ?=
# Options of `swift test`, as in: make test TEST_FLAGS='--filter BlockFormatTests'
TEST_FLAGS ?=

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

build: ## build the release binary, .build/release/vivace
	@scripts/install-packages.sh build
	$(SWIFT_BUILD) --product vivace

serve: build ## build, then run the server on ./data
	@exec .build/release/vivace serve --data-dir $(DATA_DIR) $(SERVE_FLAGS)

install: ## install the binary and its shell completions under PREFIX
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install.sh install

uninstall: ## remove what install put there
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install.sh uninstall

test: export VIVACE_BINARY := $(CURDIR)/.build/release/vivace
test: export VIVACE_E2E_PYTHON := $(CURDIR)/.venv-e2e/bin/python
test: ## build, check the code, run every test
	@scripts/install-packages.sh test
	@scripts/check-fence.sh
	@scripts/generate-proto.sh --check
	@scripts/make-test-python.sh
	@scripts/fetch-prometheus.sh >/dev/null
	$(SWIFT_BUILD) --build-tests
	swift test -c release --skip-build --disable-testable-imports --skip EndToEndTests $(TEST_FLAGS)
	swift test -c release --skip-build --disable-testable-imports --filter EndToEndTests $(TEST_FLAGS)

lint: ## check style with swift format
	@scripts/lint.sh

bench: export VIVACE_BENCHMARKS := 1
bench: ## run the benchmarks: the way in beside what the machine allows, each stage, searches beside DuckDB
	swift build -c release --product StageCosts
	.build/release/StageCosts table
	swift package -c release --allow-writing-to-package-directory benchmark --target VivaceBenchmarks --grouping metric --no-progress $(BENCH_FLAGS)
	swift build -c release --product vivace
	scripts/compare-duckdb.sh

bench-check: ## fail if a stage of the way in costs more instructions, allocations or bytes than its threshold
	@scripts/check-benchmarks.sh

fuzz: ## look for inputs that readers do not survive, FUZZ_SECONDS (60) a target
	@scripts/install-packages.sh build
	scripts/fuzz.sh
