#!/usr/bin/env bash
# The schemas of Argo CD's Application and of Flux' GitRepository and Kustomization, out of the modules of these projects: 30 MB the first time, of which
# three files stay.
set -euo pipefail

crds="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}/gitops-crds"
stamp="$crds/sources"
sources="$(sha256sum < "$0")"

if [ "$(cat "$stamp" 2> /dev/null)" = "$sources" ]; then
  echo "the schemas of Argo CD and Flux are in $crds"
  exit 0
fi
if ! command -v go > /dev/null; then
  echo 'Go is missing: install it (https://go.dev/doc/install, 1.25 or later) and run this again; the schemas come as Go modules' >&2
  exit 1
fi
modules="$(mktemp -d)"
trap 'rm -rf "$modules"' EXIT

# take MODULE@VERSION SUM FILE NAME
take() {
  local module found
  module="$(GOMODCACHE="$modules" GOFLAGS=-modcacherw go mod download -json "$1")"
  found="$(sed -n 's/^\s*"Sum": "\(.*\)",\?$/\1/p' <<< "$module")"
  if [ "$found" != "$2" ]; then
    echo "$1 has the sum $found, and $2 is expected: look at what has changed there before you change it here" >&2
    exit 1
  fi
  install -m 644 "$(sed -n 's/^\s*"Dir": "\(.*\)",\?$/\1/p' <<< "$module")/$3" "$crds/$4.yaml"
}

mkdir -p "$crds"
take github.com/argoproj/argo-cd/v3@v3.2.1 h1:rvrkW/JdH4V+xJgNDZI9wa/Ygd+fWoGbd1rAhvno22c= manifests/crds/application-crd.yaml application
take github.com/fluxcd/source-controller@v1.7.3 h1:gFfeBiNUgF0kFFGap/rrMeJqz+0Tod0ARENJO8w/UA8= config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml gitrepository
take github.com/fluxcd/kustomize-controller@v1.7.3 h1:SzNnGn/4ObAPEHHleM5U7y/AKxKXph3Vj6ZhteeXw8M= config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml kustomization
printf '%s\n' "$sources" > "$stamp"
echo "the schemas of Argo CD and Flux are now in $crds"
