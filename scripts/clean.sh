#!/usr/bin/env bash
# Removes what this checkout has made, the demo's data included. The cache shared by all checkouts
# stays.
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

"$ROOT/scripts/server.sh" stop
rm -rf "$RUN" "$BUILD"
echo "removed $BUILD and $RUN; downloads and compiled crates stay in $CACHE"
