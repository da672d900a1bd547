#!/usr/bin/env bash
# Makes the images of the programs from their sources: program/build.sh [--check]
#   (nothing)  writes program/images/NAME.image and NAME.json
#   --check    compares them with those that are committed; says so and succeeds where the toolchain is missing
# The toolchain, whatever the machine: rustup toolchain install nightly-2026-05-20 --profile minimal -c rust-src
set -euo pipefail
cd "$(dirname "$0")"
programs=(exercise segment)
channel=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
case ${1:-} in
  '') images=images ;;
  --check) images=$(mktemp -d) && trap 'rm -r "$images"' EXIT ;;
  *) echo "usage: program/build.sh [--check]" >&2; exit 2 ;;
esac

# Where the toolchain is missing, rustup says so itself.
if ! sysroot=$(rustup run "$channel" rustc --print sysroot) || [[ ! -d $sysroot/lib/rustlib/src/rust/library ]]; then
  echo "SKIPPED: images are not built: no $channel with rust-src (see program/build.sh)" >&2
  [[ ${1:-} == --check ]] || exit 1
  exit 0
fi

# Nothing of the caller's settings may reach the image.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET CARGO_TARGET_DIR RUSTC RUSTC_WORKSPACE_WRAPPER RUSTUP_TOOLCHAIN
mkdir -p "$images"
for program in "${programs[@]}"; do
  # Each alone: what one asks of a library is no matter of the others.
  RUSTC_WRAPPER=$PWD/rustc.sh cargo build --release --locked -p "$program"
  elf=$PWD/target/riscv64im-braid-none-elf/release/$program
  to=$(cd "$images" && pwd)/$program
  (cd .. && env -u RUSTC_WRAPPER cargo run --quiet --locked -p fault-proof --bin image -- "$elf" "$to.image" "$to.json")
  if [[ ${1:-} == --check ]]; then
    cmp "$to.image" "images/$program.image"
    cmp "$to.json" "images/$program.json"
    echo "$program: the image is that of its source"
  fi
done
