#!/usr/bin/env bash
# Builds the example that reads JSONL and prints the figures of the text functions on the public sets; needs no server.
#   eval_text.sh [--only WORD]... [--peers]     see models/eval_text.py
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

command -v cargo >/dev/null || die "cargo is missing: install Rust 1.92 or newer (https://rustup.rs)"
export CARGO_TARGET_DIR=$TARGET
cd "$ROOT" || exit
locked "$TARGET" own_target
step "building the example segment_jsonl" "read the log" cargo build --release -p altlas-text --example segment_jsonl
exec python3 models/eval_text.py "$TARGET/release/examples/segment_jsonl" "$@"
