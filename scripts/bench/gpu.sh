#!/usr/bin/env bash
# Compares a device with the processor: the engine's runtime alone, no server.
#   gpu.sh [PROVIDER [ENCODER.onnx [TREES.onnx]]]      default: cuda, models made on the spot
# ALTLAS_ORT_LIB names a libonnxruntime.so with the provider's library beside it (PyPI: onnxruntime-gpu).
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

"$ROOT/scripts/setup.sh" build
export ALTLAS_ORT_LIB=${ALTLAS_ORT_LIB:-$CACHE/onnxruntime-$ORT_VERSION/libonnxruntime.so}
build() { cd "$ROOT" && CARGO_TARGET_DIR=$TARGET cargo build --release -p altlas-runtime --example providers; }
build_and_keep() {
  own_target
  step "building the measurement" "read the log" build
  mkdir -p "$BUILD"
  cp "$TARGET/release/examples/providers" "$BUILD/bench-gpu"
}
locked "$TARGET" build_and_keep
exec "$BUILD/bench-gpu" "$@"
