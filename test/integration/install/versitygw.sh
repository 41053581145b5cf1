#!/usr/bin/env bash
# versitygw: an S3 server that keeps objects as files and verifies signatures and checksums.
set -euo pipefail

version=v1.8.0
bin="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}/bin"

if command -v go > /dev/null && [ -x "$bin/versitygw" ] && go version -m "$bin/versitygw" | grep "versitygw[[:space:]]$version" > /dev/null; then
  echo "versitygw $version is in $bin"
  exit 0
fi
if ! command -v go > /dev/null; then
  # Without Go the version can't be told either: what is there is used.
  if [ -x "$bin/versitygw" ]; then exit 0; fi
  echo 'Go is missing: install it (https://go.dev/doc/install, 1.25 or later) and run this again; versitygw is built from its module' >&2
  exit 1
fi
mkdir -p "$bin"
GOBIN="$bin" go install "github.com/versity/versitygw/cmd/versitygw@$version"
echo "versitygw $version is now in $bin"
