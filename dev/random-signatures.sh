#!/usr/bin/env bash
# Random signatures, in the lanes against libsecp256k1: a hundred million, which takes an hour of all cores, or as many as
# BRAID_RANDOM_SIGNATURES says. The seed is printed; BRAID_RANDOM_SEED repeats a run on as many cores.
set -euo pipefail
cd "$(dirname "$0")/.."
export BRAID_RANDOM_SIGNATURES=${BRAID_RANDOM_SIGNATURES:-100000000}
exec cargo test --locked --release --package recovery --test it random_signatures -- --nocapture
