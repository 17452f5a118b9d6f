# shellcheck shell=bash
# The steps of scripts/test, one function each, and what each needs. Sourced by scripts/test.

# A step that ends with this status did not apply on this machine; its last line says why.
SKIPPED=77

step_needs() {
  case $1 in
    corpus) echo bundle ;;
    playground) echo wasm ;;
    tsc) echo wasm playground ;;
    wasm_tests) echo bundle wasm ;;
    worker_tests) echo bundle worker ;;
    browser_tests) echo bundle wasm playground ;;
    parity) echo bundle ;;
  esac
}

step_fmt() { cargo fmt --all --check; }
step_lint() { npm run --silent lint; }
step_deny() { cargo deny --all-features check licenses bans sources; }

step_advisories() {
  if ! timeout 120 cargo deny fetch db; then
    echo "the advisory database could not be fetched"
    return "$SKIPPED"
  fi
  cargo deny --all-features check --disable-fetch advisories
}

step_native() { cargo nextest run "${NATIVE_PACKAGES[@]}" --no-fail-fast --status-level fail --final-status-level fail; }
step_doc() { cargo test "${NATIVE_PACKAGES[@]}" --doc --no-fail-fast; }
step_clippy() { cargo clippy "${NATIVE_PACKAGES[@]}" --all-targets -- -D warnings; }
step_clippy_wasm() {
  wasm_cargo clippy --lib --target "$WASM_TARGET" "${WASM_PACKAGES[@]}" "${WASM_RELAXED[@]}" -- -D warnings
}

step_bundle() {
  scripts/bundle
  rapport predict --conversations tests/conversations/recorded.jsonl --out "$RAPPORT_NATIVE_ANSWERS"
  rapport predict --batch tests/conversations/recorded.jsonl --out "${RAPPORT_NATIVE_ANSWERS%.*}.csv" --restart
}
step_corpus() { rapport data check models/corpus; }
step_wasm() { scripts/build-wasm; }
step_worker() { scripts/build-worker; }
step_playground() {
  npm run --silent build --workspace @rapport/client
  npm run --silent build --workspace @rapport/playground
}
step_tsc() { npm run --silent check --workspaces --if-present; }

# In a shell of its own: the tests build the kernels' self test for wasm.
step_wasm_tests() { (use_wasm_toolchain && npm test --workspace tests/wasm); }
step_worker_tests() { npm test --workspace tests/worker; }
step_browser_tests() { npm test --workspace tests/browser; }
step_parity() { "$RAPPORT_PYTHON" -m unittest discover --start-directory tests/parity-onnx --verbose; }

# The kernels' results on the other processor. Set-up does not install what it needs: two hundred megabytes for one step.
step_aarch64() {
  local target=aarch64-unknown-linux-gnu qemu
  if [ "$(uname -m)" = aarch64 ]; then
    echo "the native tests ran on aarch64"
    return "$SKIPPED"
  fi
  qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
  if [ -z "$qemu" ] || ! have aarch64-linux-gnu-gcc || ! compgen -G "$(rustc --print target-libdir --target "$target")/libcore-*.rlib" >/dev/null; then
    echo "needs qemu-user-static, gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and: rustup target add $target"
    return "$SKIPPED"
  fi
  CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$qemu -cpu max -L /usr/aarch64-linux-gnu" \
    cargo test --package rapport-kernels --target "$target" --tests
}

# Looking for new input is a person's task (RAPPORT_FUZZ_SECONDS=600); here the seeds must pass, and a little more.
step_fuzz() {
  local seconds=${RAPPORT_FUZZ_SECONDS:-3} target corpus features
  if ! cargo fuzz --version >/dev/null 2>&1 || ! rustc +nightly --version >/dev/null 2>&1; then
    echo "needs cargo-fuzz and the nightly toolchain"
    return "$SKIPPED"
  fi
  for target in $(cargo +nightly fuzz list); do
    features=()
    if [ "$target" = onnx ]; then
      # All of the runtime is compiled for it, for six minutes; the native tests read its seeds.
      if [ -z "${RAPPORT_FUZZ_SECONDS:-}" ]; then
        echo "$target: left out without RAPPORT_FUZZ_SECONDS"
        continue
      fi
      features=(--features onnx)
    fi
    corpus=$RAPPORT_CACHE/fuzz/$target
    mkdir -p "$corpus"
    # A line for each new input would bury everything else.
    if ! cargo +nightly fuzz run "${features[@]}" --target-dir "$CARGO_TARGET_DIR/fuzz" "$target" "$corpus" "fuzz/seeds/$target" \
      -- -max_total_time="$seconds" -artifact_prefix="$corpus-failure-" >"$LOGS/fuzz-$target.log" 2>&1; then
      tail -n 30 "$LOGS/fuzz-$target.log"
      echo "$target failed; log: $LOGS/fuzz-$target.log"
      return 1
    fi
    echo "$target: ok"
  done
  echo "every target ran for $seconds s"
}
