#!/usr/bin/env bash
# radosgw: the S3 server of Ceph, from Debian, and faketime to run programs under a wrong clock. Nothing is started.
set -euo pipefail

missing=()
for package in radosgw ceph-mon ceph-osd faketime; do
  dpkg-query --show --showformat '${Status}' "$package" 2> /dev/null | grep 'ok installed' > /dev/null || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo 'radosgw, ceph-mon, ceph-osd and faketime are installed'
  exit 0
fi
if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
  echo "missing: ${missing[*]}; install them with the package manager of this system, or run this as root on Debian" >&2
  exit 1
fi
apt-get update
apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"
