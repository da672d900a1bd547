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
sent=$("$cast" send "${rpc[@]}" "${key[@]}" --json "$token" 'transfer(address,uint256)' "$to" 5)
read -r status hash used < <(node -e 'const { status, transactionHash, gasUsed } = JSON.parse(process.argv[1]); console.log(status, transactionHash, Number(gasUsed))' "$sent")
same "$status" 0x1 "status of the transfer"
same "$("$cast" call "${rpc[@]}" "$token" 'balanceOf(address)(uint256)' "$to")" 5 "tokens received"
count=$("$cast" logs "${rpc[@]}" --json --from-block 0 --address "$token" 'Transfer(address,address,uint256)' | node -p 'JSON.parse(require("fs").readFileSync(0)).length')
same "$count" 2 "events"

# Executed once more on this machine, after what its block began with, it takes the same gas and emits the same event.
# Foundry has to be told that there are deposits: it knows that of well-known chain ids only.
run=$(FOUNDRY_NETWORK=optimism "$cast" run "${rpc[@]}" "$hash" 2>&1) || { echo "$run" >&2; exit 1; }
[[ $run == *"Transaction successfully executed."* && $run == *"Gas used: $used"* && $run == *"emit Transfer"* ]] ||
  { echo "not as in the block, which says gas $used: $run" >&2; exit 1; }

# A revert says why.
if message=$("$cast" call "${rpc[@]}" --from "$to" "$token" 'transfer(address,uint256)' "$from" 1000 2>&1); then
  echo "the call should revert" >&2
  exit 1
fi
[[ $message == *ds-math-sub-underflow* ]] || { echo "unexpected: $message" >&2; exit 1; }
echo ok
