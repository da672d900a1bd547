#!/usr/bin/env bash
# Checks the gRPC interface: its style, and that what clients were built against still holds.
#   dev/proto.sh            checks
#   dev/proto.sh publish    writes proto/published.binpb, after a change that is no breaking one
set -euo pipefail
cd "$(dirname "$0")/../proto"
buf=$PWD/../tests/clients/node_modules/@bufbuild/buf-linux-x64/bin/buf

"$buf" lint
"$buf" breaking --against published.binpb
if [[ ${1:-} == publish ]]; then "$buf" build --exclude-source-info -o published.binpb; fi
# What is published is what there is: an addition is a visible change of that file.
"$buf" build --exclude-source-info -o - | cmp - published.binpb ||
  { echo "proto/published.binpb is not the present interface: dev/proto.sh publish" >&2; exit 1; }
