#!/usr/bin/env bash
# go-program.sh NAME PACKAGE VERSION: builds a program from its Go module into the cache of the tests, unless it is there in this version.
set -euo pipefail

name=$1 package=$2 version=$3
bin="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}/bin"

if command -v go > /dev/null && [ -x "$bin/$name" ] && go version -m "$bin/$name" | grep "$name[[:space:]]$version" > /dev/null; then
  echo "$name $version is in $bin"
  exit 0
fi
if ! command -v go > /dev/null; then
  # Without Go the version can't be told either: what is there is used.
  if [ -x "$bin/$name" ]; then exit 0; fi
  echo "Go is missing: install it (https://go.dev/doc/install, 1.25 or later) and run this again; $name is built from its module" >&2
  exit 1
fi
mkdir -p "$bin"
GOBIN="$bin" go install "$package@$version"
echo "$name $version is now in $bin"
