#!/usr/bin/env bash
# Prints figures of the whole program, built for release. BRAID_BENCH_SECONDS shortens the two load runs (default 30).
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked --workspace --bins
exec target/release/braid-bench
