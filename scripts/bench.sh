#!/usr/bin/env bash
# Measures on private PostgreSQL 15 and 18. Everything is taken in one run on one machine; compare ratios.
#   bench.sh [--only SECTION,…] [--rows N] [--texts N] [--repeats N] [--seconds N]
# Sections: `size`, and those that `benches/run.py sections` lists. Figures are also written to build/bench/results.json.
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

only='' options=()
while [ $# -gt 0 ]; do
  case $1 in
    --only) only=${2:?--only needs names} ;;
    --rows | --texts | --repeats | --seconds) options+=("$1" "${2:?$1 needs a number}") ;;
    *) die "usage: bench.sh [--only SECTION,…] [--rows N] [--texts N] [--repeats N] [--seconds N]" ;;
  esac
  shift 2
done

"$ROOT/scripts/setup.sh" bench
python=$CACHE/bench-python/bin/python
out=$BUILD/bench
export PYTHONDONTWRITEBYTECODE=1
rm -rf "$out"
mkdir -p "$out"
known=$("$python" "$ROOT/benches/run.py" sections)
for name in ${only//,/ }; do
  [ "$name" = size ] || grep -q "^$name " <<<"$known" ||
    die "no section is called $name; there are: size $(awk '{printf "%s ", $1}' <<<"$known")"
done

# wanted NAME...: those that this run is asked for, with commas between.
wanted() {
  local name found=
  for name in "$@"; do
    [ -n "$only" ] && [[ ",$only," != *",$name,"* ]] || found+=${found:+,}$name
  done
  printf '%s' "$found"
}

status=0
for major in 15 18; do
  mapfile -t names < <(awk -v major=$major '$2 == major {print $1}' <<<"$known")
  sections=$(wanted "${names[@]}") size=
  [ "$major" != 18 ] || size=$(wanted size)
  [ -n "$sections$size" ] || continue
  "$ROOT/scripts/build.sh" "$major"
  [ -z "$size" ] || "$ROOT/scripts/bench/size.sh" || status=1
  [ -z "$sections" ] || "$ROOT/scripts/bench/part.sh" "$major" "$out" --only "$sections" "${options[@]}" || status=1
done
[ -z "$(find "$out" -name 'part-*.json' -print -quit)" ] || "$python" "$ROOT/benches/run.py" summary --out "$out" || status=1
exit "$status"
