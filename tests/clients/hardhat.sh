#!/usr/bin/env bash
# A Hardhat project: compiles, deploys to the chain and tests there.
set -euo pipefail
cd "$(dirname "$0")/hardhat"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export BRAID_CACHE=$work/cache BRAID_ARTIFACTS=$work/artifacts HARDHAT_DISABLE_TELEMETRY_PROMPT=true NO_COLOR=1
node node_modules/hardhat/internal/cli/bootstrap.js test >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
grep -q '2 passing' "$work/log" || { cat "$work/log" >&2; exit 1; }
echo ok
