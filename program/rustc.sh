#!/usr/bin/env bash
# Stands before the compiler when an image is built. Cargo names a crate outside the workspace by the folder that it is in, and names
# decide on the order of code: here ours are named by what they are, so that the image is the same in every folder.
set -euo pipefail
arguments=("$@")
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [[ ${CARGO_MANIFEST_DIR:-} == "$repository"/* ]]; then
  for place in "${!arguments[@]}"; do
    if [[ ${arguments[place]} == metadata=* ]]; then arguments[place]=metadata=braid-$CARGO_PKG_NAME; fi
  done
fi
exec "${arguments[@]}"
