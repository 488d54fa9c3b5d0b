#!/usr/bin/env bash
# Size of what is installed, and what loading it costs a connection.
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

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
