#!/usr/bin/env bash
# Debian packages that the tests need: servers, their programs, and tools. Starts nothing. Needs root only where one is missing.
set -euo pipefail

packages=(
  buildah podman runc catatonit mmdebstrap docker.io # build the runner image and run its pods
  age                       # what opens our files, and whose files we open
  awscli                    # what lifecycle files are written for
  ceph-mon ceph-osd radosgw # an S3 server
  containerd containernetworking-plugins iproute2 ipset iptables # a node of Kubernetes
  chromium                  # looks at the status page
  faketime                  # a wrong clock
  fish zsh                  # complete command lines
  locales                   # servers that speak another language
  openssl                   # certificates
  patchelf                  # for what postgres.sh unpacks
  pgbouncer                 # a connection pooler, which a backup has to recognise
  postgresql-15
  prometheus                # and promtool
  prometheus-pushgateway
  redis-server redis-tools
  shellcheck                # reads the scripts of workflows
  sqlite3
  zstd
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query --show --showformat '${Status}' "$package" 2> /dev/null | grep 'ok installed' > /dev/null || missing+=("$package")
done
python3 -m pip --version > /dev/null 2>&1 || missing+=(python3-pip) # for what comes from PyPI; Python may be another than Debian's
languages=(de_DE fr_FR ja_JP)
unknown=()
for language in "${languages[@]}"; do
  locale --all-locales | grep -ix "$language.utf-\?8" > /dev/null || unknown+=("$language")
done
if [ ${#missing[@]} -eq 0 ] && [ ${#unknown[@]} -eq 0 ]; then
  echo 'all Debian packages are installed'
  exit 0
fi
if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
  missing+=("${unknown[@]/%/.UTF-8}")
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
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -q -o DPkg::Lock::Timeout=300
  apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"
fi
for language in "${unknown[@]}"; do
  localedef -i "$language" -f UTF-8 "$language.UTF-8"
done
if [ ! -e /usr/share/locale/de/LC_MESSAGES/postgres-15.mo ]; then
  echo 'PostgreSQL was installed without its translations: let dpkg install /usr/share/locale (path-exclude in /etc/dpkg/dpkg.cfg.d), and reinstall postgresql-15' >&2
  exit 1
fi
