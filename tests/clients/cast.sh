#!/usr/bin/env bash
# The smoke test in cast.
set -euo pipefail
cast=${BRAID_CAST:?}
rpc=(--rpc-url "${BRAID_RPC:?}")
key=(--private-key "${BRAID_KEY:?}")
to=${BRAID_TO:?}
export NO_COLOR=1

same() { [[ $1 == "$2" ]] || { echo "expected $2, got $1: $3" >&2; exit 1; }; }

same "$("$cast" chain-id "${rpc[@]}")" "${BRAID_CHAIN_ID:?}" "chain id"
from=$("$cast" wallet address "${key[@]}")

# Deploy and read.
bytecode=$(node -p "require('${BRAID_TOKEN:?}').bytecode.replace(/^(0x)?/, '0x')")
arguments=$("$cast" abi-encode 'constructor(uint256)' 1000)
token=$("$cast" send "${rpc[@]}" "${key[@]}" --json --create "$bytecode${arguments#0x}" | node -p 'JSON.parse(require("fs").readFileSync(0)).contractAddress')
same "$("$cast" call "${rpc[@]}" "$token" 'balanceOf(address)(uint256)' "$from")" 1000 "balance after deployment"

# Send, wait, estimate, filter.
before=$("$cast" balance "${rpc[@]}" "$to")
"$cast" send "${rpc[@]}" "${key[@]}" --value 123 "$to" >/dev/null
after=$("$cast" balance "${rpc[@]}" "$to")
same "$(node -p "(BigInt('$after') - BigInt('$before')).toString()")" 123 "received wei"
gas=$("$cast" estimate "${rpc[@]}" --from "$from" "$token" 'transfer(address,uint256)' "$to" 5)
((gas > 21000 && gas < 100000)) || { echo "estimate $gas" >&2; exit 1; }
status=$("$cast" send "${rpc[@]}" "${key[@]}" --json "$token" 'transfer(address,uint256)' "$to" 5 | node -p 'JSON.parse(require("fs").readFileSync(0)).status')
same "$status" 0x1 "status of the transfer"
same "$("$cast" call "${rpc[@]}" "$token" 'balanceOf(address)(uint256)' "$to")" 5 "tokens received"
count=$("$cast" logs "${rpc[@]}" --json --from-block 0 --address "$token" 'Transfer(address,address,uint256)' | node -p 'JSON.parse(require("fs").readFileSync(0)).length')
same "$count" 2 "events"

# A revert says why.
if message=$("$cast" call "${rpc[@]}" --from "$to" "$token" 'transfer(address,uint256)' "$from" 1000 2>&1); then
  echo "the call should revert" >&2
  exit 1
fi
[[ $message == *ds-math-sub-underflow* ]] || { echo "unexpected: $message" >&2; exit 1; }
echo ok
