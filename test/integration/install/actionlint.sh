#!/usr/bin/env bash
# actionlint: reads the workflows of GitHub as GitHub does. Their scripts are read by shellcheck, which is a package of Debian.
set -euo pipefail

version=v1.7.12
bin="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}/bin"

if command -v go > /dev/null && [ -x "$bin/actionlint" ] && go version -m "$bin/actionlint" | grep "actionlint[[:space:]]$version" > /dev/null; then
  echo "actionlint $version is in $bin"
  exit 0
fi
if ! command -v go > /dev/null; then
  # Without Go the version can't be told either: what is there is used.
  if [ -x "$bin/actionlint" ]; then exit 0; fi
  echo 'Go is missing: install it (https://go.dev/doc/install, 1.25 or later) and run this again; actionlint is built from its module' >&2
  exit 1
fi
mkdir -p "$bin"
GOBIN="$bin" go install "github.com/rhysd/actionlint/cmd/actionlint@$version"
echo "actionlint $version is now in $bin"
