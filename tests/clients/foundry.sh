#!/usr/bin/env bash
# A Foundry project: a script with broadcast, what it left read again, and its tests on a fork of the chain.
set -euo pipefail
cd "$(dirname "$0")/foundry"
forge=${BRAID_FORGE:?}
cast=${BRAID_CAST:?}
rpc=(--rpc-url "${BRAID_RPC:?}")
export NO_COLOR=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export FOUNDRY_OUT=$work/out FOUNDRY_CACHE_PATH=$work/cache FOUNDRY_BROADCAST=$work/broadcast

"$forge" script "${rpc[@]}" --private-key "${BRAID_KEY:?}" --broadcast --slow script/Deploy.s.sol:Deploy >"$work/log" 2>&1 ||
  { cat "$work/log" >&2; exit 1; }
run=$work/broadcast/Deploy.s.sol/${BRAID_CHAIN_ID:?}/run-latest.json
counter=$(node -p "JSON.parse(require('fs').readFileSync('$run')).transactions[0].contractAddress")
receipts=$(node -p "JSON.parse(require('fs').readFileSync('$run')).receipts.filter((receipt) => receipt.status === '0x1').length")
[[ $receipts == 3 ]] || { echo "$receipts receipts instead of 3" >&2; exit 1; }

# Read again: the state, the code that was compiled, and the events.
[[ $("$cast" call "${rpc[@]}" "$counter" 'number()(uint256)') == 42 ]] || { echo "not 42" >&2; exit 1; }
compiled=$("$forge" inspect src/Counter.sol:Counter deployedBytecode)
[[ $("$cast" code "${rpc[@]}" "$counter") == "$compiled" ]] || { echo "other code than was compiled" >&2; exit 1; }
events=$("$cast" logs "${rpc[@]}" --json --from-block 0 --address "$counter" 'Counted(address indexed,uint256)' | node -p 'JSON.parse(require("fs").readFileSync(0)).length')
[[ $events == 2 ]] || { echo "$events events instead of 2" >&2; exit 1; }

# A custom error is shown by its name.
if said=$("$cast" call "${rpc[@]}" "$counter" 'add(uint256)' 59 2>&1); then echo "counted too far" >&2; exit 1; fi
[[ $said == *"execution reverted"* ]] || { echo "unexpected: $said" >&2; exit 1; }

BRAID_COUNTER=$counter "$forge" test --fork-url "$BRAID_RPC" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
echo ok
