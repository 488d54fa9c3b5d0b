#!/usr/bin/env bash
# Trains models of rows through SQL on the public sets, in a temporary PostgreSQL 18, and prints their figures beside peers'.
#   eval_learn.sh [--only NAME]... [--budget SECONDS] [--development]     see models/eval_learn.py
# ALTLAS_EVAL_PYTHON names a Python with psycopg and lightgbm, for the peer; without it the clients' is used.
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

"$ROOT/scripts/setup.sh" clients
"$ROOT/scripts/build.sh" 18
temporary_cluster 18 release
"$BINDIR/psql" -X -q -d postgres -c 'CREATE DATABASE eval'
PGDATABASE=eval PYTHONDONTWRITEBYTECODE=1 "${ALTLAS_EVAL_PYTHON:-$CACHE/python/bin/python}" "$ROOT/models/eval_learn.py" "$@"
