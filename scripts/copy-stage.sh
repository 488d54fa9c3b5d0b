#!/usr/bin/env bash
# Copies a staged extension into a server's folders, or removes it there. Needs nothing but the
# server's pg_config, so it is part of the package too.
#   copy-stage.sh install|uninstall STAGE PG_CONFIG [DESTDIR]
set -euo pipefail

action=${1:?install or uninstall}
stage=${2:?folder with lib/ and share/}
pg_config=${3:?path of pg_config}
destdir=${4:-}

lib=$destdir$("$pg_config" --pkglibdir)
share=$destdir$("$pg_config" --sharedir)

remove() {
  rm -f "$lib/altlas.so" "$share/extension/altlas.control" "$share"/extension/altlas--*.sql
  rm -rf "$lib/altlas" "$share/altlas"
}

case $action in
  install)
    [ -f "$stage/lib/altlas.so" ] || { echo "error: nothing is staged in $stage" >&2; exit 1; }
    mkdir -p "$lib" "$share/extension"
    # A running server maps these files: they are replaced as a whole, never written into, and the
    # library comes before the control file that makes it usable.
    copy() {
      install -d "$(dirname -- "$2")"
      install -m "$3" "$1" "$2.new"
      mv -f "$2.new" "$2"
    }
    (cd "$stage" && find lib share -type f -print) | LC_ALL=C sort | while IFS= read -r file; do
      mode=644
      case $file in *.so | */altlas-engine) mode=755 ;; esac
      case $file in
        lib/*) copy "$stage/$file" "$lib/${file#lib/}" $mode ;;
        share/*) copy "$stage/$file" "$share/${file#share/}" $mode ;;
      esac
    done
    # Models and tokenizers that this version no longer has.
    for model in "$share"/altlas/models/*.onnx "$share"/altlas/models/*.json; do
      [ ! -f "$model" ] || [ -f "$stage/share/altlas/models/${model##*/}" ] || rm -f "$model"
    done
    ;;
  uninstall) remove ;;
  *) echo "error: install or uninstall, not $action" >&2; exit 2 ;;
esac
