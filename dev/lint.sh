#!/usr/bin/env bash
# What is checked beside the tests: format, clippy, supply chain, committed artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
forge=$PWD/contracts/node_modules/@foundry-rs/forge-linux-amd64/bin/forge

section() { printf '\n== %s\n' "$*"; }

section "format: Rust"
cargo fmt --all --check
section "format: Solidity"
(cd contracts && "$forge" fmt --check)
section "clippy"
cargo clippy --workspace --all-targets --locked -- -D warnings
section "supply chain"
if command -v cargo-deny >/dev/null; then
  checks="bans licenses sources"
  # The advisory data is a git repository that has to be at hand; it is not fetched here.
  if compgen -G "${CARGO_HOME:-$HOME/.cargo}/advisory-db*/advisory-db-*" >/dev/null; then checks+=" advisories"; fi
  # shellcheck disable=SC2086
  cargo deny --offline --locked check $checks
else
  echo "SKIPPED: cargo-deny is not installed"
fi
section "contract artifacts match their sources"
node contracts/script/artifacts.mjs --check
