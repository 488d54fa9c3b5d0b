#!/usr/bin/env bash
# Runs the tests, cheapest first. All tiers run even when one fails; the last lines say how each went.
#   test.sh [--tier check|server|regress|client|docs]... [--pg MAJOR]...     default: all on 15 and 18
#     check    formatting, lints, the crates' tests, shell scripts; no server
#     server   functions of schema `tests`, compiled with the feature pg_test, called one by one
#     regress  pg_regress and isolation tests against expected output
#     client   pytest: concurrency, crash, upgrade, drivers
#     docs     docs/errors.md and docs/guc.md say what the server says
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

tiers=() versions=()
while [ $# -gt 0 ]; do
  case $1 in
    --tier) tiers+=("${2:?--tier needs a name}") ;;
    --pg) versions+=("${2:?--pg needs a major version}") ;;
    *) die "usage: test.sh [--tier check|server|regress|client|docs]... [--pg MAJOR]..." ;;
  esac
  shift 2
done
[ "${#tiers[@]}" != 0 ] || tiers=(check server regress client docs)
[ "${#versions[@]}" != 0 ] || versions=(15 18)

results=() failed=0
# Each tier is a script of its own, run as a process of its own: one failure does not hide another.
tier() {
  local name=$1 status=0
  shift
  "$@" || status=$?
  if [ "$status" = 0 ]; then
    results+=("ok      $name")
  else
    results+=("FAILED  $name")
    failed=1
  fi
}

purpose=build
for name in "${tiers[@]}"; do
  case $name in
    check) ;;
    server | regress | client | docs) purpose='test' ;;
    *) die "no tier is called $name" ;;
  esac
done
# PostgreSQL 15 comes from the system's packages; nobody needs it who asks for 18 alone.
if [ "$purpose" = test ] && [[ " ${versions[*]} " != *" 15 "* ]]; then
  purpose=clients
fi
"$ROOT/scripts/setup.sh" "$purpose"

built=
build_release() {
  [ -z "$built" ] || return 0
  local version
  for version in "${versions[@]}"; do
    "$ROOT/scripts/build.sh" "$version"
  done
  built=yes
}

for name in "${tiers[@]}"; do
  case $name in
    check) tier check "$ROOT/scripts/test/check.sh" ;;
    server)
      for version in "${versions[@]}"; do
        "$ROOT/scripts/build.sh" "$version" --test
        tier "server $version" "$ROOT/scripts/test/server.sh" "$version"
      done
      ;;
    docs)
      build_release
      tier docs "$ROOT/scripts/docs.sh" --check "${versions[-1]}"
      ;;
    *)
      build_release
      for version in "${versions[@]}"; do
        tier "$name $version" "$ROOT/scripts/test/$name.sh" "$version"
      done
      ;;
  esac
done

say "summary"
printf '  %s\n' "${results[@]}"
exit "$failed"
