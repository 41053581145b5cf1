#!/usr/bin/env bash
# What reads alert rules beside Debian's Prometheus 2.42: the parsers of Prometheus 2.45 and 3.5, and vmalert, built from their modules. Two
# minutes of two cores the first time.
set -euo pipefail

source_dir="$(cd "$(dirname "$0")/../../rule-parsers" && pwd)"
bin="${CDK8S_BACKUP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-backup-test}/bin"
stamp="$bin/rule-parsers.sources"
sources="$(cd "$source_dir" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)"
parsers=(prometheus-2.45 prometheus-3.5 vmalert)

if [ "$(cat "$stamp" 2> /dev/null)" = "$sources" ] && [ "$(cd "$bin" && ls "${parsers[@]}" 2> /dev/null | wc -l)" -eq ${#parsers[@]} ]; then
  echo "${parsers[*]} are in $bin"
  exit 0
fi
if ! command -v go > /dev/null; then
  echo 'Go is missing: install it (https://go.dev/doc/install, 1.25 or later) and run this again; they are built from source' >&2
  exit 1
fi
mkdir -p "$bin"
for parser in "${parsers[@]}"; do
  package=.
  if [ "$parser" = vmalert ]; then package=github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert; fi
  (cd "$source_dir/$parser" && go build -buildvcs=false -gcflags='all=-N -l' -ldflags='-s -w' -o "$bin/$parser" "$package")
done
printf '%s\n' "$sources" > "$stamp"
echo "${parsers[*]} are now in $bin"
