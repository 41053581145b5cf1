#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: servers and client programs, from Debian's, npm's and Go's packages.
# Nothing is started. A second run finds everything and is quick.
set -euo pipefail
cd "$(dirname "$0")/install"
for script in ./*.sh; do
  echo "== $script"
  bash "$script"
done
