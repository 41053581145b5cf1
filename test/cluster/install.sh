#!/usr/bin/env bash
# The programs of a Kubernetes cluster, built from their modules (test/cluster/programs), and the CRDs of the Prometheus operator out of its module.
# The first time that takes seven minutes of two cores, and 700 MB of Go modules.
set -euo pipefail

kubernetes=v1.33.13
operator=v0.85.0
source_dir="$(cd "$(dirname "$0")/programs" && pwd)"
cache="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}/cluster"
bin="$cache/bin"
stamp="$bin/sources"
sources="$(cat "$0"; cd "$source_dir" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)"

if [ "$(cat "$stamp" 2> /dev/null)" = "$sources" ]; then
  echo "the programs of a cluster are in $bin"
  exit 0
fi
reason="$("$(dirname "$0")/../../node_modules/.bin/tsx" "$(dirname "$0")/why-never.ts")"
if [ -n "$reason" ]; then
  echo "nothing is built for a cluster, which can't run here: $reason" >&2
  exit 0
fi
if ! command -v go > /dev/null; then
  echo 'Go is missing: install it (https://go.dev/doc/install, 1.24 or later) and run this again; Kubernetes is built from source' >&2
  exit 1
fi
rm -f "$stamp" "$bin"/*
mkdir -p "$bin" "$cache/crds"
# Without optimization servers are built in half the time. kubectl is optimized: tests start it hundreds of times, and it is there in a quarter of the time.
# What a cluster says of its version is written into it when it is linked.
version=k8s.io/component-base/version
link="-s -w -X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=33"
(cd "$source_dir" && go build -buildvcs=false -tags providerless -gcflags='all=-N -l' -ldflags="$link" -o "$bin/" ./hyper ./coredns ./netpol)
(cd "$source_dir" && go build -buildvcs=false -ldflags="$link" -o "$bin/" ./kubectl)
for name in kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet; do ln -sf hyper "$bin/$name"; done

module="$(go mod download -json "github.com/prometheus-operator/prometheus-operator@$operator" | sed -n 's/^\s*"Dir": "\(.*\)",\?$/\1/p')"
for name in servicemonitors prometheusrules; do
  install -m 644 "$module/example/prometheus-operator-crd/monitoring.coreos.com_$name.yaml" "$cache/crds/"
done
printf '%s\n' "$sources" > "$stamp"
echo "the programs of a cluster are now in $bin"
