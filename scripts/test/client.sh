#!/usr/bin/env bash
# Client tests: pytest makes its own clusters (tests/client/conftest.py), so that they may be
# stopped, crashed and upgraded.
#   client.sh MAJOR [PYTEST OPTIONS]
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

major=${1:?major version}
shift
install_tree "$major" release
tree=$(tree_of "$major" release)
ALTLAS_TEST_BINDIR=$(bindir_in "$tree")
ALTLAS_TEST_RUN=$RUN
ALTLAS_TEST_USER=$SERVER_USER
ALTLAS_TEST_MINILM=$(minilm)
export ALTLAS_TEST_BINDIR ALTLAS_TEST_RUN ALTLAS_TEST_USER ALTLAS_TEST_MINILM PYTHONDONTWRITEBYTECODE=1
[ -n "${ALTLAS_DATA:-}" ] || [ ! -d "$ROOT/../shared/data" ] || export ALTLAS_DATA=$ROOT/../shared/data

say "PostgreSQL $major: client tests"
status=0
mkdir -p "$LOGS"
"$CACHE/python/bin/python" -m pytest "$ROOT/tests/client" -q -rs -p no:cacheprovider "$@" \
  >"$LOGS/client-$major.log" 2>&1 </dev/null || status=$?
if [ "$status" = 0 ]; then
  grep -E '^SKIPPED' "$LOGS/client-$major.log" | sed 's/^/  /' || true
else
  tail -n 60 "$LOGS/client-$major.log" | sed 's/^/  | /'
fi
tail -n 1 "$LOGS/client-$major.log" | sed 's/^/  /'

left=$(lasting_processes_of "$tree")
if [ -n "$left" ]; then
  echo "error: processes were left running: $left" >&2
  status=1
fi
exit "$status"
