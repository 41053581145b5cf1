#!/usr/bin/env bash
# Debian packages that the tests need: servers, their programs, and tools. Starts nothing. Needs root only where one is missing.
set -euo pipefail

packages=(
  buildah podman runc catatonit mmdebstrap docker.io # build the runner image and run its pods
  age                       # what opens our files, and whose files we open
  awscli                    # what lifecycle files are written for
  ceph-mon ceph-osd radosgw # an S3 server
  chromium                  # looks at the status page
  faketime                  # a wrong clock
  openssl                   # certificates
  patchelf                  # for what postgres.sh unpacks
  pgbouncer                 # a connection pooler, which a backup has to recognise
  postgresql-15
  prometheus                # and promtool
  prometheus-pushgateway
  redis-server redis-tools
  sqlite3
  zstd
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query --show --showformat '${Status}' "$package" 2> /dev/null | grep 'ok installed' > /dev/null || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo 'all Debian packages are installed'
  exit 0
fi
if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
  echo "missing: ${missing[*]}; install them with the package manager of this system, or run this as root on Debian" >&2
  exit 1
fi

# Without a policy a package starts a server of its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod 755 $policy
  trap 'rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q -o DPkg::Lock::Timeout=300
apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"
