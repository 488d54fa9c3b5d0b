#!/usr/bin/env bash
# Installs into, or removes from, the server of a pg_config; or packs the same files.
#   install.sh install|uninstall|package     environment: PG_CONFIG (default: pg_config), DESTDIR
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

action=${1:-install}
PG_CONFIG=${PG_CONFIG:-}
if [ -z "$PG_CONFIG" ] && [ "$action" = package ]; then
  PG_CONFIG=$(command -v pg_config || printf '%s/bin/pg_config' "$(pg18_prefix)")
fi
PG_CONFIG=$(command -v "${PG_CONFIG:-pg_config}") || {
  if [ "$action" = package ]; then
    "$ROOT/scripts/setup.sh" build
    PG_CONFIG=$(pg_config_of 18)
  else
    die "pg_config is not in PATH; give it: make $action PG_CONFIG=/path/to/pg_config"
  fi
}
export PG_CONFIG
major=$(major_of "$PG_CONFIG")
stage=$(stage_of "$major" release)

# Once built, installing needs neither a compiler nor the network, so that `sudo make install` works
# where root has no Rust.
build_if_needed() {
  staged "$major" release && return 0
  "$ROOT/scripts/setup.sh" build
  "$ROOT/scripts/build.sh" "$major"
}

package() {
  local name packed
  name=altlas-$VERSION-pg$major-linux-$(uname -m)
  packed=$BUILD/package/$name
  rm -rf "$packed"
  mkdir -p "$packed"
  cp -R "$stage"/* "$packed/"
  cp "$ROOT/scripts/copy-stage.sh" "$packed/"
  local file
  for file in LICENSE README.md CHANGELOG.md; do
    [ ! -f "$ROOT/$file" ] || cp "$ROOT/$file" "$packed/"
  done
  cat >"$packed/INSTALL" <<END
altlas $VERSION for PostgreSQL $major
  install:    ./copy-stage.sh install . /path/to/pg_config
  uninstall:  ./copy-stage.sh uninstall . /path/to/pg_config
then, in a UTF-8 database:  CREATE EXTENSION altlas;
END
  tar --sort=name --owner=0 --group=0 --numeric-owner -C "$BUILD/package" -czf "$BUILD/$name.tar.gz" "$name"
  rm -rf "$packed"
  say "packed $BUILD/$name.tar.gz"
}

case $action in
  install)
    build_if_needed
    step "installing into PostgreSQL $major (${DESTDIR:-}$("$PG_CONFIG" --pkglibdir))" \
      "its folders may need an administrator: sudo make install PG_CONFIG=$PG_CONFIG" \
      "$ROOT/scripts/copy-stage.sh" install "$stage" "$PG_CONFIG" "${DESTDIR:-}"
    ;;
  uninstall)
    step "removing altlas from PostgreSQL $major" "its folders may need an administrator: sudo make uninstall PG_CONFIG=$PG_CONFIG" \
      "$ROOT/scripts/copy-stage.sh" uninstall "$stage" "$PG_CONFIG" "${DESTDIR:-}"
    ;;
  package)
    build_if_needed
    package
    ;;
  *) die "usage: install.sh install|uninstall|package" ;;
esac
