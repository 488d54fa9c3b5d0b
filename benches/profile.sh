#!/usr/bin/env bash
# Where the time of the row form goes: perf on the backend, else callgrind on a server in single-user mode.
#   profile.sh [MODEL [SECONDS [--record]]]     MODEL: trees (default), logistic, net_small, … (benches/data.py);
#   --record: the form for a table's row, not for an array
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/lib.sh"

model=${1:-trees} seconds=${2:-10} form=("${@:3}")
python=$CACHE/bench-python/bin/python
"$ROOT/scripts/setup.sh" bench
"$ROOT/scripts/build.sh" 18
export PYTHONDONTWRITEBYTECODE=1
mkdir -p "$BUILD/bench"
temporary_cluster 18 release 'shared_buffers = 1GB' 'jit = off' 'max_parallel_workers_per_gather = 0'
prepared=("$python" "$ROOT/benches/profile.py" "$model" "${form[@]}" --models "$RUN/bench-models")

if command -v perf >/dev/null && perf record -q -o /dev/null -- true 2>/dev/null; then
  "${prepared[@]}" --seconds "$seconds" --perf "$BUILD/bench/perf.data"
  for sort in dso symbol; do
    perf report -i "$BUILD/bench/perf.data" --stdio --no-children -g none --percent-limit 0.5 --sort "$sort" 2>/dev/null |
      sed -e '/^#/d' -e '/^$/d' -e 's/[- ]*$//' | head -n 40
    echo
  done
elif command -v valgrind >/dev/null; then
  say "perf cannot be used here: counting instructions with callgrind instead"
  "${prepared[@]}" --seconds 0
  cluster_stop "$BINDIR" "$DATA" fast
  out=$DATA/callgrind.out
  "$python" "$ROOT/benches/profile.py" "$model" "${form[@]}" --statement --models "$RUN/bench-models" |
    as_server valgrind -q --tool=callgrind --callgrind-out-file="$out" "$BINDIR/postgres" --single -D "$DATA" bench \
      >"$BUILD/bench/callgrind.log" 2>&1
  # Only a compiled model can be scored there: a server in single-user mode starts no engine.
  ! grep ERROR "$BUILD/bench/callgrind.log" || die "the statement failed under valgrind"
  callgrind_annotate "$out" | head -n 60
else
  die "neither perf nor valgrind is installed"
fi
