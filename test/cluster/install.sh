#!/usr/bin/env bash
# The programs of a Kubernetes cluster, built from their modules (test/cluster/programs), and the CRDs of the Prometheus operator out of its module.
# The first time that takes five minutes of two cores, and 700 MB of Go modules.
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
if ! command -v go > /dev/null; then
  echo 'Go is missing: install it (https://go.dev/doc/install, 1.24 or later) and run this again; Kubernetes is built from source' >&2
  exit 1
fi
rm -f "$stamp"
mkdir -p "$bin" "$cache/crds"
# Without optimization it builds in half the time. What a cluster says of its version is written into it when it is linked.
version=k8s.io/component-base/version
(cd "$source_dir" && go build -buildvcs=false -tags providerless -gcflags='all=-N -l' \
  -ldflags="-s -w -X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=33" -o "$bin/" ./hyper ./coredns ./netpol)
for name in kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl; do ln -sf hyper "$bin/$name"; done

module="$(go mod download -json "github.com/prometheus-operator/prometheus-operator@$operator" | sed -n 's/^\s*"Dir": "\(.*\)",\?$/\1/p')"
for name in servicemonitors prometheusrules; do
  install -m 644 "$module/example/prometheus-operator-crd/monitoring.coreos.com_$name.yaml" "$cache/crds/"
done
printf '%s\n' "$sources" > "$stamp"
echo "the programs of a cluster are now in $bin"
