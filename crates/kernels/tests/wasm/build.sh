#!/bin/sh
# Builds the self test twice for wasm and runs both: sh tests/wasm/build.sh [bench]
# NODE names a Node of version 22 or newer.
set -eu
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-target}"
for features in "" relaxed-simd; do
    cargo build --quiet --release --target wasm32-unknown-unknown --features "$features" --example selftest
    echo "== simd128 $features"
    "${NODE:-node}" tests/wasm/run.mjs "$target/wasm32-unknown-unknown/release/examples/selftest.wasm" "$@"
done
