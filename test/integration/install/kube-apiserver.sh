#!/usr/bin/env bash
# kube-apiserver and etcd, built from their modules: real Kubernetes objects, rights and conflicts, without nodes and controllers.
# The first time that takes four to five minutes of two cores, and 600 MB of Go modules.
set -euo pipefail

source_dir="$(cd "$(dirname "$0")/../../api-server" && pwd)"
bin="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}/bin"
stamp="$bin/kube-apiserver.sources"
sources="$(cd "$source_dir" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)"

if [ -x "$bin/kube-apiserver" ] && [ -x "$bin/etcd" ] && [ "$(cat "$stamp" 2> /dev/null)" = "$sources" ]; then
  echo "kube-apiserver and etcd are in $bin"
  exit 0
fi
if ! command -v go > /dev/null; then
  echo 'Go is missing: install it (https://go.dev/doc/install, 1.21 or later) and run this again; kube-apiserver is built from source' >&2
  exit 1
fi
mkdir -p "$bin"
# Without optimization it builds in half the time; without the providers of clouds, which 1.28 still has, it needs a quarter less.
(cd "$source_dir" && go build -buildvcs=false -tags providerless -gcflags='all=-N -l' -ldflags='-s -w' -o "$bin/" ./kube-apiserver ./etcd)
printf '%s\n' "$sources" > "$stamp"
echo "kube-apiserver and etcd are now in $bin"
