# shellcheck shell=bash
# Shared by the scripts beside it: where caches lie, which tools are used, how progress is printed.
# Sourced, never run. Callers set `set -euo pipefail` themselves.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit
# shellcheck source=scripts/versions.env
source "$ROOT/scripts/versions.env"

export RAPPORT_CACHE=${RAPPORT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rapport}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$RAPPORT_CACHE/target}
TOOLS=$RAPPORT_CACHE/tools
LOGS=$RAPPORT_CACHE/logs
PYTHON_VENV=$RAPPORT_CACHE/py
WASM_TARGET=wasm32-unknown-unknown
DEBIAN_WASM_TOOLCHAIN=rapport-debian-wasm
mkdir -p "$TOOLS/bin" "$LOGS"

# Quiet and offline where a tool would otherwise report home or look for an account.
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
duration() { local s=$1; if ((s < 60)); then printf '%d s' "$s"; else printf '%d min %02d s' $((s / 60)) $((s % 60)); fi; }

# version_at_least FOUND WANTED: both dotted numbers
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# locked_version CRATE: the version that Cargo.lock pins
locked_version() {
  awk -v name="$1" '$1 == "name" { found = ($3 == "\"" name "\"") } found && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

# --- the tools that scripts/setup puts in place ---------------------------------------------------

system_node_is_new_enough() { have node && version_at_least "$(node --version 2>/dev/null | tr -d v)" "$NODE_MINIMUM"; }

find_chromium() {
  local name
  for name in "${RAPPORT_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && have "$name"; then command -v "$name"; return; fi
  done
  name="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
  if [ -x "$name" ]; then printf '%s\n' "$name"; return; fi
  return 1
}

# wasm_std_is_installed [TOOLCHAIN]
# shellcheck disable=SC2120
wasm_std_is_installed() {
  local dir
  dir=$(rustc ${1:+"+$1"} --print target-libdir --target "$WASM_TARGET" 2>/dev/null) && compgen -G "$dir/libcore-*.rlib" >/dev/null
}

# Puts the tools on PATH and names them in the variables that worker-build and the tests read.
# Called again after scripts/setup has installed something.
load_tools() {
  local node_dir=$TOOLS/node-$NODE_VERSION/bin
  PATH=$TOOLS/bin:$ROOT/node_modules/.bin:$PATH
  if ! system_node_is_new_enough && [ -x "$node_dir/node" ]; then PATH=$node_dir:$PATH; fi
  export PATH
  if RAPPORT_CHROMIUM=$(find_chromium); then export RAPPORT_CHROMIUM; else unset RAPPORT_CHROMIUM; fi
  if [ -x "$PYTHON_VENV/bin/python" ]; then export RAPPORT_PYTHON=$PYTHON_VENV/bin/python; fi
  export WASM_BINDGEN_BIN=$TOOLS/bin/wasm-bindgen
  export WASM_OPT_BIN=$ROOT/node_modules/.bin/wasm-opt
  export ESBUILD_BIN=$ROOT/node_modules/.bin/esbuild
  # rust-toolchain.toml names a release; a machine that has the same release only as "stable" may use that.
  if have rustup && [ -z "${RUSTUP_TOOLCHAIN:-}" ] && ! toolchain_is_installed "$(pinned_rust)" \
    && [ "$(rustup run stable rustc --version 2>/dev/null | cut -d' ' -f2)" = "$(pinned_rust)" ]; then
    export RUSTUP_TOOLCHAIN=stable
  fi
}

pinned_rust() { sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml; }
toolchain_is_installed() { rustup toolchain list 2>/dev/null | grep -q "^$1[- ]\|^$1\$"; }

# From here on cargo is one that can build for wasm: the toolchain made from Debian's packages where rustup could not
# add the target.
use_wasm_toolchain() {
  if ! wasm_std_is_installed && have rustup && toolchain_is_installed "$DEBIAN_WASM_TOOLCHAIN"; then
    export RUSTUP_TOOLCHAIN=$DEBIAN_WASM_TOOLCHAIN
  fi
}
wasm_cargo() { (use_wasm_toolchain && cargo "$@"); }

# What rustc may emit for the target (its default features and .cargo/config.toml), so that wasm-opt accepts it.
# shellcheck disable=SC2034
WASM_OPT_FLAGS=(-Os --enable-simd --enable-bulk-memory --enable-bulk-memory-opt --enable-nontrapping-float-to-int
  --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue)

# Trusted public keys are compiled in. Without a publisher's own, the committed development key is trusted: it
# signed what models/ ships.
trust_development_key_unless_told() {
  if [ -z "${RAPPORT_TRUSTED_KEYS:-}" ]; then export RAPPORT_ALLOW_DEVELOPMENT_KEY=1; fi
}

# Where scripts/bundle writes registry.json with its artifacts, and where the demo and the tests serve them from.
export RAPPORT_REGISTRY_DIR=${RAPPORT_REGISTRY_DIR:-$RAPPORT_CACHE/registry-export}

# The recorded conversations as the native engine answers them; the Worker and the browser must say the same.
export RAPPORT_NATIVE_ANSWERS=${RAPPORT_NATIVE_ANSWERS:-$RAPPORT_CACHE/native-answers.jsonl}

# One selection of packages for everything native: cargo unifies features over the selection, and another one
# would compile the large dependencies a second time.
NATIVE_PACKAGES=(--workspace --exclude rapport-wasm)
# The same for wasm: the browser's module and the Worker's share every dependency.
# shellcheck disable=SC2034
WASM_PACKAGES=(--package rapport-wasm --package rapport-worker)
# The Worker runs with relaxed SIMD, the browser has a module with it and one without.
# shellcheck disable=SC2034
WASM_RELAXED=(--features rapport-wasm/relaxed-simd,rapport-worker/relaxed-simd)

# The command line of the project, as the tests build it: with a target that needs development dependencies, since
# cargo unifies their features too.
build_rapport() { cargo build "${NATIVE_PACKAGES[@]}" --bin rapport --example tract_answers; }
rapport() { "$CARGO_TARGET_DIR/debug/rapport" "$@"; }

load_tools
