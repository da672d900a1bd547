# Two commands are the contract: `make devnet` runs Braid, `make test` proves it. Both set up what is missing.
SHELL := /bin/bash
.PHONY: help setup setup-test devnet build test test-rust test-doc test-contracts test-clients fmt lint bench artifacts drills random random-signatures tsan images clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: ## install what `make devnet` needs and is missing
	@dev/setup.sh run

setup-test: ## install what `make test` needs and is missing
	@dev/setup.sh run test

# What `make devnet` and `make build` make: release, or dev for those who change Braid.
PROFILE ?= release
BRAID = target/$(subst dev,debug,$(PROFILE))/braid

devnet: build ## L1, contracts, sequencer, batcher and a verifier that proposes; ARGS="--ephemeral --json" and more
	@exec $(BRAID) devnet $(ARGS)

build: setup ## the `braid` binary; PROFILE=dev is quicker to build and slower to run
	@cargo build --profile $(PROFILE) --locked --workspace --bin braid

test: setup-test ## every test: Rust, documentation, Solidity, end to end, clients, style
	@dev/test.sh

test-rust: setup-test
	@dev/test.sh rust

test-doc: setup-test
	@dev/test.sh doc

test-contracts: setup-test
	@dev/test.sh contracts

test-clients: setup-test
	@dev/test.sh clients

fmt: ## format Rust and Solidity
	cargo fmt --all
	cd contracts && node_modules/@foundry-rs/forge-linux-amd64/bin/forge fmt

lint: ## what CI checks beside the tests
	@dev/lint.sh

artifacts: setup ## compile the contracts and write contracts/artifacts
	node contracts/script/artifacts.mjs

bench: setup ## figures, with machine and commit; minutes
	@dev/bench.sh

random: setup ## 100 million random transactions, parallel against serial; hours
	@dev/random.sh

random-signatures: setup ## 100 million random signatures, in lanes against libsecp256k1; an hour
	@dev/random-signatures.sh

drills: setup ## every kind of lie, each on a network of its own; an hour and more
	@dev/drills.sh

tsan: setup-test ## the parallel engine under ThreadSanitizer; minutes
	@dev/tsan.sh

images: ## build the programs of the machine and write program/images
	@program/build.sh

clean: ## forget what was built (not what was installed)
	cargo clean
	rm -rf contracts/out contracts/cache
