#!/usr/bin/env bash
# "rclone serve s3", built from its module with the one backend that the tests need: two minutes of two cores the first time. Debian's
# package is older than the command.
set -euo pipefail

source_dir="$(cd "$(dirname "$0")/../../rclone" && pwd)"
bin="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}/bin"
stamp="$bin/rclone.sources"
sources="$(cd "$source_dir" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)"

if [ -x "$bin/rclone" ] && [ "$(cat "$stamp" 2> /dev/null)" = "$sources" ]; then
  echo "rclone is in $bin"
  exit 0
fi
if ! command -v go > /dev/null; then
  echo 'Go is missing: install it (https://go.dev/doc/install, 1.24 or later) and run this again; rclone is built from source' >&2
  exit 1
fi
mkdir -p "$bin"
(cd "$source_dir" && go build -buildvcs=false -gcflags='all=-N -l' -ldflags='-s -w' -o "$bin/rclone" .)
printf '%s\n' "$sources" > "$stamp"
echo "rclone is now in $bin"
