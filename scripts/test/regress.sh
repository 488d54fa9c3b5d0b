#!/usr/bin/env bash
# Expected output: tests/pg_regress/{sql,expected} and tests/isolation/{specs,expected}. All SQL
# files run in one database, one after another in the order of their names, after install.sql.
# Results and differences are left in build/regress-MAJOR.
#   regress.sh MAJOR
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

major=${1:?major version}
tree=$(tree_of "$major" release)
out=$BUILD/regress-$major

# run KIND PROGRAM SOURCE OPTION...: shows the runner's verdicts, and the differences if there are some.
run() {
  local kind=$1 program=$2 source=$3 status=0
  shift 3
  rm -rf "${out:?}/$kind"
  mkdir -p "$out/$kind"
  # A step that waits for ever is a failure, not a hanging build.
  PGISOLATIONTIMEOUT=60 timeout 900 "$program" --host="$SOCKETS" --port=5432 --user=postgres --bindir="$BINDIR" --inputdir="$ROOT/tests/$source" \
    --outputdir="$out/$kind" --encoding=UTF8 "$@" >"$out/$kind/log" 2>&1 </dev/null || status=$?
  grep -E '^(not ok|test .*FAILED|# All|# [0-9]+ of| All [0-9]+| [0-9]+ of)' "$out/$kind/log" | sed 's/^ */  /' || tail -n 20 "$out/$kind/log"
  if [ "$status" != 0 ]; then
    [ ! -s "$out/$kind/regression.diffs" ] || head -n 80 "$out/$kind/regression.diffs" | sed 's/^/  | /'
    echo "  failed: see $out/$kind/regression.diffs and $out/$kind/results"
  fi
  return "$status"
}

temporary_cluster "$major" release

say "PostgreSQL $major: pg_regress"
schedule=$out/schedule
mkdir -p "$out"
echo "test: install" >"$schedule"
(cd "$ROOT/tests/pg_regress/sql" && ls -- *.sql) | LC_ALL=C sort | sed -n '/^install\.sql$/d; s/\.sql$//; s/^/test: /p' >>"$schedule"
failed=0
run sql "$(pgxs_program "$tree" pg_regress)" pg_regress --dbname=altlas_regress --schedule="$schedule" || failed=1

specs=()
for spec in "$ROOT"/tests/isolation/specs/*.spec; do
  [ ! -f "$spec" ] || specs+=("$(basename -- "$spec" .spec)")
done
if [ "${#specs[@]}" != 0 ]; then
  say "PostgreSQL $major: isolation"
  run isolation "$(pgxs_program "$tree" pg_isolation_regress)" isolation --dbname=altlas_isolation \
    --load-extension=altlas "${specs[@]}" || failed=1
fi
exit $failed
