#!/usr/bin/env bash
# Trains text classifiers through SQL on the public sets, in a temporary PostgreSQL 18, and prints their figures.
#   eval_classify.sh [--only WORD]... [--algorithm NAME] [--folds N]     see models/eval_classify.py
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

"$ROOT/scripts/setup.sh" clients
"$ROOT/scripts/build.sh" 18
temporary_cluster 18 release
"$BINDIR/psql" -X -q -d postgres -c 'CREATE DATABASE eval'
PGDATABASE=eval PYTHONDONTWRITEBYTECODE=1 "$CACHE/python/bin/python" "$ROOT/models/eval_classify.py" "$@"
