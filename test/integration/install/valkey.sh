#!/usr/bin/env bash
# Installs Redis 8, Valkey 8 and Valkey 9 for the tests; Redis 7 is among the packages of debian.sh. Starts nothing.
# They come from later Debian releases, and are unpacked beside the system with the libraries that they are linked with.
set -euo pipefail

cache="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# What the servers are linked with, down to the C library: those of this release may be too old.
libraries=(libc6 libatomic1 libjemalloc2 liblzf1 libssl3t64 libsystemd0 libcap2 libstdc++6 libgcc-s1 libzstd1 zlib1g)

main() {
  local wanted
  for wanted in 'redis 8 trixie' 'valkey 8 trixie' 'valkey 9 forky'; do
    # shellcheck disable=SC2086
    install_server $wanted
  done
}

install_server() {
  local program="$1" major="$2" release="$3"
  local target="$cache/$program-$major"
  if [ -x "$target/usr/bin/$program-server" ] && "$target/usr/bin/$program-server" --version > /dev/null; then
    echo "$program $major is in $target"
    return
  fi
  mkdir -p "$cache"
  local work root
  work="$(mktemp -d "$cache/.new-XXXXXX")"
  root="$work/root"
  download "$work/apt" "$release" "$program-server" "$program-tools" "${libraries[@]}"
  for package in "$work"/apt/*.deb; do dpkg -x "$package" "$root"; done

  # The programs find their own libraries by these paths, which hold where the folder ends up.
  local folder loader
  folder="usr/lib/$(cd "$root/usr/lib" && ls -d ./*-linux-gnu | sed 's,^\./,,')"
  loader="$(cd "$root" && find "$folder" -name 'ld-linux-*' | head -n 1)"
  # One program under two names: what it is called decides what it does.
  patchelf --set-interpreter "$target/$loader" --force-rpath --set-rpath "$target/$folder" "$root/usr/bin/$program-check-rdb"
  rm -rf "$target"
  mv "$root" "$target"
  rm -rf "$work"
  "$target/usr/bin/$program-server" --version
  if ! "$target/usr/bin/$program-server" --version | grep "v=$major\." > /dev/null; then
    echo "Debian's $release has another version than $program $major by now: name the release that has it in $0" >&2
    rm -rf "$target"
    exit 1
  fi
}

# Downloads packages of another release with an apt configuration of its own, which leaves the system's sources alone.
download() {
  local apt="$1" release="$2" mirror
  shift 2
  mirror="$(debian_mirror)"
  if [ -z "$mirror" ]; then
    apt-get update -q -o DPkg::Lock::Timeout=300 # before it, apt tells of no mirror
    mirror="$(debian_mirror)"
  fi
  if [ -z "$mirror" ]; then
    echo "no Debian mirror among the apt sources of this machine: $* of $release come from one" >&2
    exit 1
  fi
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources.d" "$apt/preferences.d"
  touch "$apt/status" "$apt/preferences"
  echo "deb [signed-by=$keyring] $mirror $release main" > "$apt/sources.list"
  local options=(
    -o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=$apt/sources.d"
    -o "Dir::Etc::Preferences=$apt/preferences" -o "Dir::Etc::PreferencesParts=$apt/preferences.d"
    -o "Dir::State=$apt" -o "Dir::State::Lists=$apt/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
    -o "APT::Sandbox::User=" -o "Acquire::Languages=none" -o "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"
    -o "Acquire::Retries=3"
  )
  apt-get "${options[@]}" -q update
  (cd "$apt" && apt-get "${options[@]}" -q download "$@")
}

debian_mirror() {
  # shellcheck disable=SC1091
  (. /etc/os-release; apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
    | awk -v release="$VERSION_CODENAME" '$2 == release && $3 == "main" && !seen { print $1; seen = 1 }')
}

main
