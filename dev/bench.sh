#!/usr/bin/env bash
# Prints what execution costs against stock revm, what the state trie, the recovery of senders and the mempool cost and how
# fast the machine of disputes is, all built as they are shipped, then figures of the whole program, built for release:
# start-up, questions beside anvil, transfers through each door.
# BRAID_BENCH_SECONDS shortens the load runs (default 30), BRAID_BENCH_ROUNDS the rounds of the engines (default 5).
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --profile shipped --locked --package executor --example engines -- "${BRAID_BENCH_ROUNDS:-5}"
cargo run --profile shipped --locked --package state --example trie -- 1000000 10000000
cargo run --profile shipped --locked --package recovery --example speed
cargo run --profile shipped --locked --package fault-proof --bin machine-speed
cargo run --profile shipped --locked --package sequencer --example mempool
cargo build --release --locked --workspace --bins
exec target/release/braid-bench
