#!/usr/bin/env bash
# The demo server: the packaged PostgreSQL 18 with the extension, its data inside this checkout's
# own folders. Anybody on this machine may connect to 127.0.0.1 with the password in the DSN; the
# socket's folder is open to its owner alone.
#   server.sh start|stop|dsn|psql [PSQL OPTIONS]
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

tree=$(tree_of 18 demo)
data=$RUN/demo-data
state=$BUILD/demo
database=altlas

running() { [ -f "$data/postmaster.pid" ] && as_server "$(bindir_in "$tree")/pg_ctl" -D "$data" status >/dev/null 2>&1; }
need_running() { running || die "the demo server does not run; start it with: make demo"; }
port_is_free() { python3 -c 'import socket, sys; socket.socket().bind(("127.0.0.1", int(sys.argv[1])))' "$1" 2>/dev/null; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# The socket folder is short-lived: it may be gone after a reboot.
sockets() {
  local dir
  dir=$(cat "$state/sockets" 2>/dev/null || true)
  if [ ! -d "${dir:-/nonexistent}" ] || [ "$(stat -c %U "$dir")" != "$SERVER_USER" ]; then
    dir=$(new_socket_dir)
    printf '%s\n' "$dir" >"$state/sockets"
  fi
  printf '%s\n' "$dir"
}

port() {
  local port
  port=$(cat "$state/port" 2>/dev/null || true)
  if [ -z "$port" ] || ! port_is_free "$port"; then
    [ -z "$port" ] || say "port $port is taken by another program; choosing another" >&2
    port=$(free_port)
    printf '%s\n' "$port" >"$state/port"
  fi
  printf '%s\n' "$port"
}

client() {
  need_running
  PGHOST=$(cat "$state/sockets") PGPORT=$(cat "$state/port") PGUSER=postgres PGDATABASE=${PGDATABASE:-$database} \
    "$(bindir_in "$tree")/psql" "$@"
}

init() {
  local bindir=$1
  rm -rf "$data"
  cluster_init "$bindir" "$data"
  printf 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n' >"$data/pg_hba.conf"
}

set_up_database() {
  local password
  password=$(python3 -c 'import secrets; print(secrets.token_hex(12))')
  PGDATABASE=postgres client -qX -v ON_ERROR_STOP=1 -v password="$password" -v database=$database <<'SQL'
ALTER ROLE postgres PASSWORD :'password';
CREATE DATABASE :"database";
SQL
  (umask 077 && printf '%s\n' "$password" >"$state/password")
}

start() {
  local bindir
  if running; then
    cmp -s "$(stage_of 18 demo)/lib/altlas.so" "$(find "$tree" -name altlas.so -print -quit)" && return 0
    step "stopping the demo server: it has an older build" "read $data/server.log" cluster_stop "$(bindir_in "$tree")" "$data" fast
  fi
  mkdir -p "$state"
  chmod 0700 "$state"
  step "installing the extension into a private PostgreSQL 18" "run: make build" install_tree 18 demo
  bindir=$(bindir_in "$tree")
  # The password is written last: without it the first start did not get to its end.
  if [ ! -f "$data/PG_VERSION" ] || [ ! -f "$state/password" ]; then
    rm -f "$state/password"
    step "making the demo cluster" "look at the free space of $RUN" init "$bindir"
  fi
  step "starting the demo server" "read $data/server.log" cluster_start "$bindir" "$data" "$(sockets)" "$(port)" 127.0.0.1
  [ -f "$state/password" ] || step "making the database $database" "read $data/server.log" set_up_database
}

stop() {
  if running; then
    step "stopping the demo server" "read $data/server.log" cluster_stop "$(bindir_in "$tree")" "$data" fast
  fi
  [ ! -f "$state/sockets" ] || rm -rf "$(cat "$state/sockets")" "$state/sockets"
}

dsn() {
  need_running
  printf 'postgresql://postgres:%s@127.0.0.1:%s/%s\n' "$(cat "$state/password")" "$(cat "$state/port")" "$database"
}

action=${1:-}
shift || true
case $action in
  start | stop | dsn) "$action" ;;
  psql) client "$@" ;;
  *) die "usage: server.sh start|stop|dsn|psql [PSQL OPTIONS]" ;;
esac
