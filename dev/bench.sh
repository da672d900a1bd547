#!/usr/bin/env bash
# Prints what execution costs against stock revm, then figures of the whole program, all built for release.
# BRAID_BENCH_SECONDS shortens the load runs (default 30), BRAID_BENCH_ROUNDS the rounds of the engines (default 5).
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked --workspace --bins
cargo run --release --locked --package executor --example engines -- "${BRAID_BENCH_ROUNDS:-5}"
exec target/release/braid-bench
