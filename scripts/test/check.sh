#!/usr/bin/env bash
# Everything that needs no server.
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

export CARGO_TARGET_DIR=$TARGET ALTLAS_ORT_LIB=$CACHE/onnxruntime-$ORT_VERSION/libonnxruntime.so
PGRX_PG_CONFIG_PATH=$(pg_config_of 18)
export PGRX_PG_CONFIG_PATH
[ -n "${ALTLAS_DATA:-}" ] || [ ! -d "$ROOT/../shared/data" ] || export ALTLAS_DATA=$ROOT/../shared/data
cd "$ROOT" || exit

lock_file() { cargo metadata --locked --format-version 1 >/dev/null; }
lint_crates() { cargo clippy --release --workspace --exclude altlas --all-targets --features altlas-engine/test-jobs -- -D warnings; }
# The library's test profile cannot link: the server's symbols are missing outside the server.
lint_library() { cargo clippy --release -p altlas --lib --no-default-features --features pg18,pg_test -- -D warnings; }
lint_shell() { shellcheck -x scripts/*.sh scripts/test/*.sh .ci/run; }

# The backend's library must stay free of the runtime and the trainers.
library_dependencies() {
  local tree
  tree=$(cargo tree -p altlas --no-default-features --features pg18 -e normal --prefix none --format '{p}')
  if printf '%s\n' "$tree" | grep -E '^(ort|ort-sys|lightgbm3|lightgbm3-sys|tokenizers|altlas-(engine|runtime|learn|tokens)) '; then
    echo "the crates above are reachable from the backend library"
    return 1
  fi
}

# The runner's own lines, each with the crate it is about.
crate_tests() {
  local log=$LOGS/cargo-test.log status
  set +e
  cargo test --release --workspace --exclude altlas --features altlas-engine/test-jobs --no-fail-fast >"$log" 2>&1 </dev/null
  status=$?
  set -e
  awk '
    /^ +(Running|Doc-tests) / { name = $0; sub(/^ +(Running )?/, "", name); sub(/ \(.*\/deps\//, " ", name); sub(/-[0-9a-f]+\)$/, "", name) }
    /^test result:/ && !/ 0 passed; 0 failed; 0 ignored/ { print "  " $0 "  [" name "]" }
    /^test .* FAILED$/ { print "  " $0 }
  ' "$log"
  if [ "$status" != 0 ]; then
    grep -E '^error|^---- ' -A 12 "$log" | head -n 60 | sed 's/^/  | /'
    echo "failed: cargo test; the whole output is in $log"
  fi
  return "$status"
}

locked "$TARGET" own_target
step "checking Cargo.lock" "run: cargo update --workspace" lock_file
step "checking the format" "run: cargo fmt" cargo fmt --check
step "checking the rows of the built-in models" "run: python3 models/build.py" python3 models/build.py --check
step "checking what the backend library depends on" "a feature or dependency of the root package brings them in" library_dependencies
if command -v shellcheck >/dev/null; then
  step "linting the scripts" "run: shellcheck -x scripts/*.sh" lint_shell
else
  say "skipped: linting the scripts (shellcheck is not installed)"
fi
step "linting the crates" "read the log" lint_crates
step "linting the library" "read the log" lint_library
say "testing the crates"
mkdir -p "$LOGS"
crate_tests
