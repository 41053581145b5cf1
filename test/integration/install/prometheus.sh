#!/usr/bin/env bash
# promtool, from Debian's package of Prometheus, for the tests of alert rules. Starts nothing. Needs root only where it is missing.
set -euo pipefail

if command -v promtool > /dev/null; then
  promtool --version 2>&1 | head -n 1
  exit 0
fi
if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
  echo 'missing: promtool; install Prometheus with the package manager of this system, or run this as root on Debian' >&2
  exit 1
fi

# Without a policy the package starts a server of its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod 755 $policy
  trap 'rm -f $policy' EXIT
fi
install=(apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 prometheus)
export DEBIAN_FRONTEND=noninteractive
"${install[@]}" || { apt-get update -q && "${install[@]}"; }
