#!/usr/bin/env bash
# The error contract as cast sees it: every row shows its code and text, and is one request unless it may pass.
set -euo pipefail
cast=${BRAID_CAST:?}
export NO_COLOR=1

# How many requests of a method the node has answered.
requests() {
  curl -fsS "${BRAID_METRICS:?}" | awk -v label="method=\"$1\"" '
    /^braid_rpc_requests_total\{/ && index($0, label) { sum += $NF }
    END { print sum + 0 }'
}

count=$(node -p "JSON.parse(require('fs').readFileSync('${BRAID_ROWS:?}')).calls.length")
for ((row = 0; row < count; row++)); do
  IFS=$'\t' read -r method counted params code meant text < <(node -e "
    const row = JSON.parse(require('fs').readFileSync('$BRAID_ROWS')).calls[$row];
    console.log([row.method, row.counted, JSON.stringify(row.own.cast ?? row.params), row.code, row.requests.cast ?? 1, row.text].join('\t'))")
  before=$(requests "$counted")
  if said=$(echo "$params" | "$cast" rpc --rpc-url "${BRAID_RPC:?}" --raw "$method" 2>&1); then
    echo "$method $params succeeded: $said" >&2
    exit 1
  fi
  [[ $said == *"$code"* && $said == *"$text"* ]] || { echo "$method $params: $said instead of $code $text" >&2; exit 1; }
  made=$(($(requests "$counted") - before))
  [[ $made == "$meant" ]] || { echo "$method $params: $made requests: $said" >&2; exit 1; }
done
echo ok
