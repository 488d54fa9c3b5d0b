#!/usr/bin/env bash
# Measures on a private PostgreSQL 18. Everything is taken in one run on one machine; compare ratios.
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

"$ROOT/scripts/setup.sh" clients
"$ROOT/scripts/build.sh" 18
temporary_cluster 18 release

stage=$(stage_of 18 release)
printf '\n%-44s %10s\n' 'size' 'MiB'
for file in lib/altlas.so lib/altlas/altlas-engine lib/altlas/libonnxruntime.so; do
  size=$(stat -c %s "$stage/$file")
  printf '%-44s %10.2f\n' "$file" "$(awk "BEGIN {print $size / 1048576}")"
done
stripped=$(mktemp)
strip -o "$stripped" "$stage/lib/altlas.so"
printf '%-44s %10.2f\n\n' 'lib/altlas.so without debug information' "$(awk "BEGIN {print $(stat -c %s "$stripped") / 1048576}")"
rm -f "$stripped"

"$CACHE/python/bin/python" "$ROOT/scripts/bench/load_time.py" altlas lo pg_trgm

for bench in "$ROOT"/benches/*.sh; do
  [ ! -f "$bench" ] || BINDIR=$BINDIR bash "$bench"
done
