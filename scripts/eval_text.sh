#!/usr/bin/env bash
# Prints the figures of the text functions on the public sets, asked through SQL of a temporary PostgreSQL 18.
#   eval_text.sh [--only WORD]... [--peers]     see models/eval_text.py
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

"$ROOT/scripts/setup.sh" clients
"$ROOT/scripts/build.sh" 18
temporary_cluster 18 release
"$BINDIR/psql" -X -q -d postgres -c 'CREATE DATABASE eval'
PGDATABASE=eval PYTHONDONTWRITEBYTECODE=1 "$CACHE/python/bin/python" "$ROOT/models/eval_text.py" "$@"
