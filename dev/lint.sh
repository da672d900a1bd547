#!/usr/bin/env bash
# What is checked beside the tests: format, clippy, supply chain, committed artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
forge=$PWD/contracts/node_modules/@foundry-rs/forge-linux-amd64/bin/forge

# It has a workspace of its own, so no command for the whole workspace sees it.
ethers=tests/ethers-compat/Cargo.toml
# So have the programs of the machine, which are compiled for it alone.
program=program/Cargo.toml

section() { printf '\n== %s\n' "$*"; }

section "format: Rust"
cargo fmt --all --check
cargo fmt --manifest-path "$ethers" --check
cargo fmt --manifest-path "$program" --all --check
section "format: Solidity"
(cd contracts && "$forge" fmt --check)
section "clippy"
cargo clippy --workspace --all-targets --locked -- -D warnings
cargo clippy --manifest-path "$ethers" --target-dir target/ethers-compat --all-targets --locked -- -D warnings
section "supply chain"
if command -v cargo-deny >/dev/null; then
  checks="bans licenses sources"
  # The advisory data is a git repository that has to be at hand; it is not fetched here.
  if compgen -G "${CARGO_HOME:-$HOME/.cargo}/advisory-db*/advisory-db-*" >/dev/null; then checks+=" advisories"; fi
  # shellcheck disable=SC2086
  cargo deny --offline --locked check $checks
  # shellcheck disable=SC2086
  cargo deny --manifest-path "$ethers" --offline --locked check $checks
else
  echo "SKIPPED: cargo-deny is not installed"
fi
section "contract artifacts match their sources"
node contracts/script/artifacts.mjs --check
section "images of programs match their sources"
program/build.sh --check
