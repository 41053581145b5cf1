#!/usr/bin/env bash
# Runs a command, and beside it others, one after the other; these say what they have to say when they have ended.
#   bash test/beside.sh 'tsc --noEmit' 'eslint src' -- jest --ci
set -uo pipefail
others=()
while [ "$1" != -- ]; do others+=("$1"); shift; done
shift
said=$(mktemp)
trap 'rm -f "$said"' EXIT
(
  failed=0
  for other in "${others[@]}"; do
    printf '\n== %s\n' "$other"
    bash -c "$other" || failed=1
  done
  exit $failed
) > "$said" 2>&1 &
beside=$!
trap 'kill "$beside" 2> /dev/null; exit 130' INT TERM
code=0
"$@" || code=$?
wait "$beside" || code=1
cat "$said"
exit "$code"
