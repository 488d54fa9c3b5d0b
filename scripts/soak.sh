#!/usr/bin/env bash
# Mixed calls on a private PostgreSQL 18 while engines are killed, statements cancelled, backends terminated and versions
# switched; every answer is checked. Exit status 1 when anything was wrong.
#   soak.sh [MINUTES [SEED]]      default 20 minutes, a seed of its own (printed)
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

minutes=${1:-20} seed=${2:-}
case $minutes in *[!0-9.]* | '') die "usage: soak.sh [MINUTES [SEED]]" ;; esac
"$ROOT/scripts/setup.sh" clients
"$ROOT/scripts/build.sh" 18
install_tree 18 release
tree=$(tree_of 18 release)
ALTLAS_TEST_BINDIR=$(bindir_in "$tree")
export ALTLAS_TEST_BINDIR ALTLAS_TEST_RUN=$RUN ALTLAS_TEST_USER=$SERVER_USER PYTHONDONTWRITEBYTECODE=1
say "soak: $minutes minutes"
status=0
"$CACHE/python/bin/python" "$ROOT/tests/soak/soak.py" --minutes "$minutes" ${seed:+--seed "$seed"} || status=$?
left=$(lasting_processes_of "$tree")
if [ -n "$left" ]; then
  echo "error: processes were left running: $left" >&2
  status=1
fi
exit "$status"
