#!/usr/bin/env bash
# Plays every kind of lie to its end, each on a network of its own with real processes and an L1 (`braid devnet --drill`), and prints a
# row for each: the kind, seconds, and what the verifier used and gained. Ends with an error if one does not end well.
# drills.sh [KIND…]; BRAID_DRILLS says how many are played at a time (default: as many as there are cores), BRAID names the binary.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${BRAID:-}" ]; then
  cargo build --release --locked --workspace --bin braid
  BRAID=target/release/braid
fi
export BRAID

# From the events of a drill, a JSON object to a line, to the rest of its row.
export ROW='
const told = require("fs").readFileSync(0, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const used = told.filter(({ event, text }) => event === "gas" && text.startsWith("the verifier"));
const end = told.at(-1);
console.log([`${Math.round(end.seconds)} s`, ...[...used, end].map(({ text }) => text)].join("; "));
'

play() {
  local folder
  folder=$(mktemp -d)
  if "$BRAID" devnet --json --l1-port 0 --l2-port 0 --metrics-port 0 --drill "$1" >"$folder/told" 2>"$folder/log"; then
    printf '%-26s %s\n' "$1" "$(node -e "$ROW" <"$folder/told")"
    rm -r "$folder"
  else
    printf '%-26s DID NOT END WELL: see %s\n' "$1" "$folder"
    return 1
  fi
}
export -f play

kinds=("$@")
if [ ${#kinds[@]} -eq 0 ]; then
  mapfile -t kinds < <("$BRAID" devnet --drill list | awk '{ print $1 }')
fi
# After one that fails the others are played all the same.
printf '%s\n' "${kinds[@]}" | xargs -P "${BRAID_DRILLS:-$(nproc)}" -I{} bash -c 'play {}'
printf '%s kinds of lie, each defeated\n' "${#kinds[@]}"
