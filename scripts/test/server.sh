#!/usr/bin/env bash
# In-server tests: calls every function of schema `tests` that takes no argument, each on a
# connection of its own and in a transaction that is rolled back. A function named
# fails_<SQLSTATE>_<what> must raise exactly that SQLSTATE; every other one must return.
#   server.sh MAJOR
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

major=${1:?major version}

if ldd "$(stage_of "$major" test)/lib/altlas.so" | grep -iE 'onnxruntime|lightgbm'; then
  die "the backend library is linked with the libraries above"
fi

temporary_cluster "$major" test
psql=("$BINDIR/psql" -X -q -v ON_ERROR_STOP=1)
"${psql[@]}" -d postgres -c 'CREATE DATABASE tests'
export PGDATABASE=tests PGOPTIONS='-c statement_timeout=300s -c client_min_messages=warning'
"${psql[@]}" -c 'CREATE EXTENSION altlas'

mapfile -t tests < <("${psql[@]}" -At <<'SQL'
SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'tests' AND p.pronargs = 0 AND p.prokind = 'f' ORDER BY 1
SQL
)
say "PostgreSQL $major: ${#tests[@]} in-server tests"

passed=0 failed=0
for test in "${tests[@]}"; do
  status=0 expected=
  output=$("${psql[@]}" -v VERBOSITY=verbose 2>&1 <<SQL
BEGIN;
SELECT tests."$test"();
ROLLBACK;
SQL
  ) || status=$?
  case $test in
    fails_*)
      expected=$(printf %s "$test" | cut -d_ -f2 | tr '[:lower:]' '[:upper:]')
      state=$(printf '%s\n' "$output" | sed -n 's/^ERROR:  \([0-9A-Z]\{5\}\):.*/\1/p' | head -n 1)
      [ "$state" = "$expected" ] && good=yes || good=no
      ;;
    *) [ "$status" = 0 ] && good=yes || good=no ;;
  esac
  if [ "$good" = yes ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '  FAILED tests.%s%s\n' "$test" "${expected:+ (expected SQLSTATE $expected)}"
    printf '%s\n' "$output" | head -n 8 | sed 's/^/  | /'
  fi
done
printf '  %d passed, %d failed\n' "$passed" "$failed"
[ "$passed" -gt 0 ] || echo "  no in-server test was found" >&2
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
