#!/usr/bin/env bash
# The base image that the runner image is built on in the tests: Debian's slim one, made from Debian's packages, since no registry is asked.
# Two minutes the first time. Its Node.js comes from npm with the other development tools.
set -euo pipefail

suite=trixie
cache="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}/image"
tar="$cache/$suite-slim.tar"

if [ -s "$tar" ]; then
  echo "the base image is $tar"
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo 'the base image is made by root only: "npx projen test:image" will say that it can not run' >&2
  exit 0
fi
mkdir -p "$cache"
work="$(mktemp -d "$cache/.new-XXXXXX")"
trap 'rm -rf "$work"' EXIT

# What Debian's slim image leaves out, and its rule that nothing is left of a download: without it each layer has apt's caches.
options=()
for path in man info lintian locale doc; do options+=(--dpkgopt="path-exclude=/usr/share/$path/*"); done
for path in 'locale/locale.alias' 'doc/*/copyright'; do options+=(--dpkgopt="path-include=/usr/share/$path"); done
clean='rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true'
cat > "$work/docker-clean" << RULES
DPkg::Post-Invoke { "$clean"; };
APT::Update::Post-Invoke { "$clean"; };
Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";
RULES
TMPDIR="$work" mmdebstrap --quiet --variant=minbase --mode=root --format=tar "${options[@]}" --aptopt='APT::Install-Recommends "false"' \
  --customize-hook="copy-in $work/docker-clean /etc/apt/apt.conf.d" --customize-hook='rm -f "$1"/var/cache/apt/*.bin' \
  "$suite" "$work/base.tar"
mv "$work/base.tar" "$tar"
echo "the base image is now $tar"
