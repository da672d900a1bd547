#!/usr/bin/env bash
# Runs the tests: all of them, or the kinds named (rust, doc, contracts, proto, clients).
# The client scripts run inside the end-to-end tests of the `tests` crate; `clients` picks those.
set -euo pipefail
cd "$(dirname "$0")/.."
forge=$PWD/contracts/node_modules/@foundry-rs/forge-linux-amd64/bin/forge
export BRAID_VECTORS=${BRAID_VECTORS:-$PWD/../shared/data}
[[ -d $BRAID_VECTORS ]] || echo "SKIPPED: no published test data at $BRAID_VECTORS (set BRAID_VECTORS): its tests will skip" >&2

section() { printf '\n== %s\n' "$*"; }
# The client on ethers-contract has a lock file and a target folder of its own; the end-to-end tests run it.
ethers() {
  section "Rust client on ethers-contract"
  local at=(--locked --manifest-path tests/ethers-compat/Cargo.toml --target-dir target/ethers-compat)
  cargo build "${at[@]}"
  cargo test "${at[@]}" --quiet
}
rust() {
  ethers
  section "Rust"
  # End-to-end tests run the real program.
  cargo build --workspace --bin braid --locked
  cargo nextest run --workspace --all-targets --locked "$@"
}
doc() {
  section "documentation examples"
  cargo test --workspace --doc --locked --quiet
}
contracts() {
  section "Solidity"
  (cd contracts && FOUNDRY_PROFILE=ci "$forge" test)
}
proto() {
  section "gRPC interface"
  dev/proto.sh
}
clients() { rust -E 'binary(e2e) & test(clients)'; }

kinds=("$@")
((${#kinds[@]})) || kinds=(contracts proto rust doc)
for kind in "${kinds[@]}"; do
  case $kind in
    rust | doc | contracts | proto | clients) "$kind" ;;
    *) echo "unknown kind of test: $kind (rust, doc, contracts, proto, clients)" >&2; exit 2 ;;
  esac
done
