#!/usr/bin/env bash
# Runs what executes in parallel under ThreadSanitizer, on demand: minutes to build, minutes to run. BRAID_RANDOM_TRANSACTIONS
# says how many random transactions (default 20,000). The scheduler's loom model is left out: it has no threads.
# The standard library is not instrumented; dev/tsan.supp names what is therefore reported of the test harness.
set -euo pipefail
cd "$(dirname "$0")/.."
host=$(rustc -vV | sed -n 's/^host: //p')
# The sanitizer is not stable yet; with this the pinned compiler takes it all the same.
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer"
export TSAN_OPTIONS="suppressions=$PWD/dev/tsan.supp"
export BRAID_RANDOM_TRANSACTIONS=${BRAID_RANDOM_TRANSACTIONS:-20000}
exec cargo nextest run --locked --target "$host" --target-dir target/tsan --package executor --no-fail-fast \
  -E '(test(parallel) or test(regressions)) and not test(published_state) and not test(model)'
