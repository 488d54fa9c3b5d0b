#!/usr/bin/env bash
# Writes docs/errors.md and docs/guc.md from what a running server says about itself, so that they
# cannot drift from the code.
#   docs.sh [--check [MAJOR]]    --check: compare only, with an extension that is built already
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

check=no major=18
if [ "${1:-}" = --check ]; then
  check=yes major=${2:-18}
  say "comparing docs/errors.md and docs/guc.md with the server"
else
  "$ROOT/scripts/setup.sh" build
  "$ROOT/scripts/build.sh" 18
fi

temporary_cluster "$major" release
psql=("$BINDIR/psql" -X -q -At -v ON_ERROR_STOP=1 -d docs)
"$BINDIR/psql" -X -q -d postgres -c 'CREATE DATABASE docs'
"${psql[@]}" -c 'CREATE EXTENSION altlas'

# A cell of a Markdown table: no line break, no bar.
cell="CREATE FUNCTION pg_temp.cell(input anyelement) RETURNS text LANGUAGE sql AS
\$\$ SELECT coalesce(replace(regexp_replace(input::text, '\\s+', ' ', 'g'), '|', '\\|'), '') \$\$;"

errors() {
  cat <<'END'
# Errors

Written by `make docs` from `altlas.error_codes()`; do not edit. Words in braces stand for
what the message fills in. The code names the error for good; match on it or on the SQLSTATE, not on the text.

| code | SQLSTATE | condition | message | detail | hint |
|---|---|---|---|---|---|
END
  "${psql[@]}" <<SQL
$cell
SELECT format('| \`%s\` | \`%s\` | %s | %s | %s | %s |', pg_temp.cell(code), pg_temp.cell(sqlstate), pg_temp.cell(condition),
              pg_temp.cell(message), pg_temp.cell(detail), pg_temp.cell(hint))
FROM altlas.error_codes() ORDER BY code COLLATE "C";
SQL
}

settings() {
  cat <<'END'
# Settings

Written by `make docs` from `pg_settings`; do not edit. Context: `user` may be set by everybody in a
session, `superuser` by administrators, `sighup` in the configuration file with a reload,
`postmaster` with a restart.

| setting | type | default | allowed | context | meaning |
|---|---|---|---|---|---|
END
  "${psql[@]}" <<SQL
$cell
LOAD 'altlas';
SELECT format('| \`%s\` | %s | %s | %s | %s | %s |', name, vartype,
              CASE WHEN coalesce(boot_val, '') = '' THEN 'empty' ELSE '\`' || pg_temp.cell(boot_val) || coalesce(' ' || unit, '') || '\`' END,
              CASE WHEN enumvals IS NOT NULL THEN pg_temp.cell(array_to_string(enumvals, ', '))
                   WHEN min_val IS NOT NULL THEN min_val || ' to ' || max_val || coalesce(' ' || unit, '') ELSE '' END,
              context, pg_temp.cell(concat_ws(' ', short_desc, extra_desc)))
FROM pg_settings WHERE name LIKE 'altlas.%' ORDER BY name COLLATE "C";
SQL
}

mkdir -p "$BUILD/docs"
errors >"$BUILD/docs/errors.md"
settings >"$BUILD/docs/guc.md"

status=0
for file in errors.md guc.md; do
  if [ "$check" = yes ]; then
    diff -u "$ROOT/docs/$file" "$BUILD/docs/$file" || status=1
  else
    cp "$BUILD/docs/$file" "$ROOT/docs/$file"
    say "wrote docs/$file"
  fi
done
[ "$status" = 0 ] || echo "error: the files above differ from what the server says; run: make docs" >&2
exit "$status"
