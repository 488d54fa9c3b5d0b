#!/usr/bin/env bash
# Sections of the benches on a cluster of their own; called by bench.sh.
#   part.sh MAJOR OUT [OPTIONS OF benches/run.py part]
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

major=${1:?major version} out=${2:?folder of the results}
shift 2
python=$CACHE/bench-python/bin/python
# Read by the server as well (a peer opens the model's file), so not in the cache.
models=$RUN/bench-models
mkdir -p "$models"

# What plpython3u imports, where the server's user can read it; its Python is the distribution's, of the same minor version.
peer_modules() {
  local from tree
  from=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  mkdir -p "$RUN/plpython"
  (cd "$from" && tar -cf - numpy numpy.libs onnxruntime flatbuffers) | tar -xf - -C "$RUN/plpython"
  # A private copy of the server may be older than the package.
  tree=$(tree_of "$major" release)
  [ ! -d "$tree" ] || [ -n "$(find "$tree" -name plpython3.so -print -quit)" ] || rm -rf "$tree"
  export PYTHONPATH=$RUN/plpython PYTHONNOUSERSITE=1
}

[ "$major" != 15 ] || peer_modules
# Memory for the whole table, no checkpoint in the middle, no parallel plan that was not asked for.
memory=$(awk '/^MemTotal/ {print int($2 / 1024 / 4)}' /proc/meminfo)
temporary_cluster "$major" release "shared_buffers = ${memory}MB" 'max_wal_size = 16GB' 'checkpoint_timeout = 1d' \
  'autovacuum = off' 'jit = off' 'max_connections = 120' 'max_worker_processes = 16' 'synchronous_commit = off'
unset PYTHONPATH
"$python" "$ROOT/benches/run.py" part --major "$major" --out "$out" --models "$models" \
  --encoder "${ALTLAS_ENCODER:-$CACHE/minilm-int8}" --bindir "$BINDIR" "$@"
