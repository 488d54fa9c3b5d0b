#!/usr/bin/env bash
# Feeds the readers of foreign bytes with what a fuzzer makes up (fuzz/targets), each target for a bounded time. What it learns
# stays in build/fuzz, a finding in build/fuzz/found; exit status 1 says that there is one.
#   fuzz.sh [--seconds N] [TARGET]...     N: how long each target runs, 60 by default
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

each=60
if [ "${1:-}" = --seconds ]; then
  each=${2:?--seconds needs a number}
  shift 2
fi
tool=$CACHE/cargo-fuzz-$CARGO_FUZZ_VERSION/bin/cargo-fuzz
work=$BUILD/fuzz

install_cargo_fuzz() {
  CARGO_TARGET_DIR=$work/tool cargo install cargo-fuzz --version "=$CARGO_FUZZ_VERSION" --locked --root "$CACHE/cargo-fuzz-$CARGO_FUZZ_VERSION"
  rm -rf "$work/tool"
}

command -v cargo >/dev/null || die "cargo is missing: install Rust 1.92 or newer (https://rustup.rs)"
command -v c++ >/dev/null || die "a C++ compiler is missing, which libFuzzer is built with: install g++ or clang"
[ -x "$tool" ] || step "installing cargo-fuzz $CARGO_FUZZ_VERSION (once, some minutes)" "it comes from crates.io: the network must be up" install_cargo_fuzz

# The sanitizers are behind flags that the stable compiler takes only so.
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$work/target RUST_BACKTRACE=0
cd "$ROOT" || exit
targets=("$@")
[ "${#targets[@]}" != 0 ] || mapfile -t targets < <("$tool" list)
python3 scripts/fuzz_seeds.py "$work/corpus"

failed=0
for target in "${targets[@]}"; do
  step "building the target $target" "read the log" "$tool" build --sanitizer address "$target"
  say "fuzzing $target for $each s"
  mkdir -p "$work/found/$target" "$LOGS"
  log=$LOGS/fuzz-$target.log
  status=0
  "$CARGO_TARGET_DIR/$(rustc -vV | sed -n 's/^host: //p')/release/$target" "$work/corpus/$target" \
    -max_total_time="$each" -rss_limit_mb=2048 -malloc_limit_mb=512 -timeout=10 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="$work/found/$target/" >"$log" 2>&1 </dev/null || status=$?
  sed -n 's/^stat::number_of_executed_units: */  runs: /p; s/^stat::peak_rss_mb: */  memory in MB: /p' "$log"
  if [ "$status" != 0 ]; then
    failed=1
    tail -n 30 "$log" | sed 's/^/  | /'
    echo "failed: $target; the whole output is in $log, the input in $work/found/$target" >&2
  fi
done
exit "$failed"
