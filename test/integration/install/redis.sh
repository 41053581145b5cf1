#!/usr/bin/env bash
# Installs Redis, with redis-cli and redis-check-rdb, and the sqlite3 program for the tests. Starts nothing. Needs root only where
# they are missing.
set -euo pipefail

missing=()
command -v redis-server > /dev/null || missing+=(redis-server)
command -v redis-check-rdb > /dev/null || missing+=(redis-tools)
command -v sqlite3 > /dev/null || missing+=(sqlite3)
[ ${#missing[@]} -eq 0 ] && exit 0

# Without a policy the package starts a server of its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod 755 $policy
  trap 'rm -f $policy' EXIT
fi
install=(apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}")
export DEBIAN_FRONTEND=noninteractive
"${install[@]}" || { apt-get update -q && "${install[@]}"; }
