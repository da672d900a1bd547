#!/usr/bin/env bash
# Random transactions that aim at conflicts, parallel against serial: a hundred million, which takes hours, or as many as
# BRAID_RANDOM_TRANSACTIONS says. The seed is printed; BRAID_RANDOM_SEED repeats a run.
set -euo pipefail
cd "$(dirname "$0")/.."
export BRAID_RANDOM_TRANSACTIONS=${BRAID_RANDOM_TRANSACTIONS:-100000000}
exec cargo test --locked --release --package executor --lib random_blocks_are_as_serial -- --nocapture
