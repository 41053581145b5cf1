#!/usr/bin/env bash
# Azurite: Microsoft's own server that speaks the protocol of Azure Blob Storage and verifies signatures. Only tests need it, and it brings some 450
# packages: so it is installed here, and is no devDependency. None of their install scripts is run.
set -euo pipefail

version=3.37.0
target="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}/azurite"

if [ "$(cat "$target/version" 2> /dev/null)" = "$version" ]; then
  echo "Azurite is in $target"
  exit 0
fi
rm -rf "$target"
mkdir -p "$target"
npm install --prefix "$target" --ignore-scripts --no-audit --no-fund "azurite@$version"
printf '%s\n' "$version" > "$target/version"
echo "Azurite is now in $target"
